"""Planar flows on the paper's four energies, against a mean-field normal law and NICE of as many numbers."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1]))
from paired import paired

from ecotone.learn import PlanarFlow, RowRandom, Training

MAPS, STEPS = 8, 400


def _tilts() -> list[Callable[[Tensor, Any], Tensor]]:
    def box(z: Tensor) -> Tensor:  # the energies beyond the first have no finite integral along the first axis
        return -25 * torch.relu(z[:, 0].abs() - 4) ** 2

    def ridge(z: Tensor, shift: Tensor | float, width: float) -> Tensor:
        return -0.5 * ((z[:, 1] - torch.sin(math.pi * z[:, 0] / 2) + shift) / width) ** 2

    def one(z: Tensor, given: Any = None) -> Tensor:
        ring = 0.5 * ((z.norm(dim=1) - 2) / 0.4) ** 2
        sides = torch.stack([-0.5 * ((z[:, 0] - 2) / 0.6) ** 2, -0.5 * ((z[:, 0] + 2) / 0.6) ** 2])
        return torch.logsumexp(sides, 0) - ring

    def two(z: Tensor, given: Any = None) -> Tensor:
        return ridge(z, 0.0, 0.4) + box(z)

    def three(z: Tensor, given: Any = None) -> Tensor:
        shift = 3 * torch.exp(-0.5 * ((z[:, 0] - 1) / 0.6) ** 2)
        return torch.logaddexp(ridge(z, 0.0, 0.35), ridge(z, shift, 0.35)) + box(z)

    def four(z: Tensor, given: Any = None) -> Tensor:
        shift = 3 * torch.sigmoid((z[:, 0] - 1) / 0.3)
        return torch.logaddexp(ridge(z, 0.0, 0.4), ridge(z, shift, 0.35)) + box(z)

    return [one, two, three, four]


def _log_integral(tilt: Any) -> float:
    at = torch.linspace(-9, 9, 1801, dtype=torch.float64)
    grid = torch.cartesian_prod(at, at)
    return float(torch.logsumexp(tilt(grid, None), 0) + 2 * torch.log(at[1] - at[0]))


class _Nice(nn.Module):
    """Additive couplings of 3 hidden units and a scale: 44 numbers, as many as 8 planar maps with their base."""

    def __init__(self) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 1)) for _ in range(4))
        self.mean, self.log_scale = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))

    def draw(self, rng: RowRandom) -> tuple[Tensor, Tensor]:
        noise = rng.normal((2,)).float()
        log = (-0.5 * noise**2 - 0.5 * math.log(2 * math.pi) - self.log_scale).sum(1)
        a, b = (self.mean + torch.exp(self.log_scale) * noise).split(1, 1)
        for net in self.nets:
            a, b = b + net(a), a
        return torch.cat([a, b], 1), log


def _nice(tilt: Any, settings: Training) -> float:
    from ecotone.learn.training import train

    torch.manual_seed(settings.seed)
    module, seen = _Nice(), 0

    def loss(net: Any, batch: Any) -> Tensor:
        nonlocal seen
        heat = min(1.0, 0.01 + seen / (STEPS // 2)) if net.training else 1.0
        seen += net.training
        z, log = net.draw(batch.rng)
        return (log - heat * tilt(z, None)).mean()

    train(module, loss, torch.zeros(4096, 2), training=settings)
    with torch.no_grad():
        z, log = module.draw(RowRandom(99, 20_000))
    return float((tilt(z, None) - log).mean())


def _one(seed: int, integrals: list[float]) -> tuple[float, float, float]:
    gaps = []
    for tilt, integral in zip(_tilts(), integrals, strict=True):
        settings = Training(
            steps=STEPS, learning_rate=0.01, eval_every=200, device="cpu", seed=seed, ema=0.99, batch_size=128
        )
        bounds = []
        for maps in (MAPS, 0):
            model = PlanarFlow(maps, anneal=STEPS // 2, training=settings).approximate(tilt, 2)
            bounds.append(model.lower_bound(tilt, 20_000, seed=99))
        gaps.append([integral - b for b in (*bounds, _nice(tilt, settings))])
    ours, field, nice = np.mean(gaps, 0)
    return float(ours), float(field), float(nice)


def run(seeds: int = 3) -> dict[str, Any]:
    """KL divergence to the energy's law, mean of four energies."""
    torch.set_num_threads(1)
    integrals = [_log_integral(tilt) for tilt in _tilts()]
    ours, field, nice = np.array([_one(s, integrals) for s in range(seeds)]).T
    return paired(
        "On four 2-D energies a planar flow is closer than a mean-field normal law and than NICE of as many numbers.",
        "KL divergence to the law of the energy, mean of four",
        ours,
        np.minimum(field, nice),
        notes=f"{MAPS} planar maps (44 numbers) against the better of a normal law with independent columns (mean "
        f"{field.mean():.3f}) and NICE with 44 numbers (mean {nice.mean():.3f}); {STEPS} steps, the same annealing. "
        "The energies are kept to |z1| <= 4 by a penalty, and the integrals are taken on a grid. "
        "The gap to the normal law is plain at every seed; against NICE it is not, after so few steps.",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
