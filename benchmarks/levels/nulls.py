"""Two samples, one sample in an order, and two tables in which nothing differs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ecotone.data import Column, Pair, Table

NORMAL, ROUNDED, UNITS = "normal, 24 and 36 rows", "rounded, 15 and 45 rows", "12 and 12 units of 4 rows"
ORDERED, REPEATED = "normal, 40 rows", "rounded, 40 rows"
MIXED, FEW, ENTITIES = "mixed columns, 60 and 60 rows", "few levels, 40 and 120 rows", "mixed, 15 and 15 units of 4"
LEVELS = ("north", "south", "east", "west", "abroad")
COLUMNS = 5


def samples(seed: int, null: str) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray] | None]:
    """Two samples of three columns that depend on each other, and the units of their rows."""
    rng = np.random.default_rng([seed, 7])
    if null == UNITS:
        x, y = (np.repeat(rng.standard_normal((12, 3)), 4, 0) + 0.2 * rng.standard_normal((48, 3)) for _ in "xy")
        who = np.repeat(np.arange(12), 4)
        return x, y, (who, who + 12)
    n, m = (24, 36) if null == NORMAL else (15, 45)
    z = rng.standard_normal((n + m, 3)) + rng.standard_normal((n + m, 1))
    z = np.round(z) if null == ROUNDED else z
    return z[:n], z[n:], None


def sample(seed: int, null: str) -> np.ndarray:
    """Independent rows, whole numbers where they are rounded."""
    z = np.random.default_rng([seed, 8]).standard_normal((40, 2))
    return np.round(z) if null == REPEATED else z


def tables(seed: int, null: str) -> Pair:
    """Columns that share a cause, aligned and ready to compare."""
    rng = np.random.default_rng([seed, 9])
    if null == ENTITIES:
        drawn = [np.repeat(rng.standard_normal((15, COLUMNS)), 4, 0) for _ in "xy"]
        sides = [_table(0.8 * z + 0.6 * rng.standard_normal(z.shape), _mixed) for z in drawn]
        who = np.repeat(np.arange(15), 4)
        return replace(Pair(*sides), units=(who, who + 15))
    sizes, column = ((60, 60), _mixed) if null == MIXED else ((40, 120), _few)
    made = [0.8 * rng.standard_normal((n, COLUMNS)) + 0.6 * rng.standard_normal((n, 1)) for n in sizes]
    for z in made:
        z[rng.random(len(z)) < 0.1, 0] = np.nan
    return Pair(*(_table(z, column) for z in made))


def _table(z: np.ndarray, column: Any) -> Table:
    return Table({f"v{j}": column(f"v{j}", j, z[:, j]) for j in range(COLUMNS)}, len(z), rows=np.arange(len(z)))


def _mixed(name: str, j: int, z: np.ndarray) -> Column:
    """A skewed number, a count with ties, a category, and again."""
    if j % 3 == 0:
        return Column(name, "numeric", np.exp(z))
    if j % 3 == 1:
        return Column(name, "count", np.floor(np.exp(z)))
    return Column(name, "category", np.searchsorted([-1.2, -0.4, 0.5, 1.4], z) * 1.0, LEVELS)


def _few(name: str, j: int, z: np.ndarray) -> Column:
    """Numbers of three values, rare counts, and categories of two levels."""
    if j % 3 == 0:
        return Column(name, "numeric", np.round(np.clip(z, -1, 1)))
    if j % 3 == 1:
        return Column(name, "count", np.floor(np.exp(np.maximum(z - 0.7, -1))))
    return Column(name, "category", (z > 1.1) * 1.0, LEVELS[:2])


def embedding(seed: int, null: str) -> Pair:
    """Two tables of one embedding of eight numbers."""
    rng = np.random.default_rng([seed, 10])
    names = tuple(f"e_{j}" for j in range(8))
    drawn = [rng.standard_normal((n, 8)) for n in (40, 80)]
    drawn = [np.round(z) for z in drawn] if null.startswith("rounded") else drawn
    sides = [Table({k: Column(k, "numeric", v) for k, v in zip(names, z.T)}, len(z)) for z in drawn]
    return Pair(sides[0], sides[1], embeddings={"e_": names})
