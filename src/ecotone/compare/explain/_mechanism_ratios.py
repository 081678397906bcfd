"""Ratios of two distributions at given rows, for attributions: trees out of fold, or exactly from tables of counts."""

from __future__ import annotations

from typing import Literal

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from ecotone.contracts import BadInput, Bools, Floats, as_seed
from ecotone.measure import binnable

FOLDS = 3  # as for the estimates without labels; chosen, not tuned
Ratio = Literal["trees", "table"]


def mechanism_ratio(
    source: Floats, target: Floats, *, how: Ratio = "trees", categorical: Bools | None = None, seed: int = 0
) -> tuple[Floats, Floats]:
    """Target's distribution over source's at the rows of both.

    ``trees``: the odds of a boosted classifier of the table, each row judged by trees that did not see it. ``table``:
    the ratio of relative frequencies of equal rows, exact where the rows are the whole population.

    Parameters
    ----------
    source : (n, d) float64
    target : (m, d) float64

    Returns
    -------
    (n,), (m,) float64
    """
    rows = np.vstack([source, target])
    label = np.repeat([0, 1], [len(source), len(target)])
    if how == "table":
        _, cell = np.unique(rows, axis=0, return_inverse=True)
        cell = cell.ravel()
        here, there = (np.bincount(cell[label == k], minlength=cell.max() + 1) / (label == k).sum() for k in (0, 1))
        with np.errstate(divide="ignore"):
            ratio = np.divide(there, here, out=np.full(len(here), np.inf), where=here > 0)[cell]
        return ratio[label == 0], ratio[label == 1]
    if min(len(source), len(target)) < 2 * FOLDS:
        raise BadInput(f"each sample needs at least {2 * FOLDS} rows, got {len(source)} and {len(target)}")
    rng = as_seed(seed)
    fold = np.concatenate([rng.permutation(len(source)), rng.permutation(len(target))]) % FOLDS
    odds = np.empty(len(rows))
    for k in range(FOLDS):
        train, test = fold != k, fold == k
        trees = HistGradientBoostingClassifier(
            max_iter=60, max_leaf_nodes=8, max_bins=63, l2_regularization=1.0, early_stopping=False, random_state=0,
            categorical_features=categorical if categorical is not None and categorical.any() else None,
        ).fit(binnable(rows[train]), label[train])  # fmt: skip
        p = np.clip(trees.predict_proba(rows[test])[:, 1], 1e-3, 1 - 1e-3)
        odds[test] = p / (1 - p) * (label[train] == 0).sum() / (label[train] == 1).sum()
    return odds[label == 0], odds[label == 1]
