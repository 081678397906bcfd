"""Non-linear invariants against linear ones, Deep SVDD and nearest neighbours, on a spiral and two tables."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.detect.anomaly import KNNDistance, NonlinearInvariants
from ecotone.learn import Training

ABOUT = {
    "headline": "Invariants learned by a network like a flow are state of the art on an extensive unsupervised "
    "benchmark, and apply to tables.",
    "tested": "A spiral and two small tables against principal components, Deep SVDD and the second neighbour, "
    "which is a term of the score itself. It is below that neighbour here.",
    "setting": "stand-in",
}

SETS = ("spiral", "breast cancer", "wine")
QUICK = Training(steps=400, eval_every=100, batch_size=64, ema=0.99, device="cpu")
METHODS = ("invariants", "principal components", "Deep SVDD", "second neighbour")


def _spiral(n: int, rng: np.random.Generator) -> np.ndarray:
    t = rng.uniform(1, 10, n)
    return np.column_stack([t * np.cos(t), t * np.sin(t)]) / 10 + rng.normal(0, 0.02, (n, 2))


def _data(name: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reference, inside, outside."""
    if name == "spiral":
        fit, inside, line = _spiral(1000, rng), _spiral(400, rng), _spiral(4000, rng)
        box = rng.uniform(-1.1, 1.1, (2000, 2))
        far = NearestNeighbors(n_neighbors=1).fit(line).kneighbors(box)[0][:, 0] > 0.08
        return fit, inside, box[far][:400]
    x, y = (load_breast_cancer if name == "breast cancer" else load_wine)(return_X_y=True)
    usual = y == 1  # benign; the second grape
    rows = x[usual][rng.permutation(usual.sum())]
    cut = int(0.7 * len(rows))
    return rows[:cut], rows[cut:], x[~usual]


def _principal(x: np.ndarray) -> Any:
    """Squared distance in the principal components that the same share of the variance leaves."""
    size, axes = np.linalg.eigh(np.cov(x.T, bias=True))
    k = len(size) - int(np.argmax(np.cumsum(size[::-1]) / size.sum() > 0.95))
    level, minor = np.maximum(size[:k], 1e-12), axes[:, :k]
    return lambda new: -((new @ minor) ** 2 / level).sum(1)


def _deep_svdd(x: np.ndarray, seed: int, steps: int = 400) -> Any:
    """One-class Deep SVDD: a network without biases that draws the rows to the first mean of its outputs."""
    torch.manual_seed(seed)
    d, rows = x.shape[1], torch.as_tensor(x).float()
    parts: list[Any] = [torch.nn.Linear(d, 64, bias=False), torch.nn.LeakyReLU(0.1)]
    network = torch.nn.Sequential(*parts, torch.nn.Linear(64, 32, bias=False))
    with torch.no_grad():
        centre = network(rows).mean(0)
        centre = torch.where(centre.abs() < 0.1, 0.1 * torch.sign(centre), centre)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3, weight_decay=1e-6)
    for _ in range(steps):
        loss = ((network(rows[torch.randint(len(rows), (64,))]) - centre) ** 2).sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def score(new: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return -((network(torch.as_tensor(new).float()) - centre) ** 2).sum(1).numpy()

    return score


def _one(name: str, seed: int) -> list[float]:
    fit, inside, outside = _data(name, np.random.default_rng(seed))
    mean, spread = fit.mean(0), fit.std(0)
    fit, inside, outside = ((part - mean) / spread for part in (fit, inside, outside))
    scores = [
        NonlinearInvariants(training=replace(QUICK, seed=seed), random_state=seed).fit(fit).score_samples,
        _principal(fit),
        _deep_svdd(fit, seed),
        KNNDistance(k=2).fit(fit).score_samples,
    ]
    truth = np.repeat([1, 0], [len(inside), len(outside)])
    return [float(roc_auc_score(truth, score(np.vstack([inside, outside])))) for score in scores]


def run(seeds: int = 5) -> dict[str, Any]:
    """Mean AUROC over the sets; the baseline is the better of the linear invariants and Deep SVDD, seed by seed."""
    torch.set_num_threads(1)
    found = np.array([[_one(name, seed) for name in SETS] for seed in range(seeds)])
    ours, linear, deep, near = found.mean(1).T
    against = paired("", "", ours, near, higher=True, notes="")
    low, high = against["interval"]
    listed = "; ".join(
        f"{name}: " + ", ".join(f"{v:.3f}" for v in row) for name, row in zip(SETS, found.mean(0).tolist(), strict=True)
    )
    result = paired(
        "Around a spiral and on tables it is above the residual of principal components and Deep SVDD, and not below "
        "the distance to the second neighbour.",
        "mean AUROC over a spiral, benign against malignant tumours, and one grape against two others",
        ours,
        np.maximum(linear, deep),
        higher=True,
        notes=f"By set {', '.join(METHODS)}: {listed}. The score has a two-neighbour term; against the second "
        f"neighbour alone the difference is {against['difference']:+.3f} ({low:+.3f} to {high:+.3f}), and the claim "
        "asks that the interval does not lie below 0.",
    )
    return {**result, "holds": bool(result["holds"] and high >= 0)}


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
