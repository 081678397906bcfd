"""Fisher-Rao distances from what is typical of the classes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, Self

import numpy as np
from array_api_compat import array_namespace
from sklearn.linear_model import LogisticRegression

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, Floats, as_numpy
from ecotone.contracts.arrays import like

from ._fisher_rao import angles, centre, descended, gaussian_distance, roots
from ._logits import Array
from ._moments import Moments, class_moments, layer
from ._post_hoc import PostHoc, double, in_double
from ._second_pass import second_pass, settled, stepped

CARD = Card(
    name="Igeood",
    summary="Sum of the Fisher-Rao distances of the softmax from centroids of the classes; layers may join.",
    contract="PostHoc",
    title="Igeood: An Information Geometry Approach to Out-of-Distribution Detection",
    authors=("Gomes, Eduardo Dadalto Camara", "Alberge, Florence", "Duhamel, Pierre", "Piantanida, Pablo"),
    year=2022,
    venue="ICLR",
    link="https://arxiv.org/abs/2203.07798",
    row=55,
    reads=("logits", "labels"),
    remedy_for=("outliers",),
    advice="Look at the rows whose probabilities lie between the classes' centroids.",
    tier="experimental",
    claim="Mean AUROC over several outside sets, from logits alone, is above that of the largest softmax probability.",
)


class Igeood(PostHoc):
    r"""Information-geometric score of the softmax :math:`p(z) = \mathrm{softmax}(z / T)` and of layers.

    .. math:: s_0(x) = \sum_c 2 \arccos \sum_k \sqrt{p_k(z(x))\, p_k(m_c)}

    It is large for a row at one centroid, far from the C - 1 others, and small where many classes share the
    probability. Where two share it, it is about as large as at either: of two classes it tells nothing.

    With ``layers``, each layer l averaged over places gives minus the distance to the nearest class,

    .. math:: s_l(x) = -\min_c \Bigl(\sum_j u_{cj}^2\Bigr)^{1/2}, \qquad
              u_{cj} = 2\sqrt2 \operatorname{arcsinh} \frac{\lvert x_j - \mu_{cj} \rvert}{2\sqrt2\,\sigma_j},

    which is the Fisher-Rao distance of Gaussians with class means :math:`\mu_c` and the pooled within-class deviations
    :math:`\sigma` (1 for a column that is constant within the classes). Classes are the labels. The score is the
    weighted mean of the :math:`s_l`, each divided by its standard deviation over the reference.

    Parameters
    ----------
    temperature : float
        T > 0, tuned on data from outside in the paper; 5.3 is its program's example.
    centroids : {"descent", "median", "mean"}
        The logits :math:`m_c`. ``"median"`` is what the paper defines: of least mean distance to the class's rows at
        T = 1, minimised to convergence. ``"descent"`` is where the authors' program ends, whose figures are the
        published ones: a hundred steps of 0.01 from the identity that add up the gradients of all steps before, which
        carries the centroids past the minimum, towards the simplex's vertices. ``"mean"`` is the class's mean logits.
    layers : bool
        Whether layers join; the paper's black box is without.
    weights : sequence of floats, optional
        Of the logits and of each layer; equal by default. :meth:`weigh` learns them.
    eps : float
        Step of the inputs along the sign of the gradient of :math:`s_0`, as in :class:`ODIN`; 0 for none.
    std : float or sequence of one float a channel, optional
        By which inputs were divided before they entered the module; see :class:`ODIN`.

    Attributes
    ----------
    centroids_ : (classes, classes) array
        The :math:`m_c`.
    scale_, weights_ : (1 + layers,) array

    Raises
    ------
    BadInput
        For a class without a row in the reference, or weights of another length.

    References
    ----------
    Gomes, Alberge, Duhamel and Piantanida (2022), https://arxiv.org/abs/2203.07798

    Examples
    --------
    >>> acts = Activations(logits=9 * np.eye(3), labels=[0, 1, 2])
    >>> detector = Igeood(temperature=1.0).fit(acts)
    >>> detector.score_samples(Activations(logits=[[9.0, 0.0, 0.0], [1.0, 1.0, 1.0]])).round(2)
    array([6.27, 5.73])
    """

    card = CARD

    def __init__(
        self,
        temperature: float = 5.3,
        centroids: Literal["descent", "median", "mean"] = "descent",
        layers: bool = False,
        weights: Sequence[float] | None = None,
        eps: float = 0.0,
        std: float | Sequence[float] | None = None,
    ) -> None:
        self.temperature = temperature
        self.centroids = centroids
        self.layers = layers
        self.weights = weights
        self.eps = eps
        self.std = std

    def reads(self) -> frozenset[str]:
        """Logits and labels, layers where they join, inputs and gradient for a step."""
        step = {"inputs", "gradient"} if self.eps > 0 else set()
        return frozenset({"logits", "labels"} | ({"layers"} if self.layers else set()) | step)

    def _fit(self, activations: Activations) -> None:
        self._check()
        self.centroids_ = self._centroids(activations)
        self.gaussians_: dict[str, tuple[Floats, Floats]] = {}
        if self.layers:
            names = list(activations.layers)
            found = class_moments(activations, self.block_rows, *(partial(layer, name=name) for name in names))
            self.gaussians_ = {n: (m.means, _deviations(m)) for n, m in zip(names, found, strict=True)}
        parts = self._all(activations)
        spread = parts.std(0)
        self.scale_ = np.where(spread > 1e-12 * np.abs(parts).max(0), spread, 1.0) if self.layers else np.ones(1)
        weights = np.ones(len(self.scale_)) if self.weights is None else np.asarray(self.weights, dtype=float)
        if weights.shape != self.scale_.shape or not np.isfinite(weights).all():
            raise BadInput(
                f"weights must be one of the logits and {len(self.scale_) - 1} of layers, got {self.weights!r}"
            )
        self.weights_ = weights

    def weigh(self, inside: Activations, outside: Activations) -> Self:
        """Learn the weights by logistic regression of held-out rows of the reference's kind and rows from outside."""
        parts = [self._all(acts.map(in_double)) / self.scale_ for acts in (inside, outside)]
        truth = np.repeat([1, 0], [len(part) for part in parts])
        self.weights_ = LogisticRegression(max_iter=1000).fit(np.concatenate(parts), truth).coef_[0]
        return self

    def _score(self, block: Activations) -> Array:
        parts = self._parts(block)
        weights = self.weights_ / self.scale_ / max(len(self.weights_), 1)
        return parts @ like(weights, parts)

    def _all(self, activations: Activations) -> Floats:
        return np.concatenate([as_numpy(self._parts(block)) for block in activations.blocks(self.block_rows)])

    def _parts(self, block: Activations) -> Array:
        """The scores of the logits and of each layer, ``(m, 1 + layers)``."""
        if not self.eps > 0:
            return self._of(block)

        def after(acts: Activations) -> Any:
            moved = stepped(acts.inputs, self._angles(double(acts.logits)), self.eps, self.std)
            again = settled(block.network, moved)
            layers = {name: double(value) for name, value in again.layers.items()}
            return self._of(Activations.unchecked(logits=double(again.logits), layers=layers))

        return second_pass(block, after)

    def _of(self, block: Activations) -> Array:
        xp = array_namespace(block.logits)
        parts = [self._angles(block.logits)]
        for name, (means, sigma) in self.gaussians_.items():
            parts.append(-gaussian_distance(layer(block, name), means, sigma))
        return xp.stack(parts, axis=1)

    def _angles(self, logits: Array) -> Array:
        xp = array_namespace(logits)
        ends = like(roots(self.centroids_ / self.temperature), logits)
        return xp.sum(angles(roots(logits / self.temperature), ends), axis=1)

    def _centroids(self, activations: Activations) -> Floats:
        classes = activations.classes
        means = class_moments(activations, self.block_rows, _logits, scatter=False)[0].means
        if self.centroids == "mean":
            return means
        logits, labels = activations.gather("logits"), activations.gather("labels")
        rows = [roots(logits[labels == kind]) for kind in range(classes)]
        if self.centroids == "median":
            return np.asarray(2 * np.log(np.maximum([centre(points) for points in rows], 1e-300)))
        return np.stack([descended(points, start) for points, start in zip(rows, np.eye(classes), strict=True)])

    def _check(self) -> None:
        if self.centroids not in ("descent", "median", "mean"):
            raise BadInput(f"centroids must be 'descent', 'median' or 'mean', got {self.centroids!r}")
        if not self.temperature > 0:
            raise BadInput(f"temperature must be positive, got {self.temperature!r}")
        if not 0 <= self.eps < np.inf:
            raise BadInput(f"eps must be at least 0, got {self.eps!r}")


def _logits(block: Activations) -> Array:
    return block.logits


def _deviations(moments: Moments) -> Floats:
    """Pooled within-class deviations; 1 where they are no more than rounding."""
    sigma = np.sqrt(np.maximum(np.diag(moments.within), 0))
    return np.where(sigma > 1e-10 * np.abs(moments.means).max(0), sigma, 1.0)
