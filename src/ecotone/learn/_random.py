"""Random numbers by row: counter-based, so that a row's draws depend on the seed and the row alone."""

from __future__ import annotations

import math
import secrets

import numpy as np
import torch
from scipy.special import gammaincinv, pdtr, pdtrik
from torch import Tensor

from ecotone.contracts import BadInput

_MASK = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)  # Philox 4x32: Salmon et al. (2011)
_WEYL = (0x9E3779B9, 0xBB67AE85)  # the golden ratio and the square root of 3, less 1, in 32 bits
_BLOCK = 1 << 20  # counters at a time: what fits the cache


def philox(counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[int, int]) -> tuple[Tensor, ...]:
    """Philox 4x32-10: four words of 32 bits (in int64 tensors) for each counter.

    References
    ----------
    Salmon, Moraes, Dror and Shaw (2011), https://doi.org/10.1145/2063384.2063405
    """
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        p, q = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]  # wraps beyond 63 bits; the words taken are right
        a, b, c, d = ((q >> 32) & _MASK) ^ b ^ k0, q & _MASK, ((p >> 32) & _MASK) ^ d ^ k1, p & _MASK
        k0, k1 = (k0 + _WEYL[0]) & _MASK, (k1 + _WEYL[1]) & _MASK
    return a, b, c, d


class RowRandom:
    r"""Streams of random numbers, one for each row.

    Every call draws from a new stream of each row: the numbers are a function of (seed, row, number of the call,
    place), the same on every device, whatever other rows are drawn beside it.

    Parameters
    ----------
    seed : int or None
        None takes one from the operating system.
    rows : int or (n,) int64 Tensor
        How many rows, or which.
    device : torch.device or str
    dtype : torch.dtype
        Of the numbers drawn.

    Examples
    --------
    >>> import torch
    >>> whole, part = RowRandom(0, 4).normal((3,)), RowRandom(0, torch.tensor([2])).normal((3,))
    >>> torch.equal(whole[2:3], part)
    True
    """

    def __init__(
        self,
        seed: int | None,
        rows: int | Tensor,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float64,
    ) -> None:
        if seed is not None and not isinstance(seed, int | np.integer):
            raise BadInput(f"seed must be a whole number or None, got {seed!r}")
        self.seed = (secrets.randbits(62) if seed is None else int(seed)) & 0xFFFFFFFFFFFFFFFF
        rows = torch.arange(rows) if isinstance(rows, int) else rows
        self.rows = rows.to(device=device, dtype=torch.int64)
        self.dtype = dtype
        self.calls = 0

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, index: Tensor) -> RowRandom:
        """The same streams for some of the rows, at the same place."""
        part = RowRandom(self.seed, self.rows[index], device=self.rows.device, dtype=self.dtype)
        part.calls = self.calls
        return part

    def _uniform(self, count: int) -> Tensor:
        """(n, count) float64 in (0, 1), each with 53 random bits."""
        n, blocks = len(self.rows), -(-count // 2)
        call, self.calls = self.calls, self.calls + 1
        out = torch.empty(n, blocks, 2, dtype=torch.float64, device=self.rows.device)
        place = torch.arange(blocks, device=self.rows.device)[None, :]
        some = max(_BLOCK // max(blocks, 1), 1)
        for start in range(0, n, some):
            row = self.rows[start : start + some, None]
            shape = (len(row), blocks)
            counter = (
                place.expand(shape),
                torch.full(shape, call & _MASK, device=row.device),
                (row & _MASK).expand(shape),
                ((row >> 32) & _MASK).expand(shape),
            )
            a, b, c, d = philox(counter, (self.seed & _MASK, self.seed >> 32))
            for i, (high, low) in enumerate(((a, b), (c, d))):
                bits = (high << 21) | (low >> 11)  # 53 bits
                out[start : start + some, :, i] = (bits.double() + 0.5) * 2.0**-53
        return out.reshape(n, 2 * blocks)[:, :count]

    def uniform(self, shape: tuple[int, ...] = ()) -> Tensor:
        """``(n, *shape)`` uniform on (0, 1), never 0 or 1 in float64."""
        u = self._uniform(math.prod(shape)).reshape(len(self), *shape)
        return u.to(self.dtype)

    def normal(self, shape: tuple[int, ...] = ()) -> Tensor:
        """``(n, *shape)`` standard normal."""
        count = math.prod(shape)
        u = self._uniform(2 * -(-count // 2))
        radius, angle = torch.sqrt(-2 * torch.log(u[:, ::2])), 2 * math.pi * u[:, 1::2]
        z = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=-1).flatten(1)[:, :count]
        return z.reshape(len(self), *shape).to(self.dtype)

    def exponential(self, shape: tuple[int, ...] = ()) -> Tensor:
        """``(n, *shape)`` exponential with mean 1."""
        return -torch.log(self._uniform(math.prod(shape))).reshape(len(self), *shape).to(self.dtype)

    def chi2(self, df: float, shape: tuple[int, ...] = ()) -> Tensor:
        """``(n, *shape)`` chi-square with ``df`` degrees of freedom, in float64, by its inverse distribution."""
        u = self._uniform(math.prod(shape)).reshape(len(self), *shape)
        return torch.as_tensor(2 * gammaincinv(df / 2, u.cpu().numpy()), dtype=torch.float64, device=u.device)

    def poisson(self, rate: Tensor) -> Tensor:
        """Poisson counts in float64 with the means ``rate`` ``(n, ...)``, by their inverse distribution."""
        u = self._uniform(math.prod(rate.shape[1:])).reshape(rate.shape).cpu().numpy()
        mean = rate.detach().double().cpu().numpy()
        count = np.ceil(pdtrik(u, mean))
        below = np.maximum(count - 1, 0)  # the inverse is of real numbers, and may round up past the count
        found = np.where((mean > 0) & (pdtr(below, mean) < u), count, np.where(mean > 0, below, 0.0))
        return torch.as_tensor(found, dtype=torch.float64, device=rate.device)

    def gumbel(self, shape: tuple[int, ...] = ()) -> Tensor:
        """``(n, *shape)`` standard Gumbel, in float64: in less, large values are cut off."""
        return -torch.log(-torch.log(self._uniform(math.prod(shape)))).reshape(len(self), *shape)

    def categorical(self, logits: Tensor) -> Tensor:
        """One position ``(n, ...)`` for each row and place of ``logits`` ``(n, ..., levels)``, in float64."""
        return torch.argmax(logits.double() + self.gumbel(tuple(logits.shape[1:])), dim=-1)
