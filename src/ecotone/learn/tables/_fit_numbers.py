"""What a column of numbers is: values that repeat, a lattice, a distribution for the rest with tails."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.contracts import Bools, Floats

from ._lattice import Lattice
from ._number_codec import NumberCodec, Tail

MOST_ATOMS, MOST_SPIKES = 512, 2048
KNOTS = 256
_FAR = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3)  # more knots at these shares of either end
_SHARE = 0.01  # of the rows that one value counts for at most in the distribution of the scores


def fit_numbers(name: str, kind: str, x: Floats, *, lattice: Lattice | None = None, power: int = 0) -> NumberCodec:
    """The codec of a column's numbers ``(n,)``, NaN where missing; of the steps of a lattice where there is one."""
    v = x[~np.isnan(x)]
    values, counts = np.unique(v, return_counts=True)
    unit = float(lattice is not None and len(values) > 1)
    zero = 0.0 if lattice is None else -lattice.origin / lattice.step
    last = (lattice, power, len(v) < len(x))
    often = counts >= max(5, 0.0001 * len(v))
    often = _most(often & (_spike(values, counts, unit) | _most(often, counts, MOST_ATOMS)), counts, MOST_SPIKES)
    if len(values) <= 2:
        often[:] = True
    atoms = values[often]
    if len(values) == len(atoms) and (len(values) <= 2 or not unit):
        return NumberCodec(name, kind, atoms, np.empty(0), np.empty(0), Tail(0.0), Tail(0.0), unit, *last)
    basis = np.repeat(values, np.minimum(counts, max(int(_SHARE * len(v)), 5)))
    return NumberCodec(name, kind, atoms, *_law(basis, values, counts, unit, zero), unit, *last)


def _most(chosen: Bools, counts: Any, most: int) -> Bools:
    """Of the chosen values the ``most`` frequent."""
    kept = np.zeros(len(chosen), bool)
    kept[np.argsort(np.where(chosen, -counts, 0), kind="stable")[:most]] = True
    return kept & chosen


def _spike(values: Floats, counts: Any, unit: float) -> Bools:
    """Values at least three times as frequent as the points of the lattice around them; off a lattice, all."""
    if not unit:
        return np.ones(len(values), bool)
    total = np.concatenate([[0], np.cumsum(counts)])
    low, high = (np.searchsorted(values, values + side * 10.5 * unit) for side in (-1, 1))
    return np.asarray(counts >= 3 * (total[high] - total[low]) / 21)


def _law(basis: Floats, values: Floats, counts: Any, unit: float, zero: float) -> tuple[Floats, Floats, Tail, Tail]:
    """Knots, F at them, and both tails; ``zero`` is where the values' zero lies."""
    half, m = unit / 2, len(basis)
    edge = 1.0 / (m + 1)
    far = [share for share in _FAR if share * m >= 1]
    shares = np.linspace(0, 1, min(KNOTS, max(int(np.sqrt(m)) * 2, 8)))
    shares = np.unique([*shares, *far, *(1 - share for share in far)])
    places = np.quantile(basis, shares, method="inverted_cdf") + half
    places[0] = basis.min() - half
    knots = np.unique(places)
    if len(knots) < 2:
        width = half or max(abs(knots[0]), 1.0) * 1e-3
        knots = np.array([knots[0] - width, knots[0] + width])
    ordered = np.sort(basis)
    below = np.searchsorted(ordered, knots, side="right") / m
    below[0] = 0.0
    below = np.maximum.accumulate(below)
    grows = np.concatenate([[True], np.diff(below) > 0])
    knots, below = knots[grows], edge + (1 - 2 * edge) * below[grows]
    if len(knots) < 2:  # every value in one place
        knots, below = np.array([knots[0], knots[0] + (unit or 1e-3)]), np.array([edge, 1 - edge])
    lower, upper = _tail(-ordered[::-1], edge), _tail(ordered, edge)
    near = 0 <= values[0] - zero <= values[-1] - values[0]
    if near or counts[0] >= 0.01 * counts.sum():  # a natural or a visible bound
        floor = values[0] if counts[0] >= 0.01 * counts.sum() else zero
        knots, below, lower = _bounded(knots, below, min(floor - half, knots[0] - 1e-9 * abs(knots[0]))), below, lower
        below, lower = np.concatenate([[0.0], below]), Tail(0.0)
    if counts[-1] >= 0.01 * counts.sum():
        top = max(values[-1] + half, knots[-1] + 1e-9 * max(abs(knots[-1]), 1e-9))
        knots, below, upper = np.append(knots, top), np.append(below, 1.0), Tail(0.0)
    return knots, below, lower, upper


def _bounded(knots: Floats, below: Floats, floor: float) -> Floats:
    return np.concatenate([[floor if floor < knots[0] else knots[0] - 1e-9], knots])


def _tail(rising: Floats, mass: float) -> Tail:
    """Generalised Pareto by probability-weighted moments of the largest twentieth (Hosking and Wallis, 1987)."""
    count = max(len(rising) // 20, min(10, len(rising) - 1))
    excess = rising[-count:] - rising[-count - 1]
    first = float(excess.mean())
    if first <= 0:
        return Tail(mass, max(abs(float(rising[-1])), 1.0) * 1e-3)
    rank = (np.arange(1, count + 1) - 0.35) / count
    second = float(((1 - rank) * excess).mean())
    shape = float(np.clip(2 - first / max(first - 2 * second, 1e-12), 0.0, 0.9))
    scale = max(first * (1 - shape), 1e-12)
    return Tail(mass, scale + shape * float(excess[-1]), shape)
