"""Energy distance between two tables of scores, by permutation: many small changes at once."""

from __future__ import annotations

import math

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Ints, TestResult, as_seed
from ecotone.data import Pair

from ._family import Found, as_result
from ._permutation_pvalues import sequential_pvalue
from ._scores import Design
from ._shuffles import Batches, FloatArray

CARD = Card(
    name="table_energy_test",
    summary="Energy distance between the rank and level scores of two tables, by permutation of units.",
    contract="TestResult",
    title="Energy statistics: A class of statistics based on distances",
    authors=("Székely, Gábor J.", "Rizzo, Maria L."),
    year=2013,
    venue="Journal of Statistical Planning and Inference 143(8)",
    link="https://doi.org/10.1016/j.jspi.2013.03.018",
    tier="stable",
)

ROWS = 4000  # of both tables, 2000 of each where they are equal: all distances are held, 128 MB in double precision
HALF = math.sqrt(0.5)


def table_energy_test(pair: Pair, *, seed: int = 0) -> TestResult:
    r"""Test equality of two tables by the energy distance between their scores.

    .. math:: E = 2\,\overline{\|x - y\|} - \overline{\|x - x'\|} - \overline{\|y - y'\|}

    over the normal score of ordered columns (variance 1), the levels of coded ones (a column's levels together have
    variance 1/2) and the indicators of "missing" (1/2); calibrated by relabelling units,
    at most 4000 rows in all. No single column need have moved by much.

    Parameters
    ----------
    pair : Pair
    seed : int

    Returns
    -------
    TestResult
        ``statistic`` is the energy distance.

    References
    ----------
    Székely and Rizzo (2013), https://doi.org/10.1016/j.jspi.2013.03.018

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.data import Column, Pair, Table
    >>> x, y = np.random.default_rng(0).normal(size=(2, 20, 300))
    >>> names = [f"x{j}" for j in range(20)]
    >>> old, new = (Table({k: Column(k, "numeric", v) for k, v in zip(names, t)}, 300) for t in (x, y + 0.2))
    >>> table_energy_test(Pair(old, new)).pvalue < 0.01
    True
    """
    return as_result("table_energy_test", energy, pair, seed)


def energy(design: Design) -> Found:
    """The family: exact by permutation at its rows."""
    rows = design.rows(ROWS, 3)
    x = _coordinates(design.whole, rows)
    if not x.shape[1]:
        return Found(reason="no column has more than one value")
    _, units = design.grouping(rows)
    if min(units) < 2:
        return Found(reason="fewer than two units in a table")
    batches = design.batches if units == design.units else Batches(units, design.draws, as_seed(design.seed, 904))
    pvalue, seen = permuted_energy(design, rows, x, batches)
    return Found(math.log(pvalue), seen, len(rows))


def permuted_energy(design: Design, rows: Ints, x: FloatArray, batches: Batches) -> tuple[float, float]:
    """P-value and energy distance of some rows' coordinates, relabelling their units."""
    unit, units = design.grouping(rows)
    distances = _distances(x)
    size = np.ones(sum(units), np.float32)
    if unit is not None:
        mark = np.zeros((sum(units), len(rows)), np.float32)
        mark[unit, np.arange(len(rows))] = 1
        distances = np.asarray(mark @ distances @ mark.T, dtype=np.float32)
        size = mark.sum(1, dtype=np.float32)
    scale = _centre(distances, size)
    labels = np.zeros((1, sum(units)), np.float32)
    labels[0, units[0] :] = 1
    seen = float(_statistics(distances, size, labels)[0])
    close = 1e-6 * scale * (1 / len(rows) + 1 / min(units))  # what single precision may lose counts as a tie
    return sequential_pvalue(_statistics(distances, size, p) >= seen - close for p in batches), seen


def _coordinates(design: Design, rows: np.ndarray) -> FloatArray:
    """(rows, k) scores; the levels of a column together, and an indicator of "missing", count as half a column."""
    x, column, what = design.matrix(frozenset({"normal", "level", "missing"}), rows)
    scale = np.array([1.0 if w == "normal" else HALF for w in what], np.float32)
    level = np.array([w.startswith("level:") for w in what], bool)
    for j in np.unique(column[level]):
        at = level & (column == j)
        spread = 1 / np.maximum(x.T[at].max(1), 1e-3)  # near the root of the level's share: rare levels count little
        scale[at] = HALF * spread / math.sqrt(float(spread @ spread))
    return np.ascontiguousarray(x * scale)


def _distances(x: FloatArray) -> FloatArray:
    square = np.einsum("ij,ij->i", x, x)
    d = x @ x.T
    d *= -2
    d += square[:, None]
    d += square[None, :]
    np.maximum(d, 0, out=d)
    np.sqrt(d, out=d)
    np.fill_diagonal(d, 0)
    return d


def _centre(distances: FloatArray, size: FloatArray) -> float:
    """Centre unit sums of distances in place, which leaves every energy distance as it is; returns their mean."""
    total = float(size.sum())
    row = distances.sum(1, dtype=np.float64) / total / np.maximum(size, 1)
    grand = float(row @ size) / total
    shift = (row - grand / 2).astype(np.float32)
    distances -= (shift * size)[:, None] * size[None, :]
    distances -= size[:, None] * (shift * size)[None, :]
    return grand


def _statistics(distances: FloatArray, size: FloatArray, labels: FloatArray) -> np.ndarray:
    """Energy distance for each row of labels, from centred unit sums of distances."""
    current = labels @ size
    both = np.einsum("bu,bu->b", labels @ distances, labels, dtype=np.float64)
    # The rows of the centred matrix sum to 0: current-current, rest-rest and current-rest sum to s, s and -s.
    return np.asarray(-both * (1 / current + 1 / (float(size.sum()) - current)) ** 2)
