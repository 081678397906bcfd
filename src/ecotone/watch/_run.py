"""A monitor in use: rows in, evidence and chunks out; everything that moves, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput, Ints
from ecotone.data import Encoded, Frame

from ._alarm import Alarm, Break, Update
from ._chunk_column import Epoch, column_sums
from ._chunks import Chunk, empty_chunk, most_chunks, thinned
from ._clock import DAY, NEVER, Clock
from ._detectors import Detectors, Reads
from ._expected_loss import ExpectedLoss
from ._harm import Harm
from ._loss_estimate import LossEstimate
from ._monitor import Monitor
from ._recent import LEAST, MOST
from ._settings import WatchSettings
from ._thinning import Thinning

#: Rows that are worked through, and kept, at once.
PIECE = 10_000


@dataclass
class Run:
    """A stream under watch.

    Parameters
    ----------
    settings : WatchSettings
    monitor : Monitor
    epochs : list of Epoch
        References, the present one last.
    thinning : Thinning
    clock : Clock
    harm : Harm or None
        The loss, where labels are watched.
    expected : ExpectedLoss or None
        Estimates a chunk's loss without labels, where that was asked for.
    rows : int
        Of the stream so far.
    since : int
        The stream's row with which the present reference's watch began.
    numbers : (m,) int64
        In the stream, of the last rows that were evidence; empty where every row is.
    chunks : list of Chunk
        The last one is open.
    """

    settings: WatchSettings
    monitor: Monitor
    epochs: list[Epoch]
    thinning: Thinning
    clock: Clock
    harm: Harm | None = None
    expected: ExpectedLoss | None = None
    rows: int = 0
    since: int = 0
    numbers: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    chunks: list[Chunk] = field(default_factory=list)

    @classmethod
    def start(cls, reference: Frame, settings: WatchSettings) -> Run:
        """A watch that has read no row yet; the reference is thinned as the stream is."""
        thinning = Thinning(settings.every, settings.roles.entity)
        kept = reference
        if not thinning.keeps_all:
            mask = Thinning(settings.every, settings.roles.entity).mask(0, reference.arrow)
            kept = Frame(reference.arrow.filter(pa.array(mask)), (), name="reference")
            if kept.n < 200:
                raise BadInput(
                    f"the reference has {kept.n} rows that can be evidence (every {settings.every}, one of each "
                    "entity); give at least 200, and better some thousands"
                )
        monitor = Monitor.start(
            kept, arl=settings.arl, ever=settings.ever, roles=settings.roles, independent=settings.independent,
            seed=settings.seed,
        )  # fmt: skip
        run = cls(settings, monitor, [], thinning, Clock.of(settings.roles.time, reference.arrow))
        run.epochs = [run._epoch(reference.arrow)]
        return run

    def read(self, rows: pa.Table) -> Update:
        """Rows in, in order."""
        alarms: list[Alarm] = []
        breaks: list[Break] = [self._placed(b) for b in self.monitor.new_columns(rows)]
        for start in range(0, rows.num_rows, PIECE):
            part = rows.slice(start, PIECE)
            times = self.clock.read(part) if self.clock.time is not None else None
            if times is not None:
                breaks += self.clock.update(times, self.rows)
            for a, b, key in self._cut(times, part.num_rows):
                found, broken = self._piece(part.slice(a, b - a), None if times is None else times[a:b], key)
                alarms += found
                breaks += broken
        return Update(rows.num_rows, tuple(alarms), tuple(breaks))

    def _piece(self, rows: pa.Table, times: Ints | None, key: int | None) -> tuple[list[Alarm], list[Break]]:
        """Rows of one chunk."""
        if self.settings.shuffle:
            order = np.random.default_rng((self.settings.seed, 31, self.rows)).permutation(rows.num_rows)
            rows, times = rows.take(pa.array(order)), None if times is None else times[order]
        if (
            self.expected is not None
            and self.chunks
            and (self.chunks[-1].key, self.chunks[-1].epoch) != (key, self.since)
        ):
            self.chunks[-1] = self._estimated(self.chunks[-1], self.expected)  # while its rows are kept
        detectors = self.monitor.detectors
        encoded = self.monitor.kinds.encode(rows)
        breaks = [self._placed(b) for b in self.monitor.breaks(encoded)]
        mask = self.thinning.mask(self.rows, rows)
        all_of_it = bool(mask.all())
        cells = detectors.cells(encoded, self.monitor.rows if all_of_it else self.rows)
        alarms: list[Alarm] = []
        if mask.any():
            few = encoded if all_of_it else taken(encoded, mask)
            if not self.thinning.keeps_all:
                self.numbers = np.concatenate([self.numbers, self.rows + np.flatnonzero(mask)])[-(MOST + 2 * LEAST) :]
            theirs = cells if all_of_it else detectors.cells(few, self.monitor.rows)
            found = self.monitor.read(rows if all_of_it else rows.filter(pa.array(mask)), few, theirs)
            alarms = [self._numbered(alarm) for alarm in found]
        self._count(encoded, cells, times, key, len(alarms))
        self.rows += rows.num_rows
        return alarms, breaks

    def _count(
        self, encoded: Encoded, cells: dict[Reads, Ints], times: Ints | None, key: int | None, alarms: int
    ) -> None:  # fmt: skip
        """Add rows to the open chunk, or open the next."""
        detectors, kinds = self.monitor.detectors, self.monitor.kinds
        if not self.chunks or (self.chunks[-1].key, self.chunks[-1].epoch) != (key, self.since):
            self.chunks = thinned(self.chunks, most_chunks(len(kinds.columns)))
            self.chunks.append(empty_chunk(self.rows, key, self.since, len(kinds.columns)))
        known = times[times != NEVER] if times is not None else np.empty(0, np.int64)
        share, leading = nearest(detectors)
        piece = replace(
            empty_chunk(self.rows, key, self.since, 0),
            rows=len(encoded.values), evidence=share, leading=leading, alarms=alarms,
            begins=int(known.min()) if len(known) else None, ends=int(known.max()) if len(known) else None,
            outside=int((cells["row"][:, 1] == 19).sum()),
            sums=column_sums(kinds, encoded, cells["column"], detectors.scalars.knots[:, 50]),
        )  # fmt: skip
        self.chunks[-1] = self.chunks[-1].joined(piece)

    def _estimated(self, chunk: Chunk, expected: ExpectedLoss) -> Chunk:
        """A chunk that has ended, with its loss without labels: of its rows of evidence that are kept."""
        if chunk.epoch != self.since:  # its rows went with the monitor that read them
            return replace(chunk, estimate=LossEstimate(0, None, None, None, "its rows are not kept"))
        recent = self.monitor.recent
        first = max(recent.first, self.as_evidence(chunk.first))
        kept = max(0, self.as_evidence(chunk.first + chunk.rows) - first)
        return replace(chunk, estimate=expected(recent.since(first).slice(0, kept)))

    def _cut(self, times: Ints | None, rows: int) -> Iterator[tuple[int, int, int]]:
        """Stretches (from, to, key) of a part's rows, each inside one chunk."""
        by = self.settings.by
        if isinstance(by, int):
            keys = (self.rows + np.arange(rows)) // by
        else:
            assert times is not None
            now = self.chunks[-1].key if self.chunks else None
            days = np.where(times == NEVER, np.iinfo(np.int64).min, times // DAY)
            keys = days if by == "day" else np.where(times == NEVER, days, (days + 3) // 7)  # day 0 was a Thursday
            first = keys[times != NEVER][:1]
            begin = now if now is not None else int(first[0]) if len(first) else 0
            keys = np.maximum.accumulate(np.concatenate([[begin], keys]))[1:]
        ends = np.append(np.flatnonzero(np.diff(keys)) + 1, rows)
        start = 0
        for end in ends.tolist():
            yield start, end, int(keys[start])
            start = end

    def _epoch(self, reference: pa.Table) -> Epoch:
        encoded = self.monitor.kinds.encode(reference)
        cells = self.monitor.detectors.cells(encoded, -reference.num_rows)
        knots = self.monitor.detectors.scalars.knots
        sums = column_sums(self.monitor.kinds, encoded, cells["column"], knots[:, 50])
        return Epoch(0, reference.num_rows, self.monitor.kinds, knots, sums)

    # ------------------------------------------------------------------ numbers of rows
    def in_stream(self, row: int) -> int:
        """The stream's number of a row that the monitor counts as evidence."""
        if self.thinning.keeps_all:
            return self.since + row
        at = row - (self.monitor.rows - len(self.numbers))
        return int(self.numbers[min(max(at, 0), len(self.numbers) - 1)])

    def as_evidence(self, row: int) -> int:
        """The monitor's number of the first row of evidence from the stream's ``row`` on."""
        if self.thinning.keeps_all:
            return row - self.since
        return int(self.monitor.rows - len(self.numbers) + np.searchsorted(self.numbers, row))

    def _numbered(self, alarm: Alarm) -> Alarm:
        since, at = alarm.since, self.in_stream
        if since is not None:
            since = replace(since, row=at(since.row), low=at(since.low), high=at(since.high))
        return replace(alarm, row=self.in_stream(alarm.row), since=since)

    def _placed(self, found: Break) -> Break:
        return replace(found, row=self.rows)


def taken(batch: Encoded, mask: np.ndarray) -> Encoded:
    """Some rows of a batch."""
    return replace(batch, values=batch.values[mask], missing=batch.missing[mask], unseen=batch.unseen[mask])


def nearest(detectors: Detectors) -> tuple[float, tuple[str, ...]]:
    """Evidence of the detector nearest to its threshold, as a share of it, and what it reads."""
    found = max(
        ((float(s.max()), g.members[int(s.argmax())]) for g in detectors.groups for s in [g.detectors.share]),
        key=lambda one: one[0],
    )
    return found
