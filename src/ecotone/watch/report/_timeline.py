"""The chunks of a run as rows of a table, for charts and for data frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from scipy import stats

from ecotone.watch import LossEstimate

if TYPE_CHECKING:
    from ecotone.watch import Chunk, ChunkColumn, MonitorStore

#: Of each chunk's own intervals, by themselves.
LEVEL = 0.95


@dataclass(frozen=True)
class Point:
    """One chunk.

    Parameters
    ----------
    first, rows : int
    when : str
        Its first time, or its first row's number.
    evidence : float
        Of the detector nearest to its threshold, as a share of that.
    leading : tuple of str
    alarms : int
    outside : float
        Share of rows farther out than 95 % of the reference's.
    missing, unseen : float
        Values a row.
    loss : float or None
        Mean of the labels that have come; None where none has.
    loss_interval : (float, float) or None
        95 %, of this chunk alone (Hoeffding).
    estimate : LossEstimate or None
        Of its loss without labels; None where that was not asked for, or the chunk is open.
    labels : int
    columns : tuple of ChunkColumn
    """

    first: int
    rows: int
    when: str
    evidence: float
    leading: tuple[str, ...]
    alarms: int
    outside: float
    missing: float
    unseen: float
    loss: float | None
    loss_interval: tuple[float, float] | None
    estimate: LossEstimate | None
    labels: int
    columns: tuple[ChunkColumn, ...]


def points(chunks: Sequence[Chunk], columns: Sequence[tuple[ChunkColumn, ...]]) -> tuple[Point, ...]:
    """Of chunks that hold a row at least."""
    return tuple(_point(c, own) for c, own in zip(chunks, columns) if c.rows)


def _point(chunk: Chunk, columns: tuple[ChunkColumn, ...]) -> Point:
    n, labels = chunk.rows, chunk.labels
    loss = chunk.loss / labels if labels else None
    half = math.sqrt(math.log(2 / (1 - LEVEL)) / (2 * labels)) if labels else 0.0
    return Point(
        first=chunk.first, rows=n, when=when(chunk), evidence=chunk.evidence, leading=chunk.leading,
        alarms=chunk.alarms, outside=chunk.outside / n, missing=sum(c.missing for c in columns) / n,
        unseen=sum(c.unseen for c in columns) / n, loss=loss,
        loss_interval=None if loss is None else (max(0.0, loss - half), min(1.0, loss + half)),
        estimate=chunk.estimate, labels=labels, columns=columns,
    )  # fmt: skip


def timeline(store: MonitorStore) -> pa.Table:
    """The chunks of a run as a table, a row each: ``.to_pandas()`` makes a data frame of it.

    Columns are those of the page: ``first``, ``rows``, ``when``, ``evidence`` (a share of the threshold), ``leading``,
    ``alarms``, ``outside``, ``missing`` and ``unseen`` (values a row), ``loss`` with ``loss_low`` and ``loss_high``
    (95 %, of that chunk alone), ``labels``; ``estimated`` with ``estimated_low`` and ``estimated_high`` (90 %, without
    labels) and ``unknown``, the reason why it should not be acted on; and for every watched column ``NAME.moved``, its
    distance from the reference. A chunk is looked at by itself: none of its numbers is a ground for an alarm.
    """
    chunks = store.chunks()
    found = points(chunks, [store.columns(chunk) for chunk in chunks])
    rows = [_row(point) for point in found]
    names = {name: None for row in rows for name in row}
    return pa.table({name: [row.get(name) for row in rows] for name in names})


def _row(point: Point) -> dict[str, Any]:
    low, high = point.loss_interval or (None, None)
    found = point.estimate or LossEstimate(0, None, None, None, "the chunk is open, or no estimate was asked for")
    return {
        "first": point.first, "rows": point.rows, "when": point.when, "evidence": point.evidence,
        "leading": list(point.leading), "alarms": point.alarms, "outside": point.outside, "missing": point.missing,
        "unseen": point.unseen, "loss": point.loss, "loss_low": low, "loss_high": high, "labels": point.labels,
        "estimated": found.value, "estimated_low": found.low, "estimated_high": found.high, "unknown": found.unknown,
        **{f"{c.name}.moved": c.moved for c in point.columns},
    }  # fmt: skip


def when(chunk: Chunk) -> str:
    """The chunk's first day, or row."""
    if chunk.begins is None:
        return f"row {chunk.first:,}"
    return datetime.fromtimestamp(chunk.begins / 1e6, UTC).strftime("%Y-%m-%d")


def usual_distance(rows: int, cells: int = 20) -> float:
    """Total variation distance that unchanged rows of this number show on average, over ``cells`` equal cells."""
    each = math.sqrt((1 / cells) * (1 - 1 / cells) / max(rows, 1))
    return cells * each * float(stats.norm.pdf(0)) if rows else 1.0


def most_moved(found: Sequence[Point], most: int = 8) -> tuple[str, ...]:
    """Columns by how far their farthest chunk is from the reference, beyond what unchanged rows hardly ever show.

    Of n rows the distance exceeds its mean by t with probability at most exp(-2 n t^2) (McDiarmid's inequality); t is
    such that one chunk in twenty runs does, over all columns.
    """
    reached: dict[str, float] = {}
    looked = max(1, sum(len(p.columns) for p in found))
    for point in found:
        for column in point.columns:
            chance = math.sqrt(math.log(20 * looked) / (2 * max(column.present, 1)))
            beyond = column.moved - usual_distance(column.present) - chance
            reached[column.name] = max(reached.get(column.name, -1.0), beyond)
    order = sorted(reached, key=lambda name: (-reached[name], name))
    return tuple(name for name in order if reached[name] > 0)[:most]
