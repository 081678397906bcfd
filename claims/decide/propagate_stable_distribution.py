"""Noise propagated by linearisation against moment matching, on a network that reads digits."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.decide.uncertainty import propagate_stable_distribution

ABOUT = {
    "headline": "Local linearisation carries normal and Cauchy uncertainty through networks better than moment "
    "matching does, and serves intervals and selective prediction.",
    "tested": "Total variation for normal noise in one small digits network. Moment matching here keeps no "
    "covariances, and most of the gain is theirs: the marginal form gains next to nothing. Intervals and "
    "selective prediction are not tested.",
    "setting": "stand-in",
}

SIGMAS = (0.01, 0.03, 0.1)  # pixels lie in [0, 1]
ROWS, DRAWS, BINS = 15, 8000, 40


def _network(seed: int) -> tuple[list[Any], np.ndarray]:
    """Layers 64-100-100-10 trained on two thirds of the digits, and the other digits."""
    x, y = load_digits(return_X_y=True)
    x, order = x / 16, np.random.default_rng(seed).permutation(len(x))
    model = MLPClassifier((100, 100), max_iter=60, random_state=seed).fit(x[order[:1200]], y[order[:1200]])
    pairs = [(w.T, b) for w, b in zip(model.coefs_, model.intercepts_)]
    return [pairs[0], "relu", pairs[1], "relu", pairs[2]], x[order[1200:]]


def _outputs(layers: list[Any], x: np.ndarray) -> np.ndarray:
    for layer in layers:
        x = np.maximum(x, 0) if layer == "relu" else x @ layer[0].T + layer[1]
    return x


def _matched(layers: list[Any], x: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Assumed density filtering: mean and standard deviation of every unit, units taken as independent."""
    mean, variance = x, np.full(x.shape, sigma**2)
    for layer in layers:
        if layer == "relu":
            s = np.sqrt(variance)
            z = mean / s
            first = mean * stats.norm.cdf(z) + s * stats.norm.pdf(z)
            second = (mean**2 + variance) * stats.norm.cdf(z) + mean * s * stats.norm.pdf(z)
            mean, variance = first, np.maximum(second - first**2, 1e-30)
        else:
            mean, variance = mean @ layer[0].T + layer[1], variance @ (layer[0] ** 2).T
    return mean, np.sqrt(variance)


def _variation(draws: np.ndarray, mean: np.ndarray, s: np.ndarray) -> float:
    """Mean over outputs of the total variation between draws and normal distributions; half of the draws cut bins."""
    half, found = len(draws) // 2, []
    for j in range(draws.shape[1]):
        cuts = np.quantile(draws[:half, j], np.linspace(0, 1, BINS + 1)[1:-1])
        theirs = np.bincount(np.searchsorted(cuts, draws[half:, j]), minlength=BINS) / (len(draws) - half)
        ours = np.diff(np.concatenate([[0], stats.norm.cdf(cuts, mean[j], s[j]), [1]]))
        found.append(0.5 * np.abs(theirs - ours).sum())
    return float(np.mean(found))


def _gaussian(layers: list[Any], x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Total variation by noise (rows) and by method: full, marginal, moment matching."""
    table = []
    for sigma in SIGMAS:
        distributions = [propagate_stable_distribution(layers, x, sigma, form=form) for form in ("full", "marginal")]
        pairs = [(distribution.location, distribution.scale) for distribution in distributions] + [
            _matched(layers, x, sigma)
        ]
        rows = []
        for i in range(len(x)):
            draws = _outputs(layers, x[i] + sigma * rng.standard_normal((DRAWS, 64)))
            rows.append([_variation(draws, mean[i], s[i]) for mean, s in pairs])
        table.append(np.mean(rows, axis=0))
    return np.array(table)


def _cauchy(layers: list[Any], x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Median error, relative, of the scale against half the quartiles' distance of draws: full, marginal."""
    gamma, errors = 0.001, []
    distributions = [
        propagate_stable_distribution(layers, x, gamma, distribution="cauchy", form=f).scale
        for f in ("full", "marginal")
    ]
    for i in range(len(x)):
        draws = _outputs(layers, x[i] + gamma * rng.standard_cauchy((DRAWS, 64)))
        low, high = np.quantile(draws, [0.25, 0.75], axis=0)
        errors.append([np.abs(s[i] / ((high - low) / 2) - 1) for s in distributions])
    return np.median(np.array(errors), axis=(0, 2))


def _aurocs(layers: list[Any], x: np.ndarray, rng: np.random.Generator) -> list[float]:
    """Digits against the same digits with their pixels shuffled: the chance of the first class over the second, MSP."""
    outside = rng.permuted(x, axis=1)
    z = [_outputs(layers, rows) for rows in (x, outside)]
    told = []
    for rows in (x, outside):
        p = propagate_stable_distribution(layers, rows, 0.1).pairwise_probability()
        p[:, np.arange(10), np.arange(10)] = 1
        told.append(p.min(2).max(1))
    softmax = [np.exp(v - v.max(1, keepdims=True)).sum(1) ** -1 for v in z]
    truth = np.repeat([1, 0], len(x))
    return [float(roc_auc_score(truth, np.concatenate(s))) for s in (told, softmax)]


def run(seeds: int = 5) -> dict[str, Any]:
    """Mean total variation over outputs, digits and three small noises."""
    tables, errors, aurocs = [], [], []
    for seed in range(seeds):
        layers, x = _network(seed)
        rng = np.random.default_rng(100 + seed)
        tables.append(_gaussian(layers, x[:ROWS], rng))
        errors.append(_cauchy(layers, x[:ROWS], rng))
        aurocs.append(_aurocs(layers, x, rng))
    found = np.array(tables)
    full, marginal, matched = found.mean((0, 1))
    by_noise = "; ".join(
        f"{s}: {a:.3f}, {b:.3f}, {c:.3f}" for s, (a, b, c) in zip(SIGMAS, found.mean(0).tolist(), strict=True)
    )
    layered, auc = np.mean(errors, axis=0), np.mean(aurocs, axis=0)
    return paired(
        "Under small Gaussian noise the propagated distribution of a network's outputs is nearer the Monte-Carlo "
        "distribution than that of moment matching.",
        "mean total variation from the Monte-Carlo distribution of each output",
        found[:, :, 0].mean(1),
        found[:, :, 2].mean(1),
        notes=f"Full form {full:.3f}, marginal form {marginal:.3f}, moment matching unit by unit {matched:.3f}; by "
        f"noise {by_noise} (about 0.025 is the Monte-Carlo error). Moment matching here keeps no covariances, nor does "
        "the marginal form: what the full form gains is mostly these. Cauchy noise of scale 0.001, of which moment "
        f"matching has no moments: median relative error of the scale {layered[0]:.3f} in the full form and "
        f"{layered[1]:.2f} in the marginal form. Digits against shuffled pixels, nothing claimed: AUROC {auc[0]:.3f} "
        f"by the chance that the first class stays first, {auc[1]:.3f} by the largest softmax.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
