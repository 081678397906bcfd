"""How many calibration rows a statement about single rows takes."""

from __future__ import annotations

import math

from ecotone.contracts import BadInput
from ecotone.decide.multiple_testing import as_level
from ecotone.decide.multiple_testing._reject import ROUNDING


def calibration_size(m: int, fdr: float, k: int = 1) -> int:
    r"""Smallest number of calibration rows with which k of m rows can be named at a false discovery rate.

    The smallest conformal p-value is 1 / (n + 1), and Benjamini and Hochberg's step k asks for ``fdr * k / m``,
    so :math:`n \ge m / (q k) - 1`.

    Parameters
    ----------
    m : int
        Rows looked at.
    fdr : float in (0, 1)
    k : int
        Rows that there are to be named.

    Raises
    ------
    BadInput
        For a rate outside (0, 1), or k outside 1 to m.

    Examples
    --------
    >>> calibration_size(1000, 0.1, 10), calibration_size(1000, 0.1, 1)
    (999, 9999)
    """
    fdr = as_level(fdr, "fdr")
    if not 1 <= k <= m:
        raise BadInput(f"k must lie between 1 and m = {m}, got {k!r}")
    return max(1, math.ceil(m / (fdr * k) * (1 - ROUNDING)) - 1)
