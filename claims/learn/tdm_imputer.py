"""Errors of imputed values, with the map and without it, beside column means and trees."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, SimpleImputer

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import Training
from ecotone.learn.inverse import TDMImputer

ABOUT = {
    "headline": "Matching batches in a learned latent space imputes better than the state of the art on many "
    "tables, whatever makes entries missing.",
    "tested": "Three small tables, two mechanisms, against column means and transport without the map, not against "
    "the state of the art: trees in turn are reported beside.",
    "setting": "stand-in",
    "pilot": "Whole tables after parts of them (200 rows, 10 columns) had shown no gain.",
    "long": True,
}

SHARE = 0.3


def _holes(x: np.ndarray, mechanism: str, rng: np.random.Generator) -> np.ndarray:
    """30 % missing: anywhere, or with odds that rise with the entry's own value."""
    if mechanism == "at random":
        return rng.random(x.shape) < SHARE
    odds = 1 / (1 + np.exp(-2 * x))
    return rng.random(x.shape) < SHARE * odds / odds.mean(axis=0)


def _figures(x: np.ndarray, mechanism: str, seed: int) -> np.ndarray:
    """Mean absolute error and W2 between the tables, in standard deviations, by imputer."""
    gone = _holes(x, mechanism, np.random.default_rng(seed))
    holes = np.where(gone, np.nan, x)
    training = Training(
        steps=2000, batch_size=128, learning_rate=1e-2, ema=0.99, validation_fraction=0.0, eval_every=500,
        precision="64-true", optimizer="rmsprop", device="cpu", seed=seed,
    )  # fmt: skip
    trees = ExtraTreesRegressor(20, min_samples_leaf=2, random_state=seed)
    imputers = (
        TDMImputer(training=training),
        TDMImputer(0, training=training),
        SimpleImputer(),
        IterativeImputer(trees, max_iter=3, random_state=seed),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that three rounds of trees have not converged
        filled = [imputer.fit_transform(holes) for imputer in imputers]
    return np.array([(np.abs(f - x)[gone].mean(), _w2(f, x)) for f in filled])


def _w2(x: np.ndarray, y: np.ndarray) -> float:
    cost = cdist(x, y, "sqeuclidean")
    return float(np.sqrt(cost[linear_sum_assignment(cost)].mean()))


def _one(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = (load_wine, load_breast_cancer, load_diabetes)[seed % 3]().data
    x = x[rng.permutation(len(x))]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return _figures(x, "at random" if seed % 2 == 0 else "by its value", seed)


def run(seeds: int = 12) -> dict[str, Any]:
    """Mean absolute error of imputed entries, missing at random and by their own value in turn."""
    torch.set_num_threads(1)
    found = np.array([_one(s) for s in range(seeds)])
    error, w2 = found[..., 0], found[..., 1]
    means = ", ".join(
        f"{name} {e:.3f} and {w:.3f}"
        for name, e, w in zip(
            ("with the map", "transport alone", "column means", "trees in turn"), error.mean(0), w2.mean(0), strict=True
        )
    )
    return paired(
        "With 30 % of the entries missing, imputed values are nearer to the true ones than column means and than those "
        "of transport without the map.",
        "mean absolute error of imputed entries, in standard deviations",
        error[:, 0],
        error[:, 1:3].min(axis=1),
        notes="All rows and columns of wine, breast cancer and diabetes, each with entries missing at random and by "
        "their own value, 2000 steps of two batches of 64; compared with the better of column means and transport "
        f"alone, seed by seed. Mean absolute error and W2 to the whole table: {means}. With AdamW in the place of "
        "RMSprop the map contracts at once and the values stay at column means (0.90 on parts of these tables).",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
