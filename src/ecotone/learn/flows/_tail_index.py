"""Tail indices of one column: Hill's and the moment estimator, each with its own number of extremes."""

from __future__ import annotations

import numpy as np

from ecotone.contracts import Floats, as_seed


def log_moments(ordered: Floats, power: int = 1) -> Floats:
    """Means of the powers of log-excesses over the (k+1)-th largest, for k = 1, 2, ...; ``ordered`` falls."""
    log = np.log(ordered)
    k = np.arange(1, log.shape[-1])
    first, last = np.cumsum(log, -1)[..., :-1] / k, log[..., 1:]
    if power == 1:
        return np.asarray(first - last)
    second = np.cumsum(log**2, -1)[..., :-1] / k
    if power == 2:
        return np.asarray(second - 2 * last * first + last**2)
    third = np.cumsum(log**3, -1)[..., :-1] / k
    return np.asarray(third - 3 * last * second + 3 * last**2 * first - last**3)


def hill(ordered: Floats) -> Floats:
    """Hill's estimate of xi (1 over the tail index) for k = 1, 2, ... extremes; always positive."""
    return log_moments(ordered)


def moment(ordered: Floats) -> Floats:
    """The moment estimate of xi by Dekkers, Einmahl and de Haan: at most 0 for light tails."""
    first, second = log_moments(ordered), np.maximum(log_moments(ordered, 2), 1e-300)
    return first + 1 - 0.5 / np.maximum(1 - first**2 / second, 1e-12)


def _gap(ordered: Floats, kind: str) -> Floats:
    """Difference of two estimates with the same limit: its mean square is least where the estimate's own error is."""
    first, second = log_moments(ordered), np.maximum(log_moments(ordered, 2), 1e-300)
    if kind == "hill":
        return second - 2 * first**2
    third = np.maximum(log_moments(ordered, 3), 1e-300)
    other = np.sqrt(second / 2) + 1 - (2 / 3) / np.maximum(1 - first * second / third, 1e-12)
    return moment(ordered) - other


def extremes(values: Floats, kind: str, *, resamples: int, seed: int) -> int:
    """The number of extremes by the double bootstrap, from resamples of n^0.75 and n^0.5 values."""
    n, rng = len(values), as_seed(seed)
    best = []
    for size in (int(n**0.75), int(n**0.5)):
        drawn = -np.sort(-rng.choice(values, (resamples, size)), axis=1)
        start, end = max(2, size // 50), max(4, size // 2)
        best.append(start + int(np.argmin((_gap(drawn, kind)[:, start : end + 1] ** 2).mean(0))) + 1)
    k1, k2 = best
    k = k1**2 / k2
    if kind == "hill":
        log_n, log_k = np.log(int(n**0.75)), np.log(k1)
        k *= (log_k / (2 * log_n - log_k)) ** (2 * (log_n - log_k) / log_n)
    return int(np.clip(k, 5, n // 4))


def tail_index(column: Floats, *, resamples: int = 200, seed: int = 0, light: float = 10.0) -> float:
    """Degrees of freedom of the tail of ``|column|``: 1 / xi by Hill, infinite for a light tail.

    The tail is light where the moment estimate of xi is not above 0, or Hill's index is above ``light``.
    """
    values = np.abs(column[column != 0])
    if len(values) < 100:
        return np.inf
    ordered = -np.sort(-values)
    if moment(ordered)[extremes(values, "moment", resamples=resamples, seed=seed) - 1] <= 0:
        return np.inf
    index = 1 / hill(ordered)[extremes(values, "hill", resamples=resamples, seed=seed) - 1]
    return float(index) if index <= light else np.inf
