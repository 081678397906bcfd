"""Which current rows lie outside the reference, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ecotone.checkup.as_json import OPTIONAL, Keys
from ecotone.contracts import Floats, Ints

from ._place import Place
from ._row_reason import RowReason


@dataclass(frozen=True)
class RowsOutside:
    """Which current rows lie outside the reference, and how sure that is.

    Parameters
    ----------
    share : float or None
        Share of the current rows, beyond the 1 % expected, that lie where only the rarest 1 % of the reference lies:
        the mean over splits of the reference, never below the share of the rows named. See ``share_outside``.
    interval : (float, float) or (None, None)
        From a lower bound that holds with probability .95 to one: rows that are foreign may still look typical, so
        that the upper end is open. None, and so is the share, where no row could be scored.
    share_said : str
        Both in a sentence.
    index : (k,) int64
        Positions in the current table of the rows named, ascending; empty unless ``raised``.
    named : (l,) int64
        Positions in current as it was read of the rows named and of copies of them that were left out, ascending.
    places : tuple of Place
        The same rows in their sources; ``index`` in JSON.
    copies_said : str
        The row outside that occurs most often, named or not, in a sentence; empty where none occurs again.
    pvalues : (rows of current as read,) float64
        Conformal p-value of every current row, copies that were left out included.
    reasons : tuple of RowReason
        For at most 200 of the rows named, lowest first, and of equal ones for the first.
    n_calibration : int
    needed : int or None
        Calibration rows needed to find and name 1 % of the current rows (five at least), where there are fewer.
    global_pvalue : float or None
        None where rows were not tested.
    raised : bool
        Whether ``global_pvalue`` is at most ``alpha``.
    map : mapping
        ``reference``, ``current``, ``outside``: plane coordinates of at most 2 000 rows.
    statement : str
        What holds for the rows named.
    seconds : float
    reason : str or None
        Why rows were not tested.
    """

    share: float | None
    interval: tuple[float, float] | tuple[None, None]
    share_said: str
    index: Ints
    named: Ints
    places: tuple[Place, ...]
    copies_said: str
    pvalues: Floats
    reasons: tuple[RowReason, ...]
    n_calibration: int
    needed: int | None
    global_pvalue: float | None
    raised: bool
    alpha: float
    fdr: float
    map: Mapping[str, Any] = field(default_factory=dict)
    statement: str = ""
    seconds: float = 0.0
    reason: str | None = field(default=None, metadata=OPTIONAL)

    JSON: ClassVar[Keys] = (
        "share", "interval", "share_said", ("index", "places"), "copies_said", "reasons", "n_calibration", "needed",
        "global_pvalue", "raised", "alpha", "fdr", "statement", "seconds", "reason",
    )  # fmt: skip

    @classmethod
    def not_scored(
        cls, rows: int, *, alpha: float, fdr: float, n_calibration: int = 0, needed: int | None = None,
        global_pvalue: float | None = None, statement: str = "", reason: str | None = None,
    ) -> RowsOutside:  # fmt: skip
        """Nothing named, for want of rows or of columns to score them by; every one of ``rows`` has the p-value 1."""
        empty = np.empty(0, np.int64)
        return cls(
            share=None, interval=(None, None), share_said="The share outside is not estimated.", index=empty,
            named=empty, places=(), copies_said="", pvalues=np.ones(rows), reasons=(), n_calibration=n_calibration,
            needed=needed, global_pvalue=global_pvalue, raised=False, alpha=alpha, fdr=fdr, statement=statement,
            reason=reason,
        )  # fmt: skip
