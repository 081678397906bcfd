"""Rows of one source among others that are read with them."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class SourceRows:
    """Rows of one source.

    Parameters
    ----------
    rows : pyarrow.Table
    source, mark, done
        As :meth:`MonitorStore.ingest` takes them.
    """

    rows: pa.Table
    source: str = ""
    mark: str = ""
    done: bool = False
