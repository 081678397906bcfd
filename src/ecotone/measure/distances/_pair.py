"""Shared checks of a pair of samples, for any array library."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from ecotone.contracts import BadInput


def check_pair(x: Any, y: Any) -> Any:
    """The namespace of two finite, non-empty (n, d) and (m, d) arrays of real floats."""
    xp = array_namespace(x, y)
    if x.ndim != 2 or y.ndim != 2 or 0 in (*x.shape, *y.shape):
        raise BadInput(f"x and y must be non-empty (n, d) arrays, got shapes {tuple(x.shape)} and {tuple(y.shape)}")
    if x.shape[1] != y.shape[1]:
        raise BadInput(f"x has {x.shape[1]} columns and y has {y.shape[1]}; give both the same")
    for name, a in (("x", x), ("y", y)):
        if not xp.isdtype(a.dtype, "real floating"):
            raise BadInput(f"{name} has dtype {a.dtype}; convert it to a float dtype")
        if not bool(xp.all(xp.isfinite(a))):
            raise BadInput(f"{name} has NaN or infinite values; remove or impute them")
    return xp


def centred(xp: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Both samples less a common point: squared distances cancel badly far from the origin."""
    centre = (xp.mean(x, axis=0) + xp.mean(y, axis=0)) / 2
    return x - centre, y - centre
