"""Other generators' rows, in an environment of their own.

    python -m venv .venv-synthetic && .venv-synthetic/bin/pip install -r benchmarks/peers/synthetic.txt
    .venv-synthetic/bin/python benchmarks/tables/peers.py ctgan tvae arf [--only adult] [--epochs 100]

Rows and seconds go to the cache; run.py measures them. CTGAN and TVAE take no missing numbers: a gap is the median,
with a column that says so, and is put back in the rows that they draw. Defaults but for the number of epochs.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import torch
from tasks import TASKS, Task

CACHE = HERE.parent / "cache" / "tables"
ROWS = {"ctgan": 100_000, "tvae": 100_000, "arf": 20_000}


def complete(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """No gaps, and the names of the columns that say "missing"; levels as text."""
    table, levels = table.copy(), []
    for c in list(table):
        if table[c].dtype.kind in "iuf":
            gone = table[c].isna()
            if gone.any():
                table[f"{c} missing"] = np.where(gone, "yes", "no")
                levels.append(f"{c} missing")
                table[c] = table[c].fillna(table[c].median())
        else:
            levels.append(c)
            table[c] = table[c].astype("object").where(table[c].notna(), "(missing)").astype(str)
    return table, levels


def incomplete(rows: pd.DataFrame) -> pd.DataFrame:
    """The gaps put back."""
    for c in [c for c in rows if c.endswith(" missing")]:
        rows.loc[rows[c] == "yes", c.removesuffix(" missing")] = np.nan
    rows = rows.drop(columns=[c for c in rows if c.endswith(" missing")])
    return rows.replace("(missing)", None)


def draw(name: str, task: Task, epochs: int) -> tuple[pd.DataFrame, float, float, str]:
    """Rows, seconds to fit and to draw, and what was set."""
    table, levels = complete(task.train)
    start = time.perf_counter()
    if name == "arf":
        vars(np).setdefault("in1d", np.isin)  # which arfpy 0.1.1 asks numpy for by its old name
        from arfpy import arf

        np.random.seed(0)  # noqa: NPY002 (what the package draws from)
        model = arf.arf(x=table, num_trees=30, max_iters=5)
        model.forde()
        fitted = time.perf_counter() - start
        start = time.perf_counter()
        rows = model.forge(n=ROWS[name])
        return rows, fitted, time.perf_counter() - start, "30 trees, 5 rounds"
    from ctgan import CTGAN, TVAE

    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 (what the package draws from)
    model = (CTGAN if name == "ctgan" else TVAE)(epochs=epochs)
    model.fit(table, levels)
    fitted = time.perf_counter() - start
    start = time.perf_counter()
    rows = model.sample(ROWS[name])
    return rows, fitted, time.perf_counter() - start, f"{epochs} epochs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=sorted(ROWS))
    parser.add_argument("--only", choices=sorted(TASKS))
    parser.add_argument("--epochs", type=int, default=100)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    CACHE.mkdir(parents=True, exist_ok=True)
    for task_name in [given.only] if given.only else list(TASKS):
        task = TASKS[task_name]()
        for name in given.names:
            path = CACHE / f"{name}_{task.name}.parquet"
            if path.exists():
                continue
            rows, fitted, drawn, note = draw(name, task, given.epochs)
            incomplete(rows)[list(task.train)].to_parquet(path)
            version = importlib.metadata.version("arfpy" if name == "arf" else "ctgan")
            about = {"fit": fitted, "sample": drawn, "sampled": ROWS[name], "note": note, "version": version}
            path.with_suffix(".json").write_text(json.dumps(about))
            print(path.stem, about, flush=True)


if __name__ == "__main__":
    main()
