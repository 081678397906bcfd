"""The JSON document of a check, put together."""

from __future__ import annotations

from typing import Any

from ecotone.checkup.advice._advice import advise
from ecotone.checkup.performance._performance import Performance
from ecotone.checkup.quality._facts import Facts
from ecotone.compare.two_sample import Dependence, TwoTables
from ecotone.data import Frame, Pair
from ecotone.decide import Budget

from ._columns import ROLE_NOTE
from ._headline import blindness, headline
from ._result import FORMAT
from ._settings import Settings


def content_of(
    settings: Settings,
    budget: Budget,
    ties: Dependence,
    verdict: TwoTables,
    entries: list[dict[str, Any]],
    rows: dict[str, Any],
    quality: Performance | None,
    data: dict[str, Any],
    facts: Facts,
) -> dict[str, Any]:
    """The document, but for its timing; ``rows`` and ``data`` are sections as they are."""
    from ecotone import __version__

    raised = {
        "material": verdict.material,
        "performance": quality is not None and quality.raised,
        "changed": verdict.changed,
        "outliers": rows["raised"],
    }
    content: dict[str, Any] = {
        "format": FORMAT,
        "ecotone": __version__,
        "headline": {},
        **facts.to_dict(),
        "verdict": _verdict(verdict, ties),
        "columns": entries,
        "columns_note": ROLE_NOTE,
        "rows": rows,
        "performance": None if quality is None else quality.to_dict(),
        "budget": budget.to_dict(),
        "data": data,
    }
    content["advice"] = advise(content)
    content["headline"] = headline(content, raised, settings, ties, blindness(content, ties)).to_dict()
    return content


def _verdict(verdict: TwoTables, ties: Dependence) -> dict[str, Any]:
    return {
        "material": verdict.material,
        "changed": verdict.changed,
        "pvalue": verdict.pvalue,
        "log10_pvalue": verdict.log10_pvalue,
        "alpha": verdict.alpha,
        "families": [
            {
                "name": family.name,
                "share": family.share,
                "pvalue": family.pvalue,
                "log10_pvalue": family.log10_pvalue,
                "rows": family.n_used,
                "reason": family.reason,
            }
            for family in verdict.families
        ],
        "material_pvalue": verdict.material_pvalue,
        "min_effect": verdict.min_effect,
        "smallest_detectable": verdict.smallest_detectable,
        "pairs": [{"columns": [a, b], "pvalue": p, "what": what} for a, b, p, what in verdict.pairs],
        "guarantee": ties.guarantee,
        "reason": ties.reason,
    }


def data_of_tables(both: Pair, frames: tuple[Frame, Frame], ties: Dependence, settings: Settings) -> dict[str, Any]:
    """The ``data`` section of a check that read rows."""

    def side(table: Any, frame: Frame) -> dict[str, Any]:
        return {
            "rows_read": frame.arrow.num_rows,
            "rows_kept": table.n,
            "sources": [{"name": part.name, "rows": part.rows} for part in table.parts],
        }

    return {
        "reference": side(both.reference, frames[0]),
        "current": side(both.current, frames[1]),
        "types": {
            **{column.name: column.kind for column in both.by_themselves().reference},
            **dict.fromkeys(both.embeddings, "embedding"),
        },
        "embeddings": [{"name": name, "columns": list(inside)} for name, inside in both.embeddings.items()],
        "untested": [{"name": u.name, "kind": u.kind, "reason": u.reason} for u in both.untested],
        "duplicates": dict(both.duplicates),
        "given": None if both.strata is None else both.strata.to_dict(),
        "dependence": {
            "declared": ties.declared,
            "found": list(ties.found),
            "guarantee": ties.guarantee,
            "remedy": ties.remedy,
        },
        "notes": list(both.notes),
        "seed": settings.seed,
    }
