"""Cells measured with earlier code: whether the present code still gives the same records."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import measures
from again_log import looked_at
from cells import Cell
from code_date import code_date

NOT_COMPARED = {"seconds", "code", "seed"}


def same(old: Any, new: Any) -> bool:
    """Equal to five digits: sums in another order are no other result."""
    if isinstance(old, dict):
        return isinstance(new, dict) and old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
    return abs(old - new) <= 1e-5 if isinstance(old, float) and isinstance(new, float) else bool(old == new)


def again(cell: Cell, results: Path, most: int, until: float) -> None:
    """Measure the first ``most`` seeds of a cell's file anew, if the code is another; append how many are equal."""
    path, log = results / f"{cell.name}.jsonl", results / "again.jsonl"
    if not path.exists() or time.time() > until:
        return
    stored = [json.loads(line) for line in path.read_text().splitlines()]
    if all(record.get("code") == code_date() for record in stored) or cell.name in looked_at(results, code_date()):
        return
    equal = 0
    for record in stored[:most]:
        found = getattr(measures, cell.measure)(record["seed"], **cell.draw)
        equal += all(same(v, found.get(k)) for k, v in record.items() if k not in NOT_COMPARED)
    line = {"cell": cell.name, "code": code_date(), "measured": len(stored[:most]), "equal": equal}
    with log.open("a") as file:
        file.write(json.dumps(line) + "\n")
