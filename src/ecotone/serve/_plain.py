"""Frozen dataclasses as plain JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Values that JSON has: arrays are left out, sets are sorted, what is not finite is null.

    Examples
    --------
    >>> plain({"a": (1, float("nan")), "b": frozenset({"y", "x"})})
    {'a': [1, None], 'b': ['x', 'y']}
    """
    if is_dataclass(value) and not isinstance(value, type):
        held = {f.name: getattr(value, f.name) for f in fields(value)}
        return {k: plain(v) for k, v in held.items() if not isinstance(v, np.ndarray)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(v) for v in value)
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
