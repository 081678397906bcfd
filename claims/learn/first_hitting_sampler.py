"""The first-hitting sampler against ancestral sampling, at as many evaluations as tokens."""

from __future__ import annotations

import json
import math
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import Prediction, RowRandom, TokenTable
from ecotone.learn.processes import MaskedDiffusion
from ecotone.learn.samplers import TokenAncestral, first_hitting_sampler
from ecotone.learn.schedules import Uniform

ABOUT = {
    "headline": "The sampler draws from masked diffusion 20 times faster; draws in 32 bits lower the temperature "
    "and flatter generative perplexity.",
    "tested": "Total variation at as many evaluations as tokens, with exact conditionals of four tokens; neither "
    "time nor text.",
    "setting": "stand-in",
}

LEVELS, LENGTH, ROWS = 3, 4, 20_000
VOCABULARY, STEPS, TOKENS = 5000, 4096, 150


def _distance(x: torch.Tensor, exact: TokenTable) -> float:
    number = (x * LEVELS ** torch.arange(LENGTH - 1, -1, -1)).sum(1)
    share = torch.bincount(number, minlength=LEVELS**LENGTH).double() / len(x)
    return float((share - exact.probabilities_).abs().sum()) / 2


def _one(seed: int) -> tuple[float, float, float]:
    exact, process = TokenTable.random(levels=LEVELS, length=LENGTH, seed=seed), MaskedDiffusion(LEVELS)
    denoiser = exact.denoiser(process)
    ours = first_hitting_sampler(denoiser, process, ROWS, seed=seed)
    baseline = TokenAncestral().sample(denoiser, process, ROWS, Uniform(LENGTH), seed=seed)
    return (
        _distance(ours, exact),
        _distance(baseline, exact),
        _distance(torch.as_tensor(exact.sample(ROWS, seed=1)), exact),
    )


def _entropies() -> tuple[tuple[float, float, float], float]:
    """Mean -log p of tokens of a Zipf distribution: exact, by steps in 64 bits, in 32; and a mean's standard error."""
    p = 1 / torch.arange(1, VOCABULARY + 1, dtype=torch.float64)
    p = p / p.sum()
    process, rng = MaskedDiffusion(VOCABULARY), RowRandom(1, TOKENS)
    times = Uniform(STEPS)(process)
    x = process.prior(rng, (1,))
    for i, (t, s) in enumerate(pairwise(times)):
        hidden = (x[:, 0] == VOCABULARY).nonzero()[:, 0]
        rng.calls = 2 * i
        x[hidden] = process.step(Prediction(p.expand(len(hidden), 1, -1)), x[hidden], t, s, rng.take(hidden))
    generator, y = torch.Generator().manual_seed(0), torch.full((TOKENS,), VOCABULARY)
    for i in range(STEPS):
        hidden = (y == VOCABULARY).nonzero()[:, 0]
        leave = 1 / (STEPS - i)
        weights = torch.cat([p * leave, torch.tensor([1 - leave], dtype=torch.float64)])
        u = torch.rand(len(hidden), VOCABULARY + 1, generator=generator)  # 24 bits
        y[hidden] = (torch.log(weights).float() - torch.log(-torch.log(u))).argmax(1)
    found = [-float(torch.log(p[tokens]).mean()) for tokens in (x[:, 0], y)]
    exact = -float((p * torch.log(p)).sum())
    spread = float((p * (torch.log(p) + exact) ** 2).sum())
    return (exact, *found), math.sqrt(spread / TOKENS)


def run(seeds: int = 5) -> dict[str, Any]:
    """Total variation between samples and the exact distribution of four dependent tokens."""
    torch.set_num_threads(1)
    ours, baseline, noise = np.array([_one(s) for s in range(seeds)]).T
    (exact, wide, narrow), error = _entropies()
    return paired(
        "At as many evaluations as tokens the first-hitting sampler is closer to the exact distribution than ancestral "
        "sampling.",
        f"total variation distance of {ROWS} samples from the distribution, at {LENGTH} evaluations",
        ours,
        baseline,
        notes=f"Exact conditionals of a distribution of {LENGTH} tokens of {LEVELS} levels. Samples of the "
        f"distribution itself are {noise.mean():.4f} away. Precision, for ancestral sampling: one token of a Zipf "
        f"distribution over {VOCABULARY} levels in {STEPS} steps has a mean -log p of {wide:.3f} by draws in 64 bits "
        f"and {narrow:.3f} by Gumbel noise in 32 bits (exact {exact:.3f}, {TOKENS} tokens, standard error about "
        f"{error:.3f}). Baseline: ancestral sampling in {LENGTH} even steps.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
