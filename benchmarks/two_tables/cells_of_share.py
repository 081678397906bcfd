"""The cells of the share outside: its lower bound, its agreement with the rows named, and what hangs on the seed."""

from __future__ import annotations

from typing import Any

from cell import Cell

FIRST_SEED = 7_000_000
HOLDS = {"covered": (">=", 0.95), "below_named": ("<=", 0.0), "share": None, "least": None}


def share_cells() -> list[Cell]:
    cells: list[Cell] = []

    def add(name: str, measure: str, replicates: int, require: dict[str, Any], **draw: Any) -> None:
        cells.append(Cell(name, "share", measure, draw, replicates, require, FIRST_SEED + 10_000 * len(cells)))

    for kind in ("none", "cluster", "shift"):
        for n in (1000, 300):
            add(f"share_{kind}_n{n}", "share", 70, HOLDS, kind=kind, n=n)
    for kind in ("none", "cluster", "shift"):
        add(f"share_{kind}_n1000_seeds", "share_over_seeds", 2, {"spread": None}, kind=kind, n=1000)
    return cells
