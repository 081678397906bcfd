"""Diffusion of tokens towards a mixture of the mask and uniform noise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Prediction, RowRandom

from ._token_process import TokenProcess, draw, places, uniforms

CARD = Card(
    name="InterpolatingDiscreteDiffusion",
    summary="Tokens that turn into the mask or into other tokens, so that a sampler can revise them.",
    contract="Process",
    title="Generalized Interpolating Discrete Diffusion",
    authors=(
        "von Rütte, Dimitri", "Fluri, Janis", "Ding, Yuhui", "Orvieto, Antonio", "Schölkopf, Bernhard",
        "Hofmann, Thomas",
    ),
    year=2025,
    venue="ICML",
    link="https://arxiv.org/abs/2503.04482",
    row=535,
    tier="experimental",
    claim="Self-correction raises the likelihood of corrupted rows under the exact distribution more for a model "
    "trained with uniform noise than for one trained with masks only.",
)  # fmt: skip


@dataclass(frozen=True)
class InterpolatingDiscreteDiffusion(TokenProcess):
    r""":math:`q(x_t | x_0) = \mathrm{Cat}(\alpha_t x_0 + \beta_t\pi_t)` with noise of masks and uniform tokens.

    With the share :math:`p_u` of uniform tokens at t = 1/2, :math:`B = 2^\gamma p_u/(1 - p_u)`,
    :math:`c_t = B\,(t(1 - t))^{\gamma/2}` and u uniform over the levels,

    .. math:: \alpha_t = \frac{1 - t}{1 + c_t}, \qquad \beta_t\pi_t = \frac{t\,m + c_t\,u}{1 + c_t}.

    ``uniform=0`` is linear masked diffusion. ``uniform=1``, which this form can not reach, is
    :math:`\alpha_t = 1 - t,\ \beta_t\pi_t = t\,u`: uniform diffusion, D3PM's in continuous time.

    The reverse kernel is :math:`q(z_s | z_t) \propto q_{t|s}(z_t | z_s)\, q_s(z_s | \hat x)` with :math:`\hat x` the
    distribution of a token given the *other* noisy tokens, which is also what minimises the bound (``left_out`` is
    true): the posterior given all of them would count the token itself twice.

    Parameters
    ----------
    levels : int
        Tokens are ``0..levels - 1``, the mask is ``levels``.
    uniform : float
        :math:`p_u` in [0, 1].
    gamma : float
        :math:`\gamma`, how the uniform share falls to 0 at both ends.

    Raises
    ------
    BadInput
        For ``levels`` below 2, ``uniform`` outside [0, 1], or ``gamma`` not positive.

    References
    ----------
    von Rütte, Fluri, Ding, Orvieto, Schölkopf and Hofmann (2025), https://arxiv.org/abs/2503.04482; Austin, Johnson,
    Ho, Tarlow and van den Berg (2021), https://arxiv.org/abs/2107.03006 (uniform)

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import RowRandom
    >>> x = torch.zeros(1, 8, dtype=torch.int64)
    >>> InterpolatingDiscreteDiffusion(4, uniform=0.5).perturb(x, 0.6, RowRandom(3, 1)).shape
    torch.Size([1, 8])
    """

    levels: int = 2
    uniform: float = 0.1
    gamma: float = 1.0
    left_out = True

    def __post_init__(self) -> None:
        self._check_levels()
        if not 0 <= self.uniform <= 1 or not self.gamma > 0:
            raise BadInput(
                "InterpolatingDiscreteDiffusion needs 0 <= uniform <= 1 and gamma > 0, got "
                f"{self.uniform!r} and {self.gamma!r}"
            )

    def masses(self, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        r""":math:`\alpha_t`, the noise on the mask, and that on each of the levels; they sum to one with the levels."""
        if self.uniform == 1:
            return 1 - t, torch.zeros_like(t), t / self.levels
        c, _ = self._share(t)
        return (1 - t) / (1 + c), t / (1 + c), c / (1 + c) / self.levels

    def mass_rates(self, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Derivatives of :meth:`masses`."""
        one = torch.ones_like(t)
        if self.uniform == 1:
            return -one, 0 * one, one / self.levels
        c, rate = self._share(t)
        whole = (1 + c) ** 2
        return (-(1 + c) - (1 - t) * rate) / whole, (1 + c - t * rate) / whole, rate / whole / self.levels

    def _share(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """c and its derivative."""
        if self.uniform == 0:
            return torch.zeros_like(t), torch.zeros_like(t)
        b, half = 2**self.gamma * self.uniform / (1 - self.uniform), 0.5 * self.gamma
        inner = t * (1 - t)
        return b * inner**half, b * half * inner ** (half - 1) * (1 - 2 * t)

    def weight(self, z: Tensor, x0: Tensor, t: Tensor) -> Tensor:
        r"""``(n, length)`` :math:`w = z^\top[(\beta\pi)' - (\alpha'/\alpha)\beta\pi]\,/\,q_t(z | x_0)`, in float64."""
        at = places(t, z)
        (alpha, mask, each), (alpha_rate, mask_rate, each_rate) = self.masses(at), self.mass_rates(at)
        hidden, fall = z == self.mask, alpha_rate / alpha
        top = torch.where(hidden, mask_rate - fall * mask, each_rate - fall * each)
        return top / torch.where(hidden, mask, each + alpha * (z == x0)).clamp(min=1e-300)

    def marginal(self, clean: Tensor, t: Tensor | float) -> Tensor:
        """``(n, length, levels + 1)`` probabilities of noisy tokens for those of clean ones ``(n, length, levels)``."""
        alpha, mask, each = (m[..., None] for m in self.masses(places(t, clean)))
        return torch.cat([alpha * clean.double() + each, mask.expand(*clean.shape[:-1], 1)], dim=-1)

    def likelihood(self, z: Tensor, t: Tensor | float) -> Tensor:
        alpha, mask, each = (m[..., None] for m in self.masses(places(t, z)))
        same = z[..., None] == torch.arange(self.levels, device=z.device)
        return torch.where((z == self.mask)[..., None], mask, alpha * same + each)

    def perturb(self, x0: Tensor, t: Tensor | float, rng: RowRandom) -> Tensor:
        alpha, mask, _ = self.masses(places(t, x0))
        u, v = uniforms(rng, tuple(x0.shape[1:])), uniforms(rng, tuple(x0.shape[1:]))
        other = (v * self.levels).long()
        return torch.where(u < alpha, x0, torch.where(u < alpha + mask, self.mask, other))

    def prior(self, rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
        if self.uniform == 1:
            return (uniforms(rng, shape) * self.levels).long()
        return torch.full((len(rng), *shape), self.mask, dtype=torch.int64, device=rng.rows.device)

    def step(
        self, prediction: Prediction, x_t: Tensor, t: Tensor | float, t_next: Tensor | float, rng: RowRandom
    ) -> Tensor:
        alpha, mask, each = (m[..., None] for m in self.masses(places(t, x_t)))
        alpha_s, mask_s, each_s = (m[..., None] for m in self.masses(places(t_next, x_t)))
        kept = alpha / alpha_s
        hidden = (x_t == self.mask)[..., None]
        arrive = torch.where(hidden, mask - kept * mask_s, each - kept * each_s).clamp(min=0)
        stay = kept * (x_t[..., None] == torch.arange(self.levels + 1, device=x_t.device))
        return draw((arrive + stay) * self.marginal(prediction.x0, t_next), rng)
