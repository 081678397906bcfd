"""The tables of README.md from the results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stored import Results

START, END = "<!-- table: made by run.py -->", "<!-- end of table -->"
BAR = 20_000


def write(results: Results, document: Path) -> None:
    """Replace what stands between the two marks."""
    text = document.read_text(encoding="utf-8")
    head, tail = text[: text.index(START) + len(START)], text[text.index(END) :]
    parts = [_latency([results.value(n) for n in results.names("latency*")])]
    parts += [_killed(results.value("killed"))] if "killed" in results else []
    document.write_text(f"{head}\n\n" + "\n\n".join(parts) + f"\n\n{tail}", encoding="utf-8")


def _latency(found: list[dict[str, Any]]) -> str:
    lines = [
        "| body | bytes | clients at once | p50, ms | p99, ms | worst, ms | rows a second | rows a CPU second | load |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in sorted(found, key=lambda f: (f["format"], f["clients"])):
        times = " | ".join(f"{1000 * one[k]:,.0f}" for k in ("p50", "p99", "worst"))
        lines.append(
            f"| {one['format']} | {one['bytes']:,} | {one['clients']} | {times} | {one['rows_a_second']:,.0f} "
            f"| {one['rows_a_cpu_second']:,.0f} | {one['load']:.1f} |"
        )
    best = max(f["rows_a_second"] for f in found)
    share = max(found, key=lambda f: f["rows_a_second"])["busy"]
    verdict = "met" if best >= BAR else f"missed: {best:,.0f}, for which the service had {share:.2f} of a core"
    return "\n".join(lines) + f"\n\nAt least {BAR:,} rows a second, ten columns, one worker: {verdict}."


def _killed(one: dict[str, Any]) -> str:
    right = one["kept"] == one["rows"] and abs(one["sum"]) < 1e-4 and abs(one["squares"]) < 0.5
    verdict = "none lost, none counted twice" if right else "NOT what was sent"
    return (
        f"{one['rows']:,} rows in batches of 100 while the service was killed (SIGKILL) and started again "
        f"{one['kills']} times: {one['kept']:,} kept, {verdict}. The sum of their numbers is off by "
        f"{one['squares']:.1g}, that of the numbers' roots by {one['sum']:.1g}. {one['repeated']:,} batches had been "
        "kept by a service that died before it answered, and were sent again. "
        f"{one['seconds']:,.0f} s, restarts among them."
    )
