"""The timeline of a monitor as places in a drawing 1000 wide: a mark for each chunk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ecotone.watch import Chunk, Episode

WIDE, TALL, LOW = 1000.0, 100.0, 1e-4
OUTSIDE = 0.05  # of the reference's own rows


@dataclass(frozen=True)
class Mark:
    """One chunk.

    Parameters
    ----------
    left, width : float
        Thousandths of the stream.
    evidence : float
        Height of the line, 0 to 100, from the top.
    outside : float
        Share of its rows that lie outside.
    height : float
        Of its bar of rows outside, 0 to 100.
    words : str
    alarm : bool
    """

    left: float
    width: float
    evidence: float
    outside: float
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
    top, usual : float
        Share of rows outside at the upper edge; height of the 5 % that are expected, from the top.
    """

    marks: tuple[Mark, ...]
    line: str
    threshold: float
    changes: tuple[tuple[float, float, float, int], ...]
    first: int
    last: int
    top: float
    usual: float


def picture(chunks: Sequence[Chunk], episodes: Sequence[Episode]) -> Picture | None:
    """Of chunks in order; None where no row has come."""
    chunks = [c for c in chunks if c.rows]
    if not chunks:
        return None
    first, last = chunks[0].first, chunks[-1].first + chunks[-1].rows

    def at(row: float) -> float:
        return round(WIDE * min(max((row - first) / (last - first), 0.0), 1.0), 1)

    top = next(t for t in (0.1, 0.2, 0.5, 1.0) if t >= max(c.outside / c.rows for c in chunks))
    marks = tuple(_mark(c, at(c.first), at(c.first + c.rows), top) for c in chunks)
    line = " ".join(f"{m.left + m.width:.1f},{m.evidence:.1f}" for m in marks)
    changes = tuple(
        (at(since.row), at(since.low), at(since.high), e.number)
        for e in episodes
        if (since := e.alarm.since) is not None and since.high >= first
    )
    usual = round(TALL * (1 - OUTSIDE / top), 1)
    return Picture(marks, f"0,{_high(LOW):.1f} {line}", round(_high(1.0), 1), changes, first, last, top, usual)


def _mark(chunk: Chunk, left: float, right: float, top: float) -> Mark:
    share = chunk.outside / chunk.rows
    evidence = max(chunk.evidence, 1.0) if chunk.alarms else chunk.evidence  # it begins anew after each alarm
    reached = f"reached its threshold {chunk.alarms:,} times" if chunk.alarms else f"{evidence:.3g} of its threshold"
    words = (
        f"rows {chunk.first:,} to {chunk.first + chunk.rows - 1:,}: evidence {reached}"
        + (f" ({' and '.join(chunk.leading)})" if chunk.leading and not chunk.alarms else "")
        + f", {share:.1%} of rows outside"
    )
    return Mark(
        left, round(right - left, 1), round(_high(evidence), 1), share, round(TALL * share / top, 1), words,
        chunk.alarms > 0,
    )  # fmt: skip


def _high(share: float) -> float:
    """From the top: a threshold's ten-thousandth lies at the bottom, ten times the threshold at the top."""
    decades = math.log10(max(share, LOW)) - math.log10(LOW)
    return TALL * (1 - min(decades / 5, 1.0))
