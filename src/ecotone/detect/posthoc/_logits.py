"""Arithmetic of logits in any array library."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

Array = Any


def log_sum_exp(z: Array) -> Array:
    """``log sum_c exp z_c`` of each row ``(n, classes)``, without overflow."""
    xp = array_namespace(z)
    top = xp.max(z, axis=-1, keepdims=True)
    return (top + xp.log(xp.sum(xp.exp(z - top), axis=-1, keepdims=True)))[..., 0]


def log_softmax(z: Array) -> Array:
    """Logarithms of the classes' probabilities ``(n, classes)``."""
    return z - log_sum_exp(z)[..., None]


def softmax(z: Array) -> Array:
    """Probabilities of the classes ``(n, classes)``."""
    xp = array_namespace(z)
    return xp.exp(log_softmax(z))
