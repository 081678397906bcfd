"""Tables as JSON: a list of rows, an object of columns, or a row a line."""

from __future__ import annotations

import json
import re
from typing import Any

import pyarrow as pa

from ._refused import Refused
from ._settings import Limits
from ._table_limits import check_shape

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def json_table(body: bytes, limits: Limits) -> pa.Table:
    """Of ``[{"a": 1}, ...]`` or ``{"a": [1, ...]}``."""
    found = _parsed(_text(body), "the body")
    if isinstance(found, dict):
        return _of_columns(found, limits)
    if not isinstance(found, list):
        raise Refused(400, f"the body is a JSON {type(found).__name__}; send a list of rows or an object of columns")
    return _of_rows(found, limits)


def lines_table(body: bytes, limits: Limits) -> pa.Table:
    """Of one row a line."""
    lines = [line for line in _text(body).split("\n") if line.strip()]
    if len(lines) > limits.rows:
        check_shape(len(lines), ("",), limits)
    return _of_rows([_parsed(line, f"line {k + 1}") for k, line in enumerate(lines)], limits)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(400, f"the body is not UTF-8 at byte {error.start}; send UTF-8") from None


def _parsed(text: str, what: str) -> Any:
    def no_constant(word: str) -> Any:
        raise Refused(400, f"{what} holds {word}, which JSON does not have; send null for a missing value")

    try:
        return json.loads(text, parse_constant=no_constant)
    except RecursionError:
        raise Refused(400, f"{what} is nested too deeply; send flat rows") from None
    except ValueError as error:
        raise Refused(400, f"{what} is not JSON ({str(error)[:120]}); send it again") from None


def _of_rows(rows: list[Any], limits: Limits) -> pa.Table:
    names: dict[str, None] = {}
    for k, row in enumerate(rows):
        if not isinstance(row, dict):
            raise Refused(422, f"row {k} is a JSON {type(row).__name__}; send an object of column names and values")
        if not row.keys() <= names.keys():
            names |= dict.fromkeys(row)
            if len(names) > limits.columns:  # a row may name columns of its own: no need to read them all
                break
    check_shape(len(rows), list(names), limits)
    return pa.table({_whole(name): _column(name, [row.get(name) for row in rows]) for name in names})


def _of_columns(columns: dict[str, Any], limits: Limits) -> pa.Table:
    for name, values in columns.items():
        if not isinstance(values, list):
            raise Refused(422, f"column {name!r} is a JSON {type(values).__name__}; send a list of its values")
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise Refused(422, f"columns have {min(lengths)} to {max(lengths)} values; send as many of each")
    check_shape(max(lengths, default=0), list(columns), limits)
    return pa.table({_whole(name): _column(name, values) for name, values in columns.items()})


def _column(name: str, values: list[Any]) -> pa.Array:
    try:
        made = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        made = _uneven(name, values)
    if pa.types.is_nested(made.type):
        raise Refused(422, f"column {name!r} holds lists or objects; send numbers, texts, true, false or null")
    first = next((v for v in values if v is not None), None)
    if isinstance(first, str) and _DATE.match(first):  # JSON has no dates: texts that are all of the standard form
        try:
            return made.cast(pa.timestamp("us"))
        except pa.ArrowInvalid:
            return made
    return made


def _uneven(name: str, values: list[Any]) -> pa.Array:
    """Numbers beyond 64 bits, or whole ones among others, as doubles."""
    kinds = {type(v) for v in values if v is not None}
    if kinds <= {int, float}:
        try:
            return pa.array([None if v is None else float(v) for v in values], pa.float64())
        except OverflowError:
            raise Refused(422, f"column {name!r} holds a number beyond a double's range; send it as text") from None
    if kinds == {str}:
        raise Refused(422, f"column {name!r} holds text with half of a surrogate pair; send whole characters")
    names = ", ".join(sorted(k.__name__ for k in kinds))
    raise Refused(422, f"column {name!r} holds values of several types ({names}); send one type a column")


def _whole(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        words = f"the column's name {name[:40]!r} has half of a surrogate pair; send whole characters"
        raise Refused(422, words) from None
    return name
