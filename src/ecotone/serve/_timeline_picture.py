"""The timeline of a monitor as places in a drawing 1000 wide: a mark for each chunk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ecotone.watch import Chunk, Episode

WIDE, TALL, LOW = 1000.0, 100.0, 1e-4


@dataclass(frozen=True)
class Mark:
    """One chunk.

    Parameters
    ----------
    left, width : float
        Thousandths of the stream.
    evidence : float
        Height of the line, 0 to 100, from the top.
    outside : float or None
        Share of its rows that lie outside.
    height : float
        Of its bar of rows outside, 0 to 100.
    words : str
    alarm : bool
    """

    left: float
    width: float
    evidence: float
    outside: float | None
    height: float
    words: str
    alarm: bool


@dataclass(frozen=True)
class Picture:
    """All that the drawing shows.

    Parameters
    ----------
    marks : tuple of Mark
    line : str
        Points of the evidence.
    threshold : float
        Height at which it alarms, from the top.
    changes : tuple of (float, float, float, int)
        Of each change: its likeliest place, the ends of its interval, and the episode's number.
    first, last : int
        Rows at the ends.
    """

    marks: tuple[Mark, ...]
    line: str
    threshold: float
    changes: tuple[tuple[float, float, float, int], ...]
    first: int
    last: int


def picture(chunks: Sequence[Chunk], episodes: Sequence[Episode]) -> Picture | None:
    """Of chunks in order; None where no row has come."""
    chunks = [c for c in chunks if c.rows]
    if not chunks:
        return None
    first, last = chunks[0].first, chunks[-1].first + chunks[-1].rows

    def at(row: float) -> float:
        return round(WIDE * min(max((row - first) / (last - first), 0.0), 1.0), 1)

    marks = tuple(_mark(c, at(c.first), at(c.first + c.rows)) for c in chunks)
    line = " ".join(f"{m.left + m.width:.1f},{m.evidence:.1f}" for m in marks)
    changes = tuple(
        (at(since.row), at(since.low), at(since.high), e.number)
        for e in episodes
        if (since := e.alarm.since) is not None and since.high >= first
    )
    return Picture(marks, f"0,{_high(LOW):.1f} {line}", round(_high(1.0), 1), changes, first, last)


def _mark(chunk: Chunk, left: float, right: float) -> Mark:
    share = chunk.outside / chunk.rows
    words = (
        f"rows {chunk.first:,} to {chunk.first + chunk.rows - 1:,}: evidence {chunk.evidence:.3g} of the threshold"
        + (f" ({' and '.join(chunk.leading)})" if chunk.leading else "")
        + f", {share:.1%} of rows outside, {chunk.alarms} alarms"
    )
    return Mark(
        left, round(right - left, 1), round(_high(chunk.evidence), 1), share, round(min(TALL, 100 * share), 1), words,
        chunk.alarms > 0,
    )  # fmt: skip


def _high(share: float) -> float:
    """From the top: a threshold's ten-thousandth lies at the bottom, ten times the threshold at the top."""
    decades = math.log10(max(share, LOW)) - math.log10(LOW)
    return TALL * (1 - min(decades / 5, 1.0))
