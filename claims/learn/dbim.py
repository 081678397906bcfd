"""DBIM against the hybrid Heun sampler of denoising diffusion bridges, with the exact denoiser of pairs."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import GaussianMixture, Prediction, RowRandom
from ecotone.learn.processes import VP
from ecotone.learn.samplers import DBIM
from ecotone.learn.samplers._dbim import bridge
from ecotone.learn.schedules import Fixed
from ecotone.measure.distances import sliced_wasserstein

ABOUT = {
    "headline": "Bridges between paired images are sampled up to 25 times faster than by DDBM's own sampler.",
    "tested": "Distance at equal evaluations for exact denoisers of mixtures of 2 + 2 columns; no images, no "
    "learned denoiser, no time.",
    "setting": "stand-in",
}

PROCESS, ROWS = VP(beta_min=0.1, beta_max=2.1), 4000
BUDGETS = (5, 8, 11, 20)  # 3 N - 1: what the baseline's N steps take


class Pairs:
    """E[x_0 | x_t, x_T] where (x_0, x_T) is a mixture of normal distributions in 4 dimensions; ``given`` is x_T."""

    shape = (2,)

    def __init__(self, joint: GaussianMixture) -> None:
        self.joint = joint
        c = joint.covariances_
        self.gain = c[:, :2, 2:] @ torch.linalg.inv(c[:, 2:, 2:])
        self.rest = c[:, :2, :2] - self.gain @ c[:, 2:, :2]
        self.ends = GaussianMixture.of(joint.weights_, joint.means_[:, 2:], c[:, 2:, 2:])

    def __call__(self, x: torch.Tensor, t: Any, given: Any = None) -> Prediction:
        a, b, c = bridge(PROCESS, torch.as_tensor(t, dtype=torch.float64), x)
        mean = self.joint.means_[:, :2] + torch.einsum("kij,nkj->nki", self.gain, given[:, None] - self.ends.means_)
        off = (x - a * given)[:, None] - b * mean
        seen = b**2 * self.rest + (c**2 + 1e-30) * torch.eye(2, dtype=torch.float64)  # 0 at the end
        solved = torch.linalg.solve(seen, off[..., None])[..., 0]
        log = torch.log(self.ends.responsibilities(given)) - 0.5 * ((off * solved).sum(-1) + torch.logdet(seen))
        found = mean + b * torch.einsum("kij,nkj->nki", self.rest, solved)
        return Prediction((torch.softmax(log, 1)[..., None] * found).sum(1))


def hybrid_heun(denoiser: Pairs, end: torch.Tensor, steps: int, rng: RowRandom) -> torch.Tensor:
    """DDBM's algorithm 1: a third of each step by the reverse SDE, the rest by Heun's method on the ODE."""
    root = np.linspace((1 - 1e-4) ** (1 / 7), 1e-4 ** (1 / 7), steps) ** 7
    times, x = [*root, 0.0], end

    def drift(x: torch.Tensor, t: float, share: float) -> torch.Tensor:
        at = torch.tensor(t, dtype=torch.float64)
        a, b, c = bridge(PROCESS, at, x)
        score = -(x - a * end - b * denoiser(x, at, end).x0) / c**2
        ahead = PROCESS.alpha(torch.tensor(1.0)) / PROCESS.alpha(at)
        spread = PROCESS.sigma(torch.tensor(1.0, dtype=torch.float64)) ** 2 - (ahead * PROCESS.sigma(at)) ** 2
        pull = ahead * (end - ahead * x) / spread
        return PROCESS.drift(at) * x - PROCESS.diffusion2(at) * (share * score - pull)

    for t, s in pairwise(times):
        hat = t + 0.33 * (s - t)
        g = float(PROCESS.diffusion2(torch.tensor(t, dtype=torch.float64))) ** 0.5
        x = x + (hat - t) * drift(x, t, 1.0) + g * (t - hat) ** 0.5 * rng.normal((2,))
        d = drift(x, hat, 0.5)
        ahead = x + (s - hat) * d
        x = ahead if s == 0 else x + (s - hat) * (d + drift(ahead, s, 0.5)) / 2
    return x


def _one(seed: int) -> tuple[float, float]:
    joint = GaussianMixture.random(dim=4, components=5, seed=seed)
    denoiser, truth = Pairs(joint), joint.sample(ROWS, seed=seed + 1000)
    end = torch.as_tensor(joint.sample(ROWS, seed=seed))[:, 2:]

    def distance(x: torch.Tensor) -> float:
        return float(sliced_wasserstein(torch.cat([x, end], 1).numpy(), truth, seed=0))

    def dbim(evaluations: int) -> torch.Tensor:
        times = Fixed((1.0, *np.linspace(0.999, 1e-4, evaluations)))
        return DBIM().run(denoiser, PROCESS, ROWS, times, given=end, start=end, seed=seed).x

    ours = [distance(dbim(budget)) for budget in BUDGETS]
    theirs = [distance(hybrid_heun(denoiser, end, (b + 1) // 3, RowRandom(seed, ROWS))) for b in BUDGETS]
    return float(np.mean(ours)), float(np.mean(theirs))


def run(seeds: int = 10) -> dict[str, Any]:
    """Sliced Wasserstein distance of (x_0, x_T) to the exact joint distribution, at 5, 8, 11 and 20 evaluations."""
    torch.set_num_threads(1)
    ours, baseline = np.array([_one(s) for s in range(seeds)]).T
    return paired(
        "At equal evaluations, 5 to 20, DBIM is closer to the joint distribution of pairs than DDBM's hybrid Heun "
        "sampler.",
        "sliced Wasserstein distance to the exact joint distribution, mean over 5, 8, 11 and 20 evaluations",
        ours,
        baseline,
        notes="Pairs from mixtures of five normal distributions in 2 + 2 dimensions, exact denoiser, the bridge of the "
        "variance-preserving process. DBIM is deterministic after its first step, on an even grid. Baseline: churn of "
        "a third of each step and Heun's method, levels by seventh roots, three evaluations a step.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
