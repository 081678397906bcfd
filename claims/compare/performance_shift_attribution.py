"""Claim: Shapley over mechanisms is nearer to the truth than one mechanism after another in one order.

Truth: Shapley values of the exact expected loss over a known distribution (x1, x2 given x1, y given both), by
400 000 draws from every mixture of the source's and the target's mechanisms. Baseline: mechanisms switched one after
another in the graph's order, with the same estimated ratios.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.compare.explain import PerformanceShiftAttribution
from ecotone.compare.explain._mechanism_ratios import mechanism_ratio
from ecotone.measure import shapley_values

ABOUT = {
    "headline": "A fall in performance is attributed to shifted mechanisms by Shapley values, correctly in "
    "synthetic, semi-synthetic and real cases.",
    "tested": "Three mechanisms of a known graph, one family of shifts; against switching them one after another.",
    "setting": "stand-in",
    "weight": "the truth is itself a Shapley value, which one order has no reason to meet where mechanisms "
    "interact; the gap is the estimand's as much as the estimate's.",
}

GRAPH = {"x1": (), "x2": ("x1",), "y": ("x1", "x2")}


def _draw(n: int, moved: frozenset[int], size: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    x1 = rng.standard_normal(n) + size[0] * (0 in moved)
    x2 = 0.7 * x1 + rng.standard_normal(n) * (1 + size[1] * (1 in moved))
    odds = 2 * x1 - (1 + size[2] * (2 in moved)) * x2 + 0.8 * x1 * x2
    return {"x1": x1, "x2": x2, "y": (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(float)}


def _loss(rows: dict[str, np.ndarray]) -> np.ndarray:
    """Error of the rule that is best for the source."""
    said = 2 * rows["x1"] - rows["x2"] + 0.8 * rows["x1"] * rows["x2"] > 0
    return (said != (rows["y"] > 0.5)).astype(float)


def _one_order(before: dict[str, np.ndarray], after: dict[str, np.ndarray], losses: list[np.ndarray]) -> list[float]:
    def ratio(names: tuple[str, ...]) -> np.ndarray:
        return mechanism_ratio(*(np.column_stack([rows[n] for n in names]) for rows in (before, after)))[0]

    weight, values = np.ones(len(losses[0])), [float(losses[0].mean())]
    for name, parents in GRAPH.items():
        weight = weight * ratio((*parents, name)) / (ratio(parents) if parents else 1.0)
        values.append(float(np.average(losses[0], weights=np.minimum(weight, 1e3))))
    values[-1] = float(losses[1].mean())
    return list(np.diff(values))


def run(seeds: int = 5) -> dict[str, Any]:
    """Mean absolute error of the parts, ours and the baseline's, on ``seeds`` distributions with two shifts each."""
    ours, baseline = [], []
    for seed in range(seeds):
        for repeat in range(2):
            rng = np.random.default_rng([seed, repeat, 138])
            size = rng.uniform([0.5, 0.4, 1.0], [1.0, 0.8, 2.0])
            exact = {
                frozenset(s): float(_loss(_draw(400_000, frozenset(s), size, np.random.default_rng(seed))).mean())
                for k in range(4)
                for s in itertools.combinations(range(3), k)
            }
            truth = shapley_values(exact.__getitem__, 3).values
            before, after = (_draw(8000, frozenset(range(3 * moved)), size, rng) for moved in (0, 1))
            losses = [_loss(before), _loss(after)]
            found = PerformanceShiftAttribution(GRAPH, draws=0).explain(before, after, *losses)
            ours.append(float(np.abs(np.array(list(found.parts.values())) - truth).mean()))
            baseline.append(float(np.abs(np.array(_one_order(before, after, losses)) - truth).mean()))
    return paired(
        "Shapley values over mechanisms are nearer to those of the exact distribution than switching one mechanism "
        "after another in one order.",
        "mean absolute error of a part, in units of the error rate",
        ours,
        baseline,
        notes="Binary label, two covariates, all three mechanisms changed, 8000 rows in each table, ratios by boosted "
        "trees; truth by 400 000 draws from each of the eight mixtures. Two shifts for each of five seeds. Stand-in "
        "for the paper's tables; the truth is a Shapley value, which one order has no reason to meet where mechanisms "
        "interact: the gap is that of the estimand as much as of the estimate.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
