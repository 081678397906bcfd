"""The whole check beside Evidently's default preset and a plain read of the same files.

    python benchmarks/speed/run.py
    python benchmarks/speed/run.py --shapes 100000x100 --repeats 3

Every measurement is a process of its own: seconds and CPU seconds from the first import to the answer, and peak
memory. The tables hold the same law twice, so every alarm is false. Nothing limits threads. Evidently lives in an
environment of its own (``benchmarks/peers/monitoring.txt``), named by ``--peer``.
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
from typing import Any

ROOT = Path(__file__).parents[2]
LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def ecotone_check(reference: str, current: str) -> dict[str, Any]:
    """The whole check and its report."""
    import ecotone

    result = ecotone.check(reference, current)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        result.save(report=path)
        size = path.stat().st_size
    return {"alarms": list(result.alarms), "report": size / 1e6, "stages": result.to_dict()["timing"]}


def evidently_drift(reference: str, current: str) -> dict[str, Any]:
    """Evidently's preset for drift, as it comes."""
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset

    frames = [pd.read_parquet(path) for path in (reference, current)]
    found = Report([DataDriftPreset()]).run(frames[1], frames[0]).dict()
    drifted = found["metrics"][0]["value"]
    return {"alarms": [f"{drifted['count']:.0f} columns drifted"] if drifted["count"] else []}


def arrow_read(reference: str, current: str) -> dict[str, Any]:
    """Both files into memory."""
    import pyarrow.parquet as pq

    for path in (reference, current):
        pq.read_table(path)
    return {"alarms": []}


TASKS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "ecotone.check": ecotone_check,
    "Evidently DataDriftPreset": evidently_drift,
    "Arrow: read": arrow_read,
}


def measure(task: str, reference: str, current: str) -> None:
    """Run one task and print what it cost."""
    import resource

    start, cpu = time.perf_counter(), time.process_time()
    found = TASKS[task](reference, current)
    found |= {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    found["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("\n" + json.dumps(found))


def run(python: str, task: str, paths: tuple[Path, Path]) -> dict[str, Any]:
    """One measurement in a new process without limits on threads."""
    free = {k: v for k, v in os.environ.items() if k not in LIMITS}
    command = [python, __file__, "--measure", task, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, env=free, check=True)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def import_seconds(repeats: int = 5) -> tuple[float, bool]:
    """Best time of ``import ecotone``, and whether scikit-learn came with it."""
    code = (
        "import sys, time; t = time.perf_counter(); import ecotone; "
        "print(time.perf_counter() - t, any(m.split('.')[0] == 'sklearn' for m in sys.modules))"
    )
    out = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True) for _ in range(repeats)]
    words = [o.stdout.split() for o in out]
    return min(float(w[0]) for w in words), words[0][1] == "True"


def row(shape: str, task: str, runs: list[dict[str, Any]], peer: dict[str, Any] | None) -> str:
    """A line of the table: the best of the repeats."""
    best = {key: min(r[key] for r in runs) for key in ("seconds", "cpu", "mb")}
    ratios = " | " if peer is None else f"{peer['seconds'] / best['seconds']:.1f} | {peer['cpu'] / best['cpu']:.1f}"
    alarms = ", ".join(runs[0]["alarms"]) or "none"
    rows, columns = shape.split("x")
    size = f"{runs[0]['report']:.2f}" if "report" in runs[0] else ""
    return (
        f"| {int(rows):,} x {columns} | {task} | {best['seconds']:.1f} | {best['cpu']:.1f} | {ratios} "
        f"| {best['mb']:,.0f} | {alarms} | {size} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--shapes", nargs="+", default=["100000x100", "1000000x20"], help="rows of each table x columns"
    )
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--peer", default=str(ROOT / ".venv-monitoring" / "bin" / "python"))
    parser.add_argument("--measure", nargs=3, metavar=("TASK", "REFERENCE", "CURRENT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        return measure(*given.measure)
    from importlib.metadata import version

    from tables import files

    asked = [given.peer, "-c", "from importlib.metadata import version as v; print(v('evidently'), v('pandas'))"]
    peers = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    print(f"ecotone {version('ecotone')}, evidently {peers[0]} with pandas {peers[1]}, pyarrow {version('pyarrow')}, ")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {load}; best of {given.repeats}\n")
    seconds, loaded = import_seconds()
    print(f"`import ecotone`: {seconds:.3f} s, {'with' if loaded else 'without'} scikit-learn\n")
    print(
        "| rows x columns each | task | seconds | CPU seconds | times faster | in CPU | peak MB | alarms | report MB |"
    )
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for shape in given.shapes:
        paths = files(*map(int, shape.split("x")))
        runs: dict[str, list[dict[str, Any]]] = {task: [] for task in TASKS}
        for _ in range(given.repeats):
            for task in TASKS:
                python = given.peer if task.startswith("Evidently") else sys.executable
                runs[task].append(run(python, task, paths))
        peer = {key: min(r[key] for r in runs["Evidently DataDriftPreset"]) for key in ("seconds", "cpu")}
        for task, found in runs.items():
            print(row(shape, task, found, None if task.startswith("Evidently") else peer), flush=True)
        print(f"stages of {shape}: {runs['ecotone.check'][0]['stages']}", file=sys.stderr)


if __name__ == "__main__":
    main()
