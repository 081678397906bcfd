"""ReTaSA against equal weights, kernel mean matching of the target, and weights for the inputs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from scipy import linalg, optimize, stats
from scipy.spatial import distance

from ecotone.contracts import Floats
from ecotone.measure.ratios import ULSIF, ReTaSA

ABOUT = {
    "headline": "Weights from a regularised integral equation correct a continuous target shift, on synthetic and "
    "real data.",
    "tested": "One synthetic regression with 500 rows; weights and risk against three rivals, all six of which must "
    "hold. Against kernel matching of the target, at its best setting in hindsight, the weights are not surely "
    "better.",
    "setting": "stand-in",
    "pilot": "Each rival at its best of five settings in hindsight, which is the harder test; with settings fixed "
    "beforehand all six had held over ten seeds.",
}

N = 500
REFERENCE, CURRENT = stats.norm(0, 2**0.5), stats.norm(1, 0.7)
ALPHAS, RIDGES = (0.005, 0.015, 0.05, 0.15, 0.5), (0.03, 0.1, 0.3, 1.0, 3.0)
WAYS = ("ReTaSA", "equal", "target KMM", "input weights")


def _draw(law: Any, n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    y = law.rvs(n, random_state=rng)
    return y + 3 * np.tanh(y) + rng.standard_normal(n), y


def kernel_mean_matching(x: Floats, y: Floats, x_current: Floats, ridge: float, bound: float = 10.0) -> Floats:
    """Weights of y whose mixture of p(x|y) has the mean embedding of the current x (Zhang et al., 2013).

    min over b in [0, bound] of the squared distance, the mean of b held at 1 within 1 / sqrt(n) by a penalty; b is
    smoothed over y by kernel ridge regression, as the authors advise.
    """
    unit = lambda v, w: np.exp(-distance.cdist(v[:, None], w[:, None], "sqeuclidean") / (2 * _median(v) ** 2))  # noqa: E731
    n = len(x)
    L, K = unit(y, y), unit(x, x)
    smooth = linalg.solve(L + ridge * np.eye(n), L, assume_a="pos")  # (L + ridge I)^-1 L, its transpose alike
    quadratic = smooth.T @ (smooth.T @ K @ smooth) @ smooth / n**2
    linear = smooth.T @ (smooth.T @ unit(x, x_current).mean(1)) / n

    def loss(b: Floats) -> tuple[float, Floats]:
        image = quadratic @ b
        off = b.mean() - 1
        out = np.sign(off) * max(abs(off) - n**-0.5, 0)
        return float(b @ image / 2 - linear @ b + 10 * out**2), image - linear + 20 * out / n

    found = optimize.minimize(loss, np.ones(n), jac=True, bounds=[(0, bound)] * n, options={"maxiter": 500})
    weights = np.maximum(smooth @ found.x, 0)
    return np.asarray(weights / weights.mean())


def _median(v: Floats) -> float:
    return float(np.median(distance.pdist(v[:, None])))


def _one(seed: int) -> tuple[Floats, Floats]:
    """Mean squared errors of the weights, and risks on fresh current rows of a weighted cubic: (ways, settings)."""
    rng = np.random.default_rng(seed)
    (x, y), (x_current, _) = _draw(REFERENCE, N, rng), _draw(CURRENT, N, rng)
    new, y_new = _draw(CURRENT, 20_000, rng)
    true = CURRENT.pdf(y) / REFERENCE.pdf(y)
    inputs = ULSIF(seed=seed).fit(x, x_current).predict(x)
    weights = (
        [ReTaSA(alpha=a, random_state=seed).fit(x, y, x_current).predict(y) for a in ALPHAS],
        [np.ones(N)] * len(ALPHAS),
        [kernel_mean_matching(x, y, x_current, ridge=r) for r in RIDGES],
        [inputs] * len(ALPHAS),
    )
    errors = np.array([[np.mean((w - true) ** 2) for w in way] for way in weights])
    return errors, np.array([[_risk(x, y, w, new, y_new) for w in way] for way in weights])


def _risk(x: Floats, y: Floats, w: Floats, new: Floats, y_new: Floats) -> float:
    cubic = np.polynomial.Polynomial.fit(x, y, 3, w=np.sqrt(w))
    return float(np.mean((cubic(new) - y_new) ** 2))


def run(seeds: int = 20) -> dict[str, Any]:
    """Error of the weights against each other way; the risks beside it."""
    errors, risks = (np.array(part) for part in zip(*(_one(seed) for seed in range(seeds)), strict=True))
    best = errors.mean(0).argmin(1)  # one setting for each way, the best in hindsight for both alike
    errors, risks = (part[:, np.arange(len(WAYS)), best] for part in (errors, risks))
    gaps = {
        (what, WAYS[j]): _interval(table[:, 0] - table[:, j])
        for what, table in (("error", errors), ("risk", risks))
        for j in (1, 2, 3)
    }
    said = "; ".join(f"{what} less that of {way} [{a:+.4f}, {b:+.4f}]" for (what, way), (a, b) in gaps.items())
    means = [", ".join(f"{w} {v:.3f}" for w, v in zip(WAYS, t.mean(0), strict=True)) for t in (errors, risks)]
    ours, baseline = errors[:, 0], errors[:, 2]
    return {
        "claim": "Under a shifted continuous target ReTaSA's weights have a smaller error, and the weighted regression "
        "a smaller risk, than equal weights, kernel mean matching of the target, and weights for the inputs.",
        "metric": "mean squared error of the weights, against kernel mean matching of the target (lower is better)",
        "ours": ours.tolist(),
        "baseline": baseline.tolist(),
        "difference": float((ours - baseline).mean()),
        "interval": list(gaps["error", "target KMM"]),
        "holds": all(high < 0 for _, high in gaps.values()),
        "notes": f"y ~ N(0, 2), then N(1, 0.49); x = y + 3 tanh(y) + N(0, 1); {N} rows each; cubic regression. It "
        f"holds only if all six 95 % intervals lie below 0: {said}. ReTaSA (alpha {ALPHAS[best[0]]}) and the matching "
        f"(ridge {RIDGES[best[2]]}) each at the best of five settings in hindsight. With ReTaSA at its default 0.05 "
        "and the matching at ridge 0.1, chosen beforehand, all six lay below 0 over ten seeds. Mean error: "
        f"{means[0]}. Mean risk: {means[1]}.",
    }


def _interval(gap: Floats) -> tuple[float, float]:
    half = float(stats.t.ppf(0.975, len(gap) - 1) * gap.std(ddof=1) / np.sqrt(len(gap)))
    return float(gap.mean() - half), float(gap.mean() + half)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
