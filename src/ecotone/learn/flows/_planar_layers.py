"""Planar and radial maps with their inverses, and the density that a chain of them makes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ecotone.learn import Density, RowRandom


class Planar:
    """z + u tanh(w.z + b), with ``theta`` (..., 2d + 1) holding w, the free u and b."""

    def __init__(self, theta: Tensor, d: int) -> None:
        self.w, free, self.b = theta[..., :d], theta[..., d : 2 * d], theta[..., 2 * d]
        along = (self.w * free).sum(-1, keepdim=True)
        square = (self.w**2).sum(-1, keepdim=True).clamp(min=1e-12)
        self.u = free + (softplus(along) - 1 - along) * self.w / square
        self.slope = (self.w * self.u).sum(-1)  # w.u > -1: the map is invertible

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.tanh((z * self.w).sum(-1) + self.b)
        return z + self.u * h[..., None], torch.log1p(self.slope * (1 - h**2))

    def inverse(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """The row and the log-determinant of ``forward`` there."""
        a = self._root((y * self.w).sum(-1))
        h = torch.tanh(a + self.b)
        return y - self.u * h[..., None], torch.log1p(self.slope * (1 - h**2))

    def _root(self, v: Tensor) -> Tensor:
        """a with a + slope tanh(a + b) = v, by bisection; a last Newton step carries the first derivatives."""
        with torch.no_grad():
            reach = self.slope.abs() + 1e-6
            low, high = v - reach, v + reach
            for _ in range(48 if v.dtype == torch.float64 else 26):
                middle = (low + high) / 2
                below = middle + self.slope * torch.tanh(middle + self.b) < v
                low, high = torch.where(below, middle, low), torch.where(below, high, middle)
            a = (low + high) / 2
        h = torch.tanh(a + self.b)
        return a - (a + self.slope * h - v) / (1 + self.slope * (1 - h**2))


class Radial:
    """z + beta (z - c) / (alpha + r), with ``theta`` (..., d + 2) holding c and the free alpha and beta."""

    def __init__(self, theta: Tensor, d: int) -> None:
        self.c, self.d = theta[..., :d], d
        self.alpha = softplus(theta[..., d]) + 1e-3
        self.beta = -self.alpha + softplus(theta[..., d + 1] + math.log(math.e - 1))  # > -alpha: invertible

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        r = self._radius(z)
        stretch = 1 + self.beta / (self.alpha + r)
        return self.c + stretch[..., None] * (z - self.c), self._log(r)

    def inverse(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """The row and the log-determinant of ``forward`` there: its radius solves a quadratic equation."""
        reach = self._radius(y)
        half = (self.alpha + self.beta - reach) / 2
        root = torch.sqrt(half**2 + self.alpha * reach)
        r = torch.where(half > 0, self.alpha * reach / (half + root), root - half)
        return self.c + (y - self.c) / (1 + self.beta / (self.alpha + r))[..., None], self._log(r)

    def _radius(self, z: Tensor) -> Tensor:
        return torch.sqrt(((z - self.c) ** 2).sum(-1) + 1e-24)

    def _log(self, r: Tensor) -> Tensor:
        h = 1 / (self.alpha + r)
        log = torch.log1p(self.beta * h - self.beta * h**2 * r)
        return log + (self.d - 1) * torch.log1p(self.beta * h)


class Warped(Density):
    """A normal distribution with independent columns behind K maps; a condition moves all of their numbers."""

    def __init__(self, d: int, maps: int, planar: bool, width: int, hidden: int) -> None:
        super().__init__()
        self.d, self.maps, self.planar = d, maps, planar
        self.size = 2 * d + 1 if planar else d + 2
        start = torch.randn(maps, self.size) * (0.5 if planar else 1.0)
        if planar:
            start[:, d : 2 * d] *= 0.1
        self.theta = nn.Parameter(torch.cat([torch.zeros(2 * d), start.flatten()]))
        self.conditioned = None
        if width:
            self.conditioned = nn.Sequential(nn.Linear(width, hidden), nn.SiLU(), nn.Linear(hidden, len(self.theta)))
            nn.init.zeros_(self.conditioned[-1].weight)
            nn.init.zeros_(self.conditioned[-1].bias)

    def _parts(self, c: Tensor | None) -> tuple[Tensor, Tensor, list[Planar | Radial]]:
        theta = self.theta if self.conditioned is None or c is None else self.theta + self.conditioned(c)
        maps = theta[..., 2 * self.d :].unflatten(-1, (self.maps, self.size)) if self.maps else None
        kind = Planar if self.planar else Radial
        chain = [] if maps is None else [kind(maps[..., k, :], self.d) for k in range(self.maps)]
        return theta[..., : self.d], theta[..., self.d : 2 * self.d], chain

    def log_prob(self, z: Tensor, c: Tensor | None) -> Tensor:
        mean, log_scale, chain = self._parts(c)
        total = z.new_zeros(len(z))
        for one in reversed(chain):
            z, log = one.inverse(z)
            total = total - log
        return total + self._base(((z - mean) / torch.exp(log_scale)), log_scale)

    def draw(self, rng: RowRandom, c: Tensor | None) -> Tensor:
        return self.draw_with_log_prob(rng, c)[0]

    def draw_with_log_prob(self, rng: RowRandom, c: Tensor | None) -> tuple[Tensor, Tensor]:
        """Rows and their log-density, without an inverse."""
        mean, log_scale, chain = self._parts(c)
        noise = rng.normal((self.d,)).to(self.theta)
        z, total = mean + torch.exp(log_scale) * noise, self._base(noise, log_scale)
        for one in chain:
            z, log = one.forward(z)
            total = total - log
        return z, total

    def _base(self, noise: Tensor, log_scale: Tensor) -> Tensor:
        return (-0.5 * noise**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
