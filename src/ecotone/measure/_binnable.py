"""What histogram boosting needs of its training rows."""

from __future__ import annotations

import numpy as np

from ecotone.contracts import Floats


def binnable(x: Floats) -> Floats:
    """Training rows in which no column is wholly missing: such a column, which no bin can be cut from, becomes 0.

    >>> binnable(np.array([[1.0, np.nan], [np.nan, np.nan]]))
    array([[ 1.,  0.],
           [nan,  0.]])
    """
    empty = np.isnan(x).all(axis=0) if len(x) else np.zeros(x.shape[1], dtype=bool)
    return np.where(empty, 0.0, x) if empty.any() else x
