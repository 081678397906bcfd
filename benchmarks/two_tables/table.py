"""The results as a Markdown table, each figure beside what is required of it."""

from __future__ import annotations

import json
import math
from pathlib import Path

from cells import CELLS, Cell

ALPHA, SHARE = 0.05, 0.005


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


def _line(cell: Cell, records: list[dict[str, object]]) -> list[str]:
    lines = []
    for figure, require in cell.require.items():
        mean, se, n = _mean([r.get(figure) for r in records])
        if not n:
            continue
        if require is None:
            lines.append(f"| {cell.group} | {cell.name} | {figure} | {mean:.3f} ± {se:.3f} | | printed | {n} |")
            continue
        sign, bound = _bound(require, n)
        holds = mean <= bound if sign == "<=" else mean >= bound
        mark = "holds" if holds else "**misses**"
        sign = "≤" if sign == "<=" else "≥"
        lines.append(
            f"| {cell.group} | {cell.name} | {figure} | {mean:.3f} ± {se:.3f} | {sign} {bound:.3f} | {mark} | {n} |"
        )
    return lines


def table(results: Path) -> str:
    """Every cell that has records, and the pooled level."""
    lines = ["| group | cell | figure | measured ± se | required | | replicates |", "|---|---|---|---|---|---|---|"]
    pooled: dict[str, list[float | bool | None]] = {"changed": [], "alarm": []}
    for cell in CELLS.values():
        path = results / f"{cell.name}.jsonl"
        records = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        lines += _line(cell, records)
        if cell.group == "level":
            for figure, values in pooled.items():
                values += [r[figure] for r in records]
    for figure, values in pooled.items():
        mean, se, n = _mean(values)
        if n:
            mark = "holds" if mean <= 0.055 else "**misses**"
            lines.append(f"| level | all null cells | {figure} | {mean:.3f} ± {se:.3f} | ≤ 0.055 | {mark} | {n} |")
    return "\n".join(lines)


def peers(results: Path) -> str:
    """Shares of runs in which each tool alarms, on the same tables."""
    said = {p.stem.removeprefix("peer_"): json.loads(p.read_text()) for p in sorted(results.glob("peer_*.json"))}
    figures = list(dict.fromkeys(f for cells in said.values() for found in cells.values() for f in found))
    if not figures:
        return ""
    merged: dict[str, dict[str, list[float]]] = {}
    for cells in said.values():
        for cell, found in cells.items():
            merged.setdefault(cell, {}).update(found)
    lines = ["| cell | Ecotone | " + " | ".join(figures) + " |", "|---|---|" + "---|" * len(figures)]
    for cell, found in merged.items():
        path = results / f"{cell}.jsonl"
        records = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        ours, _, n = _mean([r.get("alarm", r["changed"]) for r in records])
        shown = [f"{found[f][0]:.2f} ({found[f][1]:.0f})" if f in found else "" for f in figures]
        lines.append(f"| {cell} | {ours:.2f} ({n}) | " + " | ".join(shown) + " |")
    return "\n".join(lines)
