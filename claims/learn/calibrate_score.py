"""Denoisers of digits with and without the mean of their scores removed, by the likelihood bound on held-out rows."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import RowRandom, Training
from ecotone.learn.denoisers import NetworkDenoiser, calibrate_score
from ecotone.learn.networks import MLP
from ecotone.learn.objectives import Denoising
from ecotone.learn.processes import EDMProcess
from ecotone.learn.training import train

ABOUT = {
    "headline": "Subtracting a trained diffusion model's mean score, once, lowers its loss and raises its bounds on "
    "the likelihood.",
    "tested": "The bound of held-out 8 x 8 digits under small perceptrons; no large image model, no samples.",
    "setting": "stand-in",
    "weight": "the gain, some .04 of 92 nats, has a sure sign and no practical size.",
}

LOG_RATIOS = np.linspace(-3.0, 3.0, 25)  # of noise to signal


def _losses(denoiser: Any, x: torch.Tensor) -> np.ndarray:
    """Mean squared error of the noise at each level."""
    found = []
    with torch.no_grad():
        for u in LOG_RATIOS:
            t, error = float(np.exp(u)), 0.0
            for draw in range(4):
                noisy = denoiser.process.perturb(x, t, RowRandom(100 + draw, len(x)))
                error += float(((denoiser(noisy, t).x0 - x) ** 2).sum(1).mean()) / t**2 / 4
            found.append(error)
    return np.array(found)


def _one(seed: int) -> tuple[float, float, int]:
    x = torch.as_tensor((load_digits().data - 8) / 12)
    x = x[torch.as_tensor(np.random.default_rng(seed).permutation(len(x)))]
    torch.manual_seed(seed)
    denoiser = NetworkDenoiser(MLP(width=128, depth=3).build((64,)), EDMProcess(), (64,))
    settings = Training(
        steps=800, eval_every=800, batch_size=128, validation_fraction=0.0, ema=0.99, device="cpu", seed=seed
    )
    train(denoiser, Denoising(), x[:1200], training=settings)
    after = _losses(calibrate_score(denoiser, x[:1200], draws=4, seed=seed), x[1200:])
    before = _losses(denoiser, x[1200:])
    step = LOG_RATIOS[1] - LOG_RATIOS[0]  # half the step in log signal-to-noise ratio
    return step * after.sum(), step * before.sum(), int((after < before).sum())


def run(seeds: int = 5) -> dict[str, Any]:
    """The part of the negative bound, in nats a row, from noise-to-signal ratios of exp(-3) to exp(3)."""
    torch.set_num_threads(1)
    ours, baseline, levels = np.array([_one(s) for s in range(seeds)]).T
    return paired(
        "Subtracting the mean score raises the likelihood bound of trained digits networks on held-out rows.",
        "negative likelihood bound on held-out digits, nats a row, less a constant",
        ours,
        baseline,
        notes="EDM perceptrons after 800 steps on 1 200 digits; the means are estimated on those, the bound on 597 "
        f"others with the same noise for both. The loss falls at {levels.mean():.1f} of {len(LOG_RATIOS)} levels on "
        "average. The gain, some .04 of 92 nats, has a sure sign and no practical size: the means are small beside "
        "the bound. The paper's headline, better likelihood of large image models and better samples, is not tested; "
        "this is its direction on small networks.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
