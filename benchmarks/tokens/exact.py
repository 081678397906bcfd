"""Bounds of token processes against likelihoods, by enumerating every noisy row and integrating over time."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ecotone.learn import TokenTable
from ecotone.learn.objectives._interpolating_nelbo import divergence
from ecotone.learn.processes import AbsorbingDiffusion, InterpolatingDiscreteDiffusion, MaskedDiffusion

LAWS = ((2, 3), (3, 3), (2, 4))
NODES = 80


def _times() -> tuple[Tensor, Tensor]:
    """Times and weights of a quadrature on (0, 1), dense at both ends, where some rates are infinite."""
    x, w = np.polynomial.legendre.leggauss(NODES)
    t, w = (x + 1) / 2, w / 2
    for _ in range(2):
        w, t = w * math.pi / 2 * np.sin(math.pi * t), np.sin(math.pi * t / 2) ** 2
    return torch.as_tensor(t), torch.as_tensor(w)


def masked_bound(process: Any, denoiser: Any, x: Tensor) -> float:
    """The negative bound of a masking process for one row."""
    hide = torch.tensor(list(itertools.product([False, True], repeat=len(x))))
    z = torch.where(hide, process.mask, x)
    guess = denoiser(z, 0.5).x0.gather(2, x.expand(len(z), -1)[..., None])[..., 0]  # the time does not matter
    error = -torch.where(hide, torch.log(guess), 0.0).sum(1)
    total = 0.0
    for t, w in zip(*_times(), strict=True):
        chance = torch.where(hide, process.hidden(t), process.alpha(t)).prod(1)
        total += float(w * process.rate(t) * (chance * error).sum())
    return total


def interpolating_bound(process: Any, denoiser: Any, x: Tensor) -> float:
    """The negative bound of an interpolating process for one row."""
    length, levels = len(x), process.levels
    noisy = torch.cartesian_prod(*[torch.arange(levels + 1)] * length)
    clean, rows, total = torch.eye(levels)[x][None], x.expand(len(noisy), -1), 0.0
    for t, w in zip(*_times(), strict=True):
        law = process.marginal(clean, t)[0]
        chance = torch.stack([law[i, noisy[:, i]] for i in range(length)]).prod(0)
        at = t.expand(len(noisy))
        inner = process.weight(noisy, rows, at) * divergence(process, denoiser(noisy, at).x0, noisy, rows, at)
        total += float(w * (chance * torch.where(chance > 0, inner.sum(1), 0.0)).sum())
    return total


def run() -> list[dict[str, Any]]:
    """For each process and law the largest distance between bound and log-likelihood over all rows, in nats."""
    found = []
    for levels, length in LAWS:
        law = TokenTable.random(levels=levels, length=length, seed=0, concentration=0.5)
        log = law.log_prob(law.rows_)
        processes = {
            "MaskedDiffusion, linear": (MaskedDiffusion(levels), masked_bound),
            "MaskedDiffusion, polynomial": (MaskedDiffusion(levels, "polynomial"), masked_bound),
            "MaskedDiffusion, cosine": (MaskedDiffusion(levels, "cosine"), masked_bound),
            "AbsorbingDiffusion": (AbsorbingDiffusion(levels, margin=1e-9), masked_bound),
            "Interpolating, uniform 0": (InterpolatingDiscreteDiffusion(levels, 0.0), interpolating_bound),
            "Interpolating, uniform 0.2": (InterpolatingDiscreteDiffusion(levels, 0.2), interpolating_bound),
            "Interpolating, uniform 1": (InterpolatingDiscreteDiffusion(levels, 1.0), interpolating_bound),
        }
        for name, (process, bound) in processes.items():
            gaps = [
                abs(bound(process, law.denoiser(process), x) + float(p)) for x, p in zip(law.rows_, log, strict=True)
            ]
            found.append({"process": name, "levels": levels, "length": length, "rows": len(log), "gap": max(gaps)})
    return found
