"""docs/claims.md: the table of claims, which were chosen after pilots, and what was measured for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import evidence
from about import About, about

from ecotone.cards import Card, discover

DOCUMENT = evidence.ROOT / "docs" / "claims.md"
COLUMNS = (
    "method",
    "the paper's headline",
    "tested here, and why it is narrower",
    "setting",
    "claim",
    "run, seeds",
    "ours",
    "baseline",
    "difference [95 % interval]",
)


class Entry(NamedTuple):
    """One claim: its words, its card, its result (None before it has run) and the command that runs it."""

    name: str
    words: About
    card: Card | None
    found: dict[str, Any] | None
    command: str


def write() -> None:
    """Store the document beside the others."""
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(document(entries()), encoding="utf-8")


def entries() -> list[Entry]:
    """Every claim, in the order of rooms."""
    cards = {evidence.stem_of(card): card for card in discover().values()}
    return [
        Entry(
            cards[stem].name if stem in cards else stem,
            about(path),
            cards.get(stem),
            evidence.result(stem),
            f"python {path.relative_to(evidence.ROOT).as_posix()}",
        )
        for stem, path in evidence.claims().items()
    ]


def document(listed: Sequence[Entry]) -> str:
    """The whole page in Markdown."""
    table = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|", *map(_row, listed)]
    return "\n".join([_head(listed), *table, "", _pilots(listed), *map(_section, listed)])


def _head(listed: Sequence[Entry]) -> str:
    ran = [e for e in listed if e.found and "error" not in e.found]
    stale = sum(bool(e.found and e.found["stale"]) for e in listed)
    own = sum(e.words.setting != "stand-in" for e in listed)
    return (
        "# Claims\n\nWhat each paper says of itself, what of that is tested here against the baseline that the paper "
        "names, over several seeds, and what came out. A claim that does not hold is shown as not holding; *stale* is "
        "one whose code (its own, the method's, or what they import in the project) has changed since it was run: "
        f"{stale} of {len(listed)}.\nMade by `make claims`; do not edit. Claims marked *long* take more than some "
        "eight minutes of one core and are run by `make claims-long`; the figures of one that is stale too are of an "
        "earlier, smaller form.\n\n"
        f"All but {own} are *stand-ins*: small data and small networks, on two cores, in the place of the paper's. One "
        "that holds shows the direction of the headline there, not its size and not the headline itself; one that does "
        "not hold says nothing of the paper's own scale.\n\n"
        f"**False coverage.** The intervals are not adjusted for their number: of {len(ran)} intervals at 95 %, about "
        f"{0.05 * len(ran):.0f} are expected to miss their figure by chance alone, and a claim that holds by a hair is "
        "the likeliest of them. Intervals are over seeds: they say nothing of other data, sizes or settings.\n"
    )


def _row(entry: Entry) -> str:
    words, found = entry.words, entry.found
    name = f"[{entry.name}]({entry.card.link})" if entry.card else entry.name
    if found is None:
        verdict, figures = "not run", ("", "", "", "")
    else:
        verdict, figures = _verdict(entry, found), (_when(found), *_figures(found))
    when = ", ".join(part for part in (figures[0], "long" if words.long else "") if part)
    cells = (name, words.headline, _told(words), words.setting, verdict, when, *figures[1:])
    return f"| {' | '.join(map(_cell, cells))} |"


def _told(words: About) -> str:
    return words.tested + (f" **Carries little weight**: {words.weight}" if words.weight else "")


def _verdict(entry: Entry, found: dict[str, Any]) -> str:
    parts = ["holds" if found.get("holds") is True else "**does not hold**"]
    parts += ["*little weight*"] if entry.words.weight else []
    parts += ["after a pilot"] if entry.words.pilot else []
    return ", ".join(parts + (["*stale*"] if found["stale"] else []))


def _figures(found: dict[str, Any]) -> tuple[str, str, str]:
    if "error" in found:
        return "", "", str(found["error"])
    low, high = found["interval"]
    return _mean(found["ours"]), _mean(found["baseline"]), f"{found['difference']:+.3g} [{low:+.3g}, {high:+.3g}]"


def _when(found: dict[str, Any]) -> str:
    return ", ".join(str(v) for v in (found.get("date"), evidence.seeds(found)) if v is not None)


def _mean(values: Any) -> str:
    flat = values if isinstance(values, list) else [values]
    return f"{sum(flat) / len(flat):.3g}" if flat and all(isinstance(v, int | float) for v in flat) else ""


def _pilots(listed: Sequence[Entry]) -> str:
    chosen = [f"- **{e.name}**: {e.words.pilot}" for e in listed if e.words.pilot]
    return (
        "## Chosen after pilots\n\nThese claims, or settings of theirs, were fixed after something of the kind had "
        "been seen, so that their intervals are kinder than those of a claim fixed beforehand; of the others no such "
        "run is on record. Besides, wherever there were fewer than five seeds, or fewer than ten for a wide interval, "
        "seeds were added after the first result had been seen.\n\n" + "\n".join(chosen) + "\n"
    )


def _section(entry: Entry) -> str:
    words, found = entry.words, entry.found
    paper = f"[{entry.card.title}]({entry.card.link})\n\n" if entry.card else ""
    text = f"## {entry.name}\n\n{paper}*The paper*: {words.headline}\n\n*Here* ({words.setting}): {_told(words)}\n"
    if found is None:
        return f"{text}\nNot run. `{entry.command}`.\n"
    if "error" in found:
        return f"{text}\n{found['error']}. `{entry.command}`.\n"
    old = (
        "*Stale*: what follows is of an earlier form of the claim, or of the code under it.\n\n"
        if found["stale"]
        else ""
    )
    return (
        f"{text}\n{old}**{found['claim']}**\n\n*{found['metric']}*; {found['seconds']:g} s; "
        f"`{entry.command}`.\n\n{found['notes']}\n"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
