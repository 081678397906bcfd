"""The forward chain of 2015's diffusion, its posterior, its bound, and draws backwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.learn import RowRandom
from ecotone.learn.arrays import row_like

Reverse = Callable[[Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor]]
Hold = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Chain:
    """``steps`` normal steps; ``beta`` and ``kept`` (the product of 1 - beta) have places 0 to T, place 0 unused."""

    steps: int
    beta: Tensor
    kept: Tensor

    @classmethod
    def of(cls, steps: int) -> Chain:
        """The reference's rates: 1/T rising to 1/2, the first a little more, none below 1e-6."""
        if int(steps) != steps or steps < 2:
            raise BadInput(f"a diffusion needs at least 2 steps, got {steps!r}")
        least = torch.full((steps,), 1e-6, dtype=torch.float64)
        least[0] += 1e-3
        beta = least + (1 - least) / torch.linspace(steps, 2, steps, dtype=torch.float64)
        beta = torch.cat([torch.zeros(1, dtype=torch.float64), beta])
        return cls(steps, beta, torch.cumprod(1 - beta, 0))

    def beta_at(self, t: Tensor, like: Tensor) -> Tensor:
        return row_like(self.beta[t.cpu()], like)

    def kept_at(self, t: Tensor, like: Tensor) -> Tensor:
        return row_like(self.kept[t.cpu()], like)

    def time(self, t: Tensor) -> Tensor:
        """A quarter of the log noise-to-signal ratio: what networks are told."""
        kept = self.kept[t.cpu()]
        return (0.125 * torch.log((1 - kept) / kept)).to(t.device)

    def posterior(self, x0: Tensor, x_t: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of x_{t-1} given both."""
        beta, kept, before = self.beta_at(t, x0), self.kept_at(t, x0), self.kept_at(t - 1, x0)
        mean = torch.sqrt(before) * beta / (1 - kept) * x0 + torch.sqrt(1 - beta) * (1 - before) / (1 - kept) * x_t
        return mean, beta * (1 - before) / (1 - kept)


def divergence(reverse: Reverse, chain: Chain, x0: Tensor, t: Tensor, rng: RowRandom, given: Tensor | None) -> Tensor:
    """(n,) divergence of the learned step back from the posterior at ``t``, with one draw of x_t."""
    kept = chain.kept_at(t, x0)
    x_t = torch.sqrt(kept) * x0 + torch.sqrt(1 - kept) * rng.normal(tuple(x0.shape[1:])).to(x0)
    (m_q, v_q), (m, v) = chain.posterior(x0, x_t, t), reverse(x_t, t, given)
    return 0.5 * (torch.log(v / v_q) + (v_q + (m_q - m) ** 2) / v - 1).flatten(1).sum(1)


def step_loss(reverse: Reverse, chain: Chain, x0: Tensor, rng: RowRandom, given: Tensor | None) -> Tensor:
    """(n,) estimates of the sum of divergences a number of a row, from one t, 2 to T, for each row."""
    t = 2 + torch.floor(rng.uniform().double() * (chain.steps - 1)).long().clamp(max=chain.steps - 2)
    return (chain.steps - 1) * divergence(reverse, chain, x0, t, rng, given) / x0[0].numel()


def bound(reverse: Reverse, chain: Chain, x0: Tensor, *, given: Tensor | None = None, seed: int = 0) -> Tensor:
    r"""(n,) :math:`-\mathrm{KL}(q(x_T|x_0)\|N(0, I)) - \sum_{t=2}^T \mathrm{KL}_t + E\log p(x_0|x_1)`.

    The last term's kernel is the forward one, :math:`N(x_0; \sqrt{1-\beta_1}x_1, \beta_1)`, so it is in closed form.
    The paper's K puts entropies in the place of the ends' cross-entropies, which is the same for data of unit variance.
    """
    rng, size = RowRandom(seed, len(x0), device=x0.device, dtype=x0.dtype), x0[0].numel()
    square, first, last = (x0**2).flatten(1).sum(1), float(chain.beta[1]), float(chain.kept[-1])
    total = -0.5 * (last * square + size * (-last - math.log(1 - last)))
    total = total - 0.5 * (size * (math.log(2 * math.pi * first) + 1 - first) + first * square)
    for t in range(2, chain.steps + 1):
        at = torch.full((len(x0),), t, device=x0.device)
        total = total - divergence(reverse, chain, x0, at, rng, given)
    return total


def draw(
    reverse: Reverse,
    chain: Chain,
    rng: RowRandom,
    shape: tuple[int, ...],
    given: Tensor | None,
    *,
    hold: Hold | None = None,
) -> Tensor:
    """(n, *shape) rows by the chain backwards; ``hold`` changes the mean and variance of every step."""
    x = rng.normal(shape)
    for t in range(chain.steps, 0, -1):
        at = torch.full((len(x),), t, device=x.device)
        if t > 1:
            mean, variance = reverse(x, at, given)
        else:
            beta = chain.beta_at(at, x)
            mean, variance = torch.sqrt(1 - beta) * x, beta.expand_as(x)
        if hold is not None:
            mean, variance = hold(mean, variance)
        x = mean + torch.sqrt(variance) * rng.normal(shape).to(x)
    return x


def clamped(value: Tensor, noise: Tensor) -> Hold:
    """The normal distribution multiplied by N(value, noise^2), where ``value`` is not NaN; noise 0 holds it there."""
    known = torch.isfinite(value)
    at = torch.where(known, value, torch.zeros_like(value))

    def hold(mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        share = torch.where(known, variance / (variance + noise**2), torch.zeros_like(variance))
        return mean + share * (at - mean), (1 - share) * variance

    return hold
