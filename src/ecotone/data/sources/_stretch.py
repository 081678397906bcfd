"""A run of a source's rows that travels to another process, and where runs are cut."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import pyarrow as pa

from ecotone.contracts import BadInput

from ._batches import ahead, even_batches, fit_batch
from ._failures import reading
from ._frames import FramePart
from ._part import Request, SourcePart, take

BATCHES = 4
"""Batches of a unit."""
_BRANCHES = 4


def batch_rows(columns: int) -> int:
    """Rows of a batch: a power of two, about 32 MB."""
    return 1 << max(10, min(17, (2**22 // columns).bit_length() - 1))


def unit_rows(columns: int) -> int:
    """Rows of a unit, the stretch that is always folded by itself: about 128 MB, 524 288 rows up to 32 columns.

    It depends on the number of columns alone, so that what merges from units does not depend on how the rows are
    stored, nor on who reads which.
    """
    return BATCHES * batch_rows(columns)


@dataclass(frozen=True)
class Piece:
    """Some rows of a part.

    Parameters
    ----------
    part : SourcePart
    first, stop : int, int or None
        0-based; None for all that there are.
    """

    part: SourcePart
    first: int = 0
    stop: int | None = None

    def batches(self, request: Request, asked: str) -> Iterator[pa.RecordBatch]:
        """The rows with the columns and types asked for."""
        with reading(self.part.name, asked):
            found = self.part.batches(request, self.first)
            for batch in found if self.stop is None else take(found, self.stop - self.first):
                yield fit_batch(batch, request)


@dataclass(frozen=True)
class Stretch:
    """A run of a source's rows.

    Parameters
    ----------
    asked : str
        What error messages call the table.
    schema : pyarrow.Schema
        Of the whole source.
    pieces : tuple of Piece
    start : int
        Place of its first row in the source, a multiple of :func:`unit_rows`.
    rows : int or None
        How many there are; None where that was not counted.
    """

    asked: str
    schema: pa.Schema
    pieces: tuple[Piece, ...]
    start: int = 0
    rows: int | None = None

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Batches that end at multiples of one number of rows, counted from the start of the source.

        Raises
        ------
        BadInput
            There are fewer rows than were counted.
        """
        request = Request(self.schema, batch_rows(len(self.schema)), coded=True)
        each = (batch for piece in self.pieces for batch in piece.batches(request, self.asked))
        seen = 0
        for batch in ahead(even_batches(each, request.rows)):
            seen += len(batch)
            yield batch
        if self.rows is not None and seen != self.rows:
            raise BadInput(
                f"{self.asked}: {self.pieces[0].part.name} had {self.rows} rows from row {self.start} on and then "
                f"{seen}; read it when nobody writes it"
            )


def cut_source(whole: Stretch, counts: Sequence[int], most: int) -> list[Stretch]:
    """A source cut between units into at most so many stretches of about equal length.

    Parameters
    ----------
    whole : Stretch
    counts : sequence of int
        Rows of each of its parts.
    most : int
        At least 1.
    """
    unit, total = unit_rows(len(whole.schema)), sum(counts)
    # cut where whole branches of the tree end, so that a stretch leaves a few nodes to merge, not one for each level
    branch = max(total // (_BRANCHES * unit * most), 1).bit_length() - 1
    places = _places(whole, counts, unit << branch)
    wanted = {_nearest(places, total * k / most) for k in range(1, most)} if places else set()
    cuts = [0, *sorted(wanted), total]
    return [_between(whole, counts, start, stop) for start, stop in pairwise(cuts) if stop > start]


def _places(whole: Stretch, counts: Sequence[int], unit: int) -> list[int]:
    """Ends of units at which a source may be cut: in what does not seek, the first in each part alone."""
    found: set[int] = set()
    for piece, count, end in zip(whole.pieces, counts, accumulate(counts)):
        first = -(-(end - count) // unit) * unit
        found.update(range(first, end, unit) if piece.part.seeks else range(first, min(end, first + 1)))
    return sorted(found - {0})


def _nearest(places: Sequence[int], wanted: float) -> int:
    at = bisect_left(places, wanted)
    return min(places[max(at - 1, 0) : at + 1], key=lambda place: abs(place - wanted))


def _between(whole: Stretch, counts: Sequence[int], start: int, stop: int) -> Stretch:
    pieces, at = [], 0
    for piece, count in zip(whole.pieces, counts):
        first, last = max(start - at, 0), min(stop - at, count)
        if first < last:
            part = piece.part
            if isinstance(part, FramePart) and part.seeks:
                pieces.append(Piece(part.between(first, last)))
            else:
                pieces.append(Piece(part, first, last))
        at += count
    return Stretch(whole.asked, whole.schema, tuple(pieces), start, stop - start)
