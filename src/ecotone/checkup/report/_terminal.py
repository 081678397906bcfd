"""A check in a terminal: the verdict first, in one screen; everything on demand."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence

from ecotone.checkup.document import CheckContent, first_word
from ecotone.checkup.words import plain, pvalue

from ._answers import TAKES_LABELS, UNKNOWN, answers, sizes
from ._fact_words import as_one, given_words
from ._terminal_blocks import Block, blocks

_SCREEN = 24  # lines of a terminal as it opens
_SHOWN = 12
_LABEL = 11
_FOOT = "--verbose says all of it, --report FILE.html draws it"


def text_report(
    content: CheckContent,
    width: int | None = None,
    *,
    verbose: bool = False,
    fail_on: Iterable[str] | str | None = None,
) -> str:
    """Plain text.

    Parameters
    ----------
    content : CheckContent
    width : int
        Characters in a line; by default the terminal's, between 80 and 100.
    verbose : bool
        Everything, wrapped; else at most 24 lines, each part's cut to one line.
    fail_on : iterable of str
        What fails the run: the text says ALARM exactly where it does.
    """
    wide = width or min(100, max(80, shutil.get_terminal_size((96, 24)).columns))
    head = _headline(content, wide, first_word(content, fail_on), verbose=verbose)
    found = blocks(content, brief=not verbose)
    if verbose:
        return "\n\n".join("\n".join(part) for part in [head, *(_long(block, wide) for block in found)])
    return "\n".join([*head, "", *_screen(found, wide, _SCREEN - len(head) - 1)])


def _wrap(said: str, wide: int, first: str = "", then: str | None = None) -> list[str]:
    rest = " " * len(first) if then is None else then
    whole = plain(said).replace(" %", "\u00a0%")  # a number stays with its sign
    lines = textwrap.wrap(whole, wide, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines] or [first.rstrip()]


def _headline(content: CheckContent, wide: int, answer: str, *, verbose: bool) -> list[str]:
    head, found = content.headline, content.schema
    first = f"{answer:<5}  " if len(answer) <= 5 else f"{answer}: "
    lines = _cut(_wrap(head.sentence, wide, first, " " * 7), 99 if verbose else 4)
    compared = f"{found.compared:,} of {found.columns:,} columns compared{as_one(content.data)}"
    asked = f"alpha {head.alpha:g}, minimum effect {content.verdict.min_effect:g}"
    lines += _wrap(f"{sizes(content)}; {compared}; {asked}", wide, " " * 7)
    if given := given_words(content.data):
        lines += _cut(_wrap(given, wide, " " * 7), 99 if verbose else 3)
    if head.guarantee != "exact" and head.reason not in head.sentence:
        said = _wrap(f"guarantee {head.guarantee}: {head.reason}", wide, " " * 7)
        lines += _cut(said, 99 if verbose else 3)
    lines.append("")
    for what, alarm, told, value in answers(content):
        shown = TAKES_LABELS if told == UNKNOWN else pvalue(*value)
        lines.append(f"  {'!' if alarm else ' '} {what:<13} {told:<16} {shown}")
    return lines


def _cut(lines: list[str], most: int) -> list[str]:
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][:-2]} …"]


def _long(block: Block, wide: int) -> list[str]:
    """A part under its title, every line wrapped."""
    lines = [block.title]
    for words in block.lines[:_SHOWN]:
        lines += _wrap(words, wide, "    ", "      ")
    rest = len(block.lines) - _SHOWN if len(block.lines) > _SHOWN else block.more
    return lines + ([f"    and {rest:,} more"] if rest else [])


def _screen(found: Sequence[Block], wide: int, room: int) -> list[str]:
    """Every part with a line at least, more of them in turn while there is room."""
    quota = [0] * len(found)
    whole = sum(len(block.lines) for block in found)
    left = min(room - 1, whole)
    while left > 0 and any(q < len(b.lines) for q, b in zip(quota, found)):
        for at, block in enumerate(found):
            if left > 0 and quota[at] < len(block.lines):
                quota[at] += 1
                left -= 1
    lines = []
    for block, most in zip(found, quota):
        hidden = len(block.lines) - most + block.more
        for k, words in enumerate(block.lines[:most]):
            label = f"{block.label:<{_LABEL - 1}} " if k == 0 else " " * _LABEL
            more = f" (+{hidden:,} more)" if hidden and k == most - 1 else ""
            lines.append(f"{label}{_one_line(words, wide - len(label) - len(more))}{more}".rstrip())
    return [*lines, _FOOT]


def _one_line(words: str, room: int) -> str:
    """Words cut at the last blank that fits."""
    line = plain(words)
    if len(line) <= room:
        return line
    cut = line[: room - 2]
    at = cut.rfind(" ")
    return f"{cut[:at] if at > room // 2 else cut} …"
