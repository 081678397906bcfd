"""Are rows independent? Repeated entities and serial dependence, declared or found, and the units that they leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ecotone.contracts import Ints
from ecotone.data._table import Column, Pair

from ._entities import FEWEST, entity_tests, identifiers, ids
from ._scores import Coded, Design
from ._serial_dependence import BLOCKS, blocks, lagged, persistence, serial_tests

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
    units = tuple(ids(c) for c in _role(pair, "entity"))
    counts = tuple(int(u.max(initial=-1)) + 1 for u in units)
    few = min(counts)
    if few < FEWEST:
        reason = f"only {few} entities in one table; at least {FEWEST} are needed in each: give more entities"
        return Dependence((units[0], units[1]), (), declared, "withdrawn", reason)
    reason = f"rows of one entity are kept together: {counts[0]} entities in the reference, {counts[1]} in current"
    if "time" in declared:
        reason += "; the order in time was not used, entities are taken as independent of each other"
    return Dependence((units[0], units[1]), (), declared, "exact", reason)


def _by_time(design: Design, order: tuple[Ints, ...], declared: tuple[str, ...]) -> Dependence:
    series = lagged(design, order)
    strength, where = persistence(series, design.n)
    if strength == 0:
        reason = "no dependence along the time column was found: rows were taken as independent"
        found = ({"what": "serial", "column": "", "value": 0.0, "detected": False},)
        return Dependence(None, found, declared, "approximate", reason)
    units, length, enough = blocks(design.n, order, strength)
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
    series = lagged(design, None)
    found = [*serial_tests(series, design.n), *entity_tests(pair, design)]
    alarms = [f for f in found if f["detected"]]
    if not alarms:
        return Dependence(None, tuple(found), (), "exact", "no dependence between rows was found")
    entities = [f for f in alarms if f["what"] == "entity"]
    if entities:
        first = min(entities, key=lambda f: f["pvalue"])
        columns = identifiers(pair)[first["column"]]
        reason = (
            f"rows with equal {first['column']} are alike (intra-class correlation {first['value']:.2f}): rows are "
            f"not independent; declare it with --entity {first['column']}"
        )
        return Dependence((ids(columns[0]), ids(columns[1])), tuple(found), (), "withdrawn", reason)
    first = min(alarms, key=lambda f: f["pvalue"])
    strength, _ = persistence(series, design.n)
    units, _, _ = blocks(design.n, tuple(np.arange(n) for n in design.n), max(strength, 0.1))
    length = int(np.bincount(units[0])[0])
    reason = (
        f"neighbouring rows are alike in {first['column']} (correlation {first['value']:.2f}): the rows are sorted, in "
        f"order of time, or grouped; blocks of {length} rows were compared; declare the order with --time or the "
        "group with --entity, or give the rows in random order if the file was merely sorted"
    )
    return Dependence(units, tuple(found), (), "withdrawn", reason)
