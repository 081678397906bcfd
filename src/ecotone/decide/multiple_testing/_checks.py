"""Shared checks: what every adjustment refuses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Floats


def as_pvalues(pvalues: Any, name: str = "pvalues") -> Floats:
    """A vector of p-values; empty is allowed, anything outside [0, 1] is not."""
    return _vector(pvalues, name, 0.0, 1.0, "a p-value lies in [0, 1]; leave out what was not tested")


def as_evalues(evalues: Any, name: str = "evalues") -> Floats:
    """A vector of e-values, infinity included."""
    return _vector(evalues, name, 0.0, np.inf, "an e-value lies in [0, inf]; leave out what was not tested")


def as_level(level: Any, name: str) -> float:
    """An error rate strictly between 0 and 1."""
    if not 0 < float(level) < 1:
        raise BadInput(f"{name} must lie strictly between 0 and 1, got {level!r}")
    return float(level)


def as_weights(weights: Any, count: int) -> Floats:
    """``count`` weights that are fixed in advance: at least 0, summing to at most 1; equal ones where None."""
    if weights is None:
        return np.full(count, 1 / max(count, 1))
    w = _vector(weights, "weights", 0.0, np.inf, "a weight is at least 0")
    if w.size != count:
        raise BadInput(f"weights has {w.size} values for {count} hypotheses; give one weight for each")
    if w.sum() > 1 + 1e-9:
        raise BadInput(f"weights must sum to at most 1, got a sum of {w.sum()}; divide by the sum")
    return w


def _vector(values: Any, name: str, low: float, high: float, remedy: str) -> Floats:
    try:
        a = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name} must be numeric: {error}") from None
    if a.ndim != 1:
        raise BadInput(f"{name} must be a vector (m,), got shape {a.shape}")
    bad = np.flatnonzero(~((a >= low) & (a <= high)))
    if bad.size:
        raise BadInput(f"{name}[{bad[0]}] is {a[bad[0]]}; {remedy}")
    return a


def step_up(pvalues: Floats, factors: Floats) -> Floats:
    """``min over k >= rank of factors[k] * p_(k)``, capped at 1, in the order of the input."""
    order = np.argsort(pvalues, kind="stable")
    adjusted = np.empty_like(pvalues)
    adjusted[order] = np.minimum.accumulate((factors * pvalues[order])[::-1])[::-1]
    return np.clip(adjusted, pvalues, 1.0)


def step_down(pvalues: Floats, factors: Floats) -> Floats:
    """``max over k <= rank of factors[k] * p_(k)``, capped at 1, in the order of the input."""
    order = np.argsort(pvalues, kind="stable")
    adjusted = np.empty_like(pvalues)
    adjusted[order] = np.maximum.accumulate(factors * pvalues[order])
    return np.clip(adjusted, pvalues, 1.0)
