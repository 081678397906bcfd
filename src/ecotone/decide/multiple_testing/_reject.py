"""Which hypotheses an adjustment rejects: the one rule for p-values that lie on the line up to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.contracts import Bools, Floats

from ._checks import as_level, as_pvalues

#: ``m p / k`` and ``q k / m`` are each rounded once or twice, by 1e-16 a time; no procedure's level shows 1e-12.
ROUNDING = 1e-12


def reject(adjusted: Any, level: float) -> Bools:
    r"""Which hypotheses are rejected at a level.

    .. math:: \tilde p_j \le q \,(1 + 10^{-12})

    A p-value that lies exactly on the line is rejected, as the procedures' theorems have it, though m p / k may have
    been rounded up.

    Parameters
    ----------
    adjusted : (m,) array in [0, 1]
        From :func:`holm`, :func:`benjamini_hochberg` or another adjustment; may be empty.
    level : float in (0, 1)
        The family-wise error or false discovery rate.

    Returns
    -------
    (m,) array of bool

    Raises
    ------
    BadInput
        For NaN, a value outside [0, 1], or a level outside (0, 1).

    Examples
    --------
    >>> from ecotone.decide.multiple_testing import benjamini_hochberg
    >>> reject(benjamini_hochberg([0.03, 0.07, 0.9]), 0.1).tolist()
    [True, False, False]
    """
    return np.asarray(as_pvalues(adjusted, "adjusted") <= as_level(level, "level") * (1 + ROUNDING))


def step_up_count(ordered: Floats, fdr: float, tested: int, *, logarithms: bool = False) -> int:
    r"""How many hypotheses Benjamini and Hochberg's procedure rejects: the largest k with :math:`p_{(k)} \le q k / m`.

    ``ordered`` are the smallest of ``tested`` p-values, ascending, or their natural logarithms, which reach further
    down than floats do. With all m of them it is the number that :func:`reject` has of the adjusted p-values.
    """
    line = fdr * np.arange(1, len(ordered) + 1) / tested * (1 + ROUNDING)
    passed = np.flatnonzero(ordered <= (np.log(line) if logarithms else line))
    return int(passed[-1]) + 1 if passed.size else 0
