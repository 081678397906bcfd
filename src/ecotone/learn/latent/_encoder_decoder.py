"""The module of a latent-variable model: encoder q(z|x, c), decoder p(x|z, c), prior p(z|c)."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ecotone.learn import RowRandom

_MOST = 8.0  # logarithms of standard deviations stay within this
_LOG_2PI = math.log(2 * math.pi)


class Normal(NamedTuple):
    """Diagonal normal distributions ``(n, size)``."""

    mean: Tensor
    log_std: Tensor

    @classmethod
    def of(cls, out: Tensor) -> Normal:
        mean, raw = out.chunk(2, dim=-1)
        return cls(mean, _MOST * torch.tanh(raw / _MOST))

    def log_prob(self, z: Tensor) -> Tensor:
        """Of ``(n, k, size)`` points: ``(n, k)``."""
        return normal_log_prob(z, self.mean[:, None], self.log_std[:, None]).sum(-1)

    def divergence(self, other: Normal) -> Tensor:
        """Kullback-Leibler divergence to ``other``, ``(n,)`` nats."""
        gap = (
            torch.exp(2 * (self.log_std - other.log_std)) + ((self.mean - other.mean) * torch.exp(-other.log_std)) ** 2
        )
        return (0.5 * (gap - 1) + other.log_std - self.log_std).sum(-1)


def normal_log_prob(x: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """By place."""
    return -0.5 * (((x - mean) * torch.exp(-log_std)) ** 2 + _LOG_2PI) - log_std


class Seen(NamedTuple):
    """What one pass leaves of each row, with ``k`` latents ``z`` ``(n, k, latents)`` drawn from its posterior."""

    z: Tensor
    posterior: Normal
    prior: Normal
    reconstruction: Tensor  # (n, k) log p(x | z, c)

    @property
    def log_weight(self) -> Tensor:
        """(n, k) of log p(x, z | c) - log q(z | x, c)."""
        return self.reconstruction + self.prior.log_prob(self.z) - self.posterior.log_prob(self.z)


class EncoderDecoder(nn.Module):
    """Perceptrons on flat rows ``(n, size)`` and conditions ``(n, width)``; see :class:`LatentVariable`."""

    def __init__(
        self, size: int, latents: int, hidden: tuple[int, ...], width: int, *,
        binary: bool, autoregressive: bool, learned_prior: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.size, self.latents, self.binary = size, latents, binary
        self.encoder = perceptron(size + width, hidden, 2 * latents)
        self.decoder = perceptron(latents + width, hidden[::-1], size)
        self.prior = perceptron(width, hidden[-1:], 2 * latents) if learned_prior else None
        self.raw_std = None if binary else nn.Parameter(torch.zeros(size))
        self.before = nn.Parameter(torch.zeros(size, size)) if autoregressive else None

    def forward(self, x: Tensor, c: Tensor | None, k: int, rng: RowRandom) -> Seen:
        q = self.posterior(x, c)
        z = q.mean[:, None] + torch.exp(q.log_std)[:, None] * rng.normal((k, self.latents)).to(x)
        return Seen(z, q, self.prior_of(c, x), self.log_likelihood(x, z, c))

    def posterior(self, x: Tensor, c: Tensor | None) -> Normal:
        return Normal.of(self.encoder(beside(x, c)))

    def prior_of(self, c: Tensor | None, like: Tensor) -> Normal:
        """p(z | c), standard normal unless it is learned."""
        if self.prior is not None and c is not None:
            return Normal.of(self.prior(c))
        zero = torch.zeros(len(like), self.latents, dtype=like.dtype, device=like.device)
        return Normal(zero, zero)

    def log_likelihood(self, x: Tensor, z: Tensor, c: Tensor | None) -> Tensor:
        """(n, k) of log p(x | z, c)."""
        out = self.decoder(beside(z, c))
        if self.before is not None:
            out = out + (x @ self.before.tril(-1).T)[:, None]
        whole = x[:, None].expand_as(out)
        if self.raw_std is None:
            return -nn.functional.binary_cross_entropy_with_logits(out, whole, reduction="none").sum(-1)
        return normal_log_prob(whole, out, self.log_std()).sum(-1)

    def log_std(self) -> Tensor:
        assert self.raw_std is not None
        return _MOST * torch.tanh(self.raw_std / _MOST)

    def draw(self, z: Tensor, c: Tensor | None, rng: RowRandom | None) -> Tensor:
        """Rows from p(x | z, c), ``z`` ``(n, latents)``; without ``rng`` their means (in turn, if autoregressive)."""
        out = self.decoder(beside(z, c))
        noise = None if rng is None else (rng.uniform if self.binary else rng.normal)((self.size,)).to(out)
        if self.before is None:
            return self._value(out, noise)
        x = torch.zeros_like(out)
        for i in range(self.size):
            at = slice(i, i + 1)
            here = out[:, at] + x[:, :i] @ self.before[at, :i].T
            x[:, at] = self._value(here, None if noise is None else noise[:, at], at)
        return x

    def _value(self, out: Tensor, noise: Tensor | None, at: slice = slice(None)) -> Tensor:
        if self.binary:
            return torch.sigmoid(out) if noise is None else (noise < torch.sigmoid(out)).to(out)
        return out if noise is None else out + torch.exp(self.log_std()[at]) * noise


def beside(x: Tensor, c: Tensor | None) -> Tensor:
    """``x`` ``(n, [k,] size)`` with the row's condition behind each vector."""
    if c is None:
        return x
    return torch.cat([x, c if x.ndim == 2 else c[:, None].expand(-1, x.shape[1], -1)], dim=-1)


def perceptron(size: int, hidden: tuple[int, ...], out: int) -> nn.Sequential:
    """Linear layers with SiLU between; without ``hidden`` a linear map."""
    widths = (size, *hidden, out)
    layers: list[nn.Module] = []
    for a, b in itertools.pairwise(widths):
        layers += [nn.Linear(a, b), nn.SiLU()]
    return nn.Sequential(*layers[:-1])
