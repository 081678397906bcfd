"""The weeks and draws of benchmarks/replay through a monitor: does it page of harm when the realised loss moves?

``python benchmarks/watch/replay.py``: rows in order, labels with them; after an alarm the evidence begins anew with the
next period, as after ``ecotone watch reset``. The loss is the monitor's own: absolute error (bikeshare) or a wrong
class. A period's loss has moved where its mean absolute error is 25 % above the reference's, or its share of wrong
classes .03; the tolerance of the monitor is the same.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "replay")]

from periods import REPLAYS, Replay
from stored import Results

from ecotone.data import Roles
from ecotone.watch import MonitorStore

RESULTS = Results(HERE)
WORSE, MORE = 1.25, 0.03


def prepared(replay: Replay, table: pd.DataFrame) -> pd.DataFrame:
    """With a column of predictions; classes at one half."""
    if replay.prediction is not None:
        return table
    return table.assign(prediction=(table[replay.probability] >= 0.5).astype(int)).drop(columns=replay.probability)


def loss(replay: Replay, table: pd.DataFrame) -> float:
    """Mean absolute error, or the share of wrong classes."""
    error = table[replay.target] - table["prediction"]
    return float(np.abs(error).mean() if replay.metric == "mae" else (error != 0).mean())


def measure(name: str) -> None:
    """All periods of one replay, in order."""
    replay = REPLAYS[name]()
    reference = prepared(replay, replay.reference)
    base = loss(replay, reference)
    errors = np.abs(reference[replay.target] - reference["prediction"])
    numbers = replay.metric == "mae"
    tolerance = (WORSE - 1) * base / float(np.quantile(errors, 0.99)) if numbers else MORE
    bar = WORSE * base if numbers else base + MORE
    roles = Roles.of(target=replay.target, prediction="prediction", time=replay.time)
    records = []
    with (
        tempfile.TemporaryDirectory() as folder,
        MonitorStore.create(Path(folder) / "m.duckdb", reference, roles=roles, tolerance=tolerance) as store,
    ):
        for label, period in replay.periods:
            table, before = prepared(replay, period), len(store.episodes())
            store.ingest(table.reset_index(drop=True))
            new = [e.about for e in store.episodes()[before:]]
            records.append({"period": label, "rows": len(table), "loss": loss(replay, table), "base": base,
                            "moved": loss(replay, table) > bar, "data": "data" in new, "harm": "harm" in new,
                            "guarantee": store.status().guarantee.state})  # fmt: skip
            if store.status().open:
                store.reset()
    RESULTS.put(f"replay_{name}", *records)


def main() -> None:
    for name in sys.argv[1:] or REPLAYS:
        measure(name)
        found = RESULTS.records(f"replay_{name}")
        for moved in (True, False):
            of = [r for r in found if r["moved"] is moved]
            harm, data = sum(r["harm"] for r in of), sum(r["data"] for r in of)
            print(name, f"moved {moved}: harm {harm} of {len(of)}, data {data} of {len(of)}", found[0]["guarantee"])


if __name__ == "__main__":
    main()
