"""How much latents tell of a digit, beside an autoregressive decoder that could do without them."""

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

from ecotone.learn import VAE, InfoVAE, Training
from ecotone.learn.latent._info_vae import squared_discrepancy

ABOUT = {
    "headline": "An objective that keeps information in the latents and better posteriors whatever the decoder, "
    "better than rivals on several metrics.",
    "tested": "Mutual information alone, 8 x 8 digits with an autoregressive decoder. The likelihood is lower, so "
    "that the gain is not at equal likelihood.",
    "setting": "stand-in",
    "pilot": "The weight of the divergence is the authors', rescaled, after a run at 500 had left the latents at "
    "their prior.",
}

LATENTS, LAMBDA, TESTED = 5, 64, 400


def _figures(model: Any, test: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Mutual information of row and latents, squared MMD of latents to the prior, and the bound."""
    x = torch.as_tensor(test, dtype=torch.float32)
    draws = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        q = model.module_.posterior(x, None)
        z = q.mean + q.log_std.exp() * torch.randn(q.mean.shape, generator=draws)
        gap = (z[:, None] - q.mean[None]) * torch.exp(-q.log_std)[None]
        log = -0.5 * (gap**2).sum(-1) - q.log_std.sum(-1)[None]  # of each row's latents under every row's posterior
        information = log.diagonal() - (torch.logsumexp(log, dim=1) - np.log(len(x)))
        apart = squared_discrepancy(z, torch.randn(z.shape, generator=draws), float(LATENTS))
    return float(information.mean()), float(apart), float(model.bound(test, samples=500).mean())


def _one(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    grey = rng.permutation(load_digits().data / 16)
    train, test = grey[TESTED:], (rng.random((TESTED, 64)) < grey[:TESTED]).astype(float)
    training = Training(steps=1200, batch_size=200, learning_rate=2e-3, eval_every=300, device="cpu", seed=seed)
    shared: dict[str, Any] = {"hidden": (100,), "likelihood": "bernoulli", "autoregressive": True, "training": training}
    models = (InfoVAE(LATENTS, alpha=0.9, lambda_=LAMBDA, **shared), VAE(LATENTS, **shared))
    return np.array([_figures(m.fit(train), test, seed) for m in models])


def run(seeds: int = 5) -> dict[str, Any]:
    """Mutual information in nats between 400 test rows and their latents, by one estimator for both."""
    torch.set_num_threads(1)
    found = np.array([_one(s) for s in range(seeds)])
    mean = found.mean(axis=0)
    return paired(
        "With an autoregressive decoder of binarised digits, latents tell more of the row than those of a VAE.",
        "mutual information of a row and its latents, nats (at most log 400 = 5.99 by this estimate)",
        found[:, 0, 0],
        found[:, 1, 0],
        notes="The decoder adds a linear map of the pixels before to what the latents give. InfoVAE with alpha 0.9 and "
        f"lambda {LAMBDA}, the number of pixels: the authors' 1 beside a mean over pixels, where here is a sum. With "
        "lambda 500 the latents stay at their prior and tell 0.5 nats. InfoVAE against VAE, means over seeds: squared "
        f"MMD of the latents to the prior {mean[0, 1]:.4f} against {mean[1, 1]:.4f}; log-likelihood of a test row by "
        f"500 latents {mean[0, 2]:.2f} against {mean[1, 2]:.2f} nats, so what is gained is not at equal likelihood "
        "unless these agree.",
        higher=True,
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
