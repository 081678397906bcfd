"""What each column of a table is: levels, numbers on or off a lattice, or nothing that can be modelled."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput, Floats

from ._arrow import ColumnCodec, encode, floats, missing, precision, wholes
from ._fit_numbers import fit_numbers
from ._fit_rules import fit_rules, known_values
from ._keys import keys_of
from ._lattice import Lattice, decimal_places, fit_lattice, on_grid
from ._level_codec import LevelCodec, fit_levels
from ._number_codec import NumberCodec
from ._rules import Rule, values_of
from ._table_codec import TableCodec
from ._types import is_level, is_number, is_text, is_time, plain, word

_MOST_CATEGORIES = 100_000


def fit_table(table: pa.Table) -> TableCodec:
    """Codecs of all columns that can be modelled.

    Raises
    ------
    BadInput
        For a table in which no column can, or infinite values.
    """
    columns: list[ColumnCodec] = []
    left_out: dict[str, str] = {}
    distinct: dict[str, int] = {}
    for name in table.column_names:
        array = plain(table.column(name))
        found = _fit_column(name, array)
        if isinstance(found, str):
            left_out[name] = found
        else:
            columns.append(found)
            distinct[name] = _distinct(found, array)
    if not columns:
        raise BadInput(f"no column can be modelled: {'; '.join(f'{k}: {v}' for k, v in list(left_out.items())[:5])}")
    columns_ = sorted(columns, key=lambda codec: distinct[codec.name])
    coded = [encode(table.column(c.name), c) for c in columns_]
    values = np.column_stack([values_of(c, e.token, e.z) for c, e in zip(columns_, coded, strict=True)])
    rules = fit_rules(tuple(columns_), values)
    sources = {rule.source for rule in rules}
    known = {c.name: known_values(c, values[:, j]) for j, c in enumerate(columns_) if c.name in sources}
    return TableCodec(tuple(_ordered(columns_, rules)), tuple(c.name for c in columns), left_out, rules, known)


def _ordered(columns: list[ColumnCodec], rules: tuple[Rule, ...]) -> list[ColumnCodec]:
    """The order of the law: as given, but every column after one that determines it.

    Levels that determine a column come where that would have; what is determined follows at once.
    """
    pairs = {(rule.source, rule.target) for rule in rules}
    placed: list[ColumnCodec] = []

    def put(column: ColumnCodec) -> None:
        if any(column is other for other in placed):
            return
        placed.append(column)
        for other in columns:
            if (column.name, other.name) in pairs:
                put(other)

    def first(column: ColumnCodec) -> bool:
        """Whether no column determines it that it does not determine."""
        return not any(t == column.name and (t, s) not in pairs for s, t in pairs)

    for column in columns:
        levels = [c for c in columns if isinstance(c, LevelCodec) and first(c) and (c.name, column.name) in pairs]
        if first(column) or levels:
            put(column if first(column) else levels[0])
    for column in columns:
        put(column)
    return placed


def _distinct(codec: ColumnCodec, array: pa.Array) -> int:
    """How many different values a column has, missing among them."""
    if isinstance(codec, LevelCodec):
        return len(codec.levels) + len(codec.rare) + codec.gaps
    return len(array.unique())


def _fit_column(name: str, array: pa.Array) -> ColumnCodec | str:
    kind = array.type
    if array.null_count == len(array):
        return "no row has a value"
    if is_level(kind):
        return _fit_levels(name, array)
    if not (is_number(kind) or is_time(kind)):
        return f"values of type {kind} are not modelled"
    digits = max(kind.scale, 0) if pa.types.is_decimal(kind) else 0
    whole = wholes(array, digits)
    if whole is None:
        return _fit_floats(name, array)
    gone = missing(array)
    if pa.types.is_integer(kind) and _counts_rows(whole):
        return "whole numbers that count the rows: an identifier"
    lattice = fit_lattice(whole[~gone], digits, coarse=is_time(kind))
    if lattice is not None:
        return fit_numbers(name, word(kind), lattice.steps(whole, gone), lattice=lattice)
    distinct = len(set(whole[~gone].tolist()))
    if distinct > 0.5 * (~gone).sum():
        return f"{distinct} different numbers in {len(array)} rows, further apart than 2**53 steps: hashes"
    return fit_levels(name, word(kind), keys_of(array))


def _fit_levels(name: str, array: pa.Array) -> LevelCodec | str:
    category, kind = pa.types.is_dictionary(array.type), array.type
    try:
        values = keys_of(array)
        known = tuple(keys_of(array.dictionary)) if category else ()
    except ValueError:
        return f"a category of values of type {kind.value_type} is not modelled"
    present = [v for v in values if v is not None]
    distinct = len(set(present))
    if not distinct:
        return "no row has a value"
    if distinct > 20 and distinct > 0.5 * len(present):
        what = "text" if is_text(kind.value_type if category else kind) else "levels"
        return f"{what} of {distinct} different values in {len(values)} rows: nearly every one is its own"
    odd = len(set(known)) < len(known) or None in known or len(known) > _MOST_CATEGORIES
    return fit_levels(name, word(kind), values, () if odd else known)


def _fit_floats(name: str, array: pa.Array) -> NumberCodec | str:
    x = floats(array)
    present = x[~np.isnan(x)]
    if not len(present):
        return "no row has a value"
    if np.isinf(x).any():
        raise BadInput(f"column {name!r} has {x[np.isinf(x)][0]} at row {int(np.isinf(x).argmax())}; remove or cap it")
    kind = word(array.type)
    if (lattice := _float_lattice(present, precision(array.type))) is not None:
        steps = lattice.steps(*_grid(x, lattice.digits, precision(array.type)))
        return fit_numbers(name, kind, steps, lattice=lattice)
    power = _power(present)
    return fit_numbers(name, kind, np.ldexp(x, -power), power=power)


def _float_lattice(x: Floats, precise: float) -> Lattice | None:
    digits = decimal_places(x, precise)
    return None if digits is None else fit_lattice(_grid(x, digits, precise)[0], digits)


def _grid(x: Floats, digits: int, precise: float) -> tuple[Any, Any]:
    """Whole numbers of the last decimal place, and which are missing."""
    gone = np.isnan(x)
    return on_grid(np.where(gone, 0, x), digits, precise)[0].astype(np.int64), gone


def _power(x: Floats) -> int:
    """The power of two to divide by: 0 but near the ends of float64."""
    exponent = math.frexp(float(np.abs(x).max(initial=0.0)))[1]
    return exponent if abs(exponent) > 300 else 0


def _counts_rows(whole: Any) -> bool:
    values = whole.tolist()
    distinct = len(set(values))
    return distinct == len(values) and distinct > 20 and max(values) - min(values) == distinct - 1
