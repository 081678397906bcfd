"""Which columns changed their law given all the others: the residual product test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats
from scipy.sparse.csgraph import connected_components

from ecotone.cards import Card
from ecotone.contracts import SMALLEST_PVALUE, BadInput, Floats, Ints, as_seed
from ecotone.data._table import CODED, ORDERED, Column, Pair

CARD = Card(
    name="conditional_change",
    summary="Names the columns whose law given all other columns changed, by products of residuals.",
    contract="Explanation",
    title="The hardness of conditional independence testing and the generalised covariance measure",
    authors=("Shah, Rajen D.", "Peters, Jonas"),
    year=2020,
    venue="Annals of Statistics 48(3)",
    link="https://doi.org/10.1214/19-AOS1857",
    tier="stable",
)

_RIDGE = 1.0  # in rows: only keeps the inverse stable; larger values bias the residuals
_MIN_ROWS = 10  # pooled rows that a level, or the missing values, must have for a score of their own
_MAX_LEVELS = 12
_COPY = 0.95  # columns that determine one another more closely than this correlation are tested together


@dataclass(frozen=True)
class ConditionalChange:
    """What the test says of one column.

    Parameters
    ----------
    name : str
    pvalue : float
        Of "the table is independent of this column, given all columns outside ``group``"; floored at 1e-300.
    log10_pvalue : float
    group : tuple of str
        The column and its near-copies, which were tested as one and share the p-value.
    """

    name: str
    pvalue: float
    log10_pvalue: float
    group: tuple[str, ...]


@dataclass(frozen=True)
class _Scores:
    """Scores ``(n, k)`` of one column; the first ``main`` are tested, and their squares too where ``spread``."""

    name: str
    matrix: Floats
    main: int
    spread: bool


def conditional_change(pair: Pair, *, seed: int = 0, max_rows: int = 20_000) -> tuple[ConditionalChange, ...]:
    r"""Tests, for each column, whether its law given all other columns is the same in both tables.

    :math:`H_j`: the table :math:`A` is independent of :math:`X_j` given :math:`X_{-j}`.
    """
    if max_rows < 10:
        raise BadInput(f"max_rows must be at least 10, got {max_rows}; the default is 20000")
    rng = as_seed(seed)
    label, units, columns = _pooled(pair, max_rows, rng)
    scores = [s for c in columns if (s := _scores(c)) is not None]
    groups = _near_copies(scores)
    order = np.argsort(groups, kind="stable")
    scores, groups = [scores[i] for i in order], groups[order]
    found = {}
    for members, log_p in zip(*_residual_products(scores, groups, label, units)):
        names = tuple(scores[i].name for i in members)
        for name in names:
            p = max(10**log_p, SMALLEST_PVALUE)
            found[name] = ConditionalChange(name, p, log_p, names)
    return tuple(found[c.name] for c in pair.reference if c.name in found)


def _pooled(pair: Pair, max_rows: int, rng: np.random.Generator) -> tuple[Floats, Ints, list[Column]]:
    """Table label (centred), unit numbers and pooled columns of at most ``max_rows`` rows."""
    n = pair.n
    keep = [np.arange(m) for m in n]
    if sum(n) > max_rows:
        share = max_rows / sum(n)
        keep = [np.sort(rng.choice(m, max(1, round(m * share)), replace=False)) for m in n]
    label = np.repeat([0.0, 1.0], [len(k) for k in keep])
    if pair.units is None:
        units = np.arange(len(label))
    else:
        apart = np.concatenate([2 * pair.units[0][keep[0]], 2 * pair.units[1][keep[1]] + 1])
        units = np.unique(apart, return_inverse=True)[1]
    columns = [
        Column(c.name, c.kind, np.concatenate([c.values[keep[0]], pair.current[c.name].values[keep[1]]]), c.levels)
        for c in pair.reference
        if c.kind in ORDERED | CODED
    ]
    return label - label.mean(), units, columns


def _scores(column: Column) -> _Scores | None:
    """Standardised scores of a pooled column: Hermite polynomials of normal scores, or indicators of levels."""
    missing = column.missing
    n, seen = len(missing), ~missing
    if column.kind in CODED:
        counts = np.bincount(column.codes[seen], minlength=1)
        levels = np.argsort(-counts, kind="stable")[:_MAX_LEVELS]
        parts = [column.codes == level for level in levels if _MIN_ROWS <= counts[level] <= n - _MIN_ROWS]
        if sum(p.sum() for p in parts) + missing.sum() > n - _MIN_ROWS:  # the commonest level is the rest
            parts = parts[1:]
        mains, more = parts, []
    else:
        z = np.zeros(n)
        z[seen] = special.ndtri((stats.rankdata(column.values[seen]) - 0.5) / max(1, seen.sum()))
        degree = min(4, len(np.unique(z[seen])) - 1)
        powers = [z, z**2 - 1, z**3 - 3 * z, z**4 - 6 * z**2 + 3]
        parts = [np.where(seen, h, np.nan) for h in powers[: max(0, degree)]]
        mains, more = parts[:1], parts[1:]
    if _MIN_ROWS <= missing.sum() <= n - _MIN_ROWS:
        mains = [*mains, missing]
    if not mains:
        return None
    matrix = np.column_stack([*mains, *more]).astype(float)
    matrix -= np.nanmean(matrix, axis=0)
    matrix /= np.maximum(np.nanstd(matrix, axis=0), 1e-12)
    return _Scores(column.name, np.nan_to_num(matrix), len(mains), column.kind in ORDERED and len(more) > 0)


def _near_copies(scores: list[_Scores]) -> Ints:
    """Group number of each column; columns whose tested scores nearly determine one another share a group."""
    if not scores:
        return np.empty(0, np.int64)
    white, width = [], []
    for s in scores:
        x = s.matrix[:, : s.main]
        u, size, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
        white.append(u[:, size > 1e-6 * size[0]])
        width.append(white[-1].shape[1])
    z = np.hstack(white)
    start = np.cumsum([0, *width[:-1]])
    square = np.add.reduceat(np.add.reduceat((z.T @ z) ** 2, start, axis=0), start, axis=1)
    close = square / np.maximum.outer(width, width) > _COPY**2
    return np.asarray(connected_components(close, directed=False)[1], dtype=np.int64)


def _residual_products(
    scores: list[_Scores], groups: Ints, label: Floats, units: Ints
) -> tuple[list[list[int]], list[float]]:
    """Members and log10 p-value of each group of columns."""
    members = [np.flatnonzero(groups == g).tolist() for g in np.unique(groups)]
    if not members:
        return [], []
    phi = np.hstack([s.matrix for s in scores])
    ends = np.cumsum([s.matrix.shape[1] for s in scores])
    starts = ends - [s.matrix.shape[1] for s in scores]
    blocks = [slice(starts[m[0]], ends[m[-1]]) for m in members]
    tested = [[j for i in m for j in range(starts[i], starts[i] + scores[i].main)] for m in members]
    spread = [[starts[i] for i in m if scores[i].spread] for m in members]
    owner = np.repeat(np.arange(len(blocks)), [b.stop - b.start for b in blocks])

    inverse = np.linalg.inv(phi.T @ phi + _RIDGE * np.eye(phi.shape[1]))
    # Frisch-Waugh by block inverse: every regression on "all columns but these" comes from one inverse.
    residual = phi @ inverse
    leverage = np.einsum("ij,ij->i", residual, phi)
    beta = inverse @ (phi.T @ label)
    label_residual = np.repeat((label - phi @ beta)[:, None], len(blocks), axis=1)
    left = np.empty_like(label_residual)  # 1 - leverage of the regression without the block
    for g, b in enumerate(blocks):
        own = inverse[b, b]
        r = np.linalg.solve(own, residual[:, b].T).T
        left[:, g] = np.clip(1 - leverage + np.einsum("ij,jk,ik->i", r, own, r), 0.02, 1)
        label_residual[:, g] += r @ beta[b]
        residual[:, b] = r

    wanted = [j for js in spread for j in js]
    square = residual[:, wanted] ** 2 / left[:, owner[wanted]]
    square -= square.mean(axis=0)
    beta2 = inverse @ (phi.T @ square)
    inside = owner[:, None] == owner[wanted][None, :]
    square_residual = square - phi @ beta2 + residual @ np.where(inside, beta2, 0.0)

    logs = []
    place = {j: i for i, j in enumerate(wanted)}
    for g in range(len(blocks)):
        a, w = label_residual[:, [g]], np.sqrt(left[:, [g]])
        tests = [_log10_p(a * residual[:, tested[g]], w, units)]
        if spread[g]:
            tests.append(_log10_p(a * square_residual[:, [place[j] for j in spread[g]]], w, units))
        logs.append(min(0.0, min(tests) + math.log10(len(tests))))
    return members, logs


def _log10_p(products: Floats, root: Floats, units: Ints) -> float:
    """log10 p-value of Hotelling's test that the products have mean zero, rows of a unit counted as one."""
    n, k = products.shape
    mean = products.mean(axis=0)
    centred = (products - mean) / root
    if units[-1] != n - 1 or len(np.unique(units)) < n:
        sums = np.zeros((int(units.max()) + 1, k))
        np.add.at(sums, units, centred)
    else:
        sums = centred
    n_units = len(sums)
    cov = sums.T @ sums
    scale = np.sqrt(np.diag(cov))
    if not (scale > 0).all():
        return 0.0
    size, axes = np.linalg.eigh(cov / np.outer(scale, scale))
    kept = size > 1e-6 * size[-1]
    rank, free = int(kept.sum()), n_units - 1 - int(kept.sum())
    if free < 1:
        return 0.0
    z = (axes[:, kept].T @ (n * mean / scale)) ** 2 / size[kept]
    t2 = float(z.sum()) * (n_units - 1) / n_units
    return _log10_f_tail(t2 * free / (rank * (n_units - 1)), rank, free)


def _log10_f_tail(f: float, k: int, m: int) -> float:
    """log10 P(F > f) for k and m degrees of freedom, beyond the smallest double."""
    x = m / (m + k * f)
    p = float(special.betainc(m / 2, k / 2, x))
    if p > 1e-280:
        return math.log10(p)
    a, b = m / 2, k / 2
    series = float(special.hyp2f1(a + b, 1.0, a + 1, x)) if x < 0.99 else 1.0
    log = a * math.log(x) + b * math.log1p(-x) - math.log(a) - float(special.betaln(a, b)) + math.log(series)
    return log / math.log(10)
