"""Scores into conformal p-values, against the scores of calibration rows."""

from __future__ import annotations

import numpy as np

from ecotone.contracts import Floats


def conformal_pvalues(scores: Floats, calibration: Floats) -> Floats:
    r"""P-values :math:`(1 + \#\{i : s_i \le s\}) / (n + 1)` of scores that are higher for typical rows.

    Parameters
    ----------
    scores : (m,) array
    calibration : (n,) array
        Of rows that the score was not fitted on, in any order.

    Returns
    -------
    (m,) array in [1 / (n + 1), 1]; ties count against the row.

    References
    ----------
    Bates, Candès, Lei, Romano and Sesia (2023), https://doi.org/10.1214/22-AOS2244

    Examples
    --------
    >>> conformal_pvalues(np.array([0.0, 5.0]), np.arange(1.0, 10.0))
    array([0.1, 0.6])
    """
    below = np.searchsorted(np.sort(calibration), scores, side="right")
    return np.asarray((1 + below) / (len(calibration) + 1))
