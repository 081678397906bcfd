"""The JSON schema of a document, made from the dataclasses that it is the JSON of."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ._json_values import keys_of

Definitions = dict[type, dict[str, Any]]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    None: {"type": "null"},
    Any: {},
}
#: The section of a docstring, an entry of it, and what says under which key it goes.
_PARAMETERS = re.compile(r"Parameters\n-+\n(.*?)(?:\n\n[A-Z]\w+\n-+\n|\Z)", re.S)
_PARAMETER = re.compile(r"^(\w[\w, ]*?)(?: : .*)?\n((?:    .*\n)*)", re.M)
_IN_JSON = re.compile(r"; ``\w+`` in JSON")


def json_schema(kind: type, title: str) -> dict[str, Any]:
    """The schema (draft 2020-12) of what :func:`to_dict` makes of a dataclass.

    Parameters
    ----------
    kind : type
        A dataclass. Its fields' annotations, and what its properties return, say what may stand under a key; its
        docstring says what it is.
    title : str

    Raises
    ------
    TypeError
        For an annotation that has no form in JSON, naming it.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Found:
    ...     '''What was found.'''
    ...     name: str
    ...     effect: float | None
    >>> found = json_schema(Found, "Example")
    >>> found["required"], found["properties"]["effect"]
    (['name', 'effect'], {'anyOf': [{'type': 'number'}, {'type': 'null'}]})
    """
    definitions: Definitions = {}
    whole = _object(kind, definitions)
    named = {kind.__name__: found for kind, found in sorted(definitions.items(), key=lambda entry: entry[0].__name__)}
    if len(named) < len(definitions):
        raise TypeError(f"{kind.__name__} holds two dataclasses of one name; rename one")
    return {"$schema": DRAFT, "title": title, **whole, **({"$defs": named} if named else {})}


def _object(kind: type, definitions: Definitions) -> dict[str, Any]:
    hints, said, keys = _hints(kind), _described(kind), keys_of(kind)
    properties = {}
    for key in keys:
        entry = _schema(hints[key.attribute], definitions)
        words = said.get(key.attribute)
        properties[key.name] = {**entry, "description": words} if words else entry
    return {
        "description": _summary(kind),
        "type": "object",
        "properties": properties,
        "required": [key.name for key in keys if not key.optional],
        "additionalProperties": False,
    }


def _schema(hint: Any, definitions: Definitions) -> dict[str, Any]:
    """Of one annotation; dataclasses are defined once and referred to."""
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(args)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(each, definitions) for each in args]}
    if origin is tuple:
        return _array(args, definitions)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(args[1], definitions)}
    if is_dataclass(hint) and isinstance(hint, type):
        if hint not in definitions:
            definitions[hint] = {}  # before its parts, which may refer to it
            definitions[hint] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    raise TypeError(f"{hint!r} has no form in JSON; use a dataclass, tuple, mapping, literal or plain type")


def _array(args: tuple[Any, ...], definitions: Definitions) -> dict[str, Any]:
    """Of as many as there are, or of so many, each with a type of its own."""
    if args[-1] is Ellipsis:
        return {"type": "array", "items": _schema(args[0], definitions)}
    parts = [_schema(each, definitions) for each in args]
    return {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}


def _hints(kind: type) -> dict[str, Any]:
    """The types of a class's fields, and of what its properties return."""
    returned = {name: get_type_hints(held.fget).get("return", Any) for name, held in _properties(kind).items()}
    return {**get_type_hints(kind), **returned}


def _properties(kind: type) -> dict[str, Any]:
    return dict(inspect.getmembers(kind, lambda member: isinstance(member, property)))


def _described(kind: type) -> dict[str, str]:
    """What a class's docstring says of its parameters, and a property's of itself."""
    found = {name: _summary(held) for name, held in _properties(kind).items()}
    for one in reversed(kind.__mro__):
        section = _PARAMETERS.search(inspect.cleandoc(one.__doc__ or ""))
        for names, words in _PARAMETER.findall(f"{section[1]}\n" if section else ""):
            said = _words(words)
            found |= {name.strip(): said for name in names.split(",") if said}
    return found


def _summary(held: Any) -> str:
    """The first paragraph of a docstring."""
    return _words((inspect.getdoc(held) or "").split("\n\n")[0])


def _words(text: str) -> str:
    """One line of a docstring as a reader of JSON takes it."""
    line = " ".join(text.split())
    return _IN_JSON.sub("", re.sub(r"\bNone\b", "null", line)).replace("``", "`")
