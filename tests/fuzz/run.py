"""Thousands of seeded command lines over every Arrow type: none may end as an internal error.

``python tests/fuzz/run.py --commands 20000``; ``--only NUMBER`` repeats one and keeps its files.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fuzz_commands import lines_of

from ecotone.cli import _main

SLOW = 60.0


def run_line(line: list[str]) -> tuple[int, str]:
    """Exit code of one command line, and what it said on standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = _main.run(line)
    said = err.getvalue()
    if code == 2 and (said.count("\n") != 1 or not said.startswith("ecotone: ")) and out.getvalue() == "":
        return 3, f"exit 2 without one sentence: {said[:300]!r}"
    return code, said


def run_number(seed: int, number: int, folder: Path) -> list[tuple[list[str], int, str, float]]:
    """What each command line of a number ended with."""
    found = []
    for line in lines_of(seed, number, folder):
        start = time.perf_counter()
        code, said = run_line(line)
        found.append((line, code, said, time.perf_counter() - start))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="first number")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--only", type=int, default=None)
    asked = parser.parse_args()
    if asked.only is not None:
        return _repeat(asked.seed, asked.only)
    codes: Counter[int] = Counter()
    bad, number, start = 0, asked.start, time.monotonic()
    while codes.total() < asked.commands and time.monotonic() - start < asked.seconds:
        with tempfile.TemporaryDirectory() as folder:
            print(f"\r{number} {dict(codes)}", end="", file=sys.stderr, flush=True)  # a crash tells where
            for line, code, said, seconds in run_number(asked.seed, number, Path(folder)):
                codes[code] += 1
                if code not in (0, 1, 2) or "Traceback" in said or seconds > SLOW:
                    bad += 1
                    print(f"\nnumber {number}: exit {code} after {seconds:.0f} s: {line}\n{said[-600:]}", flush=True)
        number += 1
    print(f"\n{codes.total()} commands, seed {asked.seed}, numbers {asked.start} to {number - 1}: {dict(codes)}")
    print(f"{bad} bad")
    return int(bad > 0)


def _repeat(seed: int, number: int) -> int:
    folder = Path(tempfile.mkdtemp())
    print(f"files in {folder}")
    for line in lines_of(seed, number, folder):
        print(line)
        try:
            print(_main._run(line))
        except (Exception, SystemExit):
            traceback.print_exc()
    return 0


if __name__ == "__main__":
    sys.exit(main())
