"""Break lines of each method that has a card, one at a time, and see whether a test notices.

    python tests/mutants/run.py                     every method that has no result for its present code and tests
    python tests/mutants/run.py --only holm         one method, its mutants printed
    python tests/mutants/run.py --shard 1/4         every fourth method
    python tests/mutants/run.py --survivors         only what survived and has no reason, with the present tests
    python tests/mutants/run.py --seconds 600       begin no method after so long
    python tests/mutants/run.py --collect           write docs/mutants.md from what is stored; drop superseded lines

A copy of the project is broken, never the tree. Results are stored method by method in tests/mutants/results.jsonl, so
that an interrupted run goes on where it stopped. A mutant is killed when a test fails, or runs ten times as long as
before. Needs a system with fork.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True

import mutant_report  # noqa: E402
import pytest  # noqa: E402
from mutant_sites import Site, broken, sites  # noqa: E402
from mutant_tests import ROOT, Concerning, code_digest, core_files, test_files, tests_digest  # noqa: E402

from ecotone.cards import Card, discover  # noqa: E402

COPIED = ("src", "tests", "claims", "pyproject.toml")
PASSED, SLOW = 0, -100


def copy_project(folder: Path) -> Path:
    """The project without what was compiled from it."""
    for name in COPIED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "cache", ".cache"))
        elif source.exists():
            shutil.copy2(source, target)
    return folder


def run_tests(card: Card, project: Path, seconds: float, *, whole: bool = False) -> tuple[int, int]:
    """Pytest's exit code in a process of its own, ``SLOW`` where it took too long; and how many tests were run.

    What is compiled of the ``whole`` project is kept for the later runs; a broken file is newer than that, and compiled
    anew.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 4
        try:
            code, kept = _in_child(card, project, whole)
            os.write(writer, str(kept).encode())
        finally:
            os._exit(code)
    os.close(writer)
    end = time.monotonic() + seconds
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(reader)
            return SLOW, 0
        time.sleep(0.05)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    return os.waitstatus_to_exitcode(ended[1]), int(said or 0)


def _in_child(card: Card, project: Path, whole: bool) -> tuple[int, int]:
    sys.dont_write_bytecode = not whole
    # the cards, which take longest to read, are kept; whatever else is imported comes from the copy
    for name in [name for name in sys.modules if name.startswith("ecotone.") and name != "ecotone.cards"]:
        del sys.modules[name]
    sys.modules["ecotone"].__path__ = [str(project / "src" / "ecotone")]
    os.chdir(project)
    sys.path.insert(0, str(project / "src"))
    os.environ["PYTHONPATH"], os.environ["PYTHONDONTWRITEBYTECODE"] = str(project / "src"), "1"
    quiet = os.open(os.environ.get("MUTANTS_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    plugin = Concerning(card.name)
    files = [str(path.relative_to(ROOT)) for path in test_files(card)]
    code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files], plugins=[plugin])
    return int(code), plugin.kept


def chosen(card: Card, seed: int, count: int) -> list[tuple[Path, Site]]:
    """Places to break, the same for a seed: no two on one line while there are other lines."""
    found = [(path, site) for path in core_files(card) for site in sites(path.read_text(encoding="utf-8"))]
    random.Random(f"{seed} {card.name}").shuffle(found)
    seen: set[tuple[Path, int]] = set()
    first, later = [], []
    for path, site in found:
        (later if (path, site.line) in seen else first).append((path, site))
        seen.add((path, site.line))
    return (first + later)[:count]


def run_method(card: Card, project: Path, seed: int, count: int, again: Collection[str] = ()) -> dict[str, Any]:
    """The method's mutants and what became of each; only those whose keys are to be run ``again``, if any are."""
    start = time.monotonic()
    code, tests = run_tests(card, project, 600, whole=True)
    found: dict[str, Any] = {
        "tests_digest": tests_digest(card),
        "name": card.name,
        "digest": code_digest(card, seed, count),
        "seed": seed,
        "tests": tests,
    }
    if code != PASSED or not tests:
        return {**found, "error": f"its {tests} tests end with code {code} before anything is broken", "mutants": []}
    limit, mutants = 20 + 10 * (time.monotonic() - start), []
    for path, site in [(p, s) for p, s in chosen(card, seed, count) if not again or s.key in again]:
        target, source = project / path.relative_to(ROOT), path.read_text(encoding="utf-8")
        target.write_text(broken(source, site), encoding="utf-8")
        try:
            code, _ = run_tests(card, project, limit)
        finally:
            target.write_text(source, encoding="utf-8")
        if code in (3, 4, 5):  # pytest's own errors say nothing of the mutant
            raise RuntimeError(f"{card.name}: the tests ended with code {code} at {site.key}")
        state = "survived" if code == PASSED else "slow" if code == SLOW else "killed"
        mutants.append({"file": path.relative_to(ROOT).as_posix(), **asdict(site), "key": site.key, "state": state})
    return {**found, "mutants": mutants, "seconds": round(time.monotonic() - start, 1)}


def _show(found: dict[str, Any]) -> None:
    survived = [m for m in found["mutants"] if m["state"] == "survived"]
    print(f"{found['name']}: {len(found['mutants']) - len(survived)} of {len(found['mutants'])} killed by "
          f"{found['tests']} tests {found.get('error', '')}", flush=True)  # fmt: skip
    for m in survived:
        print(f"  survives: {m['file']}:{m['line']} {m['key']}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this method only")
    parser.add_argument("--room", action="append", default=[], metavar="ROOM", help="methods below this folder only")
    parser.add_argument("--shard", default="1/1", metavar="I/K", help="methods I, I + K, I + 2 K ... only")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no method after so long")
    parser.add_argument("--count", type=int, default=6, help="mutants of a method, where it has that many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="run again what has a result")
    parser.add_argument("--survivors", action="store_true", help="run again only what survived and has no reason")
    parser.add_argument("--collect", action="store_true", help="run nothing; write the document")
    asked = parser.parse_args()
    cards = [card for card in discover().values() if not asked.only or card.name in asked.only]
    if unknown := sorted(set(asked.only) - {card.name for card in cards}):
        parser.error(f"no method is named {', '.join(unknown)}")
    i, k = (int(part) for part in asked.shard.split("/"))
    rooms = [card for card in cards if not asked.room or card.room.startswith(tuple(asked.room))]
    _warm_up()
    end, held = time.monotonic() + asked.seconds, mutant_report.load()
    with tempfile.TemporaryDirectory() as folder:
        project = None if asked.collect else copy_project(Path(folder))
        for card in [] if project is None else rooms[i - 1 :: k]:
            stored, again = held.get(card.name, {}), mutant_report.unexplained(held.get(card.name))
            same = stored.get("digest") == code_digest(card, asked.seed, asked.count)
            current = same and stored.get("tests_digest") == tests_digest(card)
            wanted = (same and again) if asked.survivors else (asked.fresh or not current)
            if time.monotonic() > end or not wanted:
                continue
            assert project is not None
            found = run_method(card, project, asked.seed, asked.count, again if asked.survivors else ())
            found = mutant_report.merged(stored, found) if asked.survivors else found
            mutant_report.store(found)
            _show(found)
    if asked.collect:
        mutant_report.forget_superseded()
    unexplained = mutant_report.write(asked.seed, asked.count)
    return 1 if unexplained else 0


def _warm_up() -> None:
    """What tests import besides the project is loaded once, before processes split off."""
    for name in ("numpy", "pandas", "scipy.stats", "sklearn.ensemble", "polars", "hypothesis", "torch"):
        __import__(name)


if __name__ == "__main__":
    sys.exit(main())
