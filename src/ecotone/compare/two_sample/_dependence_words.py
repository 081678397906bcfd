"""What is said of dependence between rows, and what to do about it. Sentences have no full stop at their end."""

from __future__ import annotations

import math
from typing import Any

from ._entities import Sampled
from ._serial_dependence import Serial

NONE = "no dependence between rows was found"
STATED = (
    "you state that, if nothing had changed, the rows of both tables would be independent draws of one distribution"
)

DRAWN_BY = "its values were taken for what rows were drawn by, so whether its own shares changed cannot be tested"


def of_entity(found: Sampled) -> str:
    """Rows seem to have been drawn by a column."""
    name, lone = found.column.name, found.lone
    if not found.alike:
        alike = ", and rows that share one were not shown to be alike otherwise"
    elif lone.seen <= lone.expected:
        return f"rows that share {name} are alike, and moved together between the tables"
    else:
        alike = ", and rows that share one are alike"
    return (
        f"{lone.seen:,} of {lone.levels:,} values of {name} that repeat occur in one table only "
        f"(chance would give {lone.expected:,.0f}){alike}"
    )


def entity_remedy(name: str) -> str:
    return (
        f"If rows that share {name} were sampled together (customers, patients, sites), declare --entity {name}; if "
        f"{name} is a property whose codes changed, this is a change of {name}: pass --independent"
    )


def of_serial(found: Serial) -> str:
    """Neighbouring rows are alike, with nothing that explains it."""
    reach = f"over about {found.rows:,} rows" if found.rows > 2 else "from row to row"
    return f"neighbouring rows are alike in {found.column} {reach}, and the other file does not show the same pattern"


SERIAL_REMEDY = (
    "Declare the order with --time; if it means nothing (the file is grouped by a column that was dropped), "
    "pass --independent"
)


def of_sorted(keys: tuple[str, ...]) -> str:
    """The files are in the order of visible columns, and that is all."""
    names = ", then ".join(keys)
    return f"the files are sorted by {names}; given {names} no dependence was found"


def among_entities(found: Serial, name: str) -> str:
    return (
        f"rows of different {name} that stand near each other are alike in {found.column}: {name} does not hold the "
        "dependence"
    )


def among_blocks(found: Serial, length: int) -> str:
    what = f"blocks of {length:,} rows that follow each other" if length > 1 else "rows that follow each other in time"
    return f"{what} are still alike in {found.column}"


MORE_TIME = "Give a longer period, so that longer blocks fit"


def serial_entry(found: Serial | None, what: str = "serial") -> list[dict[str, Any]]:
    """A test along an order as the report lists it."""
    if found is None:
        return []
    return [
        {"what": what, "table": "both", "column": found.column, "rows": found.rows, "value": found.factor,
         "pvalue": _floored(found.pvalue), "detected": found.detected}
    ]  # fmt: skip


def entity_entry(found: Sampled) -> dict[str, Any]:
    """A test of a column whose values repeat as the report lists it."""
    nothing = math.isnan(found.factor)
    return {
        "what": "entity", "table": "both", "column": found.column.name, "exclusive": found.lone.seen,
        "levels": found.lone.levels, "expected": found.lone.expected, "value": None if nothing else found.factor,
        "pvalue": None if nothing else _floored(found.pvalue), "detected": found.detected,
    }  # fmt: skip


def _floored(pvalue: float) -> float:
    return max(pvalue, 1e-300)
