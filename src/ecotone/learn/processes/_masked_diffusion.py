"""Masked diffusion of tokens with any schedule."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput

from ._masking_process import MaskingProcess

CARD = Card(
    name="MaskedDiffusion",
    summary="Tokens hidden behind a mask along a linear, polynomial or cosine schedule.",
    contract="Process",
    title="Simplified and Generalized Masked Diffusion for Discrete Data",
    authors=("Shi, Jiaxin", "Han, Kehang", "Wang, Zhe", "Doucet, Arnaud", "Titsias, Michalis K."),
    year=2024,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2406.04329",
    row=520,
    claim="At equal size and training, masked diffusion bounds the bits per token of short texts below uniform "
    "diffusion.",
)

Form = Literal["linear", "polynomial", "cosine"]


@dataclass(frozen=True)
class MaskedDiffusion(MaskingProcess):
    r"""Masked diffusion: :math:`q(x_t = x_0) = \alpha_t`, else the mask, on [0, 1].

    ========== ================================
    form       :math:`\alpha_t`
    ========== ================================
    linear     :math:`1 - t`
    polynomial :math:`1 - t^w`
    cosine     :math:`1 - \cos(\tfrac\pi2(1 - t))`
    ========== ================================

    With a predictor that does not see t, the bound on the likelihood is the same for every schedule; what differs is
    the variance of its estimate and where a sampler's steps lie.

    Parameters
    ----------
    levels : int
        Tokens are ``0..levels - 1``, the mask is ``levels``.
    form : {"linear", "polynomial", "cosine"}
    power : float
        w, for ``"polynomial"``.
    margin : float
        :math:`\epsilon`: :math:`\alpha` is squeezed to :math:`(1 - 2\epsilon)\alpha + \epsilon`. With 0, the default,
        :math:`x_0` is the data and :math:`x_1` all masks, and the bound has no further terms.

    Raises
    ------
    BadInput
        For ``levels`` below 2, a ``power`` that is not positive, or a ``margin`` outside [0, 1/2).

    References
    ----------
    Shi, Han, Wang, Doucet and Titsias (2024), https://arxiv.org/abs/2406.04329

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import RowRandom
    >>> x = torch.arange(8).reshape(1, 8) % 4
    >>> MaskedDiffusion(4).perturb(x, 0.5, RowRandom(0, 1)).tolist()
    [[4, 1, 2, 3, 4, 4, 2, 3]]
    """

    levels: int = 2
    form: Form = "linear"
    power: float = 2.0
    margin: float = 0.0

    def __post_init__(self) -> None:
        self._check_levels()
        if self.form not in ("linear", "polynomial", "cosine"):
            raise BadInput(f"form must be linear, polynomial or cosine, got {self.form!r}")
        if not self.power > 0 or not 0 <= self.margin < 0.5:
            raise BadInput(
                f"MaskedDiffusion needs power > 0 and 0 <= margin < 1/2, got {self.power!r} and {self.margin!r}"
            )

    @property
    def _power(self) -> float:
        return self.power if self.form == "polynomial" else 1.0

    def alpha(self, t: Tensor) -> Tensor:
        return 1 - self.hidden(t)

    def hidden(self, t: Tensor) -> Tensor:
        # sin(pi t / 2) = cos(pi (1 - t) / 2), and is exactly 0 at 0
        free = torch.sin(0.5 * math.pi * t) if self.form == "cosine" else t**self._power
        return (1 - 2 * self.margin) * free + self.margin

    def alpha_rate(self, t: Tensor) -> Tensor:
        if self.form == "cosine":
            slope = 0.5 * math.pi * torch.cos(0.5 * math.pi * t)
        else:
            slope = self._power * t ** (self._power - 1)
        return -(1 - 2 * self.margin) * slope

    def time(self, alpha: Tensor) -> Tensor:
        free = ((1 - alpha - self.margin) / (1 - 2 * self.margin)).clamp(0, 1)
        return torch.asin(free) * (2 / math.pi) if self.form == "cosine" else free ** (1 / self._power)
