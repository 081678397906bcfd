"""What a network's output says of one column: probabilities of tokens, and a mixture on the normal scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ecotone.contracts import Floats
from ecotone.learn import RowRandom

COMPONENTS = 8
_NARROW = 1e-4  # cells narrower than this in every component's scale count as density times width
_FAR = 1000.0
_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Event:
    """What a column is restricted to: tokens ``(tokens,)`` and intervals ``(i, 2)`` of normal scores."""

    tokens: Tensor
    intervals: Tensor

    @classmethod
    def of(cls, tokens: Any, intervals: Floats | None = None) -> Event:
        ends = torch.empty(0, 2) if intervals is None else torch.as_tensor(intervals)
        return cls(torch.as_tensor(tokens), ends.double())

    def holds(self, token: Tensor, z: Tensor, continuous: bool) -> Tensor:
        """(n,) whether the event is met by tokens and normal scores; the last token's depends on its score."""
        met = self.tokens[token]
        if not continuous:
            return met
        low, high = self.intervals.unbind(1)
        inside = ((z[:, None] >= low - 1e-9) & (z[:, None] <= high + 1e-9)).any(1)
        return met & (inside | (token < len(self.tokens) - 1))


class Head:
    """One column's distribution given what the network saw.

    Parameters
    ----------
    out : (n, tokens [+ 3 * COMPONENTS]) Tensor
        Logits; then of the mixture the logits, means and raw scales.
    tokens : int
    continuous, lattice : bool
    reach : float
        Means lie within it: where rows never taught the mixture anything, it may not run off.
    gaps : bool
        Whether a value can be missing; otherwise that has probability 0.
    """

    def __init__(
        self, out: Tensor, tokens: int, *, continuous: bool, lattice: bool, reach: float, gaps: bool = True
    ) -> None:
        logits = out[:, :tokens]
        if not gaps:
            logits = torch.cat([torch.full_like(logits[:, :1], -math.inf), logits[:, 1:]], dim=1)
        self.logits = torch.log_softmax(logits, dim=1)
        self.continuous, self.lattice = continuous, lattice
        if continuous:
            weights, mean, raw = out[:, tokens:].reshape(len(out), 3, COMPONENTS).unbind(1)
            self.mean = mean.clamp(-reach, reach)
            self.log_weights = torch.log_softmax(weights, dim=1)
            self.log_scale = raw.clamp(-7.0, 0.0)  # over all rows the scores are standard normal

    @staticmethod
    def width(tokens: int, continuous: bool) -> int:
        """How many outputs of the network the column needs."""
        return tokens + 3 * COMPONENTS * continuous

    def log_prob(self, packed: Tensor, *, by_token: bool = False) -> Tensor:
        """(n,) log of probability, times density where the value is continuous; rows as ``Encoded.packed``.

        On a lattice a value that repeats has the probability of its token and that of its cell. ``by_token`` leaves the
        second out: a lower bound, by which the mixture learns only from the values that it is there for.
        """
        token, z, low, high, log_rate = packed.unbind(1)
        at = token.long()
        known = self.logits.gather(1, at.clamp(min=0)[:, None])[:, 0]
        never = torch.full_like(known, -math.inf)
        if not self.continuous:
            return torch.where(at < 0, never, known + log_rate)
        rest, last = self.logits[:, -1], at == self.logits.shape[1] - 1
        if self.lattice:
            cell = rest + self._log_cell(low, high)
            found = torch.where(last, cell, known)
            if not by_token:
                found = torch.where((at > 0) & ~last, torch.logaddexp(known, cell), found)
        else:
            found = torch.where(last, rest + self._log_density(z) + log_rate, known)
        return torch.where(at < 0, never, found)

    def _log_density(self, z: Tensor) -> Tensor:
        u = (z[:, None] - self.mean) * torch.exp(-self.log_scale)
        return torch.logsumexp(self.log_weights - 0.5 * u**2 - self.log_scale - 0.5 * _LOG_2PI, dim=1)

    def _log_cell(self, low: Tensor, high: Tensor) -> Tensor:
        """(n,) log probability of the cell; narrow cells as density times width, equal to rounding."""
        scale = torch.exp(-self.log_scale)
        a, b = (low[:, None] - self.mean) * scale, (high[:, None] - self.mean) * scale
        width = b - a
        narrow = width < (_NARROW if low.dtype == torch.float64 else 1e-2)
        mass = log_interval(torch.where(narrow, torch.zeros_like(a), a), torch.where(narrow, torch.ones_like(b), b))
        u = (a + b) / 2
        thin = -0.5 * u**2 - 0.5 * _LOG_2PI + torch.log(width.clamp(min=1e-30))
        return torch.logsumexp(self.log_weights + torch.where(narrow, thin, mass), dim=1)

    def _parts(self, event: Event) -> tuple[Tensor, Tensor | None]:
        """Log mass of each token in the event ``(n, tokens)``, and of each component and interval ``(n, k, i)``."""
        allowed = event.tokens.to(self.logits.device)
        log = torch.where(allowed, self.logits, torch.full_like(self.logits, -math.inf))
        if not self.continuous or not bool(allowed[-1]):
            return log, None
        ends = (event.intervals[None, None].to(self.logits) - self.mean[:, :, None, None]) * torch.exp(-self.log_scale)[
            :, :, None, None
        ]
        pieces = self.log_weights[:, :, None] + log_interval(ends[..., 0], ends[..., 1])
        inside = torch.logsumexp(pieces.flatten(1), dim=1)
        return torch.cat([log[:, :-1], (log[:, -1] + inside)[:, None]], dim=1), pieces

    def log_event(self, event: Event) -> Tensor:
        """(n,) log probability of the event."""
        return torch.logsumexp(self._parts(event)[0], dim=1)

    def sample(self, rng: RowRandom, event: Event | None = None, group: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Tokens and normal scores ``(n,)``, given the event; where it is impossible, any.

        ``group`` ``(n,)`` says which row of the head is each stream's distribution; without it, one each.
        """
        log, pieces = (self.logits, None) if event is None else self._parts(event)
        group = torch.arange(len(log)) if group is None else group
        mixed = self.continuous and (event is None or pieces is not None)
        u = rng.uniform((3 if mixed else 2,))
        token = _pick(log, group, u[:, 0])
        if not mixed:
            return token, torch.special.ndtri(u[:, 1])
        if pieces is None:
            k = _pick(self.log_weights, group, u[:, 1])
        else:
            k = _pick(pieces.flatten(1), group, u[:, 1])
            k, i = k // pieces.shape[2], k % pieces.shape[2]
        mean, scale = self.mean[group, k].double(), torch.exp(self.log_scale[group, k].double())
        if event is None:
            return token, mean + scale * torch.special.ndtri(u[:, 2])
        low, high = event.intervals[i].unbind(1)
        return token, mean + scale * truncated_normal(u[:, 2], (low - mean) / scale, (high - mean) / scale)


def _pick(log: Tensor, group: Tensor, u: Tensor) -> Tensor:
    """One position ``(n,)`` by the distribution ``log[group]``, from uniform ``u``; never one of probability 0."""
    rows, places = log.shape
    share = torch.softmax(torch.nan_to_num(log, neginf=-1e30), dim=1).double().cumsum(1)
    # All rows' distribution functions end to end, one more each: a single search for all draws
    ends = (share / share[:, -1:] + torch.arange(rows)[:, None]).flatten()
    return torch.searchsorted(ends, group + u.double().clamp(min=1e-9)) - group * places


def log_interval(a: Tensor, b: Tensor) -> Tensor:
    """log(Phi(b) - Phi(a)) for a <= b, accurate in both tails."""
    flip = a > 0
    a, b = torch.where(flip, -b, a), torch.where(flip, -a, b)
    a, b = a.clamp(min=-_FAR - 1), b.clamp(min=-_FAR)  # in float32, slopes far out are not finite
    upper, lower = torch.special.log_ndtr(b), torch.special.log_ndtr(a)
    return upper + torch.log1p(-torch.exp((lower - upper).clamp(max=-1e-12)))


def truncated_normal(u: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Standard normal values given a <= z <= b, from uniform ``u``; accurate in both tails."""
    flip = a > 0
    a, b = torch.where(flip, -b, a), torch.where(flip, -a, b)
    log_a, log_b = torch.special.log_ndtr(a), torch.special.log_ndtr(b)
    # log of Phi(a) + u (Phi(b) - Phi(a)), then its inverse
    log_p = log_b + torch.log(u + (1 - u) * torch.exp(log_a - log_b))
    from scipy import special

    z = torch.as_tensor(special.ndtri_exp(log_p.clamp(max=-1e-17).numpy()))
    z = torch.where(torch.isfinite(z), z, b)
    z = torch.minimum(torch.maximum(z, a), b)
    return torch.where(flip, -z, z)
