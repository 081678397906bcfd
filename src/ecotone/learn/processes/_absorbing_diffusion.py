"""Absorbing diffusion: masks at a rate, the concrete score, and a predictor without time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Prediction

from ._masking_process import MaskingProcess
from ._token_process import places

CARD = Card(
    name="AbsorbingDiffusion",
    summary="Tokens absorbed by a mask at a rate; its concrete score is a predictor that needs no time.",
    contract="Process",
    title="Your Absorbing Discrete Diffusion Secretly Models the Conditional Distributions of Clean Data",
    authors=(
        "Ou, Jingyang", "Nie, Shen", "Xue, Kaiwen", "Zhu, Fengqi", "Sun, Jiacheng", "Li, Zhenguo", "Li, Chongxuan",
    ),
    year=2025,
    venue="ICLR",
    link="https://arxiv.org/abs/2406.03736",
    row=550,
    claim="Evaluating anew only the rows that changed draws the same samples with a third of the evaluations, where "
    "there are two and a half times as many steps as tokens.",
)  # fmt: skip


@dataclass(frozen=True)
class AbsorbingDiffusion(MaskingProcess):
    r"""Absorbing diffusion with the log-linear noise :math:`\bar\sigma_t = -\ln(1 - (1 - \epsilon)t)`.

    A token is kept with probability :math:`e^{-\bar\sigma_t}`. The ratio of the probabilities of a noisy row with
    hidden place i uncovered as v, and of the row itself, the concrete score, is

    .. math:: \frac{p_t(x^{i \to v})}{p_t(x)} = \frac{e^{-\bar\sigma_t}}{1 - e^{-\bar\sigma_t}}\;
              p_0(x_i = v \mid \text{the uncovered tokens}):

    a factor of time alone and a distribution of clean data without time. A predictor of it need not see t, and where a
    step changes nothing its answer stays (see :class:`ecotone.learn.denoisers.CachedDenoiser`): of n steps for l tokens
    a row is evaluated :math:`1 + (n - 1)(1 - (1 - 1/n)^l)` times on average.

    Parameters
    ----------
    levels : int
        Tokens are ``0..levels - 1``, the mask is ``levels``.
    margin : float
        :math:`\epsilon`: the probability that a token is kept at time 1.

    Raises
    ------
    BadInput
        For ``levels`` below 2 or a ``margin`` outside (0, 1).

    References
    ----------
    Ou, Nie, Xue, Zhu, Sun, Li and Li (2025), https://arxiv.org/abs/2406.03736, theorem 1

    Examples
    --------
    >>> import torch
    >>> process, t = AbsorbingDiffusion(4), torch.tensor(0.5, dtype=torch.float64)
    >>> round(float(process.alpha(t)), 4), round(float(process.total(t)), 4)
    (0.5005, 0.6921)
    """

    levels: int = 2
    margin: float = 1e-3

    def __post_init__(self) -> None:
        self._check_levels()
        if not 0 < self.margin < 1:
            raise BadInput(f"AbsorbingDiffusion needs 0 < margin < 1, got {self.margin!r}")

    def total(self, t: Tensor) -> Tensor:
        r""":math:`\bar\sigma_t`, the noise up to t."""
        return -torch.log1p(-(1 - self.margin) * t)

    def alpha(self, t: Tensor) -> Tensor:
        return torch.exp(-self.total(t))

    def hidden(self, t: Tensor) -> Tensor:
        return -torch.expm1(-self.total(t))

    def alpha_rate(self, t: Tensor) -> Tensor:
        return torch.full_like(t, self.margin - 1)

    def time(self, alpha: Tensor) -> Tensor:
        return ((1 - alpha) / (1 - self.margin)).clamp(0, 1)

    def score(self, prediction: Prediction, x_t: Tensor, t: Tensor | float) -> Tensor:
        """The concrete score ``(n, length, levels)`` at hidden places; 0 at the others."""
        factor = 1 / torch.expm1(self.total(places(t, x_t)))
        return torch.where((x_t == self.mask)[..., None], factor[..., None] * prediction.x0.double(), 0.0)
