"""The cells of comparisons within strata and of embeddings; a cell's seeds follow from its name."""

from __future__ import annotations

import zlib
from typing import Any

from cell import Cell

LEVEL = {"changed": "level", "alarm": "level"}


def _seed(name: str) -> int:
    return 10_000_000 + 10_000 * (zlib.crc32(name.encode()) % 100_000)


def strata_cells() -> list[Cell]:
    cells: list[Cell] = []

    def add(name: str, group: str, replicates: int, require: dict[str, Any], **draw: Any) -> None:
        cells.append(Cell(f"given_{name}", group, "within_strata", draw, replicates, require, _seed(f"given_{name}")))

    for n in (300, 1000):
        add(f"months_n{n}", "given", 400, LEVEL, n=n, given=["month"])
    add("month_hour_n1000", "given", 400, LEVEL, n=1000, given=["month", "hour"])
    add("sizes_5000_500", "given", 400, LEVEL, n=5000, m=500, given=["month"])
    add("entities", "given", 400, LEVEL, n=1000, given=["month"], size=5)
    add("time", "given", 400, LEVEL, n=3000, given=["month"], phi=0.5)
    add("ignored", "given", 50, {"changed": (">=", 0.99)}, n=1000, given=[])
    add("shifted", "given", 100, {"changed": (">=", 0.6)}, n=1000, given=["month"], shift=0.4)
    add("relation", "given", 100, {"changed": (">=", 0.9)}, n=1000, given=["month"], corr=0.7)
    return cells
