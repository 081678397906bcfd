"""The two-table verdict from counts and sums alone: what remains of it without rows."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from ecotone.contracts import Floats, Ints
from ecotone.data import ORDERED, ColumnCounts, CountedPair, Pair, Sums, Table
from ecotone.data._profile_cuts import SCALE

from ._family import Found
from ._many_levels import MANY
from ._marginal_test import margins
from ._minp import log_two_sided, weighted_min
from ._pairwise_test import WEIGHTS, _all_z, _most_changed, allowed
from ._products import Sample
from ._scored_column import MIN_LEVEL, Every, ScoredColumn, _level_scores, _ordered_scores
from ._scores import Design
from ._two_tables import FAMILIES, TwoTables, put_together

NEEDS_ROWS = "needs rows, and a profile made without rows has none"
LARGEST = 0.4  # of a score, over the root of the effective number of rows: beyond, its mean is not near normal
SKEWED = 0.15  # skewness of a difference of means, beyond which its normal tails are off by a fifth where it counts
ATOM = 0.2  # share of the rows in one cell from which on it is a value of its own
MISFIT = 0.02  # that a squared score may differ from the sum of scores that stands for it


@dataclass
class CountedDesign(Design):
    """Columns as counts only: nothing can be relabelled, so minima are corrected by Bonferroni."""

    permute: bool = False


def two_profiles(
    pair: CountedPair, *, alpha: float = 0.05, min_effect: float = 0.02, fdr: float = 0.1, seed: int = 0
) -> TwoTables:
    r"""The verdict of :func:`two_tables` as far as counts carry it.

    The margins' and the pairs' family run, with their unchanged shares; the others leave theirs unused. Cells are cut
    at order statistics of one table, so that under the null the other table's counts in them are
    Dirichlet-multinomial with the first table's counts as parameters (the urn of placements); a difference of means
    of scores then has the same variance,

    .. math:: \mathrm{var} = \hat\sigma^2 \frac{n_{ref} + n_{cur}}{n_{ref}\,n_{cur}},

    as between two free samples. Minima are Bonferroni's. A squared score is a linear combination of the scores of its
    column (:math:`P_1^2` of :math:`P_2`, :math:`P_2^2` of :math:`P_2` and :math:`P_4`), so the sums of products hold
    the second moments of products, too; pairs of scores for which they do not are left out.

    Parameters
    ----------
    pair : CountedPair
    alpha, min_effect, fdr, seed
        As for two tables with rows.
    """
    columns = tuple(_coded(c, pair.n) for c in pair.columns)
    sizes = Pair(Table({}, pair.n[0]), Table({}, pair.n[1]))
    design = CountedDesign(sizes, alpha, seed, columns)
    found: dict[str, Found] = {}
    seconds: dict[str, float] = {}
    for name in FAMILIES:
        start = time.perf_counter()
        if name == "margins":
            found[name] = margins(design)
        elif name == "pairs":
            found[name] = _pairs(design, pair)
        else:
            found[name] = Found(reason=NEEDS_ROWS)
        seconds[name] = time.perf_counter() - start
    return put_together(design, found, seconds, alpha=alpha, min_effect=min_effect, fdr=fdr)


def _coded(c: ColumnCounts, n: tuple[int, int]) -> ScoredColumn:
    """The scores that rows would have, but for those whose mean is not near normal at these sizes."""
    pooled = c.counts.sum(0)
    ordered = c.kind in ORDERED
    lut, what = _ordered_scores(pooled) if ordered else _level_scores(pooled, c.levels)
    if ordered:
        held = [k for k, w in enumerate(what) if w == "missing" or _near_normal(lut[:, k], pooled, n)]
        mode = int(pooled[:-1].argmax())
        rest = int(pooled[:-1].sum() - pooled[mode])
        lumpy = "normal" in what and what.index("normal") not in held
        lut, what = lut[:, held], tuple(what[k] for k in held)
        if lumpy and pooled[mode] >= ATOM * pooled.sum() and rest >= MIN_LEVEL:  # its own exact test instead
            own = np.where(np.arange(len(pooled)) == mode, 1.0, 0.0)
            lut, what = np.column_stack([lut, own]), (*what, "level:the commonest value")
    codes = np.empty(0, np.int32)
    every = Every(c.counts[:, :-1], np.empty(0, np.int64)) if c.kind == "category" and len(c.levels) > MANY else None
    return ScoredColumn(c.name, c.kind, codes, len(pooled) - 1, c.counts, lut, what, c.levels, every)


def _near_normal(score: Floats, pooled: Ints, n: tuple[int, int]) -> bool:
    """Whether the difference of two means of a score (of variance 1) is near normal at these sizes."""
    total = sum(n)
    skew = float(pooled @ score**3) / total * abs(n[0] - n[1]) / math.sqrt(total * n[0] * n[1])
    return abs(skew) <= SKEWED and np.abs(score[pooled > 0]).max() <= LARGEST * math.sqrt(n[0] * n[1] / total)


@dataclass(frozen=True)
class _Score:
    """A score at the cut points: its column, its name, and itself and its square as combinations of the sums."""

    column: int
    what: str
    itself: Floats
    square: Floats
    ends: tuple[float, float]


def _pairs(design: Design, pair: CountedPair) -> Found:
    """The family, from the sums of products of paired scores."""
    scores = _scores(design, pair)
    if len({s.column for s in scores}) < 2:
        return Found(reason="fewer than two columns have sums of products that allow a test")
    units = pair.sums[0].n, pair.sums[1].n
    u, g = (np.array([getattr(s, part) for s in scores]) for part in ("itself", "square"))
    means = [_moments(s) for s in pair.sums]
    moments = tuple((u @ m @ u.T, g @ m @ g.T) for m in means)
    ends = np.array([s.ends for s in scores], np.float32).T
    s = Sample(
        ends, np.array([s.column for s in scores]), tuple(s.what for s in scores), None, units, np.empty(0, np.int64)
    )
    a, b = np.nonzero(np.triu(allowed(s)))
    if not len(a):
        return Found(reason="every product of two scores is too rare for its mean to be near normal")
    z = _all_z(s, a, b, moments)
    assert z is not None
    weights = np.array([WEIGHTS[w.split(":")[0]] for w in s.what])
    weights = weights[a] * weights[b]
    value, _ = weighted_min(log_two_sided(z), weights / weights.sum())
    details = {"pairs": _most_changed(design, s, a, b, z)}
    return Found(value, float(np.abs(z).max()), sum(units), details=details, inner=(s, a, b, moments))


def _moments(sums: Sums) -> Floats:
    """(1 + p, 1 + p) means of products of 1 and the paired scores."""
    out = np.empty((len(sums.products) + 1,) * 2)
    out[0, 0] = 1.0
    out[0, 1:] = out[1:, 0] = sums.mean()[sums.cuts.paired]
    out[1:, 1:] = sums.products / (float(SCALE) ** 2 * max(sums.n, 1))
    return out


def _scores(design: Design, pair: CountedPair) -> list[_Score]:
    cuts = pair.sums[0].cuts
    place = {c.name: j for j, c in enumerate(design.columns)}
    usable = {c.name for c in pair.columns if c.scored}
    at = {label: k + 1 for k, label in enumerate(cuts.labels[i] for i in cuts.paired)}
    out: list[_Score] = []
    for cut in cuts.columns:
        if cut.name not in usable:
            continue
        counts = sum((s.histogram(cut.name) for s in pair.sums), np.zeros(len(cut.table), np.int64))
        held = [k for k, label in enumerate(cut.labels) if (cut.name, label) in at]
        table = cut.table[:, held] / SCALE
        where = np.array([at[cut.name, cut.labels[k]] for k in held], np.int64)
        names = [_what(cut.labels[k]) for k in held]
        if sum(w.startswith("level:") for w in names) == 2:  # of two levels one says all
            names[max(k for k, w in enumerate(names) if w.startswith("level:"))] = ""
        for k, what in enumerate(names):
            if what and (score := _score(table, k, counts, where, len(at) + 1)):
                out.append(_Score(place[cut.name], what, *score))
    return out


def _what(label: str) -> str:
    """A label's name among the pairs' scores; empty for those that take no part."""
    if label.startswith("="):
        return f"level:{label[1:]}"
    return label if label in ("L1", "L2", "missing") else ""


def _score(
    table: Floats, k: int, counts: Ints, where: Ints, size: int
) -> tuple[Floats, Floats, tuple[float, float]] | None:
    """One score standardised over both tables, and its square, as combinations of 1 and the paired scores."""
    live = counts > 0
    score, share = table[live, k], counts[live] / counts.sum()
    mean = float(share @ score)
    spread = math.sqrt(max(float(share @ (score - mean) ** 2), 0.0))
    rarer = min(int(counts[live][score == v].sum()) for v in (score.min(), score.max()))
    if spread < 1e-3 or (len(np.unique(score)) == 2 and rarer < MIN_LEVEL):
        return None
    basis = np.column_stack([np.ones(live.sum()), table[live]])
    fit = np.linalg.lstsq(basis, score**2, rcond=None)[0]
    if np.abs(basis @ fit - score**2).max() > MISFIT:
        return None
    itself, square = np.zeros(size), np.zeros(size)
    itself[where[k]] = 1 / spread
    itself[0] = -mean / spread
    square[0] = fit[0] + mean**2
    square[where] = fit[1:]
    square[where[k]] -= 2 * mean
    return itself, square / spread**2, (float((score.max() - mean) / spread), float((score.min() - mean) / spread))
