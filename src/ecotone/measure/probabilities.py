"""Class probabilities and labels as they are given, checked: for the ratios of measure and all that lies above."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Floats, Ints

_SLACK = 1e-9  # rounding of a probability
_SUM_SLACK = 1e-3  # rounding of a row's sum, as of three decimals


def as_probabilities(p: Any, name: str = "p") -> Floats:
    """A float64 matrix (n, k) whose rows sum to one; a vector is read as the probability of the second of two.

    Raises
    ------
    BadInput
        For an empty or non-finite ``p``, values outside [0, 1], or rows that do not sum to one.
    """
    try:
        a = np.asarray(p, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name} must be numeric: {error}") from None
    a = np.column_stack([1 - a, a]) if a.ndim == 1 else a
    if a.ndim != 2 or len(a) == 0 or a.shape[1] < 2:
        raise BadInput(f"{name} must be a non-empty (n,) or (n, k) array of probabilities, got shape {np.shape(p)}")
    inside = (a >= -_SLACK) & (a <= 1 + _SLACK)  # NaN is not
    if not inside.all():
        i = int(np.argwhere(~inside)[0][0])
        raise BadInput(f"{name} must lie in [0, 1]; row {i} is {a[i].tolist()}")
    total = a.sum(1)
    off = np.abs(total - 1)
    if off.max() > _SUM_SLACK:
        i = int(off.argmax())
        raise BadInput(f"{name} must sum to 1 in each row; row {i} sums to {total[i]:.6g}; divide each row by its sum")
    return np.asarray(np.clip(a, 0, None) / total[:, None])


def as_codes(y: Any, n: int, k: int, name: str = "y") -> tuple[Any, Ints]:
    """Sorted classes, k of them, and the code of each of the n labels.

    Raises
    ------
    BadInput
        For another number of rows than ``n`` or of classes than ``k``.
    """
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise BadInput(f"{name} must have shape ({n},), one label for each row of probabilities, got {labels.shape}")
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) != k:
        raise BadInput(
            f"{name} holds {len(classes)} classes for {k} columns of probability; every class needs labelled rows, in "
            "the sorted order of the columns"
        )
    return classes, codes.astype(np.int64)


def like(p: Any, q: Floats) -> Floats:
    """``q`` (n, k) in the shape that the caller gave ``p``."""
    return np.asarray(q[:, 1] if np.ndim(p) == 1 else q)


def normalised(q: Floats, fallback: Floats) -> Floats:
    """Rows divided by their sums; rows of zeros take ``fallback``."""
    total = q.sum(1, keepdims=True)
    return np.where(total > 0, q / np.where(total > 0, total, 1), fallback)
