"""What engines cost: a profile of 64 partitions on two processes and on a two-node Ray cluster, and growth with rows.

    python benchmarks/engines/run.py engines --rows 50000000
    python benchmarks/engines/run.py growth
    python benchmarks/engines/run.py merge

The table of ``benchmarks/profile`` (20 columns) is stored in files of 781 250 rows: one table, copied into a few files,
and the rest are links to them, so that 10**8 rows need the disk of three million. A row's place is part of its
priority, so that linked rows are not kept together.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "profile"), str(HERE.parent)]

FILE = 781_250
MADE = 4
DEATHS = (9, 33)
"""Parts in the middle of which a worker is killed, once each."""


def table_of(folder: Path, rows: int) -> Path:
    """A folder of files of so many rows."""
    from run import generate  # type: ignore[attr-defined]  # that of benchmarks/profile

    here = folder / f"rows_{rows}"
    if here.exists():
        return here
    for j in range(MADE):
        if not (made := folder / f"made_{j}.parquet").exists():
            generate(made, FILE)
    here.mkdir()
    for j in range(-(-rows // FILE)):
        os.link(folder / f"made_{j % MADE}.parquet", here / f"part_{j:05d}.parquet")
    return here


@dataclass(frozen=True)
class Dies:
    """Work in the middle of which a worker is killed, the first time that it takes one of two items."""

    work: Callable[[Any], Any]
    folder: str

    def __call__(self, item: tuple[int, Any]) -> Any:
        at, what = item
        mark = Path(self.folder) / str(at)
        if at in DEATHS and not mark.exists():
            mark.touch()
            threading.Timer(0.25, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return self.work(what)


@dataclass
class Killing:
    """An engine whose workers are killed twice."""

    engine: Any
    folder: str
    name: str = "ray"

    @property
    def workers(self) -> int:
        return int(self.engine.workers)

    def map(self, work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        return self.engine.map(Dies(work, self.folder), list(enumerate(items)))


def timed(folder: Path, out: Path, engine: Any, partitions: int) -> float:
    from ecotone.data import profile

    start = time.perf_counter()
    profile(folder, engine=engine, partitions=partitions).save(out)
    return time.perf_counter() - start


def engines(folder: Path, rows: int, repeats: int) -> dict[str, Any]:
    """Seconds on two processes and on two nodes, in turn; both are warm, with their workers started."""
    from ray.cluster_utils import Cluster

    from ecotone.data.engines import open_engine

    table, load = table_of(folder, rows), os.getloadavg()[0]
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    found: dict[str, list[float]] = {"local": [], "ray": [], "ray, two killed": []}
    with open_engine("local", workers=2) as local, open_engine("ray", address=cluster.address) as there:
        for engine in (local, there):
            timed(table_of(folder, 4 * FILE), folder / "warm.profile", engine, 4)
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as marks:
                for name, engine in (("local", local), ("ray", there), ("ray, two killed", Killing(there, marks))):
                    found[name].append(timed(table, folder / f"{name[:3] + name[-6:]}.profile", engine, 64))
                assert sorted(os.listdir(marks)) == sorted(map(str, DEATHS)), "no worker was killed"
    cluster.shutdown()
    held = {path.read_bytes() for path in (folder / f"{n[:3] + n[-6:]}.profile" for n in found)}
    return {"rows": rows, "partitions": 64, "seconds": found, "equal": len(held) == 1, "load": load}


def growth(folder: Path, rows: int) -> dict[str, Any]:
    """Seconds and peak memory of one process, by its own measurement in a process of its own."""
    command = [sys.executable, __file__, "--alone", table_of(folder, rows)]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    n, seconds, cpu, mb = map(float, out.stdout.split())
    return {"rows": int(n), "seconds": seconds, "cpu": cpu, "mb": mb, "load": os.getloadavg()[0]}


def alone(table: Path) -> None:
    """Profile in this process and print rows, seconds, CPU seconds and peak memory; imports are not counted."""
    import resource

    from ecotone.data import profile

    start, cpu = time.perf_counter(), time.process_time()
    n = profile(table).n
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(n, time.perf_counter() - start, time.process_time() - cpu, peak)


def merge(folder: Path, times: int) -> dict[str, Any]:
    """Seconds of merging two profiles, and bytes of one as it travels."""
    import pickle

    from ecotone.data import profile

    table = table_of(folder, 4 * FILE)
    a, b = profile(table), profile(table, seed=1)
    start = time.perf_counter()
    for _ in range(times):
        a.merge(b)
    return {"seconds": (time.perf_counter() - start) / times, "bytes": len(pickle.dumps(a)), "times": times}


def main() -> None:
    from stored import Results

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["engines", "growth", "merge"])
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "ecotone-engines")
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        return alone(given.alone)
    given.folder.mkdir(exist_ok=True)
    results = Results(HERE)
    if "engines" in given.what:
        results.put("engines", [engines(given.folder, given.rows, given.repeats)])
    if "growth" in given.what:
        results.put("growth", [growth(given.folder, FILE * k) for k in (2, 13, 128)])
    if "merge" in given.what:
        results.put("merge", [merge(given.folder, 50)])
    for name in results.names():
        print(name, *map(json.dumps, results.records(name)), sep="\n  ")


if __name__ == "__main__":
    main()
