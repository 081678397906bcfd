"""Are rows independent? Repeated entities and serial dependence, declared or found, and the units that they leave."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ecotone.contracts import Floats, Ints, as_seed
from ecotone.data._each import each
from ecotone.data._table import CODED, Column, Pair

from ._minp import log_two_sided
from ._scores import Coded, Design

LEVEL = 0.002  # of the tests for undeclared dependence: half serial, half entities
LAGS = (1, 2, 3, 5, 8, 13, 21, 34)
BIAS = 0.03  # of a block's variance, from what neighbouring blocks share
BLOCKS = 20  # per table, below which relabelling blocks says little
SCORES = frozenset({"L1", "L2", "level", "missing"})
PERMUTATIONS = 199
ROWS = 20_000  # for the tests of likeness within entities
BLOCK = 1 << 16  # rows up to which autocorrelations are computed in double precision and in one piece

Guarantee = Literal["exact", "approximate", "assumed", "withdrawn"]


@dataclass(frozen=True)
class Dependence:
    """What is known about the dependence of rows.

    Parameters
    ----------
    units : ((n_ref,) int64, (n_cur,) int64) or None
        Rows that belong together, to be put into the pair; None where every row stands for itself.
    found : tuple of dict
        Each test made: ``what``, ``column``, ``table``, ``pvalue``, ``value`` (autocorrelation or intra-class
        correlation), ``detected``.
    declared : tuple of str
        ``entity``, ``time``.
    guarantee : {"exact", "approximate", "assumed", "withdrawn"}
        Of every p-value that follows: exact for independent rows or declared entities, approximate for blocks in
        time, assumed where there are no rows to test independence on, withdrawn where dependence was found that
        nobody declared, or where too few blocks are left.
    reason : str
    encoded : tuple of Coded
        The columns as scores, for the tests that follow.
    """

    units: tuple[Ints, Ints] | None
    found: tuple[dict[str, Any], ...]
    declared: tuple[str, ...]
    guarantee: Guarantee
    reason: str
    encoded: tuple[Coded, ...] = field(default=(), repr=False, compare=False)


def dependence(pair: Pair, *, entity: bool, time: bool, seed: int = 0) -> Dependence:
    r"""Find the units that may be treated as independent, and say what that rests on.

    A declared entity's rows are one unit. With a declared time, rows are sorted and cut into blocks of

    .. math:: L = \frac{2 \sum_k k \rho_k}{0.03\,(1 + 2 \sum_k \rho_k)} \approx \frac{2\varphi}{0.03\,(1-\varphi^2)}

    rows, so that dependence between neighbouring blocks moves a block's variance by at most 3 % (5 % where that leaves
    20 blocks). Undeclared, the autocorrelation of every rank score in row order and the likeness of rows that share
    an identifier are tested at level .01 together; what is found gives blocks in row order and takes the guarantee
    away, since only the user knows what the rows are.

    Parameters
    ----------
    pair : Pair
        ``roles["entity"]`` and ``roles["time"]`` hold the declared columns.
    entity, time : bool
        Whether the role was declared.
    seed : int

    References
    ----------
    Künsch (1989), https://doi.org/10.1214/aos/1176347265 (blocks).

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.data import Column, Pair, Table
    >>> rows = np.random.default_rng(0).normal(size=(2, 500)).cumsum(1)
    >>> walk, steps = (
    ...     Pair(*(Table({"x": Column("x", "numeric", v)}, len(v)) for v in t)) for t in (rows, np.diff(rows))
    ... )
    >>> dependence(steps, entity=False, time=False).guarantee, dependence(walk, entity=False, time=False).guarantee
    ('exact', 'withdrawn')
    """
    design = Design(pair, seed=seed)
    declared = tuple(name for name, on in (("entity", entity), ("time", time)) if on)
    if entity:
        found = _by_entity(pair, declared)
    elif time:
        order = tuple(np.argsort(c.values, kind="stable") for c in _role(pair, "time"))
        found = _by_time(design, order, declared)
    else:
        found = _undeclared(pair, design)
    return replace(found, encoded=design.columns)


def _role(pair: Pair, role: str) -> Iterator[Column]:
    for column, table in zip(pair.roles[role], (pair.reference, pair.current)):
        if column is None:  # no such column in this table: every row stands for itself, in the order given
            yield Column(role, "numeric", np.arange(table.n, dtype=np.float64))
        else:
            yield column


def _by_entity(pair: Pair, declared: tuple[str, ...]) -> Dependence:
    units = tuple(_ids(c) for c in _role(pair, "entity"))
    counts = tuple(int(u.max(initial=-1)) + 1 for u in units)
    few = min(counts)
    if few < BLOCKS:
        reason = f"only {few} entities in one table; at least {BLOCKS} are needed in each: give more entities"
        return Dependence((units[0], units[1]), (), declared, "withdrawn", reason)
    reason = f"rows of one entity are kept together: {counts[0]} entities in the reference, {counts[1]} in current"
    if "time" in declared:
        reason += "; the order in time was not used, entities are taken as independent of each other"
    return Dependence((units[0], units[1]), (), declared, "exact", reason)


def _ids(column: Column) -> Ints:
    """Numbers from 0 for equal values; a missing one is a unit of its own."""
    values = column.values.copy()
    gone = np.isnan(values)
    values[gone] = np.nanmax(values, initial=0.0) + 1 + np.arange(gone.sum())
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _by_time(design: Design, order: tuple[Ints, ...], declared: tuple[str, ...]) -> Dependence:
    series = _lagged(design, order)
    strength, where = _persistence(series, design.n)
    if strength == 0:
        reason = "no dependence along the time column was found: rows were taken as independent"
        found = ({"what": "serial", "column": "", "value": 0.0, "detected": False},)
        return Dependence(None, found, declared, "approximate", reason)
    units, length, enough = _blocks(design.n, order, strength)
    found = ({"what": "serial", "column": where, "value": strength, "detected": True},)
    if not enough:
        reason = (
            f"rows stay alike for so long in {where} that independent stretches would be {length} rows long, and "
            f"{BLOCKS} of them are needed in each table: give a longer period; shorter stretches were compared"
        )
        return Dependence(units, found, declared, "withdrawn", reason)
    reason = f"rows in order of time were cut into blocks of {length}, longer than their dependence"
    return Dependence(units, found, declared, "approximate", reason)


def _undeclared(pair: Pair, design: Design) -> Dependence:
    series = _lagged(design, None)
    found = [*_serial_tests(series, design.n), *_entity_tests(pair, design)]
    alarms = [f for f in found if f["detected"]]
    if not alarms:
        return Dependence(None, tuple(found), (), "exact", "no dependence between rows was found")
    entities = [f for f in alarms if f["what"] == "entity"]
    if entities:
        first = min(entities, key=lambda f: f["pvalue"])
        columns = _identifiers(pair)[first["column"]]
        reason = (
            f"rows with equal {first['column']} are alike (intra-class correlation {first['value']:.2f}): rows are "
            f"not independent; declare it with --entity {first['column']}"
        )
        return Dependence((_ids(columns[0]), _ids(columns[1])), tuple(found), (), "withdrawn", reason)
    first = min(alarms, key=lambda f: f["pvalue"])
    strength, _ = _persistence(series, design.n)
    units, _, _ = _blocks(design.n, tuple(np.arange(n) for n in design.n), max(strength, 0.1))
    length = int(np.bincount(units[0])[0])
    reason = (
        f"neighbouring rows are alike in {first['column']} (correlation {first['value']:.2f}): the rows are sorted, in "
        f"order of time, or grouped; blocks of {length} rows were compared; declare the order with --time or the "
        "group with --entity, or give the rows in random order if the file was merely sorted"
    )
    return Dependence(units, tuple(found), (), "withdrawn", reason)


@dataclass(frozen=True)
class _Lagged:
    """Autocorrelations of one score in each table, at the lags of that table; None where they say nothing."""

    column: str
    r: tuple[Floats | None, Floats | None]


def _lagged(design: Design, order: tuple[Ints, ...] | None) -> list[_Lagged]:
    """Each score's autocorrelations, centred within its table, in the order given."""

    def one(picked: tuple[int, list[int]]) -> list[_Lagged]:
        c, n_ref = design.columns[picked[0]], design.n[0]
        halves = c.codes[:n_ref], c.codes[n_ref:]
        if order is not None:
            halves = halves[0][order[0]], halves[1][order[1]]
        return [
            _Lagged(c.name, (_autocorrelation(c.lut[:, s], halves[0]), _autocorrelation(c.lut[:, s], halves[1])))
            for s in picked[1][:6]
        ]

    picked = list(design.picked(SCORES))
    return [found for part in each(one, picked, values=sum(design.n) * len(picked)) for found in part]


def _autocorrelation(score: Floats, codes: NDArray[np.int32]) -> Floats | None:
    n = len(codes)
    kind = np.float64 if n <= BLOCK else np.float32
    x = np.take(np.asarray(score, dtype=kind), codes, mode="clip")
    x -= x.mean(dtype=np.float64)
    power = _dot(x, x)
    if not _lags(n) or not _usable(x, power):
        return None
    return np.array([_dot(x[:-k], x[k:]) / power if power > 0 else 0.0 for k in _lags(n)])


def _dot(x: NDArray[Any], y: NDArray[Any]) -> float:
    """The inner product, piece by piece: a piece stays in the processor's cache for all lags."""
    if len(x) <= BLOCK:
        return float(x @ y)
    return math.fsum(float(x[i : i + BLOCK] @ y[i : i + BLOCK]) for i in range(0, len(x), BLOCK))


def _lags(n: int) -> tuple[int, ...]:
    return tuple(k for k in LAGS if k <= n // 10)


def _usable(x: NDArray[Any], power: float) -> bool:
    """Products of a rare level with itself are too heavy-tailed for a normal autocorrelation."""
    power /= len(x)
    return power > 1e-9 and max(float(x.max()), -float(x.min())) ** 2 / power <= 1.2 * math.sqrt(len(x))


def _serial_tests(series: list[_Lagged], n: tuple[int, int]) -> list[dict[str, Any]]:
    """Autocorrelation at a few lags, Bonferroni over lags, scores and tables; the strongest of each table is told."""
    out: list[dict[str, Any]] = []
    tests = max(1, sum(len(_lags(m)) for m in n) * len(series))
    for table in (0, 1):
        lags = _lags(n[table])
        best: tuple[float, float, str, int] | None = None
        for found in series:
            r = found.r[table]
            if r is None:
                continue
            logp = log_two_sided(r * math.sqrt(n[table]))
            k = int(logp.argmin())
            if best is None or logp[k] < best[0]:
                best = (float(logp[k]), float(r[k]), found.column, lags[k])
        if best is not None:
            logp_all = min(0.0, best[0] + math.log(tests))
            out.append(
                {
                    "what": "serial", "table": ("reference", "current")[table], "column": best[2], "lag": best[3],
                    "value": best[1], "pvalue": max(math.exp(logp_all), 1e-300),
                    "detected": logp_all <= math.log(LEVEL / 2) and best[1] > 0,
                }
            )  # fmt: skip
    return out


def _persistence(series: list[_Lagged], n: tuple[int, int]) -> tuple[float, str]:
    """The strongest autocorrelation as the coefficient of a first-order chain, over scores whose lags are sure."""
    lags = _lags(min(n))
    bar = 1e-3 / max(1, len(series) * len(lags))
    best, where = 0.0, ""
    for found in series:
        before, after = found.r
        if before is None or after is None:
            continue
        r = np.sum([m * x[: len(lags)] for m, x in zip(n, (before, after))], axis=0) / sum(n)
        chain = min(max(float(r[0]), 0.0), 0.95) ** 2  # Bartlett: dependence widens every later lag's own error
        se = math.sqrt((1 + chain) / (1 - chain) / sum(n))
        sure = (r > 0) & (log_two_sided(r / se) <= math.log(bar))
        if sure.any():
            low = np.maximum(r[sure] - 2 * se, 1e-3)  # the largest of many estimates is too large
            phi = float((low ** (1 / np.array(lags)[sure])).max())
            if phi > best:
                best, where = phi, found.column
    return min(best, 0.9999), where


def _blocks(n: tuple[int, int], order: tuple[Ints, ...], phi: float) -> tuple[tuple[Ints, Ints], int, bool]:
    """Blocks of consecutive rows in each table, the length they should have, and whether enough of it fit."""
    shared = 2 * phi / (1 - phi**2)  # bias of a block's variance, times its length
    wanted = max(2, math.ceil(shared / BIAS))
    most = max(2, min(n) // BLOCKS)
    enough = wanted <= most or most >= shared / (BIAS + 0.02)
    length = min(wanted, most)  # too short is said, and still better than rows
    units = []
    for rows in order:
        unit = np.empty(len(rows), np.int64)
        unit[rows] = np.minimum(np.arange(len(rows)) // length, max(len(rows) // length - 1, 0))
        units.append(unit)
    enough = enough and min(int(u.max()) + 1 for u in units) >= BLOCKS
    return (units[0], units[1]), length if enough else wanted, enough


def _identifiers(pair: Pair) -> dict[str, tuple[Column, Column]]:
    """Columns that may name an entity: identifiers set aside, and categories with repeats and many levels."""
    out = {k: (a, b) for k, (a, b) in pair.aside.items() if a.kind == "id"}
    for c in pair.reference:
        if c.kind in CODED and len(c.levels) >= BLOCKS:
            out[c.name] = (c, pair.current[c.name])
    return out


def _entity_tests(pair: Pair, design: Design) -> list[dict[str, Any]]:
    """Likeness of rows that share an identifier: squared group sums of the other columns' scores, by permutation."""
    out: list[dict[str, Any]] = []
    names = _identifiers(pair)
    for k, (name, columns) in enumerate(names.items()):
        units = [_ids(c) for c in columns]
        if any(len(u) > ROWS for u in units):
            units = [u[:ROWS] for u in units]
        for table, unit in enumerate(units):
            sizes = np.bincount(unit)
            if len(unit) < 40 or len(sizes) < BLOCKS or len(sizes) > 0.9 * len(unit):
                continue
            x = _others(design, name, table, len(unit))
            if x is not None:
                z, icc = _likeness(x, unit, as_seed(design.seed, 906, k, table))
                out.append(
                    {"what": "entity", "table": ("reference", "current")[table], "column": name, "value": icc, "z": z}
                )
    for f in out:  # the permutation null of a sum over many groups is near normal; its excess over 199 draws is scaled
        logp = min(0.0, float(special.log_ndtr(-f.pop("z"))) + math.log(len(out)))
        f["pvalue"] = max(math.exp(logp), 1e-300)
        f["detected"] = logp <= math.log(LEVEL / 2)
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
