"""What the change of a metric is made of: blocks of columns, and the labels given the columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from ecotone.compare.estimate import Core, multiplicity
from ecotone.compare.explain._mechanism_ratios import mechanism_ratio
from ecotone.contracts import Bools, Floats, Ints, as_seed
from ecotone.measure import shapley_values

from ._attribution_parts import COLUMNS, LABELS, Attribution, PartOfChange
from ._measured import Scores, scores

DEPENDENCE = "dependence between blocks"
_MOST_BLOCKS = 6
_ROWS = 4000  # per table, for the ratios
_SLOW = {"blocks": 4, "rows": 2000}  # of metrics that are no mean over rows: each coalition and draw is computed anew
_CLIP = 50.0


def attribute(
    core: Core, names: Sequence[str], level: float, blocks: Mapping[str, Sequence[str]] | None = None
) -> Attribution | None:
    r"""Shapley values of the change from the reference's metric to that of the labelled current rows.

    The players are the distributions of blocks of columns, the dependence between the blocks, and p(y|x). A coalition S
    without p(y|x) is worth the reference's metric under the weights :math:`\prod_{i \in S} r_i`; with it, that of the
    current rows under :math:`\prod_{i \notin S} 1 / r_i`; each less the reference's. The ratios r are a classifier's
    odds out of fold. Nobody is worth 0 and everybody the observed change, to which the parts sum. Intervals are by
    bootstrap of units with the ratios held fixed; they do not hold the error of the ratios.

    Parameters
    ----------
    core : Core
    names : of the columns of x
    level : of the intervals
    blocks : mapping of str to names, optional
        By default columns are clustered by rank correlation into at most six blocks.

    Returns
    -------
    Attribution, or None where the metric is 0/0 on either side
    """
    rng = as_seed(core.seed, 31)
    data = core.data
    sides = scores(data, core.metric, "reference"), scores(data, core.metric, "current")
    most = (_MOST_BLOCKS, _ROWS) if core.metric.row_mean else (_SLOW["blocks"], _SLOW["rows"])
    few = sides[0].few(most[1], rng), sides[1].few(most[1], rng)
    if any(s.undefined for s in (*sides, *few)):
        return None
    total = sides[1].value() - sides[0].value()
    of = clusters(data.x_reference, most[0]) if blocks is None else _given(names, blocks)
    columns = {_title([names[i] for i in at]) if blocks is None else title: at for title, at in of.items()}
    ratios = _ratios(core, few, columns, rng)
    draws = _draws(few, 200 if core.metric.row_mean else 20, rng)
    worth = _worth(few, draws, list(ratios.values()), total)
    values = shapley_values(worth, len(ratios) + 1, seed=core.seed).values
    moved = values[:-1].sum(axis=0)
    reach = {name: _interval(v, level) for name, v in zip((*ratios, LABELS), values)}
    return Attribution(
        total=total,
        start=sides[0].value(),
        parts={name: float(v) for name, v in zip(reach, values[:, 0])},
        intervals={name: ends for name, ends in reach.items() if ends is not None},
        summary={
            COLUMNS: PartOfChange(float(moved[0]), _interval(moved, level)),
            LABELS: PartOfChange(float(values[-1, 0]), reach[LABELS]),
        },
        blocks={title: tuple(names[i] for i in at) for title, at in columns.items()},
        level=level,
    )


def _worth(
    few: tuple[Scores, Scores], draws: tuple[Floats, Floats], ratios: Sequence[tuple[Floats, Floats]], total: float
) -> Callable[[frozenset[int]], Floats]:
    """The change that a coalition of ratios, and of the labels as the last player, makes in every draw."""
    before = _values(few[0], draws[0], np.ones(len(few[0].rows)))
    after = _values(few[1], draws[1], np.ones(len(few[1].rows)))
    change = after - before
    change = change - change[0] + total

    def worth(coalition: frozenset[int]) -> Floats:
        if len(coalition) == len(ratios) + 1:
            return np.asarray(change)
        with_labels = len(ratios) in coalition
        inside = [r for i, r in enumerate(ratios) if (i in coalition) != with_labels]
        weight = np.prod([np.ones(len(few[int(with_labels)].rows)), *(r[int(with_labels)] for r in inside)], axis=0)
        weight = np.clip(1 / weight if with_labels else weight, 1 / _CLIP, _CLIP)
        return np.asarray(_values(few[int(with_labels)], draws[int(with_labels)], weight) - before)

    return worth


def clusters(x: Floats, most: int) -> dict[str, Ints]:
    """Columns grouped by rank correlation (average linkage on 1 - \\|rho\\|) into at most ``most`` blocks."""
    d = x.shape[1]
    if d <= most:
        return {str(j): np.array([j]) for j in range(d)}
    some = x[np.linspace(0, len(x) - 1, min(len(x), 5000)).astype(int)]
    middle = np.nanmedian(np.where(np.isnan(some).all(axis=0), 0.0, some), axis=0)
    ranks = rankdata(np.where(np.isnan(some), middle, some), axis=0)
    ranks = ranks - ranks.mean(axis=0)
    size = np.sqrt((ranks**2).sum(axis=0))
    ranks = ranks / np.where(size > 0, size, 1.0)
    far = np.clip(1 - np.abs(ranks.T @ ranks), 0, 1)
    np.fill_diagonal(far, 0.0)
    label = fcluster(linkage(squareform(far, checks=False), "average"), most, "maxclust")
    return {str(k): np.flatnonzero(label == k) for k in sorted(set(label.tolist()), key=label.tolist().index)}


def _given(names: Sequence[str], blocks: Mapping[str, Sequence[str]]) -> dict[str, Ints]:
    found = {title: np.array([list(names).index(n) for n in members]) for title, members in blocks.items()}
    rest = sorted(set(range(len(names))) - {int(i) for at in found.values() for i in at})
    return {**found, "other columns": np.array(rest)} if rest else found


def _title(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _ratios(
    core: Core, few: tuple[Scores, Scores], columns: dict[str, Ints], rng: np.random.Generator
) -> dict[str, tuple[Floats, Floats]]:
    """Each player's ratio, at the reference rows and at the labelled current ones."""
    data = core.data
    others = np.setdiff1d(np.arange(len(data.x_current)), few[1].rows)
    more = rng.choice(others, min(len(others), max(0, _ROWS - len(few[1].rows))), replace=False)
    there = np.concatenate([few[1].rows, more])
    mask = data.categorical if data.categorical is not None else np.zeros(data.x_reference.shape[1], dtype=bool)

    def ratio(ref: Floats, cur: Floats, kinds: Bools) -> tuple[Floats, Floats]:
        a, b = mechanism_ratio(ref[few[0].rows], cur[there], categorical=kinds, seed=core.seed)
        return np.clip(a, 1 / _CLIP, _CLIP), np.clip(b[: len(few[1].rows)], 1 / _CLIP, _CLIP)

    found = {title: ratio(data.x_reference[:, at], data.x_current[:, at], mask[at]) for title, at in columns.items()}
    if not found:
        return found
    wide = [core.shared.features(side) for side in ("reference", "current")]
    full = ratio(wide[0], wide[1], np.concatenate([mask, np.zeros(wide[0].shape[1] - len(mask), dtype=bool)]))
    if len(found) == 1:
        return {next(iter(found)): full}
    product = [np.prod([r[k] for r in found.values()], axis=0) for k in (0, 1)]
    return {**found, DEPENDENCE: (full[0] / product[0], full[1] / product[1])}


def _draws(few: tuple[Scores, Scores], draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(1 + draws, n) for each table: every row once, then bootstrap samples of units."""
    first, second = (
        np.array([np.ones(len(s.rows)), *(multiplicity(len(s.rows), s.units, rng) for _ in range(draws))]) for s in few
    )
    return first, second


def _values(s: Scores, counts: Floats, weight: Floats) -> Floats:
    """The metric of weighted rows in every draw."""
    if s.metric.row_mean:
        w = counts * weight
        return np.asarray(w @ s.each() / w.sum(axis=1))
    return np.array([s.value(c * weight) for c in counts])


def _interval(values: Floats, level: float) -> tuple[float, float] | None:
    known = values[1:][np.isfinite(values[1:])]  # draws in which the metric is not 0/0
    if len(known) < 0.9 * (len(values) - 1):
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
