"""Trees: can a classifier tell the tables apart on rows that it has not seen?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from scipy import special, stats
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import ThreadpoolController

from ecotone.cards import Card
from ecotone.contracts import Bools, Floats, Ints, TestResult, as_seed
from ecotone.data import Pair
from ecotone.measure import binnable

from ._family import Found, as_result
from ._scored_column import ID_LEVELS
from ._scores import Design

CARD = Card(
    name="trees_test",
    summary="Prequential classifier two-sample test: boosted trees learn on some rows and are tested on the next.",
    contract="TestResult",
    title="Revisiting Classifier Two-Sample Tests",
    authors=("Lopez-Paz, David", "Oquab, Maxime"),
    year=2017,
    venue="ICLR",
    link="https://arxiv.org/abs/1610.06545",
    tier="stable",
)

ROWS = 40_000  # of both tables; on more, trees added nothing to pairs in the study before the first version
FEATURES = 256  # columns that trees read; where there are more, those that told the tables apart best on earlier rows
BLOCKS = (0.4, 0.7, 1.0)  # ends of the blocks, as shares: learn on the first, test on the next, learn on both …


def trees_test(pair: Pair, *, seed: int = 0) -> TestResult:
    r"""Test equality of two tables by boosted trees that are always tested on rows they have not seen.

    The units are split at random into blocks. Trained on blocks :math:`1..k`, the classifier ranks block
    :math:`k + 1`; given the past, its Mann-Whitney :math:`z_k` has mean 0 and variance 1 under the null, so

    .. math:: z = \frac{\sum_k \sqrt{k}\, z_k}{\sqrt{\sum_k k}}

    needs no permutation (Dawid's prequential principle). Summing the statistics of cross-fitted folds instead would
    count shared noise as evidence.

    Parameters
    ----------
    pair : Pair
        With ``units``, blocks hold whole units and the mean score of each unit is ranked.
    seed : int

    Returns
    -------
    TestResult
        ``statistic`` is z; ``effect`` is in ``details["auc"]``.

    References
    ----------
    Lopez-Paz and Oquab (2017), https://arxiv.org/abs/1610.06545; Dawid (1984),
    https://doi.org/10.2307/2981683

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.data import Column, Pair, Table
    >>> x, y = np.random.default_rng(0).normal(size=(2, 2, 500))
    >>> y[1] = y[0] + 0.3 * y[1]
    >>> old, new = (Table({k: Column(k, "numeric", v) for k, v in zip("ab", t)}, 500) for t in (x, y))
    >>> trees_test(Pair(old, new)).pvalue < 0.001
    True
    """
    return as_result("trees_test", trees, pair, seed)


@dataclass(frozen=True)
class Step:
    """One prequential step: the held-out area under the curve, its null and its unrestricted standard error."""

    weight: float
    z: float
    auc: float
    se: float


def trees(design: Design) -> Found:
    """The family, one-sided: a larger score must mean "current"."""
    rows = design.rows(ROWS, 4)
    x = features(design, rows)
    unit, units = design.grouping(rows)
    if not x.shape[1]:
        return Found(reason="no column that trees can read")
    if min(units) < 15:
        return Found(reason=f"a table of {min(units)} units is too small to be split")
    # On so few rows threads bring little, and on a busy machine they cost a hundred times the work.
    with _threads().limit(limits=1, user_api="openmp"):
        steps = _prequential(x, design.is_current[rows], unit, units, as_seed(design.seed, 905))
    z, auc = together(steps)
    return Found(float(special.log_ndtr(-z)), z, len(rows), details={"auc": auc}, inner=steps)


def together(steps: list[Step]) -> tuple[float, float]:
    """z and the mean area under the curve of all steps."""
    weight = np.array([s.weight for s in steps])
    share = weight**2 / (weight @ weight)
    return float(weight @ [s.z for s in steps] / math.sqrt(weight @ weight)), float(share @ [s.auc for s in steps])


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def features(design: Design, rows: Ints) -> Floats:
    """(rows, k) codes as numbers: trees read only their order; NaN where missing."""
    used = [c for c in design.columns if c.size > 1 and (c.ordered or c.size <= ID_LEVELS)]
    out = np.empty((len(rows), len(used)))
    for j, c in enumerate(used):
        code = c.codes[rows]
        out[:, j] = np.where(code == c.size, np.nan, code)
    return out


def _prequential(
    x: Floats, y: Bools, unit: Ints | None, units: tuple[int, int], rng: np.random.Generator
) -> list[Step]:
    place = np.concatenate([rng.permutation(u) / u for u in units])  # of each unit, in its own table: stratified
    if unit is not None:
        place = place[unit]
    steps: list[Step] = []
    for start, end in pairwise(BLOCKS):
        past, now = place < start, (place >= start) & (place < end)
        model = HistGradientBoostingClassifier(
            max_iter=40,
            max_leaf_nodes=8,
            learning_rate=0.15,
            max_bins=63,
            min_samples_leaf=20,
            early_stopping=False,
        )
        read = _screened(x[past], y[past])
        score = model.fit(binnable(x[past][:, read]), y[past]).decision_function(x[now][:, read])
        steps.append(held_out(score, y[now], None if unit is None else unit[now], math.sqrt(start)))
    return steps


def held_out(score: Floats, label: Bools, unit: Ints | None, weight: float) -> Step:
    """One step from the scores of rows not seen; of units the mean score."""
    if unit is not None:
        _, at = np.unique(unit, return_inverse=True)
        score = np.bincount(at, score) / np.bincount(at)
        label = np.bincount(at, label) > 0
    return _step(score, label, weight)


def _screened(x: Floats, y: Bools) -> Ints:
    """Columns whose codes, or their distances from the middle, differ most between the tables on training rows."""
    if x.shape[1] <= FEATURES:
        return np.arange(x.shape[1])
    centred = np.asarray(x - np.nanmean(x, axis=0), np.float32)
    centred[np.isnan(centred)] = 0
    label = np.asarray(y - y.mean(), np.float32)
    strength = np.zeros(x.shape[1])
    for values in (centred, np.abs(centred)):
        spread = values.std(axis=0)
        strength = np.maximum(strength, np.abs(label @ values) / np.where(spread > 0, spread, np.inf))
    return np.sort(np.argsort(-strength, kind="stable")[:FEATURES])


def _step(score: Floats, label: Bools, weight: float) -> Step:
    """Mann-Whitney's z with ties, and the placements' (DeLong) standard error."""
    rank = stats.rankdata(score)
    a, b = int((~label).sum()), int(label.sum())
    n = a + b
    centred = rank - (n + 1) / 2
    sd = math.sqrt(float(centred @ centred) * a * b / (n * (n - 1)))
    z = float(centred[label].sum()) / sd if sd > 0 else 0.0
    above = (rank[label] - stats.rankdata(score[label])) / a
    below = 1 - (rank[~label] - stats.rankdata(score[~label])) / b
    auc = float(above.mean())
    se = math.sqrt(above.var(ddof=1) / b + below.var(ddof=1) / a)
    return Step(weight, z, auc, max(se, 0.5 / n))
