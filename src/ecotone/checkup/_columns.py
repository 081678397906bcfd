"""One entry a column: its two bits, its role, and how it moved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ecotone.compare.explain import ConditionalChange, Movement, describe_shift
from ecotone.compare.two_sample import ColumnMargin
from ecotone.contracts import Ints
from ecotone.data import Pair, Untested
from ecotone.data._table import ORDERED
from ecotone.decide.multiple_testing import benjamini_hochberg, reject

_NOT_RUN: dict[str, Any] = {
    "pvalue": None,
    "log10_pvalue": None,
    "changed": None,
    "group": [],
    "reason": "untested: no variation, a rare level, or too few rows for this many columns",
}
_NO_SCORE = (
    "untested by itself: fewer than 10 rows of both tables differ from the commonest value; the families that look at "
    "rare values and at rows read it"
)
ROLE_NOTE = (
    "The two bits (marginal and conditional) carry the guarantee; the role is a reading of them and does not. "
    "A column that follows another mover and feeds a third can carry both bits."
)


def column_entries(
    pair: Pair, margins: Sequence[ColumnMargin], conditionals: Sequence[ConditionalChange], *, changed: bool, fdr: float
) -> list[dict[str, Any]]:
    """The ``columns`` section: tested columns by falling evidence, then the untested with their reasons."""
    conditional = _conditional_bits(conditionals, changed=changed, fdr=fdr)
    sizes = None if pair.units is None else (_distinct(pair.units[0]), _distinct(pair.units[1]))
    entries: list[dict[str, Any]] = []
    for margin in margins:
        if margin.kind == "embedding":
            entries.append(embedding_entry(margin))
            continue
        sides = pair.reference[margin.name], pair.current[margin.name]
        moved = describe_shift(*sides, sizes=sizes) if margin.changed else None
        entries.append(_entry(margin, conditional.get(margin.name, _NOT_RUN), moved))
    return _in_order(entries, pair.untested)


def entries_of_counts(
    margins: Sequence[ColumnMargin], untested: Sequence[Untested], reason: str, moved: Mapping[str, Movement]
) -> list[dict[str, Any]]:
    """The same from counts alone: no conditional bit, for the ``reason``."""
    bits = {**_NOT_RUN, "reason": reason}
    return _in_order([_entry(m, bits, moved.get(m.name) if m.changed else None) for m in margins], untested)


def _entry(margin: ColumnMargin, bits: dict[str, Any], moved: Movement | None) -> dict[str, Any]:
    untested = math.isnan(margin.pvalue)
    note = "descriptive: no error is controlled"
    # The conditional bit reads ranks: of a number whose values changed and whose ranks did not, it explains nothing.
    values = margin.kind in ORDERED and margin.effect_name == "total variation"
    explained = bits["changed"] or (None if values else bits["changed"])
    return {
        "name": margin.name,
        "kind": margin.kind,
        "marginal": marginal_bit(margin, note, _NO_SCORE if untested else None),
        "conditional": bits,
        "role": "untested" if untested and not bits["changed"] else _role(margin.changed, explained),
        "movement": None if moved is None else moved.to_dict(),
        "sentence": "" if moved is None else moved.sentence,
        **({"reason": _NO_SCORE} if untested and not bits["changed"] else {}),
    }


def marginal_bit(margin: ColumnMargin, psi_note: str, reason: str | None) -> dict[str, Any]:
    """The ``marginal`` part of an entry."""
    return {
        "pvalue": margin.pvalue,
        "log10_pvalue": margin.log10_pvalue,
        "changed": margin.changed,
        "material": margin.material,
        "effect": margin.effect,
        "effect_name": margin.effect_name,
        "interval": list(margin.interval) if margin.interval is not None else None,
        "psi": {"value": margin.psi, "note": psi_note},
        "missing": list(margin.missing),
        "reason": reason,
    }


def embedding_entry(margin: ColumnMargin) -> dict[str, Any]:
    """An embedding's entry: one for all of its columns."""
    few = (
        "too few rows to test a classifier on rows that it has not seen: no effect"
        if math.isnan(margin.effect)
        else None
    )
    return {
        "name": margin.name,
        "kind": margin.kind,
        "columns": margin.width,
        "marginal": marginal_bit(margin, "not defined for an embedding", few),
        "conditional": {**_NOT_RUN, "reason": "untested: an embedding is compared as one, not given other columns"},
        "role": _role(margin.changed, None),
        "movement": None,
        "sentence": margin.words if margin.changed else "",
    }


def _in_order(entries: list[dict[str, Any]], untested: Sequence[Untested]) -> list[dict[str, Any]]:
    entries.sort(key=lambda e: (not e["marginal"]["changed"], e["marginal"]["log10_pvalue"]))
    tested = {entry["name"] for entry in entries}
    entries += [
        {"name": u.name, "kind": u.kind, "marginal": None, "conditional": None, "role": "untested", "reason": u.reason}
        for u in untested
        if u.name not in tested
    ]
    return entries


def _conditional_bits(
    conditionals: Sequence[ConditionalChange], *, changed: bool, fdr: float
) -> dict[str, dict[str, Any]]:
    ran = [c for c in conditionals if c.pvalue is not None]
    named = reject(benjamini_hochberg([c.pvalue for c in ran]), fdr)
    return {
        c.name: {
            "pvalue": c.pvalue,
            "log10_pvalue": c.log10_pvalue,
            "changed": bool(changed and selected),
            "group": [name for name in c.group if name != c.name],
            "reason": None,
        }
        for c, selected in zip(ran, named, strict=True)
    }


def _distinct(units: Ints) -> float:
    return float(len(np.unique(units)))


def _role(marginal: bool, conditional: bool | None) -> str:
    if marginal:
        return "moved" if conditional in (True, None) else "moved with others"
    return "relation" if conditional else "no evidence"
