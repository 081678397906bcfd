"""Run every claim that has no result for the present code, and write docs/claims.md and the state of evidence.

    python claims/run.py                    all that are missing or stale, then both documents
    python claims/run.py --shard 1/2        every second one, documents left alone (run the other shard elsewhere)
    python claims/run.py --only dte --fresh one again
    python claims/run.py --collect          the documents only

Each claim runs in a process of its own, with one thread and a limit on its processor time. Its result is stored in
claims/results at once, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import evidence
from digest import digest

from ecotone.cards import discover

LIMIT = 480  # seconds of processor time; four times as many on the clock, since the machine may be shared
DOCUMENT = evidence.ROOT / "docs" / "claims.md"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def run_one(path: Path) -> dict[str, Any]:
    """Result of one claim; an error or a limit reached is a claim that does not hold, and says why."""
    started = _spent()
    try:
        done = subprocess.run(
            [sys.executable, str(path)],
            cwd=evidence.ROOT,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
            capture_output=True,
            text=True,
            timeout=4 * LIMIT,
            preexec_fn=_limit if os.name == "posix" else None,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            found: dict[str, Any] = {"holds": False, "error": f"exit code {done.returncode}: {last[:300]}"}
        else:
            found = json.loads(done.stdout, parse_constant=_refuse)
    except subprocess.TimeoutExpired:
        found = {"holds": False, "error": f"no result after {4 * LIMIT} s"}
    except ValueError as error:
        found = {"holds": False, "error": f"its output is not strict JSON: {error}"}
    today = datetime.now(UTC).date().isoformat()
    return {**found, "digest": digest(path), "date": today, "seconds": round(_spent() - started, 1)}


def _spent() -> float:
    """Seconds of processor time of finished children; of the clock where the system does not count them."""
    used = os.times()
    return used.children_user + used.children_system if os.name == "posix" else time.monotonic()


def _refuse(constant: str) -> None:
    raise ValueError(f"it holds {constant}")


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 5))


def store(stem: str, found: dict[str, Any]) -> None:
    """Write a result completely or not at all."""
    evidence.RESULTS.mkdir(exist_ok=True)
    target = evidence.RESULTS / f"{stem}.json"
    part = target.with_suffix(".part")
    part.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    part.replace(target)


def write_document() -> None:
    """docs/claims.md: the table, and under it what was measured for each claim."""
    cards = {evidence.stem_of(card): card for card in discover().values()}
    rows, notes = [], []
    for stem, path in evidence.claims().items():
        found, card = evidence.result(stem), cards.get(stem)
        name = card.name if card else stem
        paper = f"[{_cell(card.title)}]({card.link})" if card else ""
        if found is None:
            rows.append(f"| {name} | {paper} | not run | | | | |")
            continue
        verdict = "holds" if found.get("holds") is True else "**does not hold**"
        verdict += ", stale" if found["stale"] else ""
        if "error" in found:
            rows.append(f"| {name} | {paper} | {verdict} | {_when(found)} | | | {_cell(found['error'])} |")
            continue
        low, high = found["interval"]
        rows.append(
            f"| {name} | {paper} | {verdict} | {_when(found)} | {_mean(found['ours'])} | {_mean(found['baseline'])} "
            f"| {found['difference']:+.3g} [{low:+.3g}, {high:+.3g}] |"
        )
        notes.append(
            f"## {name}\n\n{found['claim']}\n\n*{found['metric']}*; {found['seconds']} s; "
            f"`python {path.relative_to(evidence.ROOT)}`.\n\n{found['notes']}\n"
        )
    head = (
        "# Claims\n\nThe headline direction of each paper, against the baseline that it names, over several seeds. A "
        "claim that does not hold is shown as not holding; *stale* is one whose code (its own, the method's, or what "
        "they import in the project) has changed since it was run.\nMade by `make claims`; do not edit.\n\n"
        "Most were run at the scale of a stand-in, on two cores: what was measured, and why it is narrower than the "
        "paper's headline, stands under each name. Their intervals are not adjusted for their number: of "
        f"{len(notes)} intervals at 95 %, some {len(notes) // 20 + 1} miss their figure by chance alone.\n\n"
        "| method | paper | claim | run, seeds | ours | baseline | difference [95 % interval] |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(head + "\n".join(rows) + "\n\n" + "\n".join(notes), encoding="utf-8")


def _when(found: dict[str, Any]) -> str:
    ours = found.get("ours")
    seeds = found.get("seeds", len(ours) if isinstance(ours, list) else None)
    return ", ".join(str(v) for v in (found.get("date"), seeds) if v is not None)


def _mean(values: Any) -> str:
    flat = values if isinstance(values, list) else [values]
    return f"{sum(flat) / len(flat):.3g}" if flat and all(isinstance(v, int | float) for v in flat) else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--shard", default="", metavar="I/K", help="run the claims I, I + K, I + 2 K ... only")
    options.add_argument("--only", action="append", default=[], metavar="NAME", help="this claim only")
    options.add_argument("--fresh", action="store_true", help="run again what has a result")
    options.add_argument("--collect", action="store_true", help="run nothing; write the documents")
    given = options.parse_args()
    stems = [stem for stem in evidence.claims() if not given.only or stem in given.only]
    if unknown := sorted(set(given.only) - set(stems)):
        options.error(f"no claim is named {', '.join(unknown)}")
    if given.shard:
        i, k = (int(part) for part in given.shard.split("/"))
        if not 1 <= i <= k:
            options.error(f"--shard {given.shard}: write I/K with 1 <= I <= K")
        stems = stems[i - 1 :: k]
    for stem in [] if given.collect else stems:
        held = evidence.result(stem)
        if given.fresh or held is None or held["stale"]:
            found = run_one(evidence.claims()[stem])
            store(stem, found)
            print(f"{stem}: {'holds' if found.get('holds') is True else 'does not hold'} ({found['seconds']} s)")
    if not given.shard:
        write_document()
        evidence.write()


if __name__ == "__main__":
    main()
