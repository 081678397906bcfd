"""The tables of README.md from the stored records.

python benchmarks/watch/table.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1])]
from stored import Results

RESULTS = Results(Path(__file__).parent)
LENGTH = 20_000
ASKED = {"mean": 550, "correlation": 60, "variance": 320, "cluster": 260, "dense": 1100}
WORDS = {
    "mean": "+.2 sd in one column",
    "correlation": "correlation 0 to .8",
    "variance": "sd x 1.25",
    "cluster": "a new cluster of 5 %",
    "dense": "+.06 sd everywhere",
    "ramp": "+.3 sd over 2 000 rows",
}


def nulls() -> list[str]:
    """Unchanged streams: how many alarm, and the mean run."""
    lines = [
        "| columns | kind | reference | asked | streams | alarmed in 20 000 rows | mean run at least |",
        "|" + "---|" * 7,
    ]
    for entry in RESULTS.names("null_*"):
        _, kind, n, d, *ever = entry.split("_")
        records = RESULTS.records(entry)
        first = np.array([r["first"] if r["first"] is not None else LENGTH - 1 for r in records])
        alarmed = int(sum(r["first"] is not None for r in records))
        asked = "at most .05 ever" if ever else "20 000 rows"
        share, run = alarmed / len(records), f"{(first + 1).sum() / alarmed:,.0f}" if alarmed else "-"
        cells = (d[1:], kind, n[1:], asked, len(records), f"{alarmed} ({share:.3f})", run)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def delays() -> list[str]:
    """Changed streams, beside the peers."""
    lines = [
        "| change | asked | reference | columns | streams | median delay | missed | interval held it | "
        "KS windows | ADWIN | MAPIE |",
        "|" + "---|" * 11,
    ]
    for entry in RESULTS.names("delay_*"):
        _, change, n, d = entry.split("_")
        records = RESULTS.records(entry)
        held = [r["held"] for r in records if r["held"] is not None]
        ours = _median(records)
        asked = f"{ASKED[change]:,}" if change in ASKED and (n, d) == ("n5000", "d10") else "-"
        line = f"| {WORDS[change]} | {asked} | {n[1:]} | {d[1:]} | {len(records)} | {ours} | "
        line += f"{sum(r['delay'] is None for r in records)} | {np.mean(held):.2f} | "
        peers = RESULTS.records(f"peer_delay_{change}_n5000") if (n, d) == ("n5000", "d10") else []
        lines.append(line + " | ".join(_peer(peers, name) for name in ("ks_windows", "adwin", "mapie")) + " |")
    return lines


def peers_null() -> list[str]:
    """Unchanged streams through the peers."""
    lines = ["| tool | streams | alarmed in 20 000 rows | mean run at least |", "|---|---|---|---|"]
    records = RESULTS.records("peer_null_gauss_n5000")
    for name in ("ks_windows", "adwin", "mapie"):
        own = [r["first"] for r in records if r["peer"] == name]
        alarmed = sum(f is not None for f in own)
        rows = sum(LENGTH if f is None else f + 1 for f in own)
        run = f"{rows / alarmed:,.0f}" if alarmed else "-"
        lines.append(f"| {name} | {len(own)} | {alarmed} | {run} |")
    return lines


def speed() -> list[str]:
    lines = ["| | rows | rows a second (CPU) | file |", "|---|---|---|---|"]
    for entry in ("speed_memory", "speed_file"):
        for r in RESULTS.records(entry):
            size = f"{r['bytes'] / 1e6:.1f} MB" if "bytes" in r else "-"
            where = "in memory" if entry == "speed_memory" else "into its file"
            lines.append(f"| {where} | {r['rows']:,} | {r['rows'] / r['cpu']:,.0f} | {size} |")
    return lines


def replays() -> list[str]:
    """Real draws: pages of harm and of data, where the loss moved and where it did not."""
    lines = ["| replay | periods | loss moved | harm there | harm elsewhere | data alarms |", "|" + "---|" * 6]
    for entry in RESULTS.names("replay_*"):
        records = RESULTS.records(entry)
        moved, still = ([r for r in records if r["moved"] is m] for m in (True, False))
        harm, elsewhere = sum(r["harm"] for r in moved), sum(r["harm"] for r in still)
        data = sum(r["data"] for r in records)
        name = entry.removeprefix("replay_")
        lines.append(f"| {name} | {len(records)} | {len(moved)} | {harm} | {elsewhere} | {data} |")
    return lines


def _peer(records: list[dict[str, Any]], name: str) -> str:
    own = [r for r in records if r["peer"] == name]
    if not own:
        return "-"
    missed = sum(r["delay"] is None for r in own)
    return _median(own) + (f" ({missed} of {len(own)} missed)" if missed else "")


def _median(records: list[dict[str, Any]]) -> str:
    """A change that was missed counts as later than any other."""
    found = float(np.median([np.inf if r["delay"] is None else r["delay"] for r in records]))
    return f"{found:,.0f}" if np.isfinite(found) else "more than 10 000"


def main() -> None:
    for title, lines in (
        ("Unchanged streams", nulls()),
        ("Changed at row 5 000", delays()),
        ("Unchanged streams, the peers", peers_null()),
        ("Speed and size", speed()),
        ("Real draws", replays()),
    ):
        print(f"## {title}\n")
        print("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
