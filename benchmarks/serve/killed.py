"""A million rows while the service is killed and restarted: what is kept, row by row, against what was sent."""

from __future__ import annotations

import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from latency import REFERENCE
from service import Client, Service
from tables import ARROW, as_arrow, rows

from ecotone.watch import MonitorStore

ROWS, BATCH, CLIENTS, KILLS = 1_000_000, 100, 40, 20


def survived(total: int = ROWS, kills: int = KILLS, seed: int = 0) -> dict[str, Any]:
    """Clients send their rows until each batch is answered; in between the service is killed (SIGKILL), started again.

    Half of the clients name a position, half a key. Each row has a number of its own, so that the sum of the roots and
    the sum over what the monitor has read say whether any is missing or there twice.
    """
    rng = np.random.default_rng(seed)
    numbers = rng.permutation(total).reshape(CLIENTS, -1, BATCH)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old = _numbered(rng.choice(total, REFERENCE, replace=False), 0)
        MonitorStore.create(folder / "m.duckdb", old, arl=1e12, by=10_000).close()
        sent = _Sent(folder, numbers)
        began = time.perf_counter()
        killed = sent.run(kills, rng)
        seconds = time.perf_counter() - began
        with MonitorStore.open(folder / "m.duckdb") as store:
            found = _counted(store)
            by_source = sum((store.place(f"c{k}") or (0,))[0] for k in range(0, CLIENTS, 2))
    wanted = np.sqrt(np.arange(total))
    return {
        "rows": total, "kept": found["rows"], "kills": killed, "sent": sent.posts, "repeated": sent.repeated,
        "seconds": seconds, "by_position": by_source,
        "sum": found["sum"] - float(wanted.sum()), "squares": found["squares"] - float(np.arange(total).sum()),
    }  # fmt: skip


class _Sent:
    """The clients, and the service that they find anew after each death."""

    def __init__(self, folder: Path, numbers: np.ndarray) -> None:
        self.folder, self.numbers = folder, numbers
        self.service = Service(folder)
        self.port = self.service.port
        self.posts = self.repeated = self.done = 0
        self._lock = threading.Lock()

    def run(self, kills: int, rng: np.random.Generator) -> int:
        threads = [threading.Thread(target=self._client, args=(k,)) for k in range(CLIENTS)]
        for thread in threads:
            thread.start()
        goals = np.sort(rng.uniform(0.01, 0.97, kills)) * self.numbers.size / BATCH
        killed = 0
        for goal in goals:
            while self.done < goal:
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.3))
            self.service.end(signal.SIGKILL)
            killed += 1
            self.service = Service(self.folder, self.port)
        for thread in threads:
            thread.join()
        self.service.end()
        return killed

    def _client(self, which: int) -> None:
        client = None
        for place, part in enumerate(self.numbers[which]):
            body = as_arrow(_numbered(part, (which, place)))
            name = f"Ecotone-Source: c{which}\r\nEcotone-Position: {BATCH * place}\r\n"
            headers = name if which % 2 == 0 else f"Idempotency-Key: c{which}-{place}\r\n"
            while True:
                try:
                    client = client or Client(self.port, self.service.token.read_text())
                    status, answer = client.post(body, ARROW, headers)
                except OSError:
                    client = None
                    time.sleep(0.05)
                    continue
                if status == 200:
                    break
                raise RuntimeError(f"{status}: {answer!r}")
            with self._lock:
                self.posts += 1
                self.done += 1
                self.repeated += b'"repeated":100' in answer


def _numbered(numbers: np.ndarray, seed: object) -> pa.Table:
    """Ten columns, the first of which is the root of the row's own number: whole numbers would be identifiers."""
    made = rows(len(numbers), seed)
    return made.set_column(0, "x0", pa.array(np.sqrt(numbers)))


def _counted(store: MonitorStore) -> dict[str, float]:
    """Rows, and the sum and the sum of squares of their numbers, from the chunks."""
    count, total, squares = 0, 0.0, 0.0
    for chunk in store.chunks():
        column = next(c for c in store.columns(chunk) if c.name == "x0")
        assert column.mean is not None and column.sd is not None
        count += chunk.rows
        total += column.mean * column.present
        squares += (column.sd**2 + column.mean**2) * column.present
    return {"rows": count, "sum": total, "squares": squares}
