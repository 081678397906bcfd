"""Mixtures of normal distributions: density, samples, denoiser, posteriors, all exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Condition
from ecotone.learn.arrays import as_weights, rows
from ecotone.learn.processes import GaussianProcess
from ecotone.measure.distances import gaussian_wasserstein

from ._mixture_denoiser import MixtureDenoiser
from ._mixture_density import MixtureDensity
from ._mixture_em import expectation_maximisation
from ._mixture_tilts import posterior, quadratic_tilt
from ._tail_mixture import TailMixture

CARD = Card(
    name="GaussianMixture",
    summary="Mixture of normal distributions with exact density, samples, denoiser and posteriors.",
    contract="Distribution",
    title="Maximum Likelihood from Incomplete Data via the EM Algorithm",
    authors=("Dempster, A. P.", "Laird, N. M.", "Rubin, D. B."),
    year=1977,
    venue="Journal of the Royal Statistical Society B 39(1)",
    link="https://doi.org/10.1111/j.2517-6161.1977.tb01600.x",
)


class GaussianMixture(MixtureDensity):
    r""":math:`p(x) = \sum_k w_k N(x; \mu_k, \Sigma_k)`: every question about it has a closed answer.

    Everything is computed in float64. With ``given`` labels a mixture is fitted to each class, and
    ``log_prob(x, given=c)`` is that of class c.

    Parameters
    ----------
    components : int
        For each class, where it is fitted with labels.
    iterations : int
        Most steps of EM.
    tolerance : float
        EM ends when the mean log-likelihood gains less.
    ridge : float
        Added to the diagonal of covariances, times the mean variance of the data.
    starts : int
        EM runs from so many starts, and the most likely is kept.
    random_state : int

    Attributes
    ----------
    weights_ : (k,) float64 Tensor
    means_ : (k, d) float64 Tensor
    covariances_ : (k, d, d) float64 Tensor
    classes_ : (k,) int64 Tensor or None
        Class position of each component.

    References
    ----------
    Dempster, Laird and Rubin (1977), https://doi.org/10.1111/j.2517-6161.1977.tb01600.x

    Examples
    --------
    >>> exact = GaussianMixture.of([0.5, 0.5], [[-2.0], [2.0]], [[[1.0]], [[1.0]]])
    >>> exact.log_prob([[0.0]]).round(4)
    array([-2.9189])
    >>> seen = exact.posterior([[1.0]], [2.0], [[1.0]])  # x + noise was 2
    >>> seen.means_.flatten().tolist(), seen.weights_.round(decimals=3).tolist()
    ([0.0, 2.0], [0.018, 0.982])
    """

    def __init__(
        self,
        components: int = 5,
        *,
        iterations: int = 200,
        tolerance: float = 1e-5,
        ridge: float = 1e-6,
        starts: int = 3,
        random_state: int = 0,
    ) -> None:
        self.components, self.iterations, self.tolerance = components, iterations, tolerance
        self.ridge, self.starts, self.random_state = ridge, starts, random_state

    @classmethod
    def of(cls, weights: Any, means: Any, covariances: Any, *, classes: Any = None) -> GaussianMixture:
        """The mixture with these parameters.

        Parameters
        ----------
        weights : (k,) array
            Positive; they are made to sum to 1.
        means : (k, d) array
        covariances : (k, d, d) array
            Symmetric and positive definite.
        classes : (k,) labels, optional
            The class that each component belongs to.
        """
        made = cls(components=len(weights))
        w, m, c = (torch.as_tensor(np.asarray(a, dtype=np.float64)) for a in (weights, means, covariances))
        if m.ndim != 2 or c.shape != (*m.shape, m.shape[1]) or w.shape != m.shape[:1]:
            raise BadInput(
                f"weights (k,), means (k, d) and covariances (k, d, d) have shapes {w.shape}, {m.shape}, {c.shape}"
            )
        if bool((w <= 0).any()) or not bool(torch.isfinite(w).all()):
            raise BadInput(f"weights must be positive and finite, got {w.tolist()[:8]}")
        if classes is not None:
            made.condition_ = Condition(levels=sorted(set(classes)))
            made.classes_ = made.condition_.encode(np.asarray(classes), len(w))
        made._set(w / w.sum(), m, c)
        return made

    @classmethod
    def random(cls, *, dim: int, components: int, seed: int = 0, spread: float = 3.0) -> GaussianMixture:
        """A mixture drawn at random: means of standard deviation ``spread``, covariances of eigenvalues .05 to 1."""
        rng = np.random.default_rng(seed)
        weights = rng.dirichlet(np.full(components, 5.0))
        means = spread * rng.standard_normal((components, dim))
        turns = np.linalg.qr(rng.standard_normal((components, dim, dim)))[0]
        spreads = np.einsum("kij,kj,klj->kil", turns, rng.uniform(0.05, 1, (components, dim)), turns)
        return cls.of(weights, means, spreads)

    def fit(self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> GaussianMixture:
        """Maximise the likelihood of rows ``X`` ``(n, d)`` by EM, class by class where ``given`` has labels."""
        x, _ = rows(X, "X")
        if x.ndim != 2:
            raise BadInput(f"X must be (n, d), got {tuple(x.shape)}; flatten the rows")
        x = x.detach().double().cpu()
        weight = as_weights(sample_weight, len(x))
        weight = torch.ones(len(x), dtype=torch.float64) if weight is None else weight
        encoded = self._learn_condition(given, len(x))
        if encoded is not None and encoded.is_floating_point():
            raise BadInput("given must be labels: a mixture is fitted to each class, not to numbers")
        self.torch_ = isinstance(X, Tensor)
        labels = torch.zeros(len(x), dtype=torch.int64) if encoded is None else encoded
        parts = [self._one_class(x[labels == c], weight[labels == c]) for c in range(int(labels.max()) + 1)]
        share = [float(weight[labels == c].sum() / weight.sum()) for c in range(len(parts))]
        self.classes_ = None if encoded is None else torch.tensor([c for c, p in enumerate(parts) for _ in p[0]])
        weights = torch.cat([s * p[0] for s, p in zip(share, parts, strict=True)])
        self._set(weights, torch.cat([p[1] for p in parts]), torch.cat([p[2] for p in parts]))
        return self

    def _one_class(self, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return expectation_maximisation(
            x, weight, min(self.components, len(x)), iterations=self.iterations, tolerance=self.tolerance,
            ridge=self.ridge, starts=self.starts, seed=self.random_state,
        )  # fmt: skip

    def denoiser(self, process: GaussianProcess) -> MixtureDenoiser:
        """The exact Denoiser of this distribution under a Gaussian process."""
        return MixtureDenoiser(self, process)

    def marginal(self, process: GaussianProcess, t: float) -> GaussianMixture:
        """The distribution of ``x_t``: another mixture."""
        at = torch.tensor(t, dtype=torch.float64)
        alpha, sigma = process.alpha(at), process.sigma(at)
        eye = torch.eye(self.shape_[0], dtype=torch.float64)
        return self._like(self.weights_, alpha * self.means_, alpha**2 * self.covariances_ + sigma**2 * eye)

    def _like(self, weights: Tensor, means: Tensor, covariances: Tensor) -> GaussianMixture:
        made = GaussianMixture(len(weights))
        made.condition_, made.classes_, made.torch_ = self.condition_, self.classes_, self.torch_
        made._set(weights / weights.sum(), means, covariances)
        return made

    def tilted(self, precision: Any, linear: Any) -> GaussianMixture:
        r"""The distribution with density proportional to :math:`p(x) e^{-\frac12 x^\top A x + b^\top x}`.

        Parameters
        ----------
        precision : (d, d) array
            A, symmetric; a reward may curve upwards, as long as the distribution stays normalisable.
        linear : (d,) array
            b.

        Raises
        ------
        BadInput
            Where the tilted density has no finite integral.
        """
        return quadratic_tilt(self, precision, linear)[0]

    def log_partition(self, precision: Any, linear: Any) -> float:
        r""":math:`\log E\,e^{-\frac12 x^\top A x + b^\top x}`, what :meth:`tilted` divides by."""
        return quadratic_tilt(self, precision, linear)[1]

    def posterior(self, operator: Any, value: Any, noise: Any) -> GaussianMixture:
        """The posterior given ``value = operator @ x + N(0, noise)``: ``(m, d)``, ``(m,)``, ``(m, m)`` arrays."""
        return posterior(self, operator, value, noise)

    def of_class(self, label: Any) -> GaussianMixture:
        """The distribution of one class."""
        encoded = self._given(label, 1)
        assert encoded is not None and self.classes_ is not None
        own = self.classes_ == encoded[0]
        made = GaussianMixture(int(own.sum()))
        made._set(self.weights_[own] / self.weights_[own].sum(), self.means_[own], self.covariances_[own])
        return made

    def tail(self, direction: Any, threshold: float) -> TailMixture:
        """The distribution given the event ``direction @ x >= threshold``."""
        return TailMixture(self, direction, threshold)

    def w2(self, other: GaussianMixture) -> float:
        """2-Wasserstein distance between two normal distributions, exact; both must have one component."""
        if len(self.weights_) != 1 or len(other.weights_) != 1:
            raise BadInput(
                f"w2 is exact between normal distributions; these have {len(self.weights_)} and {len(other.weights_)} "
                "components: compare samples with ecotone.measure.distances.sliced_wasserstein"
            )
        (m, c), (m2, c2) = ((g.means_[0].numpy(), g.covariances_[0].numpy()) for g in (self, other))
        return float(gaussian_wasserstein(m, c, m2, c2))
