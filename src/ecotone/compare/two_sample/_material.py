"""Effects of columns and pairs against a minimum effect: differences large enough to matter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import special

from ecotone.contracts import Floats, Ints

from ._level_effect import total_variation
from ._products import Sample, product_sums
from ._scores import Design, ScoredColumn
from ._trees import Step

Moments: TypeAlias = tuple[tuple[Floats, Floats], ...]  # of each table: mean products, mean squared products
PairScores: TypeAlias = tuple[Sample, Ints, Ints, Moments | None]
SHARES = {"columns": 0.6, "pairs": 0.3, "trees": 0.1}
FIRST = 0.7  # of a column's part: its place (or its levels); the rest its spread and its missing rate
VALUES = 0.05  # of the values of a number as levels, beside its place and spread
IN_VALUES = 2.0  # minimum effects that they must exceed: a shift moves 1.4 times as much mass as its AUC says
ROOT12 = math.sqrt(12)
SPREAD = math.sqrt(5 / 12)  # the degree-2 score of a rank on the scale of the rank: both have variance 1/12


@dataclass(frozen=True)
class Effect:
    """One difference between the tables with its standard error, in the unit of the minimum effect.

    ``kind`` is ``auc`` (P(X < Y) + P(X = Y) / 2 - 1/2), ``spread`` (the same for the distance from the middle),
    ``level:<name>`` and ``infinite`` (differences of shares), ``all levels`` (their total variation; ``most`` is its
    upper bound) or ``missing`` (difference of rates). ``margins``: how many minimum effects it must exceed.
    """

    kind: str
    value: float
    se: float
    weight: float
    most: float = math.inf
    margins: float = 1.0

    def logp(self, margin: float) -> float:
        """log P(Z > (|effect| - margin) / se), the test of "not above the margin"."""
        return float(special.log_ndtr(-(abs(self.value) - self.margins * margin) / self.se))


def effects(design: Design, c: ScoredColumn) -> list[Effect]:
    """The differences that a column can show, each with its weight inside the column."""
    n = c.counts.sum(1)
    if 0 in n:
        return []
    out: list[Effect] = []
    seen = c.counts[:, :-1]
    if c.ordered and c.size > 1 and min(seen.sum(1)) > 1:
        out.append(_rank_effect(design, c, 1, FIRST))
        if c.size > 2:
            out.append(_rank_effect(design, c, 2, 1 - FIRST))
        if "infinite" in c.what:
            flag = c.lut[:-1, c.what.index("infinite")] > 0
            out.append(_share_effect(design, c, flag, "infinite", 1 - FIRST))
    elif any(w.startswith("level:") for w in c.what) and min(seen.sum(1)) > 1:
        at = [k for k, w in enumerate(c.what) if w.startswith("level:")]
        out += [_share_effect(design, c, c.lut[:-1, k] > 0, c.what[k], 1 / len(at)) for k in at]
    if c.every is not None and min(c.every.counts.sum(1)) > 1 and not (c.ordered and design.unit is not None):
        found = total_variation(design, c.every)
        part = (VALUES, IN_VALUES) if c.ordered else (1.0, 1.0)
        out.append(Effect("all levels", found.value, found.se, part[0], found.most, part[1]))
    if "missing" in c.what:
        out.append(_share_effect(design, c, None, "missing", 1 - FIRST))
    return out


def _rank_effect(design: Design, c: ScoredColumn, degree: int, weight: float) -> Effect:
    """Difference of the mean Legendre score of the pooled rank, by its influence function.

    For degree 1 the influence is the placement of each value in the other table: DeLong's standard error.
    """
    counts = c.counts[:, :-1].astype(np.float64)
    n_ref, n_cur = counts.sum(1)
    distribution = counts / counts.sum(1, keepdims=True)
    middle = np.cumsum(distribution, axis=1) - distribution / 2
    share = np.array([n_ref, n_cur]) / (n_ref + n_cur)
    t = 2 * (share @ middle) - 1
    shape, slope = (t / 2, np.ones_like(t)) if degree == 1 else (SPREAD * (3 * t**2 - 1) / 2, SPREAD * 6 * t)
    moved = slope * (distribution[1] - distribution[0])
    after = moved[::-1].cumsum()[::-1] - moved / 2
    value = float(shape @ (distribution[1] - distribution[0]))
    influence = [shape - share[0] * after, shape + share[1] * after]
    variance = 0.0
    for table in (0, 1):
        psi = np.append(influence[table] - distribution[table] @ influence[table], 0.0)
        variance += _mean_variance(design, c, psi, table, float(counts[table].sum()))
    return Effect("auc" if degree == 1 else "spread", value, math.sqrt(variance), weight)


def _mean_variance(design: Design, c: ScoredColumn, psi: Floats, table: int, n: float) -> float:
    """Variance of the mean of centred ``psi`` (by code) over one table's observed rows, units kept together."""
    floor = 0.25 / n**2
    if design.unit is None:
        return max(float(c.counts[table] @ psi**2) / (n * max(n - 1, 1)), floor)
    rows = slice(0, design.n[0]) if table == 0 else slice(design.n[0], None)
    first = 0 if table == 0 else design.units[0]
    sums = np.bincount(design.unit[rows] - first, psi[c.codes[rows]], minlength=design.units[table])
    g = len(sums)
    return max(float(sums @ sums) / n**2 * g / max(g - 1, 1), floor)


def _share_effect(design: Design, c: ScoredColumn, level: np.ndarray | None, kind: str, weight: float) -> Effect:
    """Difference of the share of a level among the observed rows, or of "missing" among all."""
    counts = c.counts if level is None else c.counts[:, :-1]
    mark = np.arange(c.size + 1) == c.size if level is None else np.append(level, False)
    n = counts.sum(1).astype(np.float64)
    hit = c.counts @ mark
    rate = (hit + 1) / (n + 2)  # Agresti and Caffo: a level that one table lacks has a variance all the same
    if design.unit is None:
        variance = float((rate * (1 - rate) / (n + 2)).sum())
    else:
        observed = np.append(np.ones(c.size), 1.0 if level is None else 0.0)
        variance = sum(
            max(
                _mean_variance(design, c, (mark - hit[t] / n[t]) * observed, t, n[t]),
                rate[t] * (1 - rate[t]) / (n[t] + 2),
            )
            for t in (0, 1)
        )
    return Effect(kind, float(hit[1] / n[1] - hit[0] / n[0]), math.sqrt(variance), weight)


def column_material(found: list[Effect], margin: float) -> float:
    """log p that no difference of one column exceeds the margin (Bonferroni over them, weights fixed)."""
    total = sum(e.weight for e in found)
    return min([0.0, *(e.logp(margin) - math.log(e.weight / total) for e in found)])


def pairs_material(found: PairScores | None, margin: float) -> tuple[float, float, int]:
    """log p that no product moved by more than sqrt(12) margins, the median standard error, and how many products."""
    if found is None:
        return 0.0, math.nan, 0
    s, a, b, moments = found
    if s.unit is not None and len(a) * len(s.rows) > 2e8:
        return 0.0, math.nan, 0
    gap, se = _product_gaps(s, a, b, moments)
    logp = special.log_ndtr(-(np.abs(gap) - ROOT12 * margin) / se) + math.log(len(a))
    return min(0.0, float(logp.min())), float(np.median(se)), len(a)


def _product_gaps(s: Sample, a: Ints, b: Ints, moments: Moments | None) -> tuple[Floats, Floats]:
    """Differences of the mean products and their standard errors, each table with its own variance."""
    n_ref = s.units[0]
    if moments is not None or s.unit is None:
        assert moments is not None
        mean = [m[a, b] for m, _ in moments]
        var = [np.maximum(q[a, b] - m[a, b] ** 2, 0) / max(n - 1, 1) for (m, q), n in zip(moments, s.units)]
    else:
        sums = product_sums(s, (a, b), centre=False).astype(np.float64)
        rows = np.bincount(s.unit)
        parts = [(sums[:n_ref], rows[:n_ref]), (sums[n_ref:], rows[n_ref:])]
        mean = [t.sum(0) / r.sum() for t, r in parts]
        var = [
            ((t - m * r[:, None]) ** 2).sum(0) / r.sum() ** 2 * len(r) / max(len(r) - 1, 1)
            for (t, r), m in zip(parts, mean)
        ]
    floor = 1.0 / min(s.units)
    return mean[1] - mean[0], np.sqrt(np.maximum(var[0] + var[1], floor**2))


def trees_material(steps: list[Step], margin: float) -> float:
    """log p that no held-out area under the curve exceeds 1/2 + margin."""
    if not steps:
        return 0.0
    weight = np.array([s.weight for s in steps])
    z = np.array([(s.auc - 0.5 - margin) / s.se for s in steps])
    return float(special.log_ndtr(-float(weight @ z) / math.sqrt(weight @ weight)))
