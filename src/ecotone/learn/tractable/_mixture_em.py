"""Expectation and maximisation for mixtures of normal distributions, with weighted rows."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ecotone.contracts import BadInput, as_seed

Parts = tuple[Tensor, Tensor, Tensor]


def expectation_maximisation(
    x: Tensor, weight: Tensor, k: int, *, iterations: int, tolerance: float, ridge: float, starts: int, seed: int
) -> Parts:
    """Weights ``(k,)``, means ``(k, d)`` and covariances ``(k, d, d)`` of the most likely of several runs."""
    if k < 1 or len(x) < 2:
        raise BadInput(f"a mixture needs at least one component and two rows a class, got {k} and {len(x)}")
    share = weight / weight.sum()
    floor = ridge * float((share @ (x - share @ x) ** 2).mean()) + 1e-300
    if floor <= 1e-290:
        raise BadInput("all rows are equal, so they have no density; there is nothing to fit a mixture to")
    best: tuple[float, Parts] | None = None
    for run in range(starts):
        parts = _maximise(x, _begin(x, share, k, seed, run), share, floor)
        last = -math.inf
        for _ in range(iterations):
            log = _joint(x, *parts)
            total = torch.logsumexp(log, 1)
            now = float(share @ total)
            parts = _maximise(x, torch.exp(log - total[:, None]), share, floor)
            if now - last < tolerance:
                break
            last = now
        final = float(share @ torch.logsumexp(_joint(x, *parts), 1))
        if best is None or final > best[0]:
            best = final, parts
    assert best is not None
    return best[1]


def _begin(x: Tensor, share: Tensor, k: int, seed: int, run: int) -> Tensor:
    """(n, k) hard assignment to centres spread as k-means++ spreads them, in standardised columns."""
    rng = as_seed(seed, run)
    z = (x - share @ x) / torch.sqrt(share @ (x - share @ x) ** 2).clamp(min=1e-150)
    chosen = [int(rng.choice(len(x), p=share.numpy()))]
    near = ((z - z[chosen[0]]) ** 2).sum(1)
    for _ in range(k - 1):
        p = (near * share).numpy()
        chosen.append(int(rng.choice(len(x), p=p / p.sum()) if p.sum() > 0 else rng.integers(len(x))))
        near = torch.minimum(near, ((z - z[chosen[-1]]) ** 2).sum(1))
    return torch.nn.functional.one_hot(torch.cdist(z, z[chosen]).argmin(1), k).double()


def _maximise(x: Tensor, belongs: Tensor, share: Tensor, floor: float) -> Parts:
    mass = (share[:, None] * belongs).clamp(min=0)
    weights = mass.sum(0).clamp(min=1e-12)
    means = mass.T @ x / weights[:, None]
    eye = floor * torch.eye(x.shape[1], dtype=x.dtype)
    spreads = []
    for k in range(len(weights)):  # a component at a time: (n, k, d) would not fit for many rows
        off = x - means[k]
        spreads.append((off * mass[:, k : k + 1]).T @ off / weights[k] + eye)
    return weights / weights.sum(), means, torch.stack(spreads)


def _joint(x: Tensor, weights: Tensor, means: Tensor, covariances: Tensor) -> Tensor:
    """(n, k) log of weight times density."""
    factor = torch.linalg.cholesky(covariances)
    out = []
    for k in range(len(weights)):
        y = torch.linalg.solve_triangular(factor[k], (x - means[k]).T, upper=False)
        out.append(-0.5 * (y**2).sum(0) - torch.log(torch.diagonal(factor[k])).sum() + torch.log(weights[k]))
    return torch.stack(out, 1) - 0.5 * x.shape[1] * math.log(2 * math.pi)
