"""Features weighted by what their range contributes to the predicted class."""

from __future__ import annotations

from typing import Literal

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, as_numpy
from ecotone.contracts.arrays import Array, like

from ._logits import log_sum_exp
from ._shaper import Shaper, with_features

CARD = Card(
    name="OptFS",
    summary="Features weighted by the mean contribution of their range to the predicted class, in closed form.",
    contract="PostHoc",
    title="Towards Optimal Feature-Shaping Methods for Out-of-Distribution Detection",
    authors=("Zhao, Qinyu", "Xu, Ming", "Gupta, Kartik", "Asthana, Akshay", "Zheng, Liang", "Gould, Stephen"),
    year=2024,
    venue="ICLR",
    link="https://arxiv.org/abs/2402.00865",
    row=4,
    reads=("features", "logits", "head"),
    remedy_for=("outliers",),
    advice="Look at the rows whose features lie in ranges that speak for no class.",
    tier="experimental",
    claim="The AUROC on unseen kinds is above ASH's.",
)


class OptFS(Shaper):
    r"""Feature shaping that is optimal among piecewise constant weights.

    The range :math:`[l, r)` between two quantiles of the reference's features, all pooled, is cut into K equal bins.
    With :math:`\hat y` the class of the largest logit, bin k contributes on average

    .. math:: I_k = \frac1n \sum_x \sum_i W_{\hat y(x), i}\, z_i(x)\, 1[z_i(x) \in \text{bin } k],

    and among weights of one norm :math:`\theta = c\, I / \lVert I \rVert_2` has the largest mean shaped logit
    :math:`\theta^\top I`. Features become :math:`\bar z_i = \theta_{\mathrm{bin}(z_i)} z_i`, zero outside the range,
    and score

    .. math:: V(x) = \sum_i W_{\hat y(x), i}\, \bar z_i(x), \qquad E(x) = \log \sum_c e^{W_c \bar z(x) + b_c},

    with the class before shaping in V, and no bias.

    Parameters
    ----------
    score : {"V", "E"}
        On its own; ``OptFS() | score`` for any other. E equals ``OptFS() | Energy()``.
    bins : int
        K.
    c : float
        Norm of the weights, which V's order does not depend on and E's does.
    tail : float
        Share of the pooled features below the range, and above it, in [0, 0.5).

    Attributes
    ----------
    theta_ : (K,) array
        Weights, of either sign.
    lower_, width_ : float
        l, and the width of a bin.

    Raises
    ------
    BadInput
        For settings outside their ranges, features that are all equal, or no contribution in any bin.

    References
    ----------
    Zhao, Xu, Gupta, Asthana, Zheng and Gould (2024), https://arxiv.org/abs/2402.00865

    Examples
    --------
    >>> acts = Activations(features=np.array([[0.0, 1.0], [3.0, 1.0], [4.0, 0.0]]), head=(np.eye(2), np.zeros(2)))
    >>> OptFS(bins=2, c=1.0, tail=0.0).fit(acts).theta_.round(3)  # 0 to 2 holds 1 and 0; 2 to 4 holds 3
    array([0.316, 0.949])
    """

    card = CARD

    def __init__(
        self, score: Literal["V", "E"] = "V", *, bins: int = 100, c: float = 1000.0, tail: float = 1e-3
    ) -> None:
        self.score = score
        self.bins = bins
        self.c = c
        self.tail = tail

    def _fit(self, activations: Activations) -> None:
        self._check()
        pooled = activations.gather("features").ravel()
        lower, upper = (float(q) for q in np.quantile(pooled, [self.tail, 1 - self.tail]))
        if not upper > lower:
            raise BadInput(f"features between their quantiles {self.tail} and {1 - self.tail} are all {lower:.3g}")
        self.lower_, self.width_ = lower, (upper - lower) / self.bins
        weight = as_numpy(activations.head[0]).astype(np.float64)
        total = np.zeros(self.bins + 2)
        for block in activations.blocks(self.block_rows):
            z = as_numpy(block.features)
            part = weight[as_numpy(block.logits).argmax(axis=1)] * z
            total += np.bincount(as_numpy(self._bin(z)).ravel(), part.ravel(), self.bins + 2)
        mean = total[1:-1] / len(activations)
        norm = float(np.linalg.norm(mean))
        if not norm > 0:
            raise BadInput("features contribute nothing to the predicted classes between their quantiles; lower tail")
        self.theta_ = self.c * mean / norm

    def _check(self) -> None:
        if self.score not in ("V", "E"):
            raise BadInput(f"score must be 'V' or 'E', got {self.score!r}")
        if not (isinstance(self.bins, int | np.integer) and self.bins >= 1):
            raise BadInput(f"bins must be a positive integer, got {self.bins!r}")
        if not self.c > 0:
            raise BadInput(f"c must be positive, got {self.c!r}")
        if not 0 <= self.tail < 0.5:
            raise BadInput(f"tail must lie in [0, 0.5), got {self.tail!r}")

    def _bin(self, z: Array) -> Array:
        """1 to K inside the range, 0 below it, K + 1 above it."""
        xp = array_namespace(z)
        place = xp.floor((z - self.lower_) / self.width_)
        return xp.astype(xp.clip(place, min=-1, max=self.bins), xp.int64) + 1

    def _shape(self, block: Activations) -> Activations:
        z = block.features
        xp = array_namespace(z)
        theta = like(np.concatenate([[0.0], self.theta_, [0.0]]), z)
        weights = xp.reshape(xp.take(theta, xp.reshape(self._bin(z), (-1,)), axis=0), z.shape)
        return with_features(block, weights * z)

    def _score(self, block: Activations) -> Array:
        shaped = self._shape(block)
        if self.score == "E":
            return log_sum_exp(shaped.logits)
        xp = array_namespace(block.logits)
        predicted = xp.argmax(block.logits, axis=1)[:, None]
        bias = like(block.head[1], shaped.logits)
        return xp.take_along_axis(shaped.logits - bias, predicted, axis=1)[:, 0]
