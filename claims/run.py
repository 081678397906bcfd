"""Run every claim that has no result for the present code, and write docs/claims.md and the state of evidence.

    python claims/run.py                    all that are missing or stale but the long ones, then both documents
    python claims/run.py --long             the long ones
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
from functools import partial
from pathlib import Path
from typing import Any

import document
import evidence
from about import about
from digest import digest

LIMIT, LONG = 600, 3600  # seconds of processor time; four times as many on the clock, since the machine may be shared
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def run_one(path: Path, limit: int = LIMIT) -> dict[str, Any]:
    """Result of one claim; an error or a limit reached is a claim that does not hold, and says why."""
    started = _spent()
    try:
        done = subprocess.run(
            [sys.executable, str(path)],
            cwd=evidence.ROOT,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
            capture_output=True,
            text=True,
            timeout=4 * limit,
            preexec_fn=partial(_limit, limit) if os.name == "posix" else None,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            found: dict[str, Any] = {"holds": False, "error": f"exit code {done.returncode}: {last[:300]}"}
        else:
            found = json.loads(done.stdout, parse_constant=_refuse)
    except subprocess.TimeoutExpired:
        found = {"holds": False, "error": f"no result after {4 * limit} s"}
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


def _limit(seconds: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))


def store(stem: str, found: dict[str, Any]) -> None:
    """Write a result completely or not at all."""
    evidence.RESULTS.mkdir(exist_ok=True)
    target = evidence.RESULTS / f"{stem}.json"
    part = target.with_suffix(".part")
    part.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    part.replace(target)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--shard", default="", metavar="I/K", help="run the claims I, I + K, I + 2 K ... only")
    options.add_argument("--only", action="append", default=[], metavar="NAME", help="this claim only")
    options.add_argument("--long", action="store_true", help="the long claims")
    options.add_argument("--fresh", action="store_true", help="run again what has a result")
    options.add_argument("--collect", action="store_true", help="run nothing; write the documents")
    given = options.parse_args()
    paths = evidence.claims()
    if unknown := sorted(set(given.only) - set(paths)):
        options.error(f"no claim is named {', '.join(unknown)}")
    long = {stem: about(path).long for stem, path in paths.items()}
    stems = [stem for stem in paths if (stem in given.only if given.only else long[stem] is given.long)]
    if given.shard:
        i, k = (int(part) for part in given.shard.split("/"))
        if not 1 <= i <= k:
            options.error(f"--shard {given.shard}: write I/K with 1 <= I <= K")
        stems = stems[i - 1 :: k]
    for stem in [] if given.collect else stems:
        held = evidence.result(stem)
        if given.fresh or held is None or held["stale"]:
            found = run_one(paths[stem], LONG if long[stem] else LIMIT)
            store(stem, found)
            print(f"{stem}: {'holds' if found.get('holds') is True else 'does not hold'} ({found['seconds']} s)")
    if not given.shard:
        document.write()
        evidence.write()


if __name__ == "__main__":
    main()
