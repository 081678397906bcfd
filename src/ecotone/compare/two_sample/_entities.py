"""Rows that belong to one entity: their numbers, and whether rows that share an identifier are alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from ecotone.contracts import Floats, Ints, as_seed
from ecotone.data._table import CODED, Column, Pair

from ._scores import Design

LEVEL = 0.001  # of the tests for undeclared entities
FEWEST = 20  # entities in each table, below which relabelling them says little
MOST_OF_ONE = 0.5  # share of the rows that one entity may have
PERMUTATIONS = 199
ROWS = 20_000  # for the tests of likeness


def ids(column: Column) -> Ints:
    """Numbers from 0 for equal values; a missing one is a unit of its own."""
    values = column.values.copy()
    gone = np.isnan(values)
    values[gone] = np.nanmax(values, initial=0.0) + 1 + np.arange(gone.sum())
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def identifiers(pair: Pair) -> dict[str, tuple[Column, Column]]:
    """Columns that may name an entity: identifiers set aside, and categories with repeats and many levels."""
    out = {k: (a, b) for k, (a, b) in pair.aside.items() if a.kind == "id"}
    for c in pair.reference:
        if c.kind in CODED and len(c.levels) >= FEWEST:
            out[c.name] = (c, pair.current[c.name])
    return out


def entity_tests(pair: Pair, design: Design) -> list[dict[str, Any]]:
    """Likeness of rows that share an identifier: squared group sums of the other columns' scores, by permutation."""
    out: list[dict[str, Any]] = []
    names = identifiers(pair)
    for k, (name, columns) in enumerate(names.items()):
        units = [ids(c) for c in columns]
        if any(len(u) > ROWS for u in units):
            units = [u[:ROWS] for u in units]
        for table, unit in enumerate(units):
            sizes = np.bincount(unit)
            if len(unit) < 40 or len(sizes) < FEWEST or len(sizes) > 0.9 * len(unit):
                continue
            if sizes.max() > MOST_OF_ONE * len(unit):
                continue  # a value that most rows share, such as the home country, names no entity
            x = _others(design, name, table, len(unit))
            if x is not None:
                z, icc = _likeness(x, unit, as_seed(design.seed, 906, k, table))
                out.append(
                    {"what": "entity", "table": ("reference", "current")[table], "column": name, "value": icc, "z": z}
                )
    for f in out:  # the permutation null of a sum over many groups is near normal; its excess over 199 draws is scaled
        logp = min(0.0, float(special.log_ndtr(-f.pop("z"))) + math.log(len(out)))
        f["pvalue"] = max(math.exp(logp), 1e-300)
        f["detected"] = logp <= math.log(LEVEL)
    return out


def _others(design: Design, name: str, table: int, rows: int) -> Floats | None:
    """(rows, s) rank and level scores of the other columns of one table."""
    first = 0 if table == 0 else design.n[0]
    x, column, _ = design.matrix(frozenset({"L1", "level"}), np.arange(first, first + rows))
    keep = np.array([design.columns[j].name != name for j in column], bool)
    if not keep.any():
        return None
    part = x.T[keep].T.astype(np.float64)
    return np.asarray(part - part.mean(0))


def _likeness(x: Floats, unit: Ints, rng: np.random.Generator) -> tuple[float, float]:
    """Standardised excess of the squared group sums over permuted groups, and the intra-class correlation."""
    sizes = np.bincount(unit)
    order, starts = np.argsort(unit, kind="stable"), np.concatenate([[0], np.cumsum(sizes)[:-1]])

    def statistic(rows: Ints) -> float:
        sums = np.add.reduceat(x[rows], starts, axis=0)
        return float((sums**2).sum())

    seen = statistic(order)
    null = np.array([statistic(rng.permutation(len(unit))) for _ in range(PERMUTATIONS)])
    pairs = float((sizes * (sizes - 1.0)).sum())
    icc = (seen - float((x**2).sum())) / pairs / max(float((x**2).mean(0).sum()), 1e-12)
    z = (seen - null.mean()) / max(float(null.std(ddof=1)), 1e-12) * math.sqrt(1 - 2 / PERMUTATIONS)
    return float(z), icc
