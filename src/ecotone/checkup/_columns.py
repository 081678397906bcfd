"""One entry a column: its two bits, its role, and how it moved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ecotone.checkup.as_json import finite, finite_ends
from ecotone.checkup.document import (
    ColumnEntry,
    ComparedColumn,
    Conditional,
    Marginal,
    MovementFacts,
    Psi,
    Role,
    UntestedColumn,
)
from ecotone.compare.explain import ConditionalChange, Movement, describe_shift
from ecotone.compare.two_sample import ColumnMargin
from ecotone.contracts import Ints
from ecotone.data import ORDERED, Pair, Untested
from ecotone.decide.multiple_testing import benjamini_hochberg, reject

_NOT_RUN = Conditional(
    None, None, None, (), "untested: no variation, a rare level, or too few rows for this many columns"
)
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
) -> tuple[ColumnEntry, ...]:
    """The columns of a check: tested ones by falling evidence, then the untested with their reasons."""
    conditional = _conditional_bits(conditionals, changed=changed, fdr=fdr)
    sizes = None if pair.units is None else (_distinct(pair.units[0]), _distinct(pair.units[1]))
    entries: list[ComparedColumn] = []
    for margin in margins:
        if margin.kind == "embedding":
            entries.append(_embedding(margin))
            continue
        sides = pair.reference[margin.name], pair.current[margin.name]
        moved = describe_shift(*sides, sizes=sizes) if margin.changed else None
        entries.append(_entry(margin, conditional.get(margin.name, _NOT_RUN), moved))
    return _in_order(entries, pair.untested)


def entries_of_counts(
    margins: Sequence[ColumnMargin], untested: Sequence[Untested], reason: str, moved: Mapping[str, Movement]
) -> tuple[ColumnEntry, ...]:
    """The same from counts alone: no conditional bit, for the ``reason``."""
    bits = replace(_NOT_RUN, reason=reason)
    return _in_order([_entry(m, bits, moved.get(m.name) if m.changed else None) for m in margins], untested)


def _entry(margin: ColumnMargin, bits: Conditional, moved: Movement | None) -> ComparedColumn:
    untested = math.isnan(margin.pvalue)
    # The conditional bit reads ranks: of a number whose values changed and whose ranks did not, it explains nothing.
    values = margin.kind in ORDERED and margin.effect_name == "total variation"
    explained = bits.changed or (None if values else bits.changed)
    unknown = untested and not bits.changed
    return ComparedColumn(
        name=margin.name,
        kind=margin.kind,
        columns=None,
        marginal=_marginal(margin, "descriptive: no error is controlled", _NO_SCORE if untested else None),
        conditional=bits,
        role="untested" if unknown else _role(margin.changed, explained),
        movement=None if moved is None else MovementFacts.of(moved),
        sentence="" if moved is None else moved.sentence,
        reason=_NO_SCORE if unknown else None,
    )


def _marginal(margin: ColumnMargin, psi_note: str, reason: str | None) -> Marginal:
    return Marginal(
        pvalue=finite(margin.pvalue),
        log10_pvalue=finite(margin.log10_pvalue),
        changed=bool(margin.changed),
        material=bool(margin.material),
        effect=finite(margin.effect),
        effect_name=margin.effect_name,
        interval=finite_ends(margin.interval),
        psi=Psi(finite(margin.psi), psi_note),
        missing=margin.missing,
        reason=reason,
    )


def _embedding(margin: ColumnMargin) -> ComparedColumn:
    """An embedding's entry: one for all of its columns."""
    few = (
        "too few rows to test a classifier on rows that it has not seen: no effect"
        if math.isnan(margin.effect)
        else None
    )
    return ComparedColumn(
        name=margin.name,
        kind=margin.kind,
        columns=margin.width,
        marginal=_marginal(margin, "not defined for an embedding", few),
        conditional=replace(_NOT_RUN, reason="untested: an embedding is compared as one, not given other columns"),
        role=_role(margin.changed, None),
        movement=None,
        sentence=margin.words if margin.changed else "",
    )


def _in_order(entries: Sequence[ComparedColumn], untested: Sequence[Untested]) -> tuple[ColumnEntry, ...]:
    tested = {entry.name for entry in entries}
    left = [UntestedColumn(u.name, u.kind, None, None, "untested", u.reason) for u in untested if u.name not in tested]
    return (*sorted(entries, key=_evidence), *left)


def _evidence(entry: ComparedColumn) -> tuple[bool, float]:
    log10 = entry.marginal.log10_pvalue
    return not entry.marginal.changed, math.inf if log10 is None else log10


def _conditional_bits(
    conditionals: Sequence[ConditionalChange], *, changed: bool, fdr: float
) -> dict[str, Conditional]:
    ran = [c for c in conditionals if c.pvalue is not None]
    named = reject(benjamini_hochberg([c.pvalue for c in ran]), fdr)
    return {
        c.name: Conditional(
            pvalue=finite(c.pvalue),
            log10_pvalue=finite(c.log10_pvalue),
            changed=bool(changed and selected),
            group=tuple(name for name in c.group if name != c.name),
            reason=None,
        )
        for c, selected in zip(ran, named, strict=True)
    }


def _distinct(units: Ints) -> float:
    return float(len(np.unique(units)))


def _role(marginal: bool, conditional: bool | None) -> Role:
    if marginal:
        return "moved" if conditional in (True, None) else "moved with others"
    return "relation" if conditional else "no evidence"
