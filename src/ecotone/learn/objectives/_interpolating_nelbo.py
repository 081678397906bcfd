"""The bound of interpolating discrete diffusion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import RowRandom

from ._token_loss import TokenLoss, true

CARD = Card(
    name="InterpolatingNELBO",
    summary="Bound of interpolating discrete diffusion: weighted divergence of the noisy tokens' laws.",
    contract="TokenLoss",
    title="Generalized Interpolating Discrete Diffusion",
    authors=(
        "von Rütte, Dimitri", "Fluri, Janis", "Ding, Yuhui", "Orvieto, Antonio", "Schölkopf, Bernhard",
        "Hofmann, Thomas",
    ),
    year=2025,
    venue="ICML",
    link="https://arxiv.org/abs/2503.04482",
)  # fmt: skip

Weights = Literal["bound", "clipped", "dynamic"]


@dataclass(frozen=True)
class InterpolatingNELBO(TokenLoss):
    r"""The negative evidence lower bound of :class:`InterpolatingDiscreteDiffusion`.

    .. math:: -\log p(x) \le \int_0^1 E \sum_i w_t(z_i, x_i)\Bigl[
              \mathrm{KL}\bigl(q_t(\cdot|x_i)\,\Vert\,q_t(\cdot|\hat x_i)\bigr) + r_i - \log r_i - 1\Bigr]\,dt,
              \qquad r = \frac{q_t(z|x)}{q_t(z|\hat x)},

    with equality where :math:`\hat x_i` is the distribution of :math:`x_i` given all noisy tokens but the i-th.

    The estimate at uniform times has no finite variance: near t = 0 a wrong token is rare and has a weight of order
    1/t. With ``ends`` the times are :math:`t = \phi(\dots\phi(u))`, :math:`\phi(u) = \sin^2(\pi u/2)`, dense at both
    ends, and the terms are divided by their density; two are enough for a finite variance.

    For training the weights may be changed:

    ======= ======================================================================================================
    weights of the token
    ======= ======================================================================================================
    bound   :math:`w`, as they are
    clipped :math:`\min(w, 2)`; a token and its replacements then have another proportion, and the minimiser is
            biased towards the tokens that are seen
    dynamic 2 for the mask, 1 for a token that is wrong and :math:`w(x, x)/w(z, x)` for one that is right: only
            proportions between times and between masks and tokens change, and the minimiser stays
    ======= ======================================================================================================

    Parameters
    ----------
    weights : {"bound", "clipped", "dynamic"}
    ends : int
        How many times times are made denser at both ends.
    margin : float
        Times are between margin and 1 - margin.
    antithetic : bool
        Times of a batch are evenly spaced from one random offset.

    Raises
    ------
    BadInput
        For other weights, ``ends`` below 0, or ``margin`` outside (0, 1/2).

    References
    ----------
    von Rütte, Fluri, Ding, Orvieto, Schölkopf and Hofmann (2025), https://arxiv.org/abs/2503.04482, theorem 3.4

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import Batch, RowRandom
    >>> from ecotone.learn.processes import InterpolatingDiscreteDiffusion
    >>> from ecotone.learn.tractable import TokenTable
    >>> exact = TokenTable.random(levels=3, length=4, seed=0)
    >>> x, denoiser = torch.as_tensor(exact.sample(4000, seed=1)), exact.denoiser(InterpolatingDiscreteDiffusion(3))
    >>> loss = InterpolatingNELBO()(denoiser, Batch(x, None, None, RowRandom(2, 4000)))
    >>> bool(abs(4 * loss + exact.log_prob(x).mean()) < 0.2)
    True
    """

    weights: Weights = "bound"
    ends: int = 0
    margin: float = 1e-4
    antithetic: bool = True

    def rows(self, denoiser: Any, x0: Tensor, u: Tensor, given: Tensor | None, rng: RowRandom) -> Tensor:
        if self.weights not in ("bound", "clipped", "dynamic") or self.ends < 0 or not 0 < self.margin < 0.5:
            raise BadInput(
                "InterpolatingNELBO needs weights bound, clipped or dynamic, ends >= 0 and 0 < margin < 1/2, got "
                f"{self.weights!r}, {self.ends!r} and {self.margin!r}"
            )
        process, u = denoiser.process, u.double()
        scale = torch.full_like(u, 1 - 2 * self.margin)
        for _ in range(self.ends):
            scale, u = scale * 0.5 * math.pi * torch.sin(math.pi * u), torch.sin(0.5 * math.pi * u) ** 2
        t = self.margin + (1 - 2 * self.margin) * u
        z = process.perturb(x0, t, rng)
        part = divergence(process, denoiser(z, t, given).x0, z, x0, t)
        return scale * (self._weight(process, z, x0, t) * part).sum(1)

    def _weight(self, process: Any, z: Tensor, x0: Tensor, t: Tensor) -> Tensor:
        weight: Tensor = process.weight(z, x0, t)
        if self.weights == "clipped":
            return weight.clamp(max=2.0)
        if self.weights == "dynamic":
            hidden = z == process.mask
            other = process.weight(z, torch.where(hidden, x0, (z + 1) % process.levels), t)
            return torch.where(hidden, 2.0, weight / other.clamp(min=1e-300))
        return weight


def divergence(process: Any, guess: Tensor, z: Tensor, x0: Tensor, t: Tensor) -> Tensor:
    """``(n, length)`` the bracket of the bound, in float64, for distributions ``guess`` of the clean tokens."""
    alpha, _, each = (m.reshape(-1, 1) for m in process.masses(t))
    noisy = (alpha[..., None] * guess.double() + each[..., None]).clamp(min=1e-300)
    log = torch.log(noisy)
    # over the levels other than x the noisy distribution given x is `each`, and at x it is that and alpha; the masks
    # agree
    whole = alpha + each
    kl = whole * (torch.log(whole) - true(log, x0))
    kl = kl + torch.xlogy(each, each) * (process.levels - 1) - each * (log.sum(-1) - true(log, x0))
    hidden = z == process.mask
    at = torch.where(hidden, 0, z)
    given_clean = torch.log((each + alpha * (at == x0)).clamp(min=1e-300))
    log_r = torch.where(hidden, 0.0, given_clean - true(log, at))
    return kl + torch.exp(log_r) - log_r - 1
