"""Masked against uniform diffusion of short texts, beside an autoregressive model, at equal size and training."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from _fixtures.chain import Chain
from paired import paired

from ecotone.learn import Batch, GeneralizedMaskedTokens, InterpolatingTokens, MaskedTokens, Training
from ecotone.learn.networks import TokenTransformer
from ecotone.learn.objectives import InterpolatingNELBO, MaskedNELBO
from ecotone.learn.processes import InterpolatingDiscreteDiffusion
from ecotone.learn.training import train

ABOUT = {
    "headline": "2.78 (CIFAR-10) and 3.42 (ImageNet 64 x 64) bits a dimension; best of diffusions on four of five "
    "zero-shot language tasks at GPT-2 scale.",
    "tested": "The bound on rows of 16 tokens of a Markov chain, against uniform diffusion of equal size. Schedules "
    "learned for each token are worse here.",
    "setting": "stand-in",
    "pilot": "1,000 steps of training after 250, whose interval held 0.",
}

LENGTH, ROWS, STEPS = 16, 4000, 1000


def _network(**settings: bool) -> TokenTransformer:
    return TokenTransformer(width=32, depth=2, heads=2, **settings)


def _next_token(module: Any, batch: Batch) -> torch.Tensor:
    shifted = torch.cat([torch.full_like(batch.x[:, :1], module.levels), batch.x[:, :-1]], dim=1)
    logits = module(shifted, torch.zeros(len(shifted)))
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.x.flatten())


def _autoregressive(chain: Chain, x: np.ndarray, fresh: np.ndarray, training: Training) -> float:
    torch.manual_seed(training.seed)
    module = _network(causal=True).build((LENGTH, chain.levels))
    module.levels = chain.levels
    train(module, _next_token, torch.as_tensor(x), training=training)
    with torch.no_grad():
        return float(_next_token(module, Batch(torch.as_tensor(fresh), None, None, None))) / math.log(2)


def _one(seed: int) -> list[float]:
    """Bits a token of masked and uniform diffusion and of the chain; for the first seed also of two others."""
    chain = Chain(seed=seed)
    x, fresh = chain.sample(ROWS, LENGTH, seed), chain.sample(300, LENGTH, seed + 1000)
    training = Training(
        steps=STEPS,
        eval_every=STEPS,
        batch_size=64,
        learning_rate=3e-3,
        device="cpu",
        seed=seed,
        ema=0.99,
        validation_fraction=0,
    )
    models: list[Any] = [MaskedTokens(_network(), objective=MaskedNELBO(), levels=chain.levels, training=training)]
    models += [
        InterpolatingTokens(
            _network(time=True),
            process=InterpolatingDiscreteDiffusion(uniform=1.0),
            objective=InterpolatingNELBO(),
            levels=chain.levels,
            training=training,
        )
    ]
    if seed == 0:
        models += [GeneralizedMaskedTokens(_network(time=True), levels=chain.levels, training=training)]
    per = LENGTH * math.log(2)
    bits = [-float(model.fit(x).bound(fresh, draws=24).mean()) / per for model in models]
    rest = [bits[2], _autoregressive(chain, x, fresh, training)] if seed == 0 else [math.nan, math.nan]
    return [*bits[:2], -float(chain.log_prob(fresh).mean()) / per, *rest]


def run(seeds: int = 5) -> dict[str, Any]:
    """Bits a token on fresh rows: bounds of two diffusions."""
    torch.set_num_threads(1)
    ours, baseline, exact, general, causal = np.array([_one(s) for s in range(seeds)]).T
    return paired(
        "At equal size and training, masked diffusion bounds the bits per token of short texts below uniform "
        "diffusion.",
        "bound on the bits a token of fresh rows",
        ours,
        baseline,
        notes=f"Rows of {LENGTH} tokens of a Markov chain over 12 levels, {ROWS} to learn from, {STEPS} steps of one "
        "transformer (width 32, 2 layers). Each diffusion is trained on its own bound. The chain itself has "
        f"{exact.mean():.3f} bits. For the first seed, masked diffusion reaches {ours[0]:.3f}, with schedules learned "
        f"for each token (GeneralizedMaskedTokens) {general[0]:.3f}, and an autoregressive model of the same size and "
        f"training {causal[0]:.3f}, the chain {exact[0]:.3f}. In 250 steps, tried first, neither diffusion had learned "
        "the dependence of tokens, and the interval of the difference, -.195 to .016, held 0. Baseline: uniform "
        "diffusion (D3PM's, in continuous time), told the time.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
