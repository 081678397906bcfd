"""Latency of each request and rows a second, with several clients at once."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from service import Client, Service
from tables import FORMATS, rows

from ecotone.watch import MonitorStore

REFERENCE, BATCH, SECONDS, WARM = 5_000, 100, 20.0, 2.0
DISTINCT = 2_000  # the monitor remembers the last thousand pieces, and says where rows come again


def measured(form: str, clients: int) -> dict[str, Any]:
    """Clients post batches, each as soon as its last one was answered, for twenty seconds after two of warming up."""
    media, made = FORMATS[form]
    bodies = [made(rows(BATCH, (7, k))) for k in range(DISTINCT)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        MonitorStore.create(folder / "m.duckdb", rows(REFERENCE, 0), arl=1e9).close()
        service = Service(folder)
        try:
            clock, before = time.perf_counter(), _seconds(service.process.pid)
            taken = _posted([service.client() for _ in range(clients)], media, bodies)
            cpu, clock = _seconds(service.process.pid) - before, time.perf_counter() - clock
        finally:
            service.end()
        with MonitorStore.open(folder / "m.duckdb") as store:
            kept = store.rows
    posts = sum(len(one) for one in taken)
    if kept != posts * BATCH:
        raise RuntimeError(f"{posts * BATCH} rows were answered and {kept} are kept")
    warm = np.concatenate([one[one[:, 0] > WARM] for one in taken])
    inside = warm[warm[:, 0] < WARM + SECONDS]
    p50, p99 = np.quantile(inside[:, 1], (0.5, 0.99))
    return {
        "format": form, "clients": clients, "posts": len(inside), "p50": p50, "p99": p99, "worst": inside[:, 1].max(),
        "rows_a_second": BATCH * len(inside) / SECONDS, "busy": cpu / clock,
        "rows_a_cpu_second": posts * BATCH / cpu, "load": os.getloadavg()[0],
        "bytes": len(bodies[0]),
    }  # fmt: skip


def _posted(clients: list[Client], media: str, bodies: list[bytes]) -> list[np.ndarray]:
    start = time.perf_counter()
    taken: list[list[tuple[float, float]]] = [[] for _ in clients]

    def run(which: int) -> None:
        client, place = clients[which], 0
        while (now := time.perf_counter() - start) < WARM + SECONDS:
            headers = f"Ecotone-Source: c{which}\r\nEcotone-Position: {BATCH * place}\r\n"
            status, answer = client.post(bodies[(which + len(taken) * place) % len(bodies)], media, headers)
            if status != 200:
                raise RuntimeError(f"{status}: {answer!r}")
            place += 1
            taken[which].append((now, time.perf_counter() - start - now))

    threads = [threading.Thread(target=run, args=(k,)) for k in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [np.array(one) for one in taken]


def _seconds(process: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
