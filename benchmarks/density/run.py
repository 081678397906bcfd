"""Held-out log-likelihood of tables: one result file for each table and fold; what is there is not run again.

python benchmarks/density/run.py                    # all tables, then the table of README.md
python benchmarks/density/run.py wine diabetes      # some
python benchmarks/density/run.py --write            # the table from the results that are there
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
import zuko
from sklearn.mixture import GaussianMixture as PeerMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity as PeerKernel

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from stored import Results
from tables import TABLES, rows
from write import write

from ecotone.learn import NeuralSplineFlow, StackedDensity, Training
from ecotone.learn.training import train as loop

RESULTS = Results(HERE)
FOLDS = 3
TEST = 2000  # held-out rows of a table with more than 2,000, which is split once


def settings(n: int) -> Training:
    """Of all flows but those in the stack; few rows are looked at more often for overfitting."""
    every = 20 if n <= 2000 else 75
    return Training(steps=1500, learning_rate=1e-3, ema=0.99, eval_every=every, patience=5, device="cpu", seed=0)


def stacked(x: np.ndarray) -> Any:
    """Ours."""
    return StackedDensity().fit(x).log_prob


def splines(x: np.ndarray) -> Any:
    """Our flow alone."""
    return NeuralSplineFlow(3, hidden=(64, 64), training=settings(len(x))).fit(x).log_prob


def _zuko(flow: Any, x: np.ndarray) -> Any:
    """zuko's flow as it comes, by maximum likelihood on the loop and with the settings of our own flow."""
    torch.manual_seed(0)
    module = flow(x.shape[1])
    loop(module, lambda net, batch: -net().log_prob(batch.x).mean(), torch.as_tensor(x), training=settings(len(x)))

    def log_prob(y: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return module().log_prob(torch.as_tensor(y, dtype=torch.float32)).double().numpy()

    return log_prob


def _mixture(x: np.ndarray, by: str) -> Any:
    """scikit-learn's mixture, with 1 to 40 components that have enough rows for a covariance each."""
    sizes = [k for k in (1, 2, 3, 5, 8, 12, 20, 40) if k == 1 or 2 * k * (x.shape[1] + 1) <= len(x)]
    inner, held = (x, x) if by == "bic" else (x[len(x) // 5 :], x[: len(x) // 5])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # EM that stops at its limit
        made = {k: PeerMixture(k, random_state=0).fit(inner) for k in sizes}
        best = min(sizes, key=lambda k: made[k].bic(x) if by == "bic" else -made[k].score(held))
        return PeerMixture(best, random_state=0).fit(x).score_samples


def _kernel(x: np.ndarray) -> Any:
    grid = {"bandwidth": np.geomspace(0.1, 1.2, 27)}
    some = x[:1500]  # the width only; all rows make the density
    width = GridSearchCV(PeerKernel(), grid, cv=5).fit(some).best_params_["bandwidth"] * (len(some) / len(x)) ** (
        1 / (x.shape[1] + 4)
    )
    return PeerKernel(bandwidth=width).fit(x).score_samples


MODELS = {
    "StackedDensity": stacked,
    "NeuralSplineFlow": splines,
    "zuko NSF": lambda x: _zuko(zuko.flows.NSF, x),
    "zuko MAF": lambda x: _zuko(zuko.flows.MAF, x),
    "GaussianMixture (BIC)": lambda x: _mixture(x, "bic"),
    "GaussianMixture (validated)": lambda x: _mixture(x, "validated"),
    "KernelDensity": _kernel,
}


def folds(x: np.ndarray) -> list[np.ndarray]:
    """Positions of held-out rows; rows are in random order already."""
    return [np.arange(TEST)] if len(x) > 2000 else list(np.array_split(np.arange(len(x)), FOLDS))


def one(table: str) -> None:
    """Every model on every fold of a table."""
    x = rows(table)
    for k, held in enumerate(folds(x)):
        for name, fit in MODELS.items():
            entry = f"{table} {k} {name}".replace(" ", "_").replace("(", "").replace(")", "")
            if entry in RESULTS:
                continue
            began = time.process_time()
            log = fit(np.delete(x, held, axis=0))(x[held])
            found = {"table": table, "fold": k, "model": name, "seconds": time.process_time() - began}
            body = found | {"shape": list(x.shape), "log_prob": [round(float(v), 5) for v in log]}
            RESULTS.put(entry, body)
            print(f"{table}, fold {k}, {name}: {np.mean(log):.3f} in {found['seconds']:.0f} s", flush=True)


def main(words: list[str]) -> int:
    torch.set_num_threads(1)
    names = [w for w in words if not w.startswith("--")]
    if "--write" not in words:
        for table in names or list(TABLES):
            one(table)
    if not names:
        write(RESULTS, HERE / "README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
