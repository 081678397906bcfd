"""The cosine schedule."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn.processes import GaussianProcess

CARD = Card(
    name="Cosine",
    summary="Noise-to-signal ratios at which the signal falls as a squared cosine.",
    contract="Schedule",
    title="Improved Denoising Diffusion Probabilistic Models",
    authors=("Nichol, Alex", "Dhariwal, Prafulla"),
    year=2021,
    venue="ICML",
    link="https://arxiv.org/abs/2102.09672",
)


@dataclass(frozen=True)
class Cosine:
    r"""Times at the noise-to-signal ratios of evenly spaced u, from that of the process at ``t_max`` down to 0.

    .. math:: r(u) = \sqrt{1/\bar\alpha(u) - 1}, \qquad
              \bar\alpha(u) = \frac{\cos^2\!\big(\frac{u + s}{1 + s}\frac\pi2\big)}
                                   {\cos^2\!\big(\frac{s}{1 + s}\frac\pi2\big)}

    Parameters
    ----------
    steps : int
        At least 1.
    shift : float
        s, which keeps the first steps from being too small.

    References
    ----------
    Nichol and Dhariwal (2021), https://arxiv.org/abs/2102.09672, equation 17

    Examples
    --------
    >>> from ecotone.learn.processes import EDMProcess
    >>> [round(float(t), 2) for t in Cosine(4)(EDMProcess())]
    [80.0, 2.37, 1.0, 0.42, 0.0]
    """

    steps: int = 50
    shift: float = 0.008

    def __call__(self, process: GaussianProcess) -> Tensor:
        if self.steps < 1 or self.shift < 0:
            raise BadInput(f"Cosine needs steps >= 1 and shift >= 0, got {self.steps!r} and {self.shift!r}")
        least = math.cos(self.shift / (1 + self.shift) * math.pi / 2)
        high = process.ratio(torch.tensor(process.t_max, dtype=torch.float64))
        top = math.acos(least / math.sqrt(1 + float(high) ** 2)) * (1 + self.shift) * 2 / math.pi - self.shift
        u = torch.linspace(top, 0, self.steps + 1, dtype=torch.float64)
        signal = torch.cos((u + self.shift) / (1 + self.shift) * math.pi / 2) / least
        inner = process.time(torch.sqrt(torch.clamp(1 / signal[1:-1] ** 2 - 1, min=0)))
        ends = torch.tensor([process.t_max, 0.0], dtype=torch.float64)
        return torch.cat([ends[:1], inner, ends[1:]])
