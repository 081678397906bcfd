"""The results as a Markdown table, each figure beside what is required of it."""

from __future__ import annotations

import math
from typing import Any

from again_log import looked_at
from cells import CELLS, Cell
from stored import Results

ALPHA, SHARE, POOLED = 0.05, 0.005, 0.055
MISSES = "**misses**"
TITLES = {
    "level": "Level",
    "dependence": "Dependence between rows",
    "power": "Power",
    "columns": "Columns",
    "rows": "Rows outside",
    "accuracy": "Accuracy without labels",
    "effect": "Minimum effect",
    "counts": "Profiles without rows",
    "repeats": "Rows that repeat",
    "given": "Within strata",
    "embedding": "Embeddings",
    "share": "The share outside",
    "wide": "Many columns",
}


def _mean(values: list[float | bool | None]) -> tuple[float, float, int]:
    seen = [float(v) for v in values if v is not None]
    if not seen:
        return math.nan, math.nan, 0
    mean = sum(seen) / len(seen)
    spread = math.sqrt(sum((v - mean) ** 2 for v in seen) / max(1, len(seen) - 1))
    return mean, spread / math.sqrt(len(seen)), len(seen)


def _bound(require: object, n: int) -> tuple[str, float]:
    """A bound that allows for the number of replicates where a level is asked for."""
    if require in ("level", "share"):
        alpha = ALPHA if require == "level" else SHARE
        return "<=", alpha + 3 * math.sqrt(alpha * (1 - alpha) / n)
    return require


def _code(records: list[dict[str, Any]], look: dict[str, Any] | None) -> str:
    """Date of the oldest code among the records, and whether later code gave the same ones again."""
    date = min(record.get("code", "") for record in records)
    date = date or "undated"
    return f"{date}; {look['equal']} of {look['measured']} again" if look else date


def _lines(cell: Cell, records: list[dict[str, Any]], code: str) -> list[str]:
    lines = []
    for figure, require in cell.require.items():
        mean, se, n = _mean([r.get(figure) for r in records])
        if not n:
            continue
        asked, mark = _asked(require, mean, n)
        lines.append(f"| {cell.name} | {figure} | {mean:.3f} ± {se:.3f} | {asked} | {mark} | {n} | {code} |")
    return lines


def _asked(require: object, mean: float, n: int) -> tuple[str, str]:
    """What is asked for, and whether it holds."""
    if require is None:
        return "", "printed"
    sign, bound = _bound(require, n)
    holds = mean <= bound if sign == "<=" else mean >= bound
    return f"{'≤' if sign == '<=' else '≥'} {bound:.3f}", "holds" if holds else MISSES


def _pooled(levels: list[dict[str, Any]]) -> list[str]:
    lines = []
    for figure in ("changed", "alarm"):
        mean, se, n = _mean([r[figure] for r in levels])
        if n:
            mark = "holds" if mean <= POOLED else MISSES
            lines.append(f"| all null cells | {figure} | {mean:.3f} ± {se:.3f} | ≤ {POOLED} | {mark} | {n} | |")
    return lines


def _groups(results: Results) -> dict[str, list[str]]:
    """Lines of the table by group, in the order of the cells."""
    groups: dict[str, list[str]] = {}
    levels: list[dict[str, Any]] = []
    looks = looked_at(results)
    for cell in CELLS.values():
        records = results.records(cell.name)
        if records:
            groups.setdefault(cell.group, []).extend(_lines(cell, records, _code(records, looks.get(cell.name))))
        levels += records if cell.group == "level" else []
    groups.get("level", []).extend(_pooled(levels))
    return groups


def table(results: Results) -> str:
    """Every cell that has records under its group, the pooled level, and first of all what misses its bar."""
    groups = _groups(results)
    missed = [f"| {group} {line}" for group, lines in groups.items() for line in lines if MISSES in line]
    head = "cell | figure | measured ± se | required | | replicates | code of |"
    parts = ["### What misses its bar"]
    parts += [f"| group | {head}\n|{'---|' * 8}\n" + "\n".join(missed) if missed else "Nothing."]
    for group, lines in groups.items():
        parts += [f"### {TITLES.get(group, group.capitalize())}", f"| {head}\n|{'---|' * 7}\n" + "\n".join(lines)]
    return "\n\n".join(parts)


def missing(results: Results) -> str:
    """Cells without a record, and how many have fewer replicates than they ask for, in sentences."""
    counted = {name: len(results.records(name)) for name in CELLS}
    none = ", ".join(name for name, n in counted.items() if not n)
    fewer = sum(0 < n < CELLS[name].replicates for name, n in counted.items())
    said = [f"Not measured: {none}."] if none else []
    said += [f"{fewer} of {len(counted)} cells have fewer replicates yet than run.py makes."] if fewer else []
    return " ".join(said) or "Every cell has the replicates that run.py makes."


def peers(results: Results) -> str:
    """Shares of runs in which each tool alarms, on the same tables."""
    said = {name.removeprefix("peer_"): results.value(name) for name in results.names("peer_*")}
    figures = list(dict.fromkeys(f for cells in said.values() for found in cells.values() for f in found))
    if not figures:
        return ""
    merged: dict[str, dict[str, list[float]]] = {}
    for cells in said.values():
        for cell, found in cells.items():
            merged.setdefault(cell, {}).update(found)
    lines = ["| cell | Ecotone | " + " | ".join(figures) + " |", "|---|---|" + "---|" * len(figures)]
    for cell, found in merged.items():
        ours, _, n = _mean([r.get("alarm", r["changed"]) for r in results.records(cell)])
        shown = [f"{found[f][0]:.2f} ({found[f][1]:.0f})" if f in found else "" for f in figures]
        lines.append(f"| {cell} | {ours:.2f} ({n}) | " + " | ".join(shown) + " |")
    return "\n".join(lines)
