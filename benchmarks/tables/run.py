"""Synthetic tables: told from real ones, taught from, conditioned on, copied?

python benchmarks/tables/run.py                        # what is missing, then the page
python benchmarks/tables/run.py --only adult --generator ecotone
python benchmarks/tables/run.py --table                # the page from the results

The peers of peers.py are fitted in environments of their own and leave their rows in the cache; this measures them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import torch
from figures import conditional_gap, nearest, taught, told_apart
from stored import Results
from tasks import TASKS, Task

from ecotone.learn import TableModel, Training

RESULTS, CACHE = Results(HERE), HERE.parent / "cache" / "tables"
STEPS = 6000  # less than ten minutes of two cores, also where they are shared and the clock would cut it short


def _clocks() -> np.ndarray:
    """Seconds on the wall, and of the processors."""
    return np.array([time.perf_counter(), time.process_time()])


def by_ecotone(task: Task) -> dict[str, object]:
    """Our rows, with the model's own likelihood and its conditional probabilities."""
    start = _clocks()
    training = Training(
        steps=STEPS, batch_size=512, learning_rate=2e-3, eval_every=250, patience=6, precision="auto", device="cpu"
    )
    model = TableModel(training=training).fit(task.train)
    fitted = _clocks() - start
    start = _clocks()
    rows = model.sample(100_000, seed=0)
    drawn = _clocks() - start
    p = model.predict_proba(task.test, task.target)[:, model.levels(task.target).index(task.positive)]
    from sklearn.metrics import roc_auc_score

    wanted = task.positive
    given = model.sample(5000, given={task.target: wanted}, seed=1)
    return {
        "rows": rows,
        "fit": fitted[0],
        "sample": drawn[0],
        "fit_processor": fitted[1],
        "sample_processor": drawn[1],
        "steps": model.history_[-1]["step"],
        "own_auc": float(roc_auc_score(task.test[task.target] == wanted, p)),
        "conditional": conditional_gap(task.test, given, task.target, wanted),
        "threads": torch.get_num_threads(),
    }


def by_copula(task: Task) -> dict[str, object]:
    """A Gaussian copula over the columns' own laws, levels by their places on the normal scale."""
    start = time.perf_counter()
    rng, train = np.random.default_rng(0), task.train
    scores, back = [], {}
    for c in train:
        codes, values = pd.factorize(train[c], sort=True, use_na_sentinel=False)
        share = np.cumsum(np.bincount(codes)) / len(train)
        low = np.concatenate([[0.0], share[:-1]])
        u = low[codes] + (share - low)[codes] * rng.uniform(0.001, 0.999, len(train))
        scores.append(stats.norm.ppf(np.clip(u, 1e-6, 1 - 1e-6)))
        back[c] = (share, values)
    correlation = np.corrcoef(np.array(scores))
    fitted = time.perf_counter() - start
    start = time.perf_counter()
    z = stats.norm.cdf(rng.multivariate_normal(np.zeros(len(correlation)), correlation, 100_000, method="eigh"))
    rows = {c: values[np.searchsorted(share[:-1], z[:, j])] for j, (c, (share, values)) in enumerate(back.items())}
    table = pd.DataFrame(rows)[list(train)].astype(train.dtypes.to_dict())
    return {"rows": table, "fit": fitted, "sample": time.perf_counter() - start, "threads": 1}


GENERATORS = {"ecotone": by_ecotone, "copula": by_copula}


def measure(task: Task, made: dict[str, object]) -> dict[str, object]:
    """All figures of one generator's rows."""
    rows = made.pop("rows")
    assert isinstance(rows, pd.DataFrame)
    n = len(task.train)
    distance, copies = nearest(task.train, rows)
    held, repeated = nearest(task.train, task.test)
    return {
        **made,
        "told_apart": [told_apart(task.test, rows, seed) for seed in range(3)],
        "taught": taught(rows.iloc[:n], task.test, task.target, task.positive),
        "taught_by_real": taught(task.train, task.test, task.target, task.positive),
        "nearest": distance,
        "nearest_held_out": held,
        "copies": copies,
        "copies_held_out": repeated,
    }


def peer(name: str, task: Task) -> dict[str, object] | None:
    """Rows that peers.py left, with its seconds."""
    path = CACHE / f"{name}_{task.name}.parquet"
    if not path.exists():
        return None
    about = json.loads(path.with_suffix(".json").read_text())
    rows = pd.read_parquet(path)[list(task.train)]
    for c in task.train:
        if task.train[c].dtype.kind in "iuf":
            rows[c] = pd.to_numeric(rows[c], errors="coerce").astype(float)
    return {"rows": rows, **about}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(TASKS))
    parser.add_argument("--generator")
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    for name in [] if given.table else [given.only] if given.only else list(TASKS):
        task = TASKS[name]()
        for generator in [given.generator] if given.generator else [*GENERATORS, "ctgan", "tvae", "arf"]:
            entry = f"{name}_{generator}"
            if entry in RESULTS:
                continue
            made = GENERATORS[generator](task) if generator in GENERATORS else peer(generator, task)
            if made is not None:
                found = {"rows": len(task.train), "columns": task.train.shape[1], **measure(task, made)}
                RESULTS.put(entry, found)
                print(entry, json.dumps(found), flush=True)
    from write import write

    write()


if __name__ == "__main__":
    main()
