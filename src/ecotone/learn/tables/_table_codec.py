"""A table's columns as tokens and normal scores, and back."""

from __future__ import annotations

import decimal
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput, Floats

from ._arrow import ColumnCodec, as_stored, encode, numbers_of, stored
from ._encoded import Encoded
from ._heads import Event, Head
from ._level_codec import LevelCodec
from ._number_codec import NumberCodec
from ._rules import Rule
from ._types import is_time, type_of


@dataclass(frozen=True)
class TableCodec:
    """One codec a column.

    Parameters
    ----------
    columns : tuple of NumberCodec or LevelCodec
        In the order of the law: those of fewer different values first.
    table : tuple of str
        Their names in the order of the table.
    left_out : mapping of str to str
        Columns that are not modelled, with the reason.
    rules : tuple of Rule
        What columns say of others without exception.
    known : mapping of str to (k,) float64
        Values of the columns that do, rising.
    """

    columns: tuple[ColumnCodec, ...]
    table: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    known: dict[str, Floats] = field(default_factory=dict)

    def rules_to(self, j: int) -> list[Rule]:
        """Rules that determine column j."""
        return [rule for rule in self.rules if rule.target == self.columns[j].name]

    def rules_from(self, j: int) -> list[Rule]:
        """Rules by which column j determines others."""
        return [rule for rule in self.rules if rule.source == self.columns[j].name]

    def check(self) -> None:
        """Raise ``ValueError`` for a codec that no table gave: every token of a column must be a value of its type."""
        if set(self.table) != set(self.names) or not all(isinstance(name, str) for name in self.table):
            raise ValueError("its columns are not those of its table")
        for codec in self.columns:
            if isinstance(codec, NumberCodec):
                codec.check()
            try:
                stored(codec, codec.decode(np.arange(codec.tokens), np.zeros(codec.tokens)))
            except (pa.ArrowException, LookupError, ArithmeticError, AttributeError) as error:
                raise ValueError(f"column {codec.name!r} can not be made: {error}") from None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def place(self, name: str) -> int:
        """Position of a column; raises ``BadInput`` for one that is not modelled."""
        if name in self.names:
            return self.names.index(name)
        if name in self.left_out:
            raise BadInput(f"column {name!r} is not in the model: {self.left_out[name]}")
        raise BadInput(f"column {name!r} is not in the model; its columns are {', '.join(self.table)}")

    def encode(self, table: pa.Table, names: tuple[str, ...] | None = None) -> Floats:
        """(n, d, 5) ``Encoded.packed`` of each column; what is not in ``names`` is encoded as missing."""
        names = self.names if names is None else names
        blank = Encoded.of_tokens(np.zeros(table.num_rows, np.int64)).packed()
        out = []
        for codec in self.columns:
            if codec.name not in names:
                out.append(blank)
                continue
            if codec.name not in table.column_names:
                raise BadInput(
                    f"column {codec.name!r} of the model is not in the table; it has {table.column_names[:12]}"
                )
            out.append(self._one(codec, table.column(codec.name)).packed())
        return np.stack(out, axis=1)

    def _one(self, codec: ColumnCodec, column: Any) -> Encoded:
        try:
            return encode(column, codec)
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            raise BadInput(
                f"column {codec.name!r} holds {column.type}, and the model learned {codec.type}; convert the column"
            ) from None

    def head(self, out: Any, j: int) -> Head:
        """The distribution of column j that a network's output says."""
        own = self.columns[j]
        return Head(out, own.tokens, continuous=own.continuous, lattice=own.unit > 0, reach=own.reach, gaps=own.gaps)

    def decode(self, token: Any, z: Floats) -> pa.Table:
        """A table of ``(n, d)`` tokens and normal scores."""
        values = {c.name: c.decode(token[:, j], z[:, j]) for j, c in enumerate(self.columns)}
        self._exact(values)
        made = {c.name: stored(c, values[c.name]) for c in self.columns}
        return pa.table({name: made[name] for name in self.table})

    def _exact(self, values: dict[str, Any]) -> None:
        """Numbers off any lattice that lie on a line with those of an earlier column, to the last digit."""
        for rule in self.rules:
            source, target = (self.place(name) for name in (rule.source, rule.target))
            if rule.kind == "line" and not rule.part and source < target and self.columns[target].unit == 0:
                x, y = values[rule.source], values[rule.target]
                line = rule.slope * x + rule.shift
                near = np.abs(line - y) <= 1e-9 * np.abs(y).max(initial=0.0, where=~np.isnan(y))
                values[rule.target] = np.where(near, line, y)

    def event(self, name: str, wanted: Any) -> Event:
        """The event that a column has a value, one of a set, or lies in a range.

        ``wanted`` is a value, None (missing), a set or list of values, or a tuple (low, high), either end None.

        Raises
        ------
        BadInput
            For a value that was never seen, or a range in which there is nothing.
        """
        codec = self.columns[self.place(name)]
        if isinstance(wanted, tuple):
            return self._range(codec, wanted)
        options = list(wanted) if isinstance(wanted, set | frozenset | list) else [wanted]
        if not options:
            raise BadInput(f"given {name!r} is an empty set; name at least one value")
        if isinstance(codec, LevelCodec):
            return Event.of(codec.event({codec.known(v) for v in options}))
        return self._numbers_event(codec, options)

    def _range(self, codec: ColumnCodec, ends: tuple[Any, Any]) -> Event:
        if isinstance(codec, LevelCodec):
            raise BadInput(f"given {codec.name!r} is a range, but the column has levels; name the levels, as a set")
        low, high = (
            default if end is None else number(codec, end)
            for end, default in zip(ends, (-math.inf, math.inf), strict=True)
        )
        if low > high:
            raise BadInput(f"given {codec.name!r} has a range from {low:g} to {high:g}, which is empty; swap its ends")
        event = Event.of(*codec.event(low, high))
        if not bool(event.tokens.any()):
            raise BadInput(f"given {codec.name!r} in [{low:g}, {high:g}] excludes every row: no value lies there")
        return event

    def _numbers_event(self, codec: NumberCodec, options: list[Any]) -> Event:
        allowed, intervals = np.zeros(codec.tokens, bool), [np.empty((0, 2))]
        for v in options:
            if v is None:
                allowed[0] = True
                continue
            x = number(codec, v)
            tokens, ends = codec.event(x, x)
            if not tokens.any():
                raise BadInput(f"given {codec.name!r} = {v!r} has no probability of its own; give a range (low, high)")
            allowed |= tokens
            intervals.append(ends)
        return Event.of(allowed, np.concatenate(intervals))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        columns, rules = ([part.to_dict() for part in parts] for parts in (self.columns, self.rules))
        return {"columns": columns, "table": self.table, "left_out": self.left_out, "rules": rules} | {
            "known": {name: values.tolist() for name, values in self.known.items()}
        }

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> TableCodec:
        """What :meth:`to_dict` gave."""
        kinds: Mapping[str, Any] = {"number": NumberCodec, "level": LevelCodec}
        columns = tuple(kinds[c["kind"]].from_dict(c) for c in d["columns"])
        rules = tuple(Rule.from_dict(rule) for rule in d["rules"])
        if odd := {name for rule in rules for name in (rule.source, rule.target)} - {c.name for c in columns}:
            raise ValueError(f"a rule names {min(odd)!r}, which is no column")
        known = {name: np.asarray(values, np.float64) for name, values in d["known"].items()}
        if {rule.source for rule in rules} - set(known):
            raise ValueError("a rule of which no values are known")
        return cls(columns, tuple(d["table"]), dict(d["left_out"]), rules, known)


def number(codec: NumberCodec, value: Any) -> float:
    """A value of a condition as the codec's number; raises ``BadInput``."""
    try:
        found = float(numbers_of(as_stored(_one_value(value, type_of(codec.type)), codec), codec)[0])
    except (TypeError, ValueError, OverflowError, ArithmeticError, pa.ArrowException):
        raise BadInput(f"given {codec.name!r} = {value!r} is not {codec.type}; give such a value") from None
    if math.isnan(found):
        raise BadInput(f"given {codec.name!r} is NaN; give None for a missing value")
    return found


def _one_value(value: Any, kind: pa.DataType) -> pa.Array:
    """A user's value as an array of one: a time, or a number of whichever type holds it exactly."""
    if hasattr(value, "ordinal") and pa.types.is_integer(kind):  # a period of pandas
        return pa.array([int(value.ordinal)], kind)
    if is_time(kind):
        return pa.array([value]).cast(kind)
    if isinstance(value, str):
        value = decimal.Decimal(value)
    if isinstance(value, decimal.Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return pa.array(
            [value], pa.uint64() if 2**63 <= value < 2**64 else pa.int64() if abs(value) < 2**63 else pa.float64()
        )
    return pa.array([float(value)])
