"""One schema for the parts of a source: the same names in any order, types widened where they can be."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from ecotone.contracts import BadInput


def agree(schemas: Sequence[pa.Schema]) -> bool:
    """Whether guessed types need no second look: equal, or missing throughout in some, or whole in some."""
    for name in schemas[0].names if schemas else ():
        kinds = {schema.field(name).type for schema in schemas if name in schema.names} - {pa.null()}
        if len(kinds) > 1 and kinds != {pa.int64(), pa.float64()}:
            return False
    return True


def join_schemas(schemas: Sequence[pa.Schema], files: Sequence[str], asked: str) -> pa.Schema:
    """The schema that holds all of them, in the first one's order.

    Parameters
    ----------
    schemas : sequence of pyarrow.Schema
    files : sequence of str
        Their names.
    asked : str
        What error messages call the table.

    Raises
    ------
    BadInput
        A column that one of them lacks, or types that do not fit together.
    """
    _check_same_names(schemas, files, asked)
    found = [_joined(name, schemas) for name in schemas[0].names]
    for name, kind in zip(schemas[0].names, found):
        if kind is None:
            first = schemas[0].field(name).type
            other, file = next((s.field(name).type, f) for s, f in zip(schemas, files) if s.field(name).type != first)
            raise BadInput(
                f"{asked}: column {name!r} is {first} in {files[0]} but {other} in {file}; give files of the same types"
            )
    return pa.schema([pa.field(name, kind) for name, kind in zip(schemas[0].names, found)])


def _check_same_names(schemas: Sequence[pa.Schema], files: Sequence[str], asked: str) -> None:
    names = schemas[0].names
    for schema, file in zip(schemas[1:], files[1:]):
        odd = sorted(set(names) ^ set(schema.names))
        if odd:
            lacks, has = (file, files[0]) if odd[0] in names else (files[0], file)
            raise BadInput(f"{asked}: column {odd[0]!r} is in {has} but not in {lacks}; give files of the same columns")


def _joined(name: str, schemas: Sequence[pa.Schema]) -> pa.DataType | None:
    kinds = list(dict.fromkeys(schema.field(name).type for schema in schemas))
    try:
        return pa.unify_schemas([pa.schema([("x", k)]) for k in kinds], promote_options="permissive").field("x").type
    except pa.ArrowException:
        return None
