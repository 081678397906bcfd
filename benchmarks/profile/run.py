"""Profiling a Parquet file, beside one DuckDB query of min, max and mean and a plain Arrow read of the same columns.

    python benchmarks/profile/run.py 5000000 50000000

Each measurement runs in a process of its own (so that its peak memory is its own), in turn with the others; the best
of the repeats counts. The files are generated once and kept in ``--folder``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

THREADS = 2
WORDS = (4, 12, 40)
GROUP = 1 << 20


def generate(path: Path, rows: int) -> None:
    """Twelve normal, three skewed with missing values, two counts, three categories; a million rows per group."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    words = pa.array([f"level_{i:02d}" for i in range(max(WORDS))])
    writer = None
    for start in range(0, rows, GROUP):
        m = min(GROUP, rows - start)
        columns = {f"normal{j}": pa.array(rng.normal(j, 1 + j, m)) for j in range(12)}
        columns |= {f"skewed{j}": pa.array(rng.lognormal(0, 1, m), mask=rng.random(m) < 0.05) for j in range(3)}
        columns |= {f"count{j}": pa.array(rng.poisson(3 + 20 * j, m)) for j in range(2)}
        columns |= {
            f"word{j}": words.take(pa.array(np.minimum(rng.geometric(0.3, m) - 1, k - 1))) for j, k in enumerate(WORDS)
        }
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=GROUP)
    assert writer is not None
    writer.close()


def duckdb_query(path: str) -> None:
    import duckdb

    base = duckdb.connect()
    base.execute(f"set threads={THREADS}")
    columns = base.execute(f"describe select * from '{path}'").fetchall()
    wanted = [f'min("{c}"), max("{c}")' + (f', avg("{c}")' if t != "VARCHAR" else "") for c, t, *_ in columns]
    base.execute(f"select {', '.join(wanted)} from '{path}'").fetchall()


def arrow_read(path: str) -> None:
    import pyarrow as pa
    import pyarrow.dataset as ds

    pa.set_cpu_count(THREADS)
    for _ in ds.dataset(path).scanner(batch_size=1 << 17, batch_readahead=2).to_batches():
        pass


def ecotone_profile(path: str) -> None:
    from ecotone.data import profile

    profile(path).save(path + ".profile")


def ecotone_like(path: str) -> None:
    from ecotone.data import Profile, profile

    profile(path, like=Profile.load(path + ".profile")).save(path + ".like.profile")


TASKS: dict[str, Callable[[str], None]] = {
    "DuckDB: min, max, mean": duckdb_query,
    "Arrow: read": arrow_read,
    "Ecotone: profile": ecotone_profile,
    "Ecotone: profile --like": ecotone_like,
}


def measure(task: str, path: str) -> None:
    """Run one task and print its seconds, CPU seconds and peak memory; imports are not counted."""
    import resource

    import duckdb  # noqa: F401

    import ecotone.data

    _ = ecotone.data.profile
    start, cpu = time.perf_counter(), time.process_time()
    TASKS[task](path)
    seconds, used = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": used, "mb": peak}))


def best(path: str, repeats: int) -> dict[str, dict[str, float]]:
    """The best of the repeats of each task."""
    found: dict[str, list[dict[str, float]]] = {task: [] for task in TASKS}
    for _ in range(repeats):
        for task in TASKS:
            run = [sys.executable, __file__, "--measure", task, path]
            out = subprocess.run(run, capture_output=True, text=True, check=True).stdout
            found[task].append(json.loads(out))
    return {task: {key: min(r[key] for r in runs) for key in runs[0]} for task, runs in found.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="*", default=[5_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", default=tempfile.gettempdir())
    parser.add_argument("--measure", nargs=2, metavar=("TASK", "PATH"))
    given = parser.parse_args()
    if given.measure:
        return measure(*given.measure)
    import duckdb
    import pyarrow

    print(f"DuckDB {duckdb.__version__}, pyarrow {pyarrow.__version__}, Python {platform.python_version()}, ", end="")
    print(f"{os.cpu_count()} cores; best of {given.repeats}\n")
    print("| rows x columns | task | seconds | / DuckDB | / Arrow | CPU seconds | / DuckDB | peak MB | artefact MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for rows in given.rows:
        path = Path(given.folder) / f"ecotone-profile-{rows}.parquet"
        if not path.exists():
            generate(path, rows)
        found = best(str(path), given.repeats)
        query, read = found["DuckDB: min, max, mean"], found["Arrow: read"]
        for task, r in found.items():
            end = {"Ecotone: profile": ".profile", "Ecotone: profile --like": ".like.profile"}.get(task)
            size = f"{os.path.getsize(f'{path}{end}') / 1e6:.2f}" if end else ""
            print(
                f"| {rows:,} x 20 | {task} | {r['seconds']:.2f} | {r['seconds'] / query['seconds']:.1f} "
                f"| {r['seconds'] / read['seconds']:.1f} | {r['cpu']:.2f} | {r['cpu'] / query['cpu']:.1f} "
                f"| {r['mb']:.0f} | {size} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
