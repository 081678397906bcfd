"""Self-correction of samples, by models trained with and without uniform noise."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from _fixtures.chain import Chain
from paired import paired

from ecotone.learn import InterpolatingTokens, Training
from ecotone.learn.networks import TokenTransformer
from ecotone.learn.processes import InterpolatingDiscreteDiffusion

ABOUT = {
    "headline": "Uniform noise beside masks lets a diffusion language model mend its own mistakes and sample "
    "better; state of the art at matched compute.",
    "tested": "Rows of 16 tokens of a Markov chain with a fifth replaced; likelihood after self-correction. No "
    "text, no matched compute.",
    "setting": "stand-in",
    "pilot": "1,000 steps of training after 250 had left neither model able.",
}

LENGTH, ROWS, STEPS, CORRUPTED = 16, 4000, 1000, 0.2


def _variety(x: np.ndarray, levels: int) -> float:
    """Entropy of single tokens, in nats."""
    p = np.bincount(x.ravel(), minlength=levels) / x.size
    return float(-(p[p > 0] * np.log(p[p > 0])).sum())


def _one(seed: int, uniform: float) -> list[float]:
    chain, rng = Chain(seed=seed), np.random.default_rng(seed)
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
    model = InterpolatingTokens(
        TokenTransformer(width=32, depth=2, heads=2, time=True),
        process=InterpolatingDiscreteDiffusion(uniform=uniform),
        levels=chain.levels,
        training=training,
    ).fit(chain.sample(ROWS, LENGTH, seed))
    clean = chain.sample(200, LENGTH, seed + 1000)
    wrong = rng.random(clean.shape) < CORRUPTED
    corrupted = np.where(wrong, rng.integers(0, chain.levels, clean.shape), clean)
    corrected = model.correct(corrupted, seed=seed)
    before, after, best = (float(-chain.log_prob(x).mean()) / LENGTH for x in (corrupted, corrected, clean))
    bound = -float(model.bound(clean).mean()) / LENGTH
    return [
        before - after,
        before,
        after,
        best,
        bound,
        _variety(corrected, chain.levels),
        _variety(clean, chain.levels),
    ]


def run(seeds: int = 10) -> dict[str, Any]:
    """Fall of the negative log-likelihood of corrupted rows, under the exact distribution, by self-correction."""
    torch.set_num_threads(1)
    ours, baseline = (np.array([_one(s, uniform) for s in range(seeds)]).T for uniform in (0.2, 0.0))
    (_, before, after, best, bound, variety, real), (_, _, after_0, _, bound_0, variety_0, _) = (
        m.mean(1) for m in (ours, baseline)
    )
    return paired(
        "Self-correction raises the likelihood of corrupted rows under the exact distribution more for a model "
        "trained with uniform noise than for one trained with masks only.",
        "fall of the negative log-likelihood under the exact distribution, in nats a token",
        ours[0],
        baseline[0],
        higher=True,
        notes=f"Rows of {LENGTH} tokens of a Markov chain over 12 levels, {CORRUPTED:.0%} of them replaced at random; "
        f"{STEPS} steps of one transformer. {before:.3f} nats a token before, {best:.3f} if nothing were replaced; "
        f"{after:.3f} after correction with a share of .2 uniform noise, {after_0:.3f} with masks only. Bounds on "
        f"clean rows: {bound:.3f} and {bound_0:.3f}. Correction sharpens towards likely rows: the entropy of single "
        f"tokens is {real:.3f} in clean rows, {variety:.3f} and {variety_0:.3f} in corrected ones. In 250 steps, tried "
        "first, neither model had learned the dependence of tokens, and correction, of corrupted rows as of samples, "
        "led to rows of one repeated token. Baseline: the same correction by a model trained with masks only.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
