"""README.md from the results."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from level_cell import ALPHAS, Cell
from level_cells import CELLS, GROUPS, code_of
from scipy import stats
from stored import Results

RESULTS = Results(Path(__file__).parent)
ABOVE, STALE = "**above**", "stale"
TEXT = """# Levels: how often a test rejects where nothing is to be found

Every method whose card is a test, or an adjustment of p-values, under null distributions that are hard on it: few rows,
unequal sizes, ties, few levels, rows in units. Made by `python benchmarks/levels/run.py --table`; do not edit.

```
python benchmarks/levels/run.py                       # what is missing or stale; --only 'c2st*', --shard 1/2
python benchmarks/levels/run.py --table               # this page
python benchmarks/stored.py collect levels            # what was measured into results.parquet
```

*Error*: a rejection; of several, any false one or the share of false ones, whichever the method promises. In brackets
the interval of 95 %: Clopper and Pearson's for rejections, mean and standard error for shares. "{above}": the interval
lies above the level. Of {count} intervals, chance alone would put some {chance:.0f} there if every level were exact.
Levels far below .05 are those of tests whose p-values are discrete, or bounds. *Code* is the digest of everything that
the cell ran in the project; "{stale}" where that is another today.

{said}

{tables}
What is not here: the verdict over all families, rows outside and minimum effects of whole tables
([two_tables](../two_tables/README.md)), and p-values of `TableModel`, which are those of `Calibrated` on rows that were
kept out of its training.
"""


def parts(cell: Cell) -> list[dict[str, Any]]:
    """The last record of each part of a cell."""
    return list({record["first"]: record for record in RESULTS.records(cell.name)}.values())


def level(records: list[dict[str, Any]], i: int) -> tuple[float, float, float]:
    """Errors at the i-th level as a share of the replicates, with its interval of 95 %."""
    n = sum(r["replicates"] for r in records)
    total, squares = (sum(r[what][i] for r in records) for what in ("errors", "squares"))
    if total == squares and total == round(total):
        found = stats.binomtest(round(total), n).proportion_ci(0.95, method="exact")
        return total / n, float(found.low), float(found.high)
    half = stats.norm.isf(0.025) * math.sqrt(max(0.0, squares / n - (total / n) ** 2) / (n - 1))
    return total / n, total / n - half, total / n + half


def row(cell: Cell, records: list[dict[str, Any]], code: str) -> str:
    """One line of the table."""
    shown = []
    for i, alpha in enumerate(ALPHAS):
        share, low, high = level(records, i)
        shown.append(f"{share:.4f} [{low:.4f}, {high:.4f}]" + (f" {ABOVE}" if low > alpha else ""))
    seconds, n = sum(r["seconds"] for r in records), sum(r["replicates"] for r in records)
    codes = list(dict.fromkeys(r["code"] for r in records))
    said = f"`{codes[0]}`" if codes == [code] else f"`{codes[-1]}` {STALE}"
    date = max(r["date"] for r in records)
    return (
        f"| {cell.test.__name__} | {cell.null} | {cell.what} | " + " | ".join(shown) + f" | {n:,} | {seconds:.0f} | "
        f"{date} | {said} |"
    )


def table(cells: list[Cell]) -> str:
    """Lines of the cells that have been measured."""
    head = "| test | null | error | at .05 | at .01 | replicates | seconds | date | code |\n" + "|---" * 9 + "|"
    return "\n".join([head, *(row(cell, found, code_of(cell)) for cell in cells if (found := parts(cell)))])


def said() -> str:
    """What lies above its level, in a sentence."""
    found = {cell: parts(cell) for cell in CELLS}
    missing = [cell.name for cell, records in found.items() if not records]
    above = [
        f"{cell.name} (at {alpha:g})"
        for cell, records in found.items()
        for i, alpha in enumerate(ALPHAS)
        if records and level(records, i)[1] > alpha
    ]
    text = f"Above: {'; '.join(above)}." if above else "None lies above."
    return text + (f" Not measured: {'; '.join(missing)}." if missing else "")


def page() -> str:
    """The whole page."""
    count = len(CELLS) * len(ALPHAS)
    tables = "".join(f"## {title}\n\n{table(cells)}\n\n" for title, cells in GROUPS.items())
    return TEXT.format(above=ABOVE, stale=STALE, count=count, chance=0.025 * count, said=said(), tables=tables)
