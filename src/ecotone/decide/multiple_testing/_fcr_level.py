"""The level of intervals for parameters that were selected first."""

from __future__ import annotations

from ecotone.cards import Card
from ecotone.contracts import BadInput

from ._checks import as_level

CARD = Card(
    name="fcr_level",
    summary="Level at which intervals of selected parameters keep their coverage.",
    contract="Adjustment",
    title="False Discovery Rate-Adjusted Multiple Confidence Intervals for Selected Parameters",
    authors=("Benjamini, Yoav", "Yekutieli, Daniel"),
    year=2005,
    venue="Journal of the American Statistical Association 100(469)",
    link="https://doi.org/10.1198/016214504000001907",
    reads=("selection",),
    tier="stable",
)


def fcr_level(selected: int, tested: int, fdr: float) -> float:
    r"""Error level of each interval so that, of those shown, at most ``fdr`` miss on average.

    .. math:: \alpha' = q\,R / m

    Marginal 95 % intervals of parameters that a test picked out cover far less than 95 % of them. Made at the level
    :math:`1 - \alpha'` instead, the expected share of shown intervals that miss is at most q, if R of m were
    selected by Benjamini and Hochberg's procedure at q (or another simple selection rule) on independent or
    positively dependent estimates.

    Parameters
    ----------
    selected : int
        R; 0 is answered as 1, for no interval is then shown.
    tested : int
        m, how many the R were selected from.
    fdr : float in (0, 1)
        q.

    Returns
    -------
    float
        :math:`\alpha'` in (0, q]; make ``1 - alpha'`` intervals.

    Raises
    ------
    BadInput
        For counts with 0 <= selected <= tested violated, tested < 1, or fdr outside (0, 1).

    References
    ----------
    Benjamini and Yekutieli (2005), https://doi.org/10.1198/016214504000001907

    Examples
    --------
    >>> fcr_level(5, 100, 0.1)
    0.005
    """
    if not (0 <= selected <= tested and tested >= 1):
        raise BadInput(f"selected must lie between 0 and tested >= 1, got {selected} of {tested}")
    return as_level(fdr, "fdr") * max(int(selected), 1) / int(tested)
