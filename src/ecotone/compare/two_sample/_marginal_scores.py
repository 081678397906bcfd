"""The scores of single columns: their weights, and how far each differs between the tables."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from ecotone.contracts import Floats

from ._hypergeometric import log_hypergeometric
from ._minp import contrast, log_two_sided
from ._scores import Design, ScoredColumn

SCORES = frozenset({"normal", "L2", "L3", "L4", "infinite", "missing", "level"})
WEIGHTS = {"normal": 0.7, "L2": 0.15, "L3": 0.04, "L4": 0.04, "infinite": 0.6, "missing": 0.6}
LEVELS = 0.6  # shared by a column's levels as the root of their number: they are dependent


def weight(column: ScoredColumn, what: str) -> float:
    """Weight of a score, fixed in advance; constant factors cancel."""
    if what.startswith("level:"):
        return LEVELS / math.sqrt(sum(w.startswith("level:") for w in column.what))
    return WEIGHTS[what]


def column_scores(design: Design) -> tuple[Floats, Floats, np.ndarray, tuple[str, ...]]:
    """log p and z of every marginal score, with its column and name."""
    logp: list[float] = []
    z: list[float] = []
    column: list[int] = []
    what: list[str] = []
    for j, at in design.picked(SCORES):
        c = design.columns[j]
        table = c.lut[:, at]
        if design.unit is None:
            gap, tail = _from_counts(c, table, [c.what[s] for s in at])
        else:
            count = sum(design.units)
            sums = np.column_stack([np.bincount(design.unit, t[c.codes], minlength=count) for t in table.T])
            gap = contrast(sums, design.units)
            tail = _log_t(gap, count)
        logp += list(tail)
        z += list(gap)
        column += [j] * len(at)
        what += [c.what[s] for s in at]
    return np.array(logp), np.array(z), np.array(column, np.int64), tuple(what)


def _from_counts(c: ScoredColumn, table: Floats, what: list[str]) -> tuple[Floats, Floats]:
    """z from the counts of codes; indicators have their exact (hypergeometric) tail."""
    n_ref, n_cur = (int(v) for v in c.counts.sum(1))
    total = n_ref + n_cur
    mean = c.counts.sum(0) @ table / total
    spread = c.counts.sum(0) @ (table - mean) ** 2
    z = (c.counts[1] @ (table - mean)) / np.sqrt(np.maximum(spread, 1e-12) * n_ref * n_cur / (total * (total - 1)))
    logp = log_two_sided(z)
    for k, name in enumerate(what):
        if name in ("infinite", "missing") or name.startswith("level:"):
            marked = table[:, k] > 0
            ref, cur = int(c.counts[0][marked].sum()), int(c.counts[1][marked].sum())
            logp[k] = log_hypergeometric(cur, ref + cur, n_cur, total)
    return z, logp


def _log_t(z: Floats, count: int) -> Floats:
    """Student's tail for the studentised difference of unit sums: there may be few units."""
    df = max(count - 2, 1)
    t = z * np.sqrt(df / np.maximum(count - 1 - z**2, 1e-9))
    return np.minimum(stats.t.logsf(np.abs(t), df) + math.log(2), 0.0)
