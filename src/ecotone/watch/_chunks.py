"""A stream in chunks: what a timeline needs of each, in a few kilobytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ecotone.contracts import Floats

from ._loss_estimate import LossEstimate

By = Literal["day", "week"] | int
#: Slots of a column's sums: present, missing, unseen, sum, squares (both from the reference's median), low, high.
SUMS, CELLS = 7, 20
#: Bytes of chunks that are kept, about; beyond it the older half is joined two by two.
BYTES = 750_000


@dataclass(frozen=True)
class Chunk:
    """A stretch of the stream, rows ``first`` to ``first + rows - 1``.

    Parameters
    ----------
    first : int
        Number of its first row in the stream, from 0.
    rows : int
    key : int or None
        The day or week it is (days or weeks since 1970-01-01, weeks from Monday), or its number among chunks of N
        rows; where old chunks were joined, of the first of them.
    epoch : int
        Row with which the watch against its reference began; 0 until something is accepted.
    begins, ends : int or None
        First and last time, microseconds since 1970; None where no time column is named.
    evidence : float
        At its end, of the detector that is nearest to its threshold, as a share of that threshold.
    leading : tuple of str
        What that detector reads.
    alarms : int
        Alarms of its rows.
    outside : int
        Rows farther out than 95 % of the reference's, by Mahalanobis distance of normal scores.
    labels : int
        Rows whose label has come.
    loss : float
        Their summed loss, each in [0, 1].
    estimate : LossEstimate or None
        Of its loss without labels, where that was asked for and the chunk has ended.
    sums : (d, 27) float64
        A column's sums and counts, as :class:`ChunkColumn` reads them.
    """

    first: int
    rows: int
    key: int | None
    epoch: int
    begins: int | None
    ends: int | None
    evidence: float
    leading: tuple[str, ...]
    alarms: int
    outside: int
    labels: int
    loss: float
    estimate: LossEstimate | None
    sums: Floats

    def joined(self, later: Chunk) -> Chunk:
        """This chunk and the one after it as one."""
        with np.errstate(over="ignore", invalid="ignore"):
            sums = self.sums + later.sums
        sums[:, 5] = np.fmin(self.sums[:, 5], later.sums[:, 5])
        sums[:, 6] = np.fmax(self.sums[:, 6], later.sums[:, 6])
        return replace(
            self, rows=self.rows + later.rows, sums=sums, evidence=later.evidence, leading=later.leading,
            begins=self.begins if self.begins is not None else later.begins,
            ends=later.ends if later.ends is not None else self.ends,
            alarms=self.alarms + later.alarms, outside=self.outside + later.outside,
            labels=self.labels + later.labels, loss=self.loss + later.loss,
            estimate=_both(self.estimate, later.estimate),
        )  # fmt: skip


def _both(earlier: LossEstimate | None, later: LossEstimate | None) -> LossEstimate | None:
    return earlier.joined(later) if earlier is not None and later is not None else earlier or later


def empty_chunk(first: int, key: int | None, epoch: int, columns: int) -> Chunk:
    """A chunk of no row yet."""
    sums = np.zeros((columns, SUMS + CELLS))
    sums[:, 5:7] = np.nan
    return Chunk(first, 0, key, epoch, None, None, 0.0, (), 0, 0, 0, 0.0, None, sums)


def most_chunks(columns: int) -> int:
    """How many chunks of that many columns are kept."""
    return max(60, min(1000, BYTES // (8 * (SUMS + CELLS) * columns + 200)))


def thinned(chunks: list[Chunk], most: int) -> list[Chunk]:
    """At most ``most`` chunks: where there are more, the older half is joined two by two."""
    if len(chunks) > most:
        old = 2 * max(1, len(chunks) // 4)
        chunks = [c for a, b in zip(chunks[:old:2], chunks[1:old:2]) for c in _pair(a, b)] + chunks[old:]
    return chunks


def _pair(a: Chunk, b: Chunk) -> list[Chunk]:
    """As one, unless something was accepted between them."""
    return [a.joined(b)] if a.epoch == b.epoch else [a, b]
