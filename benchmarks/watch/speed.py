"""Rows a second on one core, and the size of the state, as a stream grows.

python benchmarks/watch/speed.py            # ten columns, ten million rows into a file: minutes
python benchmarks/watch/speed.py --rows 1000000
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import pyarrow as pa

sys.path[:0] = [str(Path(__file__).parents[1])]
from stored import Results

from ecotone.watch import Monitor, MonitorStore

RESULTS = Results(Path(__file__).parent)
BATCH, COLUMNS, REFERENCE = 10_000, 10, 5_000


def table(n: int, rng: np.random.Generator) -> pa.Table:
    z = rng.normal(size=(n, COLUMNS))
    return pa.table({f"x{j}": z[:, j] for j in range(COLUMNS)})


def in_memory(rows: int) -> dict[str, float]:
    """Seconds of CPU and of the clock for rows that come in batches, without a file."""
    rng = np.random.default_rng(1)
    monitor = Monitor.start(table(REFERENCE, rng), independent=True)
    batches = [table(BATCH, rng) for _ in range(10)]
    monitor.update(batches[0])
    cpu, wall = time.process_time(), time.perf_counter()
    for k in range(rows // BATCH):
        monitor.update(batches[k % len(batches)])
    return {"rows": rows, "cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def in_a_file(rows: int) -> list[dict[str, float]]:
    """The same through the file, with its size at every power of ten."""
    rng, found = np.random.default_rng(2), []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "monitor.duckdb"
        with MonitorStore.create(path, table(REFERENCE, rng), independent=True) as store:
            cpu, marks = time.process_time(), [10**k for k in range(5, 9) if 10**k <= rows]
            for k in range(1, rows // BATCH + 1):
                made = time.process_time()
                batch = table(BATCH, rng)
                cpu += time.process_time() - made
                store.ingest(batch, source="stream", position=(k - 1) * BATCH)
                if k * BATCH in marks:
                    found.append(
                        {"rows": k * BATCH, "cpu": time.process_time() - cpu, "bytes": float(path.stat().st_size)}
                    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    asked = parser.parse_args()
    RESULTS.put("speed_memory", in_memory(min(asked.rows, 1_000_000)))
    RESULTS.put("speed_file", *in_a_file(asked.rows))
    for entry in ("speed_memory", "speed_file"):
        for record in RESULTS.records(entry):
            print(entry, record)


if __name__ == "__main__":
    main()
