"""Mahalanobis distance to the nearest class, of one layer or several."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, Floats, Ints, as_numpy
from ecotone.contracts.arrays import Array, like

from ._moments import FEATURES, MomentSum, class_moments, layer, nearest, whitener
from ._post_hoc import PostHoc, check_reads, double
from ._second_pass import second_pass, settled, stepped

CARD = Card(
    name="Mahalanobis",
    summary="Minus the squared Mahalanobis distance to the nearest class, of one layer or several.",
    contract="PostHoc",
    title="A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks",
    authors=("Lee, Kimin", "Lee, Kibok", "Lee, Honglak", "Shin, Jinwoo"),
    year=2018,
    venue="NeurIPS",
    link="https://arxiv.org/abs/1807.03888",
    row=186,
    reads=("features", "labels"),
    remedy_for=("outliers",),
    advice="Look at the rows that are far from every class in some layer.",
    claim="With several layers, mean AUROC over far sets is above those of MSP and ODIN, none with an input step.",
)


class Mahalanobis(PostHoc):
    r"""Confidence of class-conditional normal densities that share a covariance.

    .. math:: M_l(x) = -\min_c\, (f_l - \mu_{l,c})^\top \Sigma_l^+ (f_l - \mu_{l,c}), \qquad
              s(x) = \sum_l \alpha_l M_l(x)

    with the means of the true classes and the pooled covariance within them (divided by n) of each layer's averages
    over places. The pseudo-inverse leaves out directions without variance, such as dead units. With ``eps`` each
    layer's input first takes the step that shortens its distance to the nearest class c,

    .. math:: \hat x = x - \varepsilon \operatorname{sign} \nabla_x (f_l - \mu_{l,c})^\top \Sigma_l^+ (f_l - \mu_{l,c}),

    one pass forward and back a layer, and the nearest class is sought again.

    Parameters
    ----------
    layers : sequence of str, optional
        Names of layers, ``"features"`` for what enters the head; by default that alone.
    weights : {"equal", "scaled"} or sequence of float
        :math:`\alpha`: all 1; one over the standard deviation of :math:`M_l` on the reference, which keeps wide layers
        from outweighing the others; or given. :meth:`weigh` fits them as the paper does, which takes outliers.
    eps : float
        :math:`\varepsilon \ge 0` in units of what enters the network's module, or of pixels before they were divided
        by ``std``; the paper's 0 to 0.01. Above 0 it reads ``gradient``.
    std : float or sequence of one float a channel, optional
        By which inputs were divided.

    Attributes
    ----------
    means_, covariances_, whiteners_ : dicts of arrays by layer
        ``(classes, c)``, ``(c, c)`` and ``(c, rank)``, the last with the pseudo-inverse as its square.
    alpha_ : (layers,) array

    Raises
    ------
    BadInput
        For a class without rows, a layer that was not read, or a negative ``eps``.

    References
    ----------
    Lee, Lee, Lee and Shin (2018), https://arxiv.org/abs/1807.03888

    Examples
    --------
    >>> z = np.array([[-1.0, 1.0], [-1.0, -1.0], [1.0, 1.0], [1.0, -1.0], [-2.0, 0.0], [0.0, 0.0]])
    >>> acts = Activations(features=z, labels=[0, 0, 1, 1, 0, 0])
    >>> detector = Mahalanobis().fit(acts)
    >>> new = Activations(features=np.array([[-1.0, 0.0], [9.0, 0.0]]))
    >>> detector.score_samples(new).round(6) + 0.0, detector.predict(new)
    (array([   0., -192.]), array([0, 1]))
    """

    card = CARD

    def __init__(
        self,
        layers: Sequence[str] | None = None,
        weights: str | Sequence[float] = "equal",
        eps: float = 0.0,
        std: float | Sequence[float] | None = None,
    ) -> None:
        self.layers = layers
        self.weights = weights
        self.eps = eps
        self.std = std

    def reads(self) -> frozenset[str]:
        """Labels; features and layers as named; ``gradient`` where ``eps`` is not 0."""
        words = {FEATURES if name == FEATURES else "layers" for name in self._names()}
        return frozenset(words | {"labels"} | ({"gradient"} if self.eps else set()))

    def _names(self) -> tuple[str, ...]:
        return (FEATURES,) if self.layers is None else tuple(self.layers)

    def _fit(self, activations: Activations) -> None:
        if not self.eps >= 0 or not self._names():
            raise BadInput(f"eps must be 0 or more and layers at least one, got {self.eps!r} and {self.layers!r}")
        found = class_moments(activations, self.block_rows, *(partial(layer, name=name) for name in self._names()))
        moments = dict(zip(self._names(), found, strict=True))
        self.means_ = {name: part.means for name, part in moments.items()}
        self.covariances_ = {name: part.within for name, part in moments.items()}
        self.whiteners_ = {name: whitener(part.within) for name, part in moments.items()}
        self.alpha_ = self._weights(activations)

    def _weights(self, activations: Activations) -> Floats:
        size = len(self._names())
        if isinstance(self.weights, str):
            if self.weights not in ("equal", "scaled"):
                raise BadInput(f"weights must be 'equal', 'scaled' or numbers, got {self.weights!r}")
            if self.weights == "equal":
                return np.ones(size)
            spread = self.confidences(activations).std(axis=0)
            return np.asarray(1 / np.where(spread > 0, spread, 1.0))
        if np.shape(self.weights) != (size,):
            raise BadInput(f"weights has shape {np.shape(self.weights)} for {size} layers; give one a layer")
        return np.asarray(self.weights, dtype=float)

    def confidences(self, activations: Activations) -> Floats:
        """:math:`M_l` of each row and layer, ``(n, layers)``."""
        return np.concatenate([as_numpy(self._confidences(b)) for b in activations.blocks(self.block_rows)])

    def weigh(self, inside: Activations, outside: Activations) -> Self:
        """Weights of the layers by logistic regression of rows inside against rows outside (the paper takes 1000).

        Both must be rows that neither the network nor this was fitted on.
        """
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import GridSearchCV

        parts = [self.confidences(acts) for acts in (inside, outside)]
        x, y = np.concatenate(parts), np.repeat([1, 0], [len(part) for part in parts])
        spread = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
        grid = GridSearchCV(LogisticRegression(), {"C": np.geomspace(1e-4, 1e4, 10)}, scoring="neg_log_loss")
        self.alpha_ = grid.fit(x / spread, y).best_estimator_.coef_[0] / spread
        return self

    def add_class(self, activations: Activations) -> Self:
        """One more class from rows of it, without going back to the reference.

        Its mean joins the means, and the covariance becomes C/(C+1) of the old and 1/(C+1) of the rows' own.
        """
        check_reads(self, activations, self.reads() - {"labels", "gradient"})
        self._check_shapes(activations)
        for name in self._names():
            new = MomentSum(1)
            for block in activations.blocks(self.block_rows):
                new.add(double(layer(block, name)), np.zeros(len(block), np.int64))
            classes, moments = len(self.means_[name]), new.moments()
            self.means_[name] = np.concatenate([self.means_[name], moments.means])
            self.covariances_[name] = (classes * self.covariances_[name] + moments.within) / (classes + 1)
            self.whiteners_[name] = whitener(self.covariances_[name])
        return self

    def predict(self, activations: Activations) -> Ints:
        """Class of the least weighted distance, ``(n,)``, added ones after those of the reference."""
        check_reads(self, activations, self.reads() - {"labels", "gradient"})
        self._check_shapes(activations)
        found = []
        for block in activations.blocks(self.block_rows):
            total = np.zeros((1, 1))
            for alpha, name in zip(self.alpha_, self._names(), strict=True):
                z, centres = self._white(double(layer(block, name)), name)
                z, centres = as_numpy(z), as_numpy(centres)
                total = total + alpha * ((centres**2).sum(1) - 2 * z @ centres.T)
            found.append(total.argmin(axis=1))
        return np.concatenate(found)

    def _score(self, block: Activations) -> Array:
        confidences = self._confidences(block)
        return confidences @ like(self.alpha_, confidences)

    def _confidences(self, block: Activations) -> Array:
        if self.eps:
            made = [second_pass(block, partial(self._after_step, name=name)) for name in self._names()]
        else:
            made = [self._confidence(double(layer(block, name)), name) for name in self._names()]
        return array_namespace(made[0]).stack(made, axis=1)

    def _after_step(self, part: Activations, name: str) -> Any:
        x = stepped(part.inputs, self._confidence(double(layer(part, name)), name), self.eps, self.std)
        return self._confidence(double(layer(settled(part.network, x), name)), name)

    def _confidence(self, z: Array, name: str) -> Array:
        return -nearest(*self._white(z, name))[0]

    def _white(self, z: Array, name: str) -> tuple[Array, Array]:
        """A layer's rows and class means about the mean of those, where the covariance is 1."""
        means, white = self.means_[name], like(self.whiteners_[name], z)
        middle = means.mean(axis=0)
        return (z - like(middle, z)) @ white, like(means - middle, z) @ white
