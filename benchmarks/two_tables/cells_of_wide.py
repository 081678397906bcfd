"""Cells of wide tables: embeddings and sensors by the hundred, many more columns than a person looks at."""

from __future__ import annotations

import math
import zlib

from cell import Cell


def wide_cells() -> list[Cell]:
    """Nothing, one coordinate, one direction, one correlation; each cell has seeds of its own, by its name."""
    cells = []
    for d, replicates in ((768, 100), (2000, 20)):
        along = 0.5 / math.sqrt(d)  # half a standard deviation along one direction that all columns share
        for scenario, effect in (("null", 0.0), ("mean", 0.3), ("dense", along), ("corr", 0.8)):
            name = f"wide_{scenario}_n1000_d{d}"
            draw = {"scenario": scenario, "n": 1000, "d": d, "base": "gauss", "effect": effect}
            require = {"changed": "level" if scenario == "null" else None}
            count = replicates if scenario == "null" else replicates // 2
            cells.append(Cell(name, "wide", "verdict", draw, count, require, seed=zlib.crc32(name.encode())))
    return cells
