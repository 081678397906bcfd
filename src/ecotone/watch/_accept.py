"""A new law taken for the reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput
from ecotone.data import Frame

from ._monitor_state import rows_bytes
from ._run import Run
from ._status import Episode

#: Bytes of the reference's rows that are kept for checks after an alarm, and rows at most.
SAMPLE_BYTES, SAMPLE = 500_000, 5_000


def accepted(old: Run, reference: Frame, *, thinned: bool) -> Run:
    """The same stream watched against another reference, whose rows may be thinned already."""
    new = Run.start(reference, replace(old.settings, every=1) if thinned else old.settings)
    new.settings, new.thinning, new.chunks, new.clock = old.settings, old.thinning, old.chunks, old.clock
    new.rows, new.since, new.harm, new.expected = old.rows, old.rows, old.harm, old.expected
    new.epochs = [e for e in old.epochs if e.since < old.rows] + [replace(new.epochs[0], since=old.rows)]
    return new


def since_change(episodes: tuple[Episode, ...], recent: Callable[[int], pa.Table]) -> Frame:
    """The rows of evidence since the change that is open, from the end of its interval on."""
    open_ones = [e for e in episodes if not e.ended and e.about == "data"]
    if not open_ones:
        raise BadInput("accept: no alarm is open; there is no change to accept")
    since = open_ones[0].alarm.since
    first = since.high if since is not None else open_ones[0].alarm.row
    rows = recent(first)
    if rows.num_rows < 200:
        raise BadInput(
            f"accept: only {rows.num_rows} rows of evidence came since the change (row {first}); a reference needs "
            "200: read on till then, or give a reference"
        )
    return Frame(rows, (), name="reference")


def sample(reference: pa.Table, seed: int) -> bytes:
    """Rows drawn without replacement, in their order."""
    fit = int(SAMPLE_BYTES / max(reference.nbytes / reference.num_rows, 1))
    most = max(200, min(SAMPLE, fit))
    if reference.num_rows > most:
        kept = np.sort(np.random.default_rng((seed, 29)).choice(reference.num_rows, most, replace=False))
        reference = reference.take(pa.array(kept))
    return rows_bytes(reference.replace_schema_metadata(None))
