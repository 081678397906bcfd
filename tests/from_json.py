"""Dataclasses from the JSON that they become, so that contents made by hand can be written as documents."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from ecotone.checkup.as_json import keys_of
from ecotone.checkup.document import CheckContent
from ecotone.checkup.performance._columns_read import ColumnsRead
from ecotone.checkup.quality._breaks import Break
from ecotone.checkup.quality._quality import ColumnQuality, Quality
from ecotone.checkup.quality._summary import ColumnSummary


def typed(document):
    """The content of a check from its JSON; what is left out of it is empty."""
    return made(CheckContent, document)


def made(kind, value):
    """A value of a type from its JSON."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else made(_fitting(args, value), value)
    if kind in _OWN and value is not None:
        return _OWN[kind](value)
    if is_dataclass(kind):
        return _object(kind, value or {})
    if origin is tuple:
        inner = [args[0]] * len(value) if args[-1] is Ellipsis else args
        return tuple(made(each, entry) for each, entry in zip(inner, value))
    if origin is not None and issubclass(_class(origin), Mapping):
        return {key: made(args[1], entry) for key, entry in value.items()}
    return value


def _class(origin):
    return origin if isinstance(origin, type) else type


def _object(kind, value):
    hints, given = get_type_hints(kind), {}
    names = {key.attribute: key.name for key in keys_of(kind)}
    unknown = set(value) - set(names.values())
    assert not unknown, f"{kind.__name__} has no {unknown}"
    for field in fields(kind):
        key = names.get(field.name)
        if key in value:
            given[field.name] = made(hints[field.name], value[key])
        elif field.default is MISSING and field.default_factory is MISSING:
            given[field.name] = _empty(hints[field.name])
    return kind(**given)


def _fitting(args, value):
    """Of a union's types the one that has these keys, and the fewest others."""
    kinds = [arg for arg in args if arg is not type(None)]
    known = [kind for kind in kinds if is_dataclass(kind) and isinstance(value, Mapping) and _fits(kind, value)]
    return min(known, key=lambda kind: len(keys_of(kind))) if known else kinds[0]


def _fits(kind, value):
    hints = get_type_hints(kind)
    for key in keys_of(kind):
        if key.name in value and key.attribute in hints:
            hint = hints[key.attribute]
            none = hint is type(None)
            if none != (value[key.name] is None) and (none or type(None) not in get_args(hint)):
                return False
    return set(value) <= {key.name for key in keys_of(kind)}


def _empty(kind):
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if type(None) in args else _empty(args[0])
    if origin is Literal:
        return args[0]
    if is_dataclass(kind):
        return made(kind, {})
    if origin is tuple:
        return () if args[-1] is Ellipsis else tuple(_empty(each) for each in args)
    if origin is not None and issubclass(_class(origin), Mapping):
        return {}
    return np.empty(0) if origin is np.ndarray else None if kind is type(None) else kind()


def _quality(value):
    """Each fact is put to its column."""
    found = [made(Break, entry) for entry in value.get("breaks", ())]
    columns = [
        ColumnQuality(c["name"], *(made(ColumnSummary | None, c[side]) for side in ("reference", "current")))
        for c in value.get("columns", ())
    ]
    names = [column.name for column in columns]
    columns += [ColumnQuality(name, None, None) for name in dict.fromkeys(b.column for b in found) if name not in names]
    return Quality(
        tuple(
            ColumnQuality(c.name, c.reference, c.current, tuple(b for b in found if b.column == c.name))
            for c in columns
        )
    )


def _summary(value):
    return ColumnSummary(
        "", value.get("type", ""), value.get("reads_as", "number"), value["count"], value["missing"],
        distinct=value["distinct"], estimated=value["estimated"], low=value["min"], high=value["max"],
        mean=value["mean"], median=value["median"],
    )  # fmt: skip


def _columns_read(value):
    leaks = value.get("leaks", ())
    return ColumnsRead(
        tuple(value.get("used", ())), value.get("source", ""), tuple(value.get("missing", ())),
        {leak["name"]: leak["how"] for leak in leaks}, tuple(leak["name"] for leak in leaks if leak["read"]),
        tuple(value.get("constant", ())),
    )  # fmt: skip


_OWN = {Quality: _quality, ColumnSummary: _summary, ColumnsRead: _columns_read}
