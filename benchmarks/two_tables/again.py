"""Cells measured with earlier code: whether the present code still gives the same records."""

from __future__ import annotations

import time
from typing import Any

import measures
from again_log import looked_at
from cells import Cell
from code_date import code_date
from stored import Results

NOT_COMPARED = {"seconds", "code", "seed"}


def same(old: Any, new: Any) -> bool:
    """Equal to five digits: sums in another order are no other result."""
    if isinstance(old, dict):
        return isinstance(new, dict) and old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
    return abs(old - new) <= 1e-5 if isinstance(old, float) and isinstance(new, float) else bool(old == new)


def again(cell: Cell, results: Results, most: int, until: float) -> None:
    """Measure the first ``most`` seeds of a cell anew, if the code is another; append how many are equal."""
    stored = results.records(cell.name)
    if not stored or time.time() > until:
        return
    if all(record.get("code") == code_date() for record in stored) or cell.name in looked_at(results, code_date()):
        return
    equal = 0
    for record in stored[:most]:
        found = getattr(measures, cell.measure)(record["seed"], **cell.draw)
        equal += all(same(v, found.get(k)) for k, v in record.items() if k not in NOT_COMPARED)
    results.append("again", {"cell": cell.name, "code": code_date(), "measured": len(stored[:most]), "equal": equal})
