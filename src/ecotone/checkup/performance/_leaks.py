"""Columns that nearly determine the target by themselves, as those do that are made from it or written after it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from ecotone.contracts import Floats, Ints, as_seed
from ecotone.data import Column, Pair

NEARLY = 0.99  # area under the curve of one column, or share of the target's variance
_PURE = 0.998
_LEAST_ROWS = 40
_LEAST_OF_CLASS = 10
_MOST_ROWS = 20_000
_CELLS = 64


def leaking_columns(pair: Pair, labels: tuple[Any, Any], classes: int, seed: int) -> dict[str, str]:
    """Columns that nearly determine the target, and how nearly; those of both tables, the labelled rows pooled.

    A column is cut into cells, single values that are common being cells of their own and missing values too; half of
    the rows learn the target in each cell, the other half is judged, and in turn. Classes: the area under the curve is
    at least .99 for every class, or, with two classes, all rows but those of one value are of one class, and at least
    half of it. Numbers: .99 of the variance is explained by cells, by a line or by ranks. The table of a row plays no
    part.

    Parameters
    ----------
    pair : Pair
        Its features and date-times are looked at.
    labels : reference's and current's
        Codes, -1 where missing, of ``classes`` classes; or numbers, NaN where missing; None for no labels.
    classes : int
        0 for numbers.
    seed : int

    Returns
    -------
    dict of str to str
        By name of the column as the tables have it.
    """
    n, m = pair.n
    y = np.concatenate([np.full(k, np.nan) if v is None else np.asarray(v, float) for v, k in zip(labels, (n, m))])
    rows = np.flatnonzero(y >= 0 if classes else np.isfinite(y))
    rng = as_seed(seed, 71)
    if len(rows) > _MOST_ROWS:
        rows = np.sort(rng.choice(rows, _MOST_ROWS, replace=False))
    y = y[rows]
    counts = np.bincount(y.astype(np.int64), minlength=classes) if classes else np.array([len(y)])
    if len(rows) < _LEAST_ROWS or (classes and (counts >= _LEAST_OF_CLASS).sum() < 2) or (not classes and not y.std()):
        return {}
    half = _halves(pair, rows, rng)
    found: dict[str, str] = {}
    for column, values in _columns(pair):
        name = column.derived_from or column.name
        said = name not in found and _nearly(values[rows], column, y, counts, half, classes)
        if said:
            found[name] = said
    return found


def _columns(pair: Pair) -> list[tuple[Column, Floats]]:
    dates = [sides for sides in pair.aside.values() if sides[0].kind == "datetime"]
    both = [(c, pair.current[c.name]) for c in pair.reference] + dates
    return [(a, np.concatenate([a.values, b.values])) for a, b in both]


def _halves(pair: Pair, rows: Ints, rng: np.random.Generator) -> Ints:
    """0 or 1 for each row; rows of a unit together, lest a unit's label be learned from its other rows."""
    if pair.units is None:
        return rng.permutation(len(rows)) % 2
    first, second = pair.units
    _, of = np.unique(np.concatenate([first, second + first.max(initial=0) + 1])[rows], return_inverse=True)
    return (rng.permutation(int(of.max()) + 1) % 2)[of]


def _nearly(values: Floats, column: Column, y: Floats, counts: Ints, half: Ints, classes: int) -> str:
    cell = _cells(values)
    if not classes:
        share = max(_explained(cell, y, half), _linear(values, y), _ranks(values, y))
        least = np.floor(1000 * min(share, 0.999)) / 10
        return f"it explains at least {least:.1f}% of the target's variance" if share >= NEARLY else ""
    codes = y.astype(np.int64)
    often = np.flatnonzero(counts >= _LEAST_OF_CLASS)
    areas = [_area(cell, codes == k, half) for k in (often[-1:] if classes == 2 else often)]
    if min(areas) >= NEARLY:
        return f"AUC {min(areas):.3f} by itself"
    if classes == 2 and _one_sided(cell, codes, counts):
        return "all rows but those of its commonest value are of one class"
    return ""


def _cells(values: Floats) -> Ints:
    """Cells of about equal room, each common value in one of its own, and one for missing values."""
    missing = np.isnan(values)
    if missing.all():
        return np.zeros(len(values), np.int64)
    edges = np.unique(np.quantile(values[~missing], np.linspace(0, 1, _CELLS + 1), method="inverted_cdf"))
    cell = np.searchsorted(edges, values) + np.searchsorted(edges, values, side="right")
    return np.where(missing, 2 * len(edges) + 1, cell).astype(np.int64)


def _means(cell: Ints, y: Floats, half: Ints) -> Floats:
    """What the other half of the rows has for a row's cell, on average; its overall mean where it has none."""
    said, size = np.empty(len(y)), int(cell.max()) + 1
    for side in (0, 1):
        learn, judge = half != side, half == side
        start = float(y[learn].mean()) if learn.any() else float(y.mean())
        total, rows = (np.bincount(cell[learn], w, minlength=size) for w in (y[learn], None))
        said[judge] = ((total + 0.5 * start) / (rows + 0.5))[cell[judge]]
    return said


def _area(cell: Ints, positive: Any, half: Ints) -> float:
    said = _means(cell, positive.astype(np.float64), half)
    return float(roc_auc_score(positive, said))


def _one_sided(cell: Ints, codes: Ints, counts: Ints) -> bool:
    """Whether whatever differs from the commonest cell is of one class, and at least half of that class."""
    rest = codes[cell != np.bincount(cell).argmax()]
    if len(rest) < _LEAST_ROWS:
        return False
    inside = np.bincount(rest, minlength=2)
    k = int(inside.argmax())
    return bool(inside[k] >= _PURE * len(rest) and 2 * inside[k] >= counts[k] and counts[k] <= 0.9 * counts.sum())


def _explained(cell: Ints, y: Floats, half: Ints) -> float:
    return float(1 - np.mean((y - _means(cell, y, half)) ** 2) / y.var())


def _linear(values: Floats, y: Floats) -> float:
    return _squared_correlation(values, y)


def _ranks(values: Floats, y: Floats) -> float:
    known = ~np.isnan(values)
    return _squared_correlation(rankdata(values[known]), rankdata(y[known]), of=len(values))


def _squared_correlation(x: Floats, y: Floats, of: int | None = None) -> float:
    known = np.isfinite(x)
    if known.sum() < 0.9 * (of or len(x)) or not np.ptp(x[known]) or not np.ptp(y[known]):
        return 0.0
    with np.errstate(all="ignore"):
        r = float(np.corrcoef(x[known], y[known])[0, 1])
    return r * r if np.isfinite(r) else 0.0
