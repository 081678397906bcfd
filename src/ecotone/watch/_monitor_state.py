"""A monitor as bytes: what is fixed for its life, what moves with every row, and the last rows."""

from __future__ import annotations

import zlib
from collections import deque
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput
from ecotone.data import StreamColumn, StreamColumns, Untested, decode_artefact, encode_artefact
from ecotone.decide.sequential import Bets, CellTable, EDetectors

from ._detectors import Detectors, Group
from ._guarantee import Guarantee
from ._monitor import Monitor
from ._recent import Recent, RecentPart
from ._row_scalars import RowScalars
from ._tree import from_tree, to_tree

VERSION = 1
_CLASSES = (
    StreamColumns, StreamColumn, Untested, Detectors, CellTable, RowScalars, Group, EDetectors, Bets, Guarantee,
)  # fmt: skip


def law_bytes(monitor: Monitor) -> bytes:
    """What does not change while a monitor lives, and where it stands now: columns, cells, thresholds."""
    arrays: dict[str, Any] = {}
    tree = to_tree((monitor.kinds, monitor.detectors, monitor.guarantee), arrays)
    return zlib.compress(encode_artefact("watch-law", VERSION, tree, arrays), 1)


def moving_bytes(monitor: Monitor) -> bytes:
    """What rows move: counts and evidence of the detectors, and what was said."""
    arrays: dict[str, Any] = {}
    for k, group in enumerate(monitor.detectors.groups):
        arrays[f"counts{k}"], arrays[f"evidence{k}"] = group.detectors.counts, group.detectors.evidence
    body = {
        "rows": monitor.rows,
        "said": sorted(list(s) for s in monitor.said),
        "alarmed": sorted(list(a) for a in monitor.alarmed),
    }
    return encode_artefact("watch-state", VERSION, body, arrays)


def restored(law: bytes, moving: bytes, parts: list[RecentPart]) -> Monitor:
    """The monitor that was kept.

    Raises
    ------
    BadInput
        The bytes are damaged, or another version's.
    """
    try:
        whole = zlib.decompress(law)
    except zlib.error as error:
        raise BadInput(f"the monitor's state is damaged ({error}); restore the file from a copy") from None
    tree, arrays = decode_artefact(whole, "watch-law", VERSION, "the monitor's state")
    kinds, detectors, guarantee = from_tree(tree, arrays, _CLASSES)
    body, moved = decode_artefact(moving, "watch-state", VERSION, "the monitor's state")
    for k, group in enumerate(detectors.groups):
        group.detectors.counts, group.detectors.evidence = moved[f"counts{k}"], moved[f"evidence{k}"]
        group.detectors.rows = body["rows"]
    recent = Recent(parts[-1].first + parts[-1].rows.num_rows if parts else body["rows"], deque(parts))
    said = {(s[0], s[1], s[2]) for s in body["said"]}
    alarmed = {(a[0], a[1]) for a in body["alarmed"]}
    return Monitor(kinds, detectors, guarantee, recent, body["rows"], said, alarmed)


def part_bytes(part: RecentPart) -> tuple[bytes, bytes]:
    """Rows and cells of a stretch of the last rows."""
    cells = {k: np.ascontiguousarray(c) for k, c in part.cells.items()}
    return rows_bytes(part.rows), zlib.compress(encode_artefact("watch-cells", VERSION, None, cells), 1)


def part_of(first: int, rows: bytes, cells: bytes) -> RecentPart:
    """The stretch that :func:`part_bytes` wrote."""
    _, arrays = decode_artefact(zlib.decompress(cells), "watch-cells", VERSION, "the last rows")
    return RecentPart(first, rows_of(rows), dict(arrays))


def rows_bytes(rows: pa.Table) -> bytes:
    """A table as an Arrow IPC stream, compressed."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
        out.write_table(rows.combine_chunks())
    return bytes(sink.getvalue())


def rows_of(stored: bytes) -> pa.Table:
    """The table that :func:`rows_bytes` wrote."""
    with pa.ipc.open_stream(stored) as found:
        return found.read_all()
