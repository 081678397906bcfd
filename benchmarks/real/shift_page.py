"""The part of the page on tables that differ: alarms, and estimates without labels beside the truth."""

from __future__ import annotations

from typing import Any

from pairs import SHIFTS
from words import Records, lines, wrapped


def shifts(ours: Records, peers: dict[str, Records]) -> str:
    body = []
    for asked in SHIFTS:
        r = next((r for r in ours if r["shift"] == asked.name), None)
        if r is None:
            continue
        row = [asked.name, asked.kind, r["metric"], f"{figure(r['truth'][0])} → {figure(r['truth'][1])}",
               ", ".join(r["alarms"]) or "none", "yes" if r["raised"] else "no", estimate(r),
               "yes" if r["columnwise"]["alarm"] else "no"]  # fmt: skip
        for tool, said in peers.items():
            found = next((p for p in said if p.get("shift") == asked.name), None)
            row.append(peer_cell(tool, found, r["truth"][1]))
        body.append(row)
    head = ["parts", "by", "metric", "truth", "Ecotone, no labels", "worse, with labels", "estimate without labels",
            "KS + Bonferroni", *peers]  # fmt: skip
    return lines(head, body)


def peer_cell(tool: str, found: dict[str, Any] | None, truth: float) -> str:
    if found is None:
        return "not run"
    if "alarm" not in found:
        return "refused"
    alarm = "yes" if found["alarm"] else "no"
    if "estimate" not in found:
        return alarm if tool != "NannyML" else f"{alarm}; no estimate"
    return f"{alarm}; {interval(found, truth)}"


def estimate(r: dict[str, Any]) -> str:
    if r["interval"] is None or r["estimate"] is None:
        return "unknown, no estimate"
    said = interval(r, r["truth"][1])
    return f"unknown; faint: {said}" if r["unknown"] else said


def interval(r: dict[str, Any], truth: float) -> str:
    low, high = r["interval"]
    return f"{figure(low)} to {figure(high)}, {'covers' if low <= truth <= high else 'misses'}"


def figure(x: float) -> str:
    return f"{x:.3f}" if abs(x) < 2 else f"{x:.1f}"


def covered(r: dict[str, Any]) -> bool:
    low, high = r["interval"]
    return low <= (r["truth"][1] if isinstance(r["truth"], list) else r["truth"]) <= high


def shifts_about(ours: Records, peers: dict[str, Records]) -> str:
    known = [r for r in ours if not r["unknown"] and r["interval"]]
    faint = [r for r in ours if r["unknown"] and r["interval"]]
    nml = [r for r in peers["NannyML"] if "shift" in r and "interval" in r]
    return wrapped(
        "The columns that tell the parts apart are left out; 3,000 rows of the first part fit the model, other 3,000 "
        "are the reference and 2,000 of the second part are current (fewer where there are fewer). Ecotone alarms on "
        f"the tables without labels in {sum(bool(r['alarms']) for r in ours)} of {len(ours)}. Its estimate stands in "
        f"{len(known)} and covers the truth in {sum(map(covered, known))} of these; it is `unknown` in "
        f"{len(ours) - len(known)}, where the interval that is not to be acted on covers it in "
        f"{sum(map(covered, faint))} of {len(faint)}. NannyML's interval, which is for sampling alone, covers it in "
        f"{sum(map(covered, nml))} of {len(nml)}. A change of p(y|x) is seen by none without labels."
    )


def named(ours: Records) -> str:
    """Columns above the minimum effect, and what else was said."""
    said = []
    for r in ours:
        found = ", ".join(r["named"][:6]) or "no column by itself"
        more = f" and {len(r['named']) - 6} more" if len(r["named"]) > 6 else ""
        why = f" ({r['reason']})" if r["guarantee"] == "withdrawn" else ""
        said.append(
            f"* {r['shift']}: {found}{more}; {r['guarantee']}{why}; {r['seconds']:.1f} s. KS + Bonferroni names "
            f"{len(r['columnwise']['named'])} of {r['columnwise']['tested']} columns."
        )
    head = "What Ecotone names as above the minimum effect, its guarantee and the processor's seconds:"
    return head + "\n\n" + "\n".join(map(wrapped, said))
