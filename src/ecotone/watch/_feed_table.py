"""A table of a database that grows by a key."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ecotone.contracts import BadInput
from ecotone.data.sources import keyed_batches

from ._alarm import Update
from ._run import PIECE
from ._store import MonitorStore


def feed_table(store: MonitorStore, source: str, key: str) -> Iterator[Update]:
    """Rows of ``file.duckdb::table`` whose key is greater than the last one that was taken."""
    _, mark, _ = store.place(source) or (0, "", False)
    was = json.loads(mark) if mark else {"column": key, "last": None}
    if was["column"] != key:
        raise BadInput(f"key: {source} was read by {was['column']!r}, not {key!r}; go on with that")
    for rows, last in keyed_batches(source, key, was["last"], PIECE):
        yield store.ingest(rows, source=source, mark=json.dumps({"column": key, "last": last}))
