"""The cells of embeddings, tested as one thing; a cell's seeds follow from its name."""

from __future__ import annotations

import zlib
from typing import Any

from cell import Cell


def embedding_cells() -> list[Cell]:
    cells: list[Cell] = []

    def add(name: str, kind: str, n: int, d: int, replicates: int, require: dict[str, Any], **draw: Any) -> None:
        name = f"embedding_{name}_n{n}_d{d}"
        drawn = {"kind": kind, "n": n, "d": d, **draw}
        cells.append(Cell(name, "embedding", "embedding", drawn, replicates, require, zlib.crc32(name.encode())))

    level, found = {"found": "level"}, {"changed": (">=", 0.7)}
    add("null", "null", 200, 10, 400, level)
    add("null_uneven", "null", 100, 30, 400, level, m=400, decay=1.0)
    add("null_entities", "null", 300, 10, 400, level, size=3)
    add("null", "null", 1000, 768, 60, level)
    add("direction", "direction", 1000, 768, 40, found)
    add("coordinate", "coordinate", 1000, 768, 20, found)
    add("relation", "relation", 1000, 768, 20, found)
    return cells
