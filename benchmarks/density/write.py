"""The table of README.md from the results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import stats
from stored import Results

OURS, BAR = "StackedDensity", 0.02
START, END = "<!-- table: made by run.py -->", "<!-- end of table -->"


def write(results: Results, document: Path) -> None:
    """Replace what stands between the two marks."""
    text = document.read_text(encoding="utf-8")
    head, tail = text[: text.index(START) + len(START)], text[text.index(END) :]
    document.write_text(f"{head}\n{table(results)}\n{tail}", encoding="utf-8")


def table(results: Results) -> str:
    """One line for each table and model: mean, the difference to ours with its interval, CPU seconds."""
    found = [results.value(name) for name in results.names()]
    lines = [
        "| table | rows x columns | model | nats a row | ours minus it | 95 % interval | CPU seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    verdicts = []
    for name in sorted({f["table"] for f in found}):
        models = {f["model"] for f in found if f["table"] == name}
        log, seconds = {}, {}
        for model in models:
            parts = sorted((f for f in found if f["table"] == name and f["model"] == model), key=lambda f: f["fold"])
            log[model] = np.concatenate([p["log_prob"] for p in parts])
            seconds[model] = sum(p["seconds"] for p in parts)
        shape = next(f["shape"] for f in found if f["table"] == name)
        size = f"{shape[0]:,} x {shape[1]}"
        for model in sorted(sorted(models), key=lambda m: -log[m].mean()):  # equal means by name
            gap = log[OURS] - log[model]
            half = stats.t.ppf(0.975, len(gap) - 1) * gap.std(ddof=1) / np.sqrt(len(gap))
            shown = (
                "|  | "
                if model == OURS
                else f"| {gap.mean():+.3f} | {gap.mean() - half:+.3f} to {gap.mean() + half:+.3f} "
            )
            bold = f"**{model}**" if model == OURS else model
            lines.append(f"| {name} | {size} | {bold} | {log[model].mean():.3f} {shown}| {seconds[model]:.0f} |")
        best = max((m for m in models if m not in (OURS, "NeuralSplineFlow")), key=lambda m: log[m].mean())
        short = float(log[best].mean() - log[OURS].mean())
        verdict = "met" if short <= BAR else f"missed by {short - BAR:.3f}"
        verdicts.append(f"{name}: {verdict} ({best} is the best of the others)")
    return (
        "\n"
        + "\n".join(lines)
        + f"\n\nWithin {BAR} nats a row of the best of the others: "
        + "; ".join(verdicts)
        + ".\n"
    )
