"""Are rows independent? Repeated entities and serial dependence, declared or found, and the units that they leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ecotone.contracts import Ints
from ecotone.data import Column, Pair, Untested

from . import _dependence_words as words
from ._among_units import Order, among_units
from ._entities import entity as most_tied
from ._entities import entity_tests
from ._ordering_keys import explained, ordering_keys
from ._row_scores import RowScores
from ._scores import Design, ScoredColumn
from ._serial_dependence import Axis, Serial, serial
from ._time_blocks import BLOCKS, blocks, lagged, longer, persistence
from ._units import ids, pooled, units_of

Guarantee = Literal["exact", "approximate", "assumed", "withdrawn"]

FEWEST = 20  # entities in each table, below which relabelling them says little


@dataclass(frozen=True)
class Dependence:
    """What is known about the dependence of rows.

    Parameters
    ----------
    units : ((n_ref,) int64, (n_cur,) int64) or None
        Rows that belong together, to be put into the pair; None where every row stands for itself.
    found : tuple of dict
        Each test made: ``what`` (``serial``, ``entity``, or ``among``: serial among declared units), ``column``,
        ``table``, ``pvalue``, ``value`` (the factor by which dependence widens the variance of a difference of the
        tables), ``detected``.
    declared : tuple of str
        ``entity``, ``time``, ``independent``.
    guarantee : {"exact", "approximate", "assumed", "withdrawn"}
        Of every p-value that follows: exact for independent rows or declared entities, approximate for blocks in
        time, assumed where independence is stated or there are no rows to test it on, withdrawn where dependence was
        found that nobody declared, or where too few blocks are left.
    reason : str
    remedy : str
        What the user can do where the guarantee is withdrawn.
    encoded : tuple of ScoredColumn
        The columns as scores, for the tests that follow.
    drawn_by : str
        Column whose values were taken for the units though nobody declared it; empty where there is none.
    """

    units: tuple[Ints, Ints] | None
    found: tuple[dict[str, Any], ...]
    declared: tuple[str, ...]
    guarantee: Guarantee
    reason: str
    remedy: str = ""
    encoded: tuple[ScoredColumn, ...] = field(default=(), repr=False, compare=False)
    drawn_by: str = ""


def dependence(pair: Pair, *, entity: bool, time: bool, independent: bool = False, seed: int = 0) -> Dependence:
    r"""Find the units that may be treated as independent, and say what that rests on.

    Dependence harms a comparison where its groups or stretches are tied to one table: then pairs of rows that share
    one add

    .. math:: V = \sum_b \Big( \big( \textstyle\sum_{i \in b} w_i x_i \big)^2 - \sum_{i \in b} (w_i x_i)^2 \Big),
        \qquad w_i = 1/n \text{ or } -1/m,

    to the variance of a difference of means. A category whose levels recur in both tables as independent rows would
    have them adds nothing, nor do two files sorted alike. Undeclared, V is tested along the file and for every column
    whose values repeat; what is found gives blocks or entities and takes the guarantee away, since only the user knows
    what the rows are. A file that a visible column sorts is compared at equal values of it before anything is said.

    A declared entity's rows are one unit. With a declared time, rows are sorted and cut into blocks of

    .. math:: L = \frac{2 \sum_k k \rho_k}{0.03\,(1 + 2 \sum_k \rho_k)} \approx \frac{2\varphi}{0.03\,(1-\varphi^2)}

    rows, so that dependence between neighbouring blocks moves a block's variance by at most 3 % (5 % where that leaves
    20 blocks). Both are tested again: rows of *different* units that stand near each other must not be alike.

    Parameters
    ----------
    pair : Pair
        ``roles["entity"]`` and ``roles["time"]`` hold the declared columns.
    entity, time : bool
        Whether the role was declared.
    independent : bool
        Whether the user states that rows are independent: the tests run and are told, and nothing follows from them.
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
    design = Design(pair, seed=seed).whole
    scores = RowScores.of(design.columns, design.n)
    declared = tuple(name for name, on in (("entity", entity), ("time", time), ("independent", independent)) if on)
    if entity:
        found = _by_entity(pair, scores, declared, seed)
    elif time:
        order = tuple(np.argsort(c.values, kind="stable") for c in _role(pair, "time"))
        found = _by_time(pair, design, scores, (order[0], order[1]), declared)
    else:
        found = _undeclared(pair, design, scores)
        if independent:
            found = replace(
                found, units=None, declared=declared, guarantee="assumed", reason=words.STATED, remedy="", drawn_by=""
            )
    return replace(found, encoded=tuple(c for c in design.columns if c.name != found.drawn_by))


def with_units(pair: Pair, ties: Dependence) -> Pair:
    """The pair that the tests read: with the units, and without the column whose values they are.

    Relabelling whole units relabels that column's values, so it would show p = 1 whatever became of it.
    """
    pair = replace(pair, units=ties.units)
    name = ties.drawn_by
    if name not in pair.reference.columns:
        return pair
    kept = tuple(n for n in pair.names if n != name)
    return replace(
        pair,
        reference=pair.reference.select(kept),
        current=pair.current.select(kept),
        untested=(*pair.untested, Untested(name, pair.reference[name].kind, words.DRAWN_BY)),
        aside={**pair.aside, name: (pair.reference[name], pair.current[name])},
    )


def _role(pair: Pair, role: str) -> Iterator[Column]:
    for column, table in zip(pair.roles[role], (pair.reference, pair.current)):
        if column is None:  # no such column in this table: every row stands for itself, in the order given
            yield Column(role, "numeric", np.arange(table.n, dtype=np.float64))
        else:
            yield column


def _by_entity(pair: Pair, scores: RowScores, declared: tuple[str, ...], seed: int) -> Dependence:
    columns = list(_role(pair, "entity"))
    units = ids(columns[0].values), ids(columns[1].values)
    counts = tuple(int(u.max(initial=-1)) + 1 for u in units)
    few = min(counts)
    if few < FEWEST:
        reason = f"only {few} entities in one table; at least {FEWEST} are needed in each: give more entities"
        return Dependence(units, (), declared, "withdrawn", reason)
    place = None
    if "time" in declared:
        when = [np.argsort(c.values, kind="stable") for c in _role(pair, "time")]
        place = when[0], when[1]
    unit = pooled(units)
    among = among_units(scores, Order.of(unit, pair.n, place), seed=seed)
    tied = most_tied(entity_tests(pair, scores, unit, seed=seed))
    found = (*words.serial_entry(among, "among"), *([words.entity_entry(tied)] if tied else []))
    if among is not None and among.detected:
        reason = words.among_entities(among, columns[0].name)
        remedy = "" if "time" in declared else words.SERIAL_REMEDY
        return Dependence(units, found, declared, "withdrawn", reason, remedy)
    if tied is not None:
        name = tied.column.name
        reason = f"{words.of_entity(tied)}, also rows of different {columns[0].name}"
        return Dependence(units, found, declared, "withdrawn", reason, words.entity_remedy(name))
    reason = f"rows of one entity are kept together: {counts[0]} entities in the reference, {counts[1]} in current"
    if "time" in declared:
        reason += "; entities near each other in time were found not to be alike"
    return Dependence(units, found, declared, "exact", reason)


def _by_time(
    pair: Pair, design: Design, scores: RowScores, order: tuple[Ints, Ints], declared: tuple[str, ...]
) -> Dependence:
    strength, where = persistence(lagged(design, order), design.n)
    units, length, enough = blocks(design.n, order, strength) if strength else (None, 1, True)
    entry = {"what": "serial", "column": where, "value": strength, "detected": strength > 0}
    if not enough:
        reason = (
            f"rows stay alike for so long in {where} that independent stretches would be {length} rows long, and "
            f"{BLOCKS} of them are needed in each table: give a longer period; shorter stretches were compared"
        )
        return Dependence(units, (entry,), declared, "withdrawn", reason, words.MORE_TIME)
    among = _among_blocks(scores, units, order)
    while among is not None and among.detected and (wider := longer(design.n, order, length)):
        units, length = wider
        among = _among_blocks(scores, units, order)
    tied = most_tied(entity_tests(pair, scores, None if units is None else pooled(units), seed=design.seed))
    found = (entry, *words.serial_entry(among, "among"), *([words.entity_entry(tied)] if tied else []))
    if among is not None and among.detected:
        return Dependence(units, found, declared, "withdrawn", words.among_blocks(among, length), words.MORE_TIME)
    if tied is not None:
        name = tied.column.name
        return Dependence(units, found, declared, "withdrawn", words.of_entity(tied), words.entity_remedy(name))
    reason = f"rows in order of time were cut into blocks of {length}, longer than their dependence"
    if units is None:
        reason = "no dependence along the time column was found: rows were taken as independent"
    return Dependence(units, found, declared, "approximate", reason)


def _among_blocks(scores: RowScores, units: tuple[Ints, Ints] | None, order: tuple[Ints, Ints]) -> Serial | None:
    unit = np.arange(sum(scores.n)) if units is None else pooled(units)
    return among_units(scores, Order.of(unit, scores.n, order))


def _undeclared(pair: Pair, design: Design, scores: RowScores) -> Dependence:
    keys = ordering_keys(pair, scores)
    along = serial(scores, Axis.of(pair.n), keyed=bool(keys))
    tests = entity_tests(pair, scores, seed=design.seed)
    found = (*words.serial_entry(along), *(words.entity_entry(t) for t in tests))
    tied, detected = most_tied(tests), along is not None and along.detected
    if tied is not None:
        units = units_of(pair, tied.column.name)
        if detected and (left := among_units(scores, Order.of(pooled(units), pair.n))) and left.detected:
            along = left
        else:
            name = tied.column.name
            reason, remedy = words.of_entity(tied), words.entity_remedy(name)
            return Dependence(units, found, (), "withdrawn", reason, remedy, drawn_by=name)
    if along is None or not detected:
        return Dependence(None, found, (), "exact", words.NONE)
    if tied is None and keys and explained(pair, scores, keys):
        return Dependence(None, found, (), "exact", words.of_sorted(tuple(k.name for k in keys)))
    strength, _ = persistence(lagged(design, None), design.n)
    stretches, _, _ = blocks(design.n, (np.arange(pair.n[0]), np.arange(pair.n[1])), max(strength, 0.1))
    return Dependence(stretches, found, (), "withdrawn", words.of_serial(along), words.SERIAL_REMEDY)
