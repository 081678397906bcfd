"""The electric field of the data in more dimensions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import RowRandom

from ._interpolation import Interpolation

CARD = Card(
    name="PoissonFlow",
    summary="Student-t noise: the field of charges in D extra dimensions, between PFGM and diffusion.",
    contract="Process",
    title="PFGM++: Unlocking the Potential of Physics-Inspired Generative Models",
    authors=(
        "Xu, Yilun", "Liu, Ziming", "Tian, Yonglong", "Tong, Shangyuan", "Tegmark, Max", "Jaakkola, Tommi",
    ),
    year=2023,
    venue="ICML",
    link="https://arxiv.org/abs/2302.04265",
    row=174,
    tier="experimental",
    claim="With noise on the network's weights a moderate D loses less of the samples' quality than diffusion does.",
)  # fmt: skip


@dataclass(frozen=True)
class PoissonFlow(Interpolation):
    r""":math:`x_t = x_0 + t z` with z multivariate Student-t of D degrees of freedom and unit scale.

    Charges at the data, in N + D dimensions, have at distance r in the extra ones a field whose lines lead to the data
    along :math:`\dot x = (x - E[x_0 | x_t])/t` with :math:`r = t\sqrt D` and

    .. math:: p(x_t | x_0) \propto (\lVert x_t - x_0\rVert^2 + t^2 D)^{-(N + D)/2}.

    D = 1 is PFGM; as D grows the noise becomes normal and this :class:`EDMProcess`. The noise has a variance,
    :math:`t^2 D/(D - 2)`, for D > 2 only. There is no score in closed form: Euler, Heun without churn and the
    likelihood apply, samplers that add normal noise do not.

    Parameters
    ----------
    extra : float
        D > 0. The best is in proportion to N.
    t_max, t_min : float
        As of :class:`EDMProcess`.

    References
    ----------
    Xu, Liu, Tian, Tong, Tegmark and Jaakkola (2023), https://arxiv.org/abs/2302.04265

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import RowRandom
    >>> z = PoissonFlow(extra=5).base(RowRandom(0, 20_000), (2,))
    >>> bool((z.var(0) - 5 / 3).abs().max() < 0.1)
    True
    """

    extra: float = 128.0
    t_max: float = 80.0
    t_min: float = 0.002

    def __post_init__(self) -> None:
        if not (math.isfinite(self.extra) and self.extra > 0):
            raise BadInput(f"extra must be above 0 and finite, got {self.extra!r}; EDMProcess is the limit")

    def alpha(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def sigma(self, t: Tensor) -> Tensor:
        return t

    def alpha_rate(self, t: Tensor) -> Tensor:
        return torch.zeros_like(t)

    def sigma_rate(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def time(self, ratio: Tensor) -> Tensor:
        return ratio

    def base(self, rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
        z, chi2 = rng.normal(shape).double(), rng.chi2(self.extra)
        return z * torch.sqrt(self.extra / chi2).reshape(-1, *[1] * len(shape))

    def log_base(self, z: Tensor) -> Tensor:
        d, n = self.extra, math.prod(z.shape[1:])
        constant = math.lgamma((n + d) / 2) - math.lgamma(d / 2) - n / 2 * math.log(d * math.pi)
        return constant - (n + d) / 2 * torch.log1p((z.flatten(1) ** 2).sum(1) / d)
