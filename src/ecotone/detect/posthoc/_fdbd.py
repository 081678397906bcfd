"""Distances of features to the decision boundaries of the head."""

from __future__ import annotations

from typing import Literal

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, as_numpy
from ecotone.contracts.arrays import Array, like

from ._moments import feature_mean
from ._post_hoc import PostHoc

CARD = Card(
    name="FDBD",
    summary="Mean distance of the features to the boundaries of the other classes, by that to the reference's mean.",
    contract="PostHoc",
    title="Fast Decision Boundary based Out-of-Distribution Detector",
    authors=("Liu, Litian", "Qin, Yao"),
    year=2024,
    venue="ICML",
    link="https://arxiv.org/abs/2312.11536",
    reads=("features", "logits", "head"),
    remedy_for=("outliers",),
    advice="Look at the rows that lie near several decision boundaries.",
)

REGULARISERS = ("mean", "norm", "none")


class FDBD(PostHoc):
    r"""Feature distance to decision boundaries, in closed form.

    With the predicted class :math:`\hat c`, the distance of the features z to the boundary where class c has the same
    logit is :math:`|z_{\hat c} - z_c| / \lVert w_{\hat c} - w_c \rVert`; it bounds from below the distance to the
    region of c. The score is its mean over the other classes, at equal deviation from the reference's mean
    :math:`\mu`:

    .. math:: s(x) = \frac{1}{K - 1} \sum_{c \ne \hat c}
        \frac{|z_{\hat c}(x) - z_c(x)|}{\lVert w_{\hat c} - w_c \rVert_2} \Big/ \lVert h(x) - \mu \rVert_2 .

    The paper divides by the distance to the mean; OpenOOD chooses on its validation set between this and the norm of
    the features, which is ``regulariser="norm"``. Both sum over the classes, which ranks as the mean. Classes with
    the very weights of the predicted one have no boundary with it and are left out.

    Parameters
    ----------
    regulariser : {"mean", "norm", "none"}
        Divide by the distance to the reference's mean, by the norm of the features, or by nothing.

    Attributes
    ----------
    mean_ : (d,) array
    distances_ : (classes, classes) array
        Between the classes' weights.

    Raises
    ------
    BadInput
        For another regulariser, or a head without two different classes.

    References
    ----------
    Liu and Qin (2024), https://arxiv.org/abs/2312.11536

    Examples
    --------
    >>> features = np.array([[3.0, 0.0], [0.0, 3.0], [1.2, 1.0]])
    >>> acts = Activations(features=features, head=(np.eye(2), np.zeros(2)))
    >>> FDBD(regulariser="none").fit(acts).score_samples(acts).round(3)
    array([2.121, 2.121, 0.141])
    """

    card = CARD

    def __init__(self, regulariser: Literal["mean", "norm", "none"] = "mean") -> None:
        self.regulariser = regulariser

    def _fit(self, activations: Activations) -> None:
        if self.regulariser not in REGULARISERS:
            raise BadInput(f"regulariser must be one of {', '.join(REGULARISERS)}, got {self.regulariser!r}")
        weight = as_numpy(activations.head[0]).astype(np.float64)
        size = (weight**2).sum(1)
        squared = size[:, None] + size - 2 * weight @ weight.T
        squared[squared < 1e-12 * (size[:, None] + size)] = 0  # what rounding leaves of equal weights
        self.distances_ = np.sqrt(squared)
        if not self.distances_.any():
            raise BadInput("head has no two classes with different weights, so that no boundary parts them")
        self.mean_, spread = feature_mean(activations, self.block_rows), 0.0
        for block in activations.blocks(self.block_rows):
            spread += float(as_numpy(self._length(block)).sum()) / len(activations)
        self.floor_ = max(spread * 1e-9, np.finfo(float).tiny)  # for a row that is the mean itself

    def _length(self, block: Activations) -> Array:
        xp = array_namespace(block.features)
        centre = like(self.mean_, block.features) if self.regulariser == "mean" else 0.0
        return xp.linalg.vector_norm(block.features - centre, axis=1)

    def _score(self, block: Activations) -> Array:
        xp = array_namespace(block.features)
        gap = xp.max(block.logits, axis=1, keepdims=True) - block.logits
        apart = xp.take(like(self.distances_, gap), xp.argmax(block.logits, axis=1), axis=0)
        parted = apart > 0
        distance = xp.where(parted, gap, 0.0) / xp.where(parted, apart, 1.0)
        others = xp.sum(xp.astype(parted, gap.dtype), axis=1)
        mean = xp.sum(distance, axis=1) / xp.where(others > 0, others, 1.0)
        return mean if self.regulariser == "none" else mean / xp.clip(self._length(block), min=self.floor_)
