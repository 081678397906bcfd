"""Features cut off at a high quantile of the reference."""

from __future__ import annotations

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput

from ._shaper import Shaper, with_features

CARD = Card(
    name="ReAct",
    summary="Features cut off at a high quantile of the reference's, then energy or another score.",
    contract="PostHoc",
    title="ReAct: Out-of-distribution Detection With Rectified Activations",
    authors=("Sun, Yiyou", "Guo, Chuan", "Li, Yixuan"),
    year=2021,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2111.12797",
    reads=("features", "head"),
    remedy_for=("outliers",),
    advice="Look at the rows whose class hangs on a few extreme features.",
)


class ReAct(Shaper):
    r"""Rectified activations.

    .. math:: \bar z_i = \min(z_i, c)

    with c the quantile of the reference's features, all features pooled.

    Parameters
    ----------
    percentile : float
        Of the pooled features, in (0, 100]; the paper's 90.

    Attributes
    ----------
    threshold_ : float
        c.

    Raises
    ------
    BadInput
        For a percentile outside (0, 100].

    References
    ----------
    Sun, Guo and Li (2021), https://arxiv.org/abs/2111.12797

    Examples
    --------
    >>> acts = Activations(features=np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 30.0]]), head=(np.eye(2), np.zeros(2)))
    >>> ReAct(percentile=80).fit(acts).threshold_
    2.0
    """

    card = CARD

    def __init__(self, percentile: float = 90.0) -> None:
        self.percentile = percentile

    def _fit(self, activations: Activations) -> None:
        if not 0 < self.percentile <= 100:
            raise BadInput(f"percentile must lie in (0, 100], got {self.percentile!r}")
        self.threshold_ = float(np.percentile(activations.gather("features"), self.percentile))

    def _shape(self, block: Activations) -> Activations:
        xp = array_namespace(block.features)
        return with_features(block, xp.clip(block.features, max=self.threshold_))
