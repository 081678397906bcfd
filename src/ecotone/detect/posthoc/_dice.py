"""The head without the weights that contribute little."""

from __future__ import annotations

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, Head, as_numpy
from ecotone.contracts.arrays import apply_head, like

from ._moments import feature_mean
from ._shaper import Shaper, with_logits

CARD = Card(
    name="DICE",
    summary="Logits from the weights that contribute most on the reference, then energy or another score.",
    contract="PostHoc",
    title="DICE: Leveraging Sparsification for Out-of-Distribution Detection",
    authors=("Sun, Yiyou", "Li, Yixuan"),
    year=2022,
    venue="ECCV",
    link="https://arxiv.org/abs/2111.09805",
    reads=("features", "head"),
    remedy_for=("outliers",),
    advice="Look at the rows whose class hangs on features that it rarely uses.",
)


class DICE(Shaper):
    r"""Directed sparsification.

    A weight of the head contributes :math:`V_{ci} = W_{ci}\, \bar z_i`, with :math:`\bar z` the mean features of the
    reference. With M one where V is above the percentile of all its entries,

    .. math:: \text{logits} = (M \odot W)\, z + b .

    Parameters
    ----------
    percentile : float
        In [0, 100): the share of the weights that is left out; the paper's 90. At 0 none is.

    Attributes
    ----------
    mask_ : (classes, d) array of bool

    Raises
    ------
    BadInput
        For a percentile outside [0, 100).

    Notes
    -----
    One percentile of the whole matrix, of signed contributions: all negative ones go first. Features stay as they are,
    so that a score that reads features alone is not changed.

    References
    ----------
    Sun and Li (2022), https://arxiv.org/abs/2111.09805

    Examples
    --------
    >>> acts = Activations(features=np.array([[4.0, 1.0]]), head=(np.array([[1.0, 1.0], [-1.0, 2.0]]), np.zeros(2)))
    >>> DICE(percentile=50).fit(acts).mask_  # contributions 4 and 1, -4 and 2
    array([[ True, False],
           [False,  True]])
    """

    card = CARD

    def __init__(self, percentile: float = 90.0) -> None:
        self.percentile = percentile

    def _fit(self, activations: Activations) -> None:
        if not 0 <= self.percentile < 100:
            raise BadInput(f"percentile must lie in [0, 100), got {self.percentile!r}")
        weight = as_numpy(activations.head[0]).astype(np.float64)
        contribution = weight * feature_mean(activations, self.block_rows)
        above = contribution > np.percentile(contribution, self.percentile)
        self.mask_ = above if self.percentile > 0 else np.ones_like(above)

    def _shape(self, block: Activations) -> Activations:
        weight, bias = (like(part, block.features) for part in block.head)
        head = Head(weight * like(self.mask_, block.features), bias)
        return with_logits(block, apply_head(block.features, head), head)
