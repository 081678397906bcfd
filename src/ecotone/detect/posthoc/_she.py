"""Agreement of the features with the pattern stored for their class."""

from __future__ import annotations

from typing import Literal

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, as_numpy
from ecotone.contracts.arrays import Array, like

from ._moments import MomentSum
from ._post_hoc import PostHoc

CARD = Card(
    name="SHE",
    summary="Inner product of the features with the mean of the reference's rightly predicted rows of their class.",
    contract="PostHoc",
    title="Out-of-Distribution Detection based on In-Distribution Data Patterns Memorization with Modern Hopfield "
    "Energy",
    authors=(
        "Zhang, Jinsong", "Fu, Qiang", "Chen, Xu", "Du, Lun", "Li, Zelin", "Wang, Gang", "Liu, Xiaoguang",
        "Han, Shi", "Zhang, Dongmei",
    ),
    year=2023,
    venue="ICLR",
    link="https://openreview.net/forum?id=KkazG4lgKL",
    reads=("features", "logits", "labels"),
    remedy_for=("outliers",),
    advice="Look at the rows whose features are unlike the mean of the class that they are given.",
)  # fmt: skip

METRICS = ("inner_product", "euclidean")


class SHE(PostHoc):
    r"""Simplified Hopfield energy.

    One pattern :math:`\mu_c` is stored for each class: the mean features of the rows of the reference that are of
    class c and predicted so (of all rows of class c where none is). With :math:`\hat c` the class predicted,

    .. math:: s(x) = \langle h(x), \mu_{\hat c} \rangle
        \quad\text{or}\quad s(x) = -\lVert h(x) - \mu_{\hat c} \rVert_2 .

    The pattern is that of the predicted class, as in the authors' code, not the best over the classes. The paper's
    score is the inner product; the distance is a variant of it. Inputs are not perturbed.

    Parameters
    ----------
    metric : {"inner_product", "euclidean"}

    Attributes
    ----------
    patterns_ : (classes, d) array

    Raises
    ------
    BadInput
        For another metric, or a class of the logits of which the reference has no row.

    References
    ----------
    Zhang et al. (2023), https://openreview.net/forum?id=KkazG4lgKL

    Examples
    --------
    >>> z = np.array([[2.0, 0.0], [4.0, 0.0], [0.0, 2.0]])
    >>> acts = Activations(features=z, head=(np.eye(2), np.zeros(2)), labels=[0, 0, 1])
    >>> SHE().fit(acts).score_samples(acts)
    array([ 6., 12.,  4.])
    """

    card = CARD

    def __init__(self, metric: Literal["inner_product", "euclidean"] = "inner_product") -> None:
        self.metric = metric

    def _fit(self, activations: Activations) -> None:
        if self.metric not in METRICS:
            raise BadInput(f"metric must be one of {', '.join(METRICS)}, got {self.metric!r}")
        right, every = MomentSum(activations.classes, scatter=False), MomentSum(activations.classes, scatter=False)
        for block in activations.blocks(self.block_rows):
            labels = as_numpy(block.labels)
            told = as_numpy(array_namespace(block.logits).argmax(block.logits, axis=1))
            right.add(block.features, np.where(told == labels, labels, -1))
            every.add(block.features, labels)
        means = every.moments().means  # which names a class without rows
        self.patterns_ = np.where(right.counts[:, None] > 0, np.asarray(right.means), means)

    def _score(self, block: Activations) -> Array:
        xp = array_namespace(block.features)
        stored = xp.take(like(self.patterns_, block.features), xp.argmax(block.logits, axis=1), axis=0)
        if self.metric == "inner_product":
            return xp.sum(block.features * stored, axis=1)
        return -xp.linalg.vector_norm(block.features - stored, axis=1)
