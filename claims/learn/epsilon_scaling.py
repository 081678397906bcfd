"""DDIM and DDPM on an undertrained digits network, with the noise divided by a chosen factor and as it is."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import Prediction, Training
from ecotone.learn.denoisers import NetworkDenoiser, epsilon_scaling, fit_epsilon_scaling
from ecotone.learn.networks import MLP
from ecotone.learn.objectives import Denoising
from ecotone.learn.processes import VP
from ecotone.learn.samplers import Sampler
from ecotone.learn.schedules import Uniform
from ecotone.learn.training import train
from ecotone.measure.distances import gaussian_wasserstein

ABOUT = {
    "headline": "Scaling the predicted noise down mends exposure bias without training: FID 2.17 on CIFAR-10 in 100 "
    "steps.",
    "tested": "8 x 8 digits at 20 steps, Frechet distance of pixels, networks stopped early.",
    "setting": "stand-in",
    "weight": "for DDIM the grid chose no scaling and for DDPM its largest factor, so that the gain is DDPM's alone "
    "and may mend the early stop rather than the exposure bias of a trained network.",
}

GRID = (1.0, 1.002, 1.005, 1.01, 1.02, 1.04)
N, STEPS = 1500, 20


@dataclass(frozen=True)
class Kernel(Sampler):
    """The reverse kernel itself, DDIM with eta 0 and DDPM with eta 1, with predictions clipped to the pixels' range."""

    eta: float = 0.0

    def step(self, denoise: Any, process: Any, x: Any, t: Any, s: Any, rng: Any, memory: Any) -> Any:
        return process.step(Prediction(denoise(x, t).x0.clamp(-1, 1)), x, t, s, rng, eta=self.eta)


def _frechet(x: np.ndarray, y: np.ndarray) -> float:
    """Squared 2-Wasserstein distance of the normal distributions with the moments of x and y."""
    (m, c), (m2, c2) = ((a.mean(0), np.cov(a.T)) for a in (x, y))
    return float(gaussian_wasserstein(m, c, m2, c2)) ** 2


def _one(seed: int) -> list[tuple[float, float, float, float]]:
    x = torch.as_tensor((load_digits().data - 8) / 8)
    x = x[torch.as_tensor(np.random.default_rng(seed).permutation(len(x)))]
    torch.manual_seed(seed)
    denoiser = NetworkDenoiser(MLP(width=128, depth=3).build((64,)), VP(), (64,), predicts="noise")
    settings = Training(
        steps=700, eval_every=700, batch_size=128, validation_fraction=0.0, ema=0.99, device="cpu", seed=seed
    )
    train(denoiser, Denoising("noise"), x[:900], training=settings)
    return [_compared(denoiser, x, eta) for eta in (0.0, 1.0)]


def _compared(denoiser: Any, x: torch.Tensor, eta: float) -> tuple[float, float, float, float]:
    """Distances of chosen, plain and fitted factors, and the chosen one."""
    choose, judge = x[900:1350].numpy(), x[1350:].numpy()

    def drawn(by: Any, draw: int) -> np.ndarray:
        with torch.no_grad():
            return Kernel(eta).sample(by, VP(), N, Uniform(STEPS), seed=draw).numpy()

    best = min(GRID, key=lambda g: _frechet(drawn(epsilon_scaling(denoiser, g), 1), choose))
    fitted = fit_epsilon_scaling(denoiser, x[:900], Kernel(eta), Uniform(STEPS), seed=3)
    ours, plain = (_frechet(drawn(by, 2), judge) for by in (epsilon_scaling(denoiser, best), denoiser))
    return ours, plain, best, _frechet(drawn(fitted, 2), judge)


def run(seeds: int = 5) -> dict[str, Any]:
    """Frechet distance of pixels at 20 steps, DDIM and DDPM averaged."""
    torch.set_num_threads(1)
    found = np.array([_one(s) for s in range(seeds)])
    ours, baseline, _, fitted = found.mean(1).T
    return paired(
        "With the factor chosen on a small grid, samples of an undertrained digits network are nearer to the data "
        "than without.",
        f"Frechet distance of digits' pixels at {STEPS} steps, mean of DDIM and DDPM",
        ours,
        baseline,
        notes=f"Factors chosen from {GRID} on other rows and other draws: DDIM {found[:, 0, 2].tolist()}, DDPM "
        f"{found[:, 1, 2].tolist()}. By sampler: DDIM {found[:, 0, 0].mean():.3f} against {found[:, 0, 1].mean():.3f}, "
        f"DDPM {found[:, 1, 0].mean():.3f} against {found[:, 1, 1].mean():.3f}. With the factors of "
        f"fit_epsilon_scaling: {fitted.mean():.3f}. Networks stopped after 700 steps; predictions clipped, as the "
        "paper does (without, these networks diverge and no factor helps); moments of pixels, not Inception features. "
        "Narrower than the paper: for DDIM the grid chose no scaling, so the gain is DDPM's alone, and there it chose "
        "its largest factor: the best may lie beyond. It may mend that the network was stopped early rather than the "
        "exposure bias of a trained one, which the paper is about.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
