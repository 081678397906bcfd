"""The two networks of NADE: one order with shared hidden units, and any order from a mask."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ecotone.learn import Density, RowRandom


def conditional(parameters: Tensor, x: Tensor, mixture: int) -> Tensor:
    """Log-density of ``x`` (...) under the conditionals' ``parameters`` (..., 1 or 3 mixture)."""
    if not mixture:
        return logsigmoid((2 * x - 1) * parameters[..., 0])
    share, mean, log_scale = parameters.unflatten(-1, (3, mixture)).unbind(-2)
    z = (x[..., None] - mean) * torch.exp(-log_scale)
    log = torch.log_softmax(share, -1) - 0.5 * z**2 - log_scale - 0.5 * math.log(2 * math.pi)
    return torch.logsumexp(log, -1)


def draw_one(parameters: Tensor, rng: RowRandom, mixture: int) -> Tensor:
    """(n,) one draw from the conditional of each row, ``parameters`` (n, 1 or 3 mixture)."""
    if not mixture:
        return (rng.uniform().to(parameters) < torch.sigmoid(parameters[:, 0])).to(parameters)
    share, mean, log_scale = parameters.unflatten(-1, (3, mixture)).unbind(-2)
    k = rng.categorical(share)[:, None]
    return (mean.gather(1, k) + torch.exp(log_scale.gather(1, k)) * rng.normal((1,)).to(parameters))[:, 0]


def spread(d: int, mixture: int) -> Tensor:
    """(d, out) where the conditionals start: even odds, or means spread over the range of standardised rows."""
    if not mixture:
        return torch.zeros(d, 1)
    means = torch.linspace(-2, 2, mixture) if mixture > 1 else torch.zeros(1)
    scale = torch.full((mixture,), math.log(max(4 / mixture, 0.5)))
    return torch.cat([torch.zeros(mixture), means, scale]).expand(d, -1).clone()


class Recursive(Density):
    """One order: a_{d+1} = a_d + W_d x_d, after x_d was predicted from a_d; all a_d at once is a running sum."""

    def __init__(self, d: int, hidden: int, mixture: int, width: int) -> None:
        super().__init__()
        self.d, self.mixture = d, mixture
        self.w = nn.Parameter(0.01 * torch.randn(d, hidden))
        self.c = nn.Parameter(torch.zeros(hidden))
        self.v = nn.Parameter(torch.randn(d, hidden, 3 * mixture or 1) * 0.1 / math.sqrt(hidden))
        self.b = nn.Parameter(spread(d, mixture))
        self.rho = nn.Parameter(torch.ones(d))
        self.conditioned = nn.Linear(width, hidden) if width else None

    def _start(self, n: int, c: Tensor | None) -> Tensor:
        start = self.c.expand(n, -1)
        return start if self.conditioned is None or c is None else start + self.conditioned(c)

    def _hidden(self, a: Tensor, rho: Tensor) -> Tensor:
        return torch.relu(rho * a) if self.mixture else torch.sigmoid(a)

    def log_prob(self, z: Tensor, c: Tensor | None) -> Tensor:
        add = z[:, :-1, None] * self.w[:-1]
        a = torch.cumsum(torch.cat([self._start(len(z), c)[:, None], add], 1), 1)
        h = self._hidden(a, self.rho[:, None])
        return conditional(torch.einsum("ndh,dho->ndo", h, self.v) + self.b, z, self.mixture).sum(1)

    def draw(self, rng: RowRandom, c: Tensor | None) -> Tensor:
        a, drawn = self._start(len(rng), c), []
        for i in range(self.d):
            found = draw_one(self._hidden(a, self.rho[i]) @ self.v[i] + self.b[i], rng, self.mixture)
            drawn.append(found)
            a = a + found[:, None] * self.w[i]
        return torch.stack(drawn, 1)


class Orderless(Density):
    """Any order: a network of the seen columns and their mask gives the conditionals of the others."""

    orders: Tensor

    def __init__(self, d: int, hidden: int, depth: int, mixture: int, width: int, orders: int) -> None:
        super().__init__()
        self.d, self.mixture, self.out = d, mixture, 3 * mixture or 1
        sizes = [2 * d + width, *[hidden] * depth]
        layers = [part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU())]
        self.network = nn.Sequential(*layers, nn.Linear(hidden, d * self.out))
        nn.init.zeros_(self.network[-1].bias)
        self.b = nn.Parameter(spread(d, mixture))
        self.register_buffer("orders", torch.stack([torch.randperm(d) for _ in range(orders)]))

    def _conditionals(self, x: Tensor, mask: Tensor, c: Tensor | None) -> Tensor:
        condition = [x * mask, mask] if c is None else [x * mask, mask, c]
        found: Tensor = self.network(torch.cat(condition, 1)).unflatten(1, (self.d, self.out)) + self.b
        return found

    def subset_loss(self, x: Tensor, rng: RowRandom, c: Tensor | None) -> Tensor:
        """(n,) unbiased for minus the log-density averaged over all orders."""
        seen = torch.floor(rng.uniform().double() * self.d).clamp(max=self.d - 1)  # 0 to D - 1 columns
        rank = rng.uniform((self.d,)).argsort(1).argsort(1)
        mask = (rank < seen[:, None]).to(x)
        log = conditional(self._conditionals(x, mask, c), x, self.mixture) * (1 - mask)
        return -(self.d / (self.d - seen)).to(x) * log.sum(1)

    def log_prob(self, z: Tensor, c: Tensor | None) -> Tensor:
        each = []
        for order in self.orders:
            mask, total = torch.zeros_like(z), z.new_zeros(len(z))
            for i in order.tolist():
                total = total + conditional(self._conditionals(z, mask, c)[:, i], z[:, i], self.mixture)
                mask = mask.clone()
                mask[:, i] = 1
            each.append(total)
        return torch.logsumexp(torch.stack(each), 0) - math.log(len(each))

    def draw(self, rng: RowRandom, c: Tensor | None) -> Tensor:
        order = self.orders[torch.floor(rng.uniform().double() * len(self.orders)).long()]
        x = torch.zeros(len(rng), self.d, dtype=self.b.dtype, device=self.b.device)
        mask, at = torch.zeros_like(x), torch.arange(len(x), device=x.device)
        for i in range(self.d):
            place = order[:, i]
            x[at, place] = draw_one(self._conditionals(x, mask, c)[at, place], rng, self.mixture)
            mask[at, place] = 1
        return x
