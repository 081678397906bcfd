"""Support: do extreme values and rare levels come from one table only?"""

from __future__ import annotations

import math

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Floats, Ints, TestResult
from ecotone.data import Pair
from ecotone.data._table import bounded

from ._family import Found, as_result
from ._hypergeometric import log_hypergeometric
from ._scored_column import ID_LEVELS, ScoredColumn
from ._scores import Design

CARD = Card(
    name="coverage_test",
    summary="Exact tests of which table the most extreme values and the rare levels come from.",
    contract="TestResult",
    title="The Logic of Inductive Inference",
    authors=("Fisher, Ronald A.",),
    year=1935,
    venue="Journal of the Royal Statistical Society 98(1)",
    link="https://doi.org/10.2307/2342435",
    tier="stable",
)

EXTREMES = (10, 40)  # the numbers of the study before the first version; fixed before any data are seen
RARE = 0.05  # pooled share up to which a level's own count is a question of support
RARE_LEVELS = 50  # levels tested one by one; the rest are tested together


def coverage_test(pair: Pair, *, seed: int = 0) -> TestResult:
    r"""Test whether the extremes or the rare levels belong to one table more than chance allows.

    Of the :math:`k \in \{10, 40\}` largest, smallest and farthest-from-median pooled values of every ordered column,
    and of the rows of every rare level, the number that lies in the current table is hypergeometric under the null;
    the p-value is Bonferroni's over all these doubled exact tails. Scores of ranks are blind to a few values that are
    a thousand times too large; these counts are not. With ``units``, units that hold such a row are counted.

    Parameters
    ----------
    pair : Pair
    seed : int
        Not used: the test is exact.

    Returns
    -------
    TestResult
        ``statistic`` is -log10 of the smallest single p-value; ``details`` name column and place.

    References
    ----------
    Fisher (1935), https://doi.org/10.2307/2342435

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.data import Column, Pair, Table
    >>> x, y = np.random.default_rng(0).normal(size=(2, 1000))
    >>> y[:30] *= 1000
    >>> old, new = (Table({"x": Column("x", "numeric", v)}, 1000) for v in (x, y))
    >>> coverage_test(Pair(old, new)).pvalue < 0.01
    True
    """
    return as_result("coverage_test", support, pair, seed)


def support(design: Design) -> Found:
    """The family: Bonferroni over every extreme and rare level."""
    found: list[tuple[float, str, str]] = []
    for c in design.columns:
        marks = _extremes(design, c) if c.ordered else _rare(c)
        found += [(_log_tail(design, c, mark), c.name, what) for what, mark in marks]
    if not found:
        return Found(reason="no column has extremes or rare levels to count")
    best = min(found)
    logp = min(0.0, best[0] + math.log(len(found)))
    return Found(logp, -best[0] / math.log(10), sum(design.n), details={"column": best[1], "where": best[2]})


def _log_tail(design: Design, c: ScoredColumn, mark: Ints) -> float:
    """The marked rows (or units) in the current table against the hypergeometric distribution, given who is missing."""
    if design.unit is None:
        here = int((mark >= design.n[0]).sum())
        ref, cur = (int(v) for v in c.counts[:, :-1].sum(1))
        return log_hypergeometric(here, len(mark), cur, ref + cur)
    hit = np.unique(design.unit[mark])
    return log_hypergeometric(int((hit >= design.units[0]).sum()), len(hit), design.units[1], sum(design.units))


def _extremes(design: Design, c: ScoredColumn) -> list[tuple[str, Ints]]:
    """Rows with extreme values; only those in the outermost codes are looked at."""
    count = c.counts[:, :-1].sum(0)
    seen = int(count.sum())
    if c.size < 5 or seen < 8 * min(EXTREMES):
        return []
    below = np.cumsum(count)
    low = int(np.searchsorted(below, max(EXTREMES)))
    high = int(np.searchsorted(below, seen - max(EXTREMES), side="right"))
    rows = np.flatnonzero((c.codes <= low) | ((c.codes >= high) & (c.codes < c.size)))
    values = _values(design, c, rows)
    middle = np.median(_values(design, c, np.flatnonzero(c.codes == int(np.searchsorted(below, seen / 2)))))
    marks: list[tuple[str, Ints]] = []
    for what, v in (("largest", values), ("smallest", -values), ("farthest", np.abs(values - middle))):
        ranked = np.sort(v)
        for k in EXTREMES:
            mark = rows[v >= ranked[-min(k, len(v))]]
            if k * 4 <= seen and len(mark) <= max(4 * k, seen / 10):  # ties: not a question of extremes
                marks.append((f"{what} {k}", mark))
    return marks


def _values(design: Design, c: ScoredColumn, rows: Ints) -> Floats:
    n_ref = design.n[0]
    ref, cur = rows[rows < n_ref], rows[rows >= n_ref] - n_ref
    pair = design.pair
    return bounded(np.concatenate([pair.reference[c.name].values[ref], pair.current[c.name].values[cur]]))


def _rare(c: ScoredColumn) -> list[tuple[str, Ints]]:
    if c.size > ID_LEVELS or c.size < 2:
        return []
    count = c.counts[:, :-1].sum(0)
    rare = np.flatnonzero(count <= RARE * count.sum())
    marks = [(f"level {c.levels[k]}", np.flatnonzero(c.codes == k)) for k in rare[:RARE_LEVELS] if count[k] >= 5]
    rest = np.setdiff1d(rare, [k for k in rare[:RARE_LEVELS] if count[k] >= 5])
    if count[rest].sum() >= 5:
        marks.append(("all rarer levels", np.flatnonzero(np.isin(c.codes, rest))))
    return marks
