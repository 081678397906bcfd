"""The cells of rows that repeat by nature, and of copies: the level at any ratio of sizes, and some power."""

from __future__ import annotations

from typing import Any

from cell import Cell

FIRST_SEED = 680_000
LIMITS = (("prices", 0.3), ("categories", 0.1))  # copies that cannot be told: docs/guarantees.md says so


def repeats_cells() -> list[Cell]:
    cells: list[Cell] = []

    def add(law: str, n: int, n_cur: int, what: str = "", *, bar: Any = "level", **how: Any) -> None:
        name = f"repeats_{law}_{n}_{n_cur}" + (f"_{what}" if what else "")
        require: dict[str, Any] = {"margins": bar} | ({"changed": bar} if how.get("verdict") else {})
        draw = {"law": law, "n": n, "n_cur": n_cur, **how}
        cells.append(Cell(name, "repeats", "repeated", draw, 400, require, FIRST_SEED + 10_000 * len(cells)))

    for law in ("zeros", "prices", "categories", "rounded"):
        for sizes in ((2000, 200), (200, 2000), (600, 600)):
            add(law, *sizes, verdict=law in ("zeros", "prices") and sizes == (2000, 200))
        add(law, 2000, 200, "current_twice", twice=(False, True))
        add(law, 600, 600, "both_twice", twice=(True, True))
    _copied(add)
    return cells


def _copied(add: Any) -> None:
    for copied in ((0, 0.1), (0.1, 0.1), (0, 0.3)):
        add("continuous", 600, 600, f"copied_{copied[0]}_{copied[1]}", copied=copied)
    for copied in ((0, 0.3), (0.3, 0)):
        add("continuous", 2000, 200, f"copied_{copied[0]}_{copied[1]}", copied=copied)
    add("continuous", 600, 600, "grown", grown=True)
    for law in ("zeros", "prices"):
        add(law, 600, 600, "copied_0_0.3", copied=(0, 0.3))
        add(law, 600, 600, "own_column", own=True)
        add(law, 600, 600, "own_column_copied_0_0.3", own=True, copied=(0, 0.3))
    add("zeros", 2000, 200, "copied_0_0.3", copied=(0, 0.3))
    add("zeros", 2000, 200, "moved_0.4", bar=None, moved=0.4)
    add("prices", 600, 600, "moved_0.2", bar=None, moved=0.2)
    for law, share in LIMITS:
        add(law, 2000, 200, f"copied_0_{share}", bar=None, copied=(0, share))
