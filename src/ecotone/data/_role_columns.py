"""The values of columns with a role: target, prediction, probabilities, entity, time, groups."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput, Bools

from ._pool import pool
from ._pooled_column import PooledColumn
from ._table import Column
from ._text_kinds import ordered_levels


def role_columns(
    role: str,
    name: str,
    raws: Mapping[str, PooledColumn],
    reference: pa.Table,
    keep: Bools,
    halves: tuple[slice, slice],
) -> tuple[Column | None, Column | None]:
    """A role's column in each table; None where the table lacks it."""
    raw = raws.get(name)
    lacks = raw is None
    if raw is None:  # only the target may be in the reference alone
        empty = pa.chunked_array([pa.nulls(0)])
        raw = pool(name, reference[name], empty).take(keep[: reference.num_rows])
    column = _as_role(role, raw)
    return column.take(halves[0]), None if lacks else column.take(halves[1])


def _as_role(role: str, raw: PooledColumn) -> Column:
    """A role's values: all levels are kept, and nothing is merged or derived."""
    what = role.split(":")[0]
    if raw.family in ("nested", "mismatch"):
        why = raw.note or f"values of type {raw.types[0]}"
        raise BadInput(f"{what}: column {raw.name!r} cannot be used: {why}")
    if raw.family == "null":
        raise BadInput(f"{what}: column {raw.name!r} is missing in every row; give one with values")
    if what in ("probability", "time") and raw.family == "text":
        need = "numbers in [0, 1]" if what == "probability" else "date-times or numbers"
        raise BadInput(
            f"{what}: column {raw.name!r} holds text such as {raw.dictionary[0].as_py()[:40]!r}; give {need}"
        )
    if what == "entity":
        units = np.unique(raw.key(), return_inverse=True)[1].astype(np.float64)
        return Column(raw.name, "id", np.where(raw.missing, np.nan, units))
    if raw.family == "text":
        levels, codes = ordered_levels(raw)
        return Column(raw.name, "category", np.where(codes < 0, np.nan, codes.astype(np.float64)), levels)
    if what == "groups":
        found, place = np.unique(raw.values[~raw.missing], return_inverse=True)
        values = np.full(len(raw.values), np.nan)
        values[~raw.missing] = place
        return Column(raw.name, "category", values, tuple(f"{v:.15g}" for v in found))
    if raw.family == "time":
        return Column(raw.name, "datetime", raw.values)
    if raw.family == "boolean":
        return Column(raw.name, "boolean", raw.values, ("false", "true"))
    present = raw.values[~raw.missing]
    if what not in ("probability", "time") and np.isin(present, (0.0, 1.0)).all():
        return Column(raw.name, "boolean", raw.values, ("0", "1"))
    whole = bool((present == np.floor(present)).all()) and bool((present >= 0).all())
    return Column(raw.name, "count" if whole and what != "probability" else "numeric", raw.values)
