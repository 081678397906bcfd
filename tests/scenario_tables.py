"""Small tables with known truth, as pairs ready to compare."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ecotone.data import Column, Pair, Table

LEVELS = ("north", "south", "east", "west", "abroad")
SHARES = np.array([0.45, 0.25, 0.15, 0.1, 0.05])


def numeric_table(x: np.ndarray, first: int = 0) -> Table:
    """Columns v0, v1, … of numbers."""
    columns = {f"v{first + j}": Column(f"v{first + j}", "numeric", x[:, j].copy()) for j in range(x.shape[1])}
    return Table(columns, len(x), rows=np.arange(len(x)))


def mixed_table(n: int, d: int, rng: np.random.Generator, shift: Callable[[np.ndarray], None] | None = None) -> Table:
    """Every third column a skewed number, a count with ties, or a category; one number in ten is missing in v0."""
    z = 0.8 * rng.standard_normal((n, d)) + 0.6 * rng.standard_normal((n, 1))
    if shift is not None:
        shift(z)
    columns = {}
    for j in range(d):
        name, v = f"v{j}", z[:, j]
        if j % 3 == 0:
            columns[name] = Column(name, "numeric", np.exp(v))
        elif j % 3 == 1:
            columns[name] = Column(name, "count", np.floor(np.exp(v)))
        else:
            uniform = np.argsort(np.argsort(v + 1e-9 * rng.standard_normal(n))) / n
            columns[name] = Column(
                name, "category", np.searchsorted(SHARES.cumsum()[:-1], uniform, side="right") * 1.0, LEVELS
            )
    columns["v0"].values[rng.random(n) < 0.1] = np.nan
    columns["same"] = Column("same", "numeric", np.full(n, 7.0))
    columns["few"] = Column("few", "count", (rng.random(n) < 0.01) * 1.0)
    return Table(columns, n, rows=np.arange(n))


def mixed_pair(n: int, d: int, seed: int, shift: Callable[[np.ndarray], None] | None = None) -> Pair:
    """Two mixed tables; ``shift`` changes the current one's latent numbers in place."""
    rng = np.random.default_rng([seed, n, d])
    return Pair(mixed_table(n, d, rng), mixed_table(n, d, rng, shift))


def numeric_pair(n: int, d: int, seed: int, shift: Callable[[np.ndarray], None] | None = None) -> Pair:
    """Two tables of independent standard normal columns."""
    rng = np.random.default_rng([seed, n, d, 1])
    x, y = rng.standard_normal((2, n, d))
    if shift is not None:
        shift(y)
    return Pair(numeric_table(x), numeric_table(y))


def chain(n: int, d: int, rng: np.random.Generator, phi: float = 0.5) -> np.ndarray:
    """First-order autoregressive columns of variance 1."""
    noise = rng.standard_normal((n, d))
    out = np.empty_like(noise)
    out[0] = noise[0]
    for t in range(1, n):
        out[t] = phi * out[t - 1] + np.sqrt(1 - phi**2) * noise[t]
    return out


def grouped(
    groups: int, size: int, d: int, rng: np.random.Generator, icc: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of entities with an intra-class correlation, in random order, and their entities."""
    unit = rng.permutation(np.repeat(np.arange(groups), size))
    x = np.sqrt(icc) * rng.standard_normal((groups, d))[unit] + np.sqrt(1 - icc) * rng.standard_normal((len(unit), d))
    return x, unit
