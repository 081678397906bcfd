"""Stored results, and docs/mutants.md made of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mutant_tests import ROOT, code_digest, tests_digest

from ecotone.cards import discover

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.jsonl"
REASONS = FOLDER / "reasons.json"
DOCUMENT = ROOT / "docs" / "mutants.md"


def load() -> dict[str, dict[str, Any]]:
    """Results by method; of a method that was run twice, the later."""
    if not RESULTS.exists():
        return {}
    lines = [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]
    return {found["name"]: found for found in lines}


def store(found: dict[str, Any]) -> None:
    """One line at the end, written at once, so that shards may run side by side."""
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")


def forget_superseded() -> None:
    """Keep the last result of each method; not while shards run, for a line could be lost."""
    held = load()
    RESULTS.write_text("".join(json.dumps(held[name]) + "\n" for name in sorted(held)), encoding="utf-8")


def reasons() -> dict[str, dict[str, str]]:
    """Why a survivor is no gap: by method, by the mutant's key."""
    return dict(json.loads(REASONS.read_text(encoding="utf-8"))) if REASONS.exists() else {}


def unexplained(found: dict[str, Any] | None) -> list[str]:
    """Keys of a method's mutants that survived and have no reason."""
    why = reasons().get(found["name"], {}) if found else {}
    survived = [m["key"] for m in (found or {}).get("mutants", []) if m["state"] == "survived"]
    return [key for key in survived if key not in why]


def merged(stored: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """A stored result with the states of those mutants that were run again; its tests are those of the first run."""
    if "error" in found:
        return found
    states = {(m["key"], m["line"]): m["state"] for m in found["mutants"]}
    mutants = [{**m, "state": states.get((m["key"], m["line"]), m["state"])} for m in stored["mutants"]]
    return {**stored, "tests": found["tests"], "mutants": mutants}


@dataclass(frozen=True)
class Summary:
    """What is stored, as far as it was run with the present code of the methods."""

    held: dict[str, dict[str, Any]]
    seed: int
    count: int

    @cached_property
    def current(self) -> dict[str, dict[str, Any]]:
        cards = discover()
        return {
            name: found
            for name, found in sorted(self.held.items())
            if name in cards
            and "error" not in found
            and found["digest"] == code_digest(cards[name], self.seed, self.count)
        }

    @cached_property
    def survivors(self) -> list[tuple[str, dict[str, Any], str]]:
        """Method, mutant, and the reason if there is one."""
        why = reasons()
        return [
            (name, mutant, why.get(name, {}).get(mutant["key"], ""))
            for name, found in self.current.items()
            for mutant in found["mutants"]
            if mutant["state"] == "survived"
        ]

    @cached_property
    def earlier(self) -> list[str]:
        """Methods whose tests have changed since they were run."""
        cards = discover()
        return [name for name, found in self.current.items() if found["tests_digest"] != tests_digest(cards[name])]

    @property
    def gaps(self) -> int:
        """Survivors without a reason."""
        return sum(not reason for _, _, reason in self.survivors)


def write(seed: int, count: int) -> int:
    """Write the document, and return how many survivors have no reason."""
    summary = Summary(load(), seed, count)
    DOCUMENT.write_text(HEAD + _figures(summary) + _tables(summary) + _left(summary), encoding="utf-8")
    return summary.gaps


HEAD = """# Mutants

Lines that compute a method are broken one at a time: a comparison turned, a sign, a constant, `min` for `max`, `floor`
for `ceil`, a slice one longer, a branch or an argument left out. The tests that concern the method (its oracles, its
family's contract, and those beside them that name it) ought to notice. Made by `make mutants`; do not edit.

"""


def _figures(summary: Summary) -> str:
    total, survived = sum(len(found["mutants"]) for found in summary.current.values()), len(summary.survivors)
    return (
        f"Run: {len(summary.current)} of {len(discover())} methods, up to {summary.count} mutants each where the file "
        f"has that many, seed {summary.seed}. Of {total} mutants {total - survived} were noticed and {survived} "
        f"survived; {summary.gaps} of these are gaps in the tests, the others change nothing that is promised.\n\n"
    )


def _tables(summary: Summary) -> str:
    head = ("method", "place", "as it is", "as it was broken", "why no test notices")
    lines = ["## Survivors", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, m, reason in summary.survivors:
        place = f"`{m['file'].rsplit('/', 1)[-1]}`, `{m['function']}`"
        lines.append(f"| {name} | {place} | `{_cell(m['before'])}` | `{_cell(m['after'])}` | {reason or '**a gap**'} |")
    lines += ["", "## Methods", "", "| method | tests | mutants | noticed |", "|---|---|---|---|"]
    for name, found in summary.current.items():
        noticed = sum(m["state"] != "survived" for m in found["mutants"])
        lines.append(f"| {name} | {found['tests']} | {len(found['mutants'])} | {noticed} |")
    return "\n".join(lines) + "\n"


def _left(summary: Summary) -> str:
    cards = set(discover())
    changed = sorted((set(summary.held) & cards) - set(summary.current))
    parts = {
        "Files of their tests have changed since they were run": summary.earlier,
        "Changed since they were run": changed,
        "Not run": sorted(cards - set(summary.held)),
    }
    return "".join(f"\n## {title}\n\n{', '.join(names)}.\n" for title, names in parts.items() if names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'")
