"""How long the score vectors of a row are at several noise levels, and how usual that is."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats, as_seed
from ecotone.learn import Batch, Training
from ecotone.learn.denoisers import NetworkDenoiser
from ecotone.learn.networks import MLP, Network
from ecotone.learn.processes import EDMProcess
from ecotone.learn.training import train

CARD = Card(
    name="MSMA",
    summary="Density of the norms of a learned score at several noise levels.",
    contract="Detector",
    title="Multiscale Score Matching for Out-of-Distribution Detection",
    authors=("Mahmood, Ahsan", "Oliva, Junier", "Styner, Martin"),
    year=2021,
    venue="ICLR",
    link="https://arxiv.org/abs/2010.13132",
    row=39,
    remedy_for=("outliers",),
    advice="Look at the rows that are unusually far from, or unusually near, what denoising makes of them.",
    tier="experimental",
    claim="It tells smoothed digits from digits better than the likelihood of a flow and than a typicality test.",
)


class MSMA(BaseEstimator):
    r"""Multiscale score matching analysis.

    A network learns the scores :math:`s(x, \sigma_l)` of the data with noise of L levels, geometric from
    ``sigma_high`` to ``sigma_low``. Each row, without noise, has the norms

    .. math:: r_l = \sigma_l\,\lVert s(x, \sigma_l)\rVert_2 = \lVert \hat x_0(x, \sigma_l) - x\rVert_2 / \sigma_l,

    and its score is their log-density under an auxiliary model fitted to the norms of reference rows that the network
    was not trained on. It is two-sided: rows that are smoother than the reference have norms too small. Columns are
    standardised to standard deviation 0.5, about that of images in [0, 1] for which the levels are meant.

    Parameters
    ----------
    auxiliary : {"mixture", "neighbours", "flow"}
        A mixture of normal distributions on standardised norms (components by held-out likelihood); minus the distance
        to the fifth neighbour; or a masked autoregressive flow.
    levels : int
        L.
    sigma_low, sigma_high : float
    components : tuple of int
        Sizes of the mixture to choose from.
    held_out : float
        Share of the rows that the auxiliary model is fitted on.
    network : Network, optional
        By default a perceptron of width 128 and depth 3. Images go in as flat rows.
    training : Training, optional
        Of the network, and of the flow.
    random_state : int

    References
    ----------
    Mahmood, Oliva and Styner (2021), https://arxiv.org/abs/2010.13132

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import Training
    >>> x = np.random.default_rng(0).standard_normal((400, 2))
    >>> quick = MSMA(training=Training(steps=100, eval_every=50, device="cpu"))
    >>> scores = quick.fit(x).score_samples(np.array([[0.5, -0.5], [9.0, 9.0]]))
    >>> bool(scores[0] > scores[1])
    True
    """

    def __init__(
        self,
        auxiliary: Literal["mixture", "neighbours", "flow"] = "mixture",
        levels: int = 10,
        sigma_low: float = 0.01,
        sigma_high: float = 1.0,
        components: tuple[int, ...] = (1, 2, 4, 8),
        held_out: float = 0.4,
        network: Network | None = None,
        training: Training | None = None,
        random_state: int = 0,
    ) -> None:
        self.auxiliary = auxiliary
        self.levels = levels
        self.sigma_low = sigma_low
        self.sigma_high = sigma_high
        self.components = components
        self.held_out = held_out
        self.network = network
        self.training = training
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> MSMA:
        """Train on rows of the reference ``(n, d)``."""
        if self.auxiliary not in ("mixture", "neighbours", "flow"):
            raise BadInput(f"auxiliary must be mixture, neighbours or flow, got {self.auxiliary!r}")
        if self.levels < 1 or not 0 < self.sigma_low <= self.sigma_high or not 0 < self.held_out < 1:
            raise BadInput(
                "MSMA needs levels >= 1, 0 < sigma_low <= sigma_high and 0 < held_out < 1, got "
                f"{self.levels!r}, {self.sigma_low!r}, {self.sigma_high!r} and {self.held_out!r}"
            )
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=4)
        self.mean_, spread = X.mean(0), X.std(0)
        self.scale_ = 2 * np.where(spread > 1e-12 * (1 + np.abs(self.mean_)), spread, 1.0)
        self.sigmas_ = np.geomspace(self.sigma_high, self.sigma_low, self.levels)
        order = as_seed(self.random_state).permutation(len(X))
        apart = min(max(int(self.held_out * len(X)), 2), len(X) - 2)
        self._learn((X[order[apart:]] - self.mean_) / self.scale_)
        self._fit_auxiliary(self.norms(X[order[:apart]]))
        return self

    def _learn(self, z: Floats) -> None:
        training = self.training or Training(steps=2000, eval_every=500, device="cpu", seed=self.random_state)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            module = (self.network or MLP(width=128, depth=3)).build((z.shape[1],))
        process = EDMProcess(t_max=max(80.0, self.sigma_high))
        self.denoiser_ = NetworkDenoiser(module, process, (z.shape[1],))
        sigmas = torch.as_tensor(self.sigmas_)

        def loss(denoiser: NetworkDenoiser, batch: Batch) -> Tensor:
            level = (batch.rng.uniform().double() * len(sigmas)).long().clamp(max=len(sigmas) - 1)
            t = sigmas.to(level.device)[level]
            error = denoiser(denoiser.process.perturb(batch.x, t, batch.rng), t).x0 - batch.x
            return (error**2).mean(1).div(t.to(error) ** 2).mean()  # sigma^2 |s - true s|^2, by dimension

        train(self.denoiser_, loss, torch.as_tensor(z), training=training)
        self.denoiser_.cpu().double()

    def norms(self, X: Any) -> Floats:
        """``(n, L)`` weighted norms of the score, from the largest noise to the smallest."""
        z = torch.as_tensor((np.asarray(X, dtype=np.float64) - self.mean_) / self.scale_)
        with torch.no_grad():
            found = [(self.denoiser_(z, float(s)).x0 - z).norm(dim=1) / s for s in self.sigmas_]
        return np.asarray(torch.stack(found, 1).numpy(), dtype=np.float64)

    def _fit_auxiliary(self, norms: Floats) -> None:
        self.norm_mean_, spread = norms.mean(0), norms.std(0)
        self.norm_scale_ = np.where(spread > 0, spread, 1.0)
        r = (norms - self.norm_mean_) / self.norm_scale_
        if self.auxiliary == "neighbours":
            self.auxiliary_: Any = NearestNeighbors(n_neighbors=min(5, len(r))).fit(r)
        elif self.auxiliary == "flow":
            self.auxiliary_ = self._flow(r)
        else:
            self.auxiliary_ = self._mixture(r)

    def _mixture(self, r: Floats) -> GaussianMixture:
        """The mixture of the size with the best held-out likelihood over five parts, fitted to all rows."""
        fold = np.arange(len(r)) % 5
        sizes = [k for k in self.components if 20 * k * self.levels <= len(r)] or [1]

        def made(k: int) -> GaussianMixture:
            return GaussianMixture(k, reg_covar=1e-3, n_init=2, random_state=self.random_state)

        gain = [np.mean([made(k).fit(r[fold != i]).score(r[fold == i]) for i in range(5)]) for k in sizes[1:] and sizes]
        return made(sizes[int(np.argmax(gain))] if gain else sizes[0]).fit(r)

    def _flow(self, r: Floats) -> torch.nn.Module:
        import zuko

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            flow = zuko.flows.MAF(r.shape[1], transforms=3, hidden_features=(128, 128), activation=torch.nn.ELU)
        quick = Training(steps=500, eval_every=50, batch_size=128, patience=3, device="cpu", seed=self.random_state)
        settings = self.training or quick
        train(flow, lambda model, batch: -model().log_prob(batch.x).mean(), torch.as_tensor(r), training=settings)
        return flow.cpu().double()

    def score_samples(self, X: Any) -> Floats:
        """Log-density of the norms of each row, or minus the distance; higher is more typical."""
        check_is_fitted(self)
        r = (self.norms(validate_data(self, X, dtype=np.float64, reset=False)) - self.norm_mean_) / self.norm_scale_
        if self.auxiliary == "neighbours":
            return -np.asarray(self.auxiliary_.kneighbors(r)[0][:, -1], dtype=np.float64)
        if self.auxiliary == "flow":
            with torch.no_grad():
                return np.asarray(self.auxiliary_().log_prob(torch.as_tensor(r)).numpy(), dtype=np.float64)
        return np.asarray(self.auxiliary_.score_samples(r), dtype=np.float64)
