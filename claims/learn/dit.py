"""A DiT on smaller patches, which spends more operations, against one on larger patches."""

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

from ecotone.learn import Batch, RowRandom, Training
from ecotone.learn._condition import Condition
from ecotone.learn.denoisers import NetworkDenoiser
from ecotone.learn.networks import DiT
from ecotone.learn.objectives import Denoising
from ecotone.learn.processes import EDMProcess
from ecotone.learn.training import train

ABOUT = {
    "headline": "FID falls as a diffusion transformer's operations grow; DiT-XL/2 reaches 2.27 on ImageNet 256 x 256.",
    "tested": "Held-out loss of two patch sizes after 150 steps on 8 x 8 digits, in the place of FID. Modulations "
    "that start at zero, which the paper finds best, are not better here.",
    "setting": "stand-in",
}

STEPS = 150


def _loss(patch: int, seed: int, *, start: str = "zero") -> float:
    """Held-out loss of a DiT after a fixed number of steps."""
    digits = load_digits()
    x = torch.as_tensor((digits.images[:, None] - 8) / 12)
    order = np.random.default_rng(seed).permutation(len(x))
    condition = Condition.of(digits.target, len(x))
    given = condition.encode(digits.target, len(x))
    torch.manual_seed(seed)
    module = DiT(patch=patch, width=64, depth=3, heads=4).build((1, 8, 8), 10)
    if start == "xavier":  # adaLN without the zero
        for part in (module.steer, *(block.steer for block in module.blocks)):
            torch.nn.init.xavier_uniform_(part.weight)
    denoiser = NetworkDenoiser(module, EDMProcess(), (1, 8, 8), condition=condition)
    fit, held = order[:1400], order[1400:].repeat(4)
    settings = Training(
        steps=STEPS, eval_every=STEPS, batch_size=64, validation_fraction=0.0, ema=0.98, device="cpu", seed=seed
    )
    train(denoiser, Denoising(), x[fit], given=given[fit], training=settings)
    with torch.no_grad():
        batch = Batch(x[held].float(), given[held], None, RowRandom(9, len(held)))
        return float(Denoising()(denoiser, batch))


def run(seeds: int = 5) -> dict[str, Any]:
    """Held-out EDM loss on 8 x 8 digits with patches of side 2 and 4."""
    torch.set_num_threads(1)
    ours, baseline, plain = np.array([(_loss(2, s), _loss(4, s), _loss(2, s, start="xavier")) for s in range(seeds)]).T
    return paired(
        "At equal steps and nearly equal parameters, the transformer that spends more operations on smaller patches "
        "has the lower held-out loss.",
        f"held-out EDM loss on digits after {STEPS} steps",
        ours,
        baseline,
        notes="Class-conditional DiT of width 64 and depth 3 on 8 x 8 digits: patches of side 2 (16 tokens, about four "
        "times the operations) against side 4 (4 tokens). The same network with its modulations not started at zero "
        f"(adaLN in place of adaLN-Zero) has a loss of {plain.mean():.4f}, lower in {int((plain < ours).sum())} of "
        f"{seeds} seeds. Loss on digits, not FID on ImageNet.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
