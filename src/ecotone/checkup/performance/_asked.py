"""A model asked for its outputs on both tables, with the columns that it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ecotone.contracts import BadInput
from ecotone.data import ModelOptions, Pair

from ._columns_read import named_by_user
from ._predict_with import predict_with

SIDES = ("the reference", "current")


@dataclass(frozen=True)
class Asked:
    """Predictions and probabilities (None where there are none) of both tables, and the columns read, if known."""

    predicted: tuple[Any, Any]
    given: tuple[Any, Any]
    reads: tuple[str, ...] | None
    source: str


def ask(options: ModelOptions, tables: tuple[pa.Table, ...], pair: Pair, target: str) -> Asked:
    """Run the model on both tables, without the target.

    Raises
    ------
    BadInput
        For columns that are not there, another number of them than the model wants, or a model that raises.
    """
    rows = [t.drop_columns([target]) if target in t.column_names else t for t in tables]
    model, features = options.model, options.features
    named = options.columns(rows[0].column_names, SIDES[0])
    if features is not None:
        named_by_user(features, named, tables[0].column_names, target)
    names = rows[0].column_names
    reads, source = (None, "unknown") if named is None else (named.reads, named.source)
    if named is None:
        names = _in_order(model, names, pair) if features is None else list(features)
        if hasattr(model, "n_features_in_"):
            reads, source = tuple(names), "order"
    if features is not None:
        reads, source = tuple(features), "features"
    found = [predict_with(options, t, names, where) for t, where in zip(rows, SIDES)]
    return Asked((found[0][0], found[1][0]), (found[0][1], found[1][1]), reads, source)


def _in_order(model: Any, names: list[str], pair: Pair) -> list[str]:
    """For a model without names: every column, or every column without a role, if that is as many as it wants."""
    wanted = getattr(model, "n_features_in_", None)
    if wanted is None or wanted == len(names):
        return names
    roles = {c.name for sides in pair.roles.values() for c in sides if c is not None}
    left = [n for n in names if n not in roles]
    if wanted != len(left):
        raise BadInput(
            f"model: it was fitted on {wanted} columns without names and the tables have {len(left)}; name its "
            "columns, in its order, with features="
        )
    return left
