"""Ten columns: six numbers, a skewed one with missing values, a count, two categories; and bodies of them."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa

JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"


def rows(n: int, seed: object) -> pa.Table:
    """Rows that never change."""
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {f"x{j}": rng.normal(j, 1 + j, n) for j in range(6)}
    columns["paid"] = pa.array(rng.lognormal(0, 1, n), mask=rng.random(n) < 0.05)
    columns["items"] = rng.poisson(4, n)
    columns["city"] = rng.choice(["Ulm", "Bern", "Graz", "Linz"], n)
    columns["code"] = rng.choice([f"c{k}" for k in range(20)], n)
    return pa.table(columns)


def as_json(table: pa.Table) -> bytes:
    """A list of rows, as most clients send them."""
    return json.dumps(table.to_pylist()).encode()


def as_arrow(table: pa.Table) -> bytes:
    """An Arrow IPC stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


FORMATS = {"JSON": (JSON, as_json), "Arrow IPC": (ARROW, as_arrow)}
