"""Interpolants between the data and normal noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput

from ._gaussian_process import GaussianProcess
from ._vp import VP

CARD = Card(
    name="StochasticInterpolant",
    summary="Linear, trigonometric or variance-preserving path between data and normal noise.",
    contract="Process",
    title="SiT: Exploring Flow and Diffusion-based Generative Models with Scalable Interpolant Transformers",
    authors=(
        "Ma, Nanye", "Goldstein, Mark", "Albergo, Michael S.", "Boffi, Nicholas M.", "Vanden-Eijnden, Eric",
        "Xie, Saining",
    ),
    year=2024,
    venue="ECCV",
    link="https://arxiv.org/abs/2401.08740",
    row=124,
    tier="experimental",
    claim="At equal steps of Euler's method a network trained along the linear path samples closer to the data than "
    "one trained along the variance-preserving path.",
)  # fmt: skip

Path = Literal["linear", "trigonometric", "vp"]


@dataclass(frozen=True)
class StochasticInterpolant(GaussianProcess):
    r""":math:`x_t = \alpha_t x_0 + \sigma_t z` on [0, 1], from the data at 0 to normal noise at 1.

    =============== ==================================== ==================================
    path            :math:`\alpha_t`                     :math:`\sigma_t`
    =============== ==================================== ==================================
    linear          :math:`1 - t`                        :math:`t`
    trigonometric   :math:`\cos(\pi t/2)`                :math:`\sin(\pi t/2)`
    vp              :math:`e^{-B_t/2}`, as in :class:`VP` :math:`\sqrt{1 - \alpha_t^2}`
    =============== ==================================== ==================================

    A network learns the velocity :math:`E[\dot\alpha_t x_0 + \dot\sigma_t z \mid x_t]`; the score follows from it, so
    that one network serves the ODE and, with any diffusion coefficient, the SDE
    (:class:`ecotone.learn.samplers.InterpolantSDE`). On the first two paths nothing is left of the data at t = 1:
    there a network can predict the velocity or ``x0``, but the data do not follow from the noise or the score.

    Parameters
    ----------
    path : {"linear", "trigonometric", "vp"}
        The trigonometric path is also known as generalised variance-preserving: it keeps a variance of one.
    beta_min, beta_max : float
        Rates of the ``"vp"`` path.
    t_min : float
        Where likelihoods and training begin: the score is singular at 0.

    Raises
    ------
    BadInput
        For another path.

    References
    ----------
    Ma, Goldstein, Albergo, Boffi, Vanden-Eijnden and Xie (2024), https://arxiv.org/abs/2401.08740; Albergo, Boffi and
    Vanden-Eijnden (2023), https://arxiv.org/abs/2303.08797. Their time runs the other way.

    Examples
    --------
    >>> import torch
    >>> process, t = StochasticInterpolant("trigonometric"), torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    >>> [round(float(a), 4) for a in process.alpha(t)], [round(float(s), 4) for s in process.sigma(t)]
    ([1.0, 0.7071, 0.0], [0.0, 0.7071, 1.0])
    """

    path: Path = "linear"
    beta_min: float = 0.1
    beta_max: float = 20.0
    t_min: float = 1e-5

    def __post_init__(self) -> None:
        if self.path not in ("linear", "trigonometric", "vp"):
            raise BadInput(f"path must be linear, trigonometric or vp, got {self.path!r}")

    @property
    def _vp(self) -> VP:
        return VP(self.beta_min, self.beta_max)

    def alpha(self, t: Tensor) -> Tensor:
        if self.path == "linear":
            return 1 - t
        # The sine of the complement is exactly 0 at t = 1, as the cosine in floating point is not
        return torch.sin(math.pi / 2 * (1 - t)) if self.path == "trigonometric" else self._vp.alpha(t)

    def sigma(self, t: Tensor) -> Tensor:
        if self.path == "linear":
            return t
        return torch.sin(math.pi / 2 * t) if self.path == "trigonometric" else self._vp.sigma(t)

    def alpha_rate(self, t: Tensor) -> Tensor:
        if self.path == "linear":
            return -torch.ones_like(t)
        return -math.pi / 2 * torch.sin(math.pi / 2 * t) if self.path == "trigonometric" else self._vp.alpha_rate(t)

    def sigma_rate(self, t: Tensor) -> Tensor:
        if self.path == "linear":
            return torch.ones_like(t)
        if self.path == "trigonometric":
            return math.pi / 2 * torch.sin(math.pi / 2 * (1 - t))
        return self._vp.sigma_rate(t)

    def time(self, ratio: Tensor) -> Tensor:
        if self.path == "linear":
            return 1 / (1 + 1 / ratio)  # right at 0 and at infinity
        return 2 / math.pi * torch.atan(ratio) if self.path == "trigonometric" else self._vp.time(ratio)
