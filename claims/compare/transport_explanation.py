"""Two of ten columns shifted and stretched: the sparse transport map against per-column means, on held-out rows."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from scipy import stats

from ecotone.compare.explain import TransportExplanation

ABOUT = {
    "headline": "Sparse and clustered transport maps explain shifts of tables, text and images with a better "
    "balance of detail and clarity than means do.",
    "tested": "Two of ten simulated columns moved: the 2-sparse map names both and explains more than the shift of "
    "two means, above the distance of two equal samples. No text, no images, no reader.",
    "setting": "stand-in",
    "pilot": "The distance of two samples of one distribution is taken off after a calculation had shown that even "
    "the true map explains 63 % of the bare figure.",
}

_D, _N, _MOVED = 10, 1000, (0, 1)


def _samples(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Standard normal columns; in the second sample two of them are doubled and moved by 2."""
    x, y = rng.standard_normal((2, _N, _D))
    y[:, _MOVED] = 2 * y[:, _MOVED] + 2
    return x, y


def run(seeds: int = 10) -> dict[str, Any]:
    """Share of the squared Wasserstein distance above its floor that each map removes from new rows."""
    ours, baseline, plain, recovered, own, free = [], [], [], [], [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        (x, y), (new_x, new_y) = _samples(rng), _samples(rng)
        sparse = TransportExplanation("k_sparse", 2, random_state=seed).fit(x, y)
        means = TransportExplanation("k_sparse_mean", 2, random_state=seed).fit(x, y)
        every = TransportExplanation("k_sparse", _D, random_state=seed).fit(x, y)
        ours.append(sparse.percent_explained(new_x, new_y, above_floor=True))
        baseline.append(means.percent_explained(new_x, new_y, above_floor=True))
        free.append(every.percent_explained(new_x, new_y, above_floor=True))
        plain.append(sparse.percent_explained(new_x, new_y))
        own.append(sparse.percent_explained(x, y))
        recovered.append(set(sparse.features_) == set(_MOVED))
    gaps = np.subtract(ours, baseline)
    half = stats.t.ppf(0.975, seeds - 1) * gaps.std(ddof=1) / np.sqrt(seeds)
    interval = [float(gaps.mean() - half), float(gaps.mean() + half)]
    return {
        "claim": "With two of ten columns shifted and stretched, the 2-sparse transport map names both and removes "
        "over 90 % of the squared Wasserstein distance above its floor from new rows, more than the shift of two "
        "columns by their means.",
        "metric": "per cent of the squared Wasserstein distance above its floor explained on new rows",
        "ours": ours,
        "baseline": baseline,
        "difference": float(gaps.mean()),
        "interval": interval,
        "holds": bool(all(recovered) and np.mean(ours) > 90 and interval[0] > 0),
        "notes": f"Both columns named in {np.mean(recovered):.0%} of seeds. Without taking off the floor (the distance "
        f"of two samples of one distribution in ten columns) the same map explains {np.mean(plain):.0f} % on new rows "
        f"and {np.mean(own):.0f} % on its own. The transport of all ten columns, which explains 100 % of its own rows "
        f"by construction, explains {np.mean(free):.0f} % above the floor on new rows and names no column.",
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
