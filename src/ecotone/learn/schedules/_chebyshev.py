"""Times that are dense at both ends."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Process

CARD = Card(
    name="Chebyshev",
    summary="Chebyshev points: times dense at both ends, where a process changes as a square root.",
    contract="Schedule",
    title="Is Gauss Quadrature Better than Clenshaw-Curtis?",
    authors=("Trefethen, Lloyd N.",),
    year=2008,
    venue="SIAM Review 50(1)",
    link="https://doi.org/10.1137/060659831",
)


@dataclass(frozen=True)
class Chebyshev:
    r"""Times :math:`t_i = t_{\text{end}} + (t_{\max} - t_{\text{end}})\,\sin^2\!\big(\tfrac\pi2(1 - \tfrac iN)\big)`.

    A function of :math:`\sqrt t` near 0 or of :math:`\sqrt{t_{\max} - t}` near the prior is smooth in i: the uniform
    noise of :class:`InterpolatingDiscreteDiffusion` is one.

    Parameters
    ----------
    steps : int
        N, at least 1.
    end : float
        The last time; 0 is the data.

    References
    ----------
    Trefethen (2008), https://doi.org/10.1137/060659831

    Examples
    --------
    >>> from ecotone.learn.processes import VP
    >>> [round(float(t), 3) for t in Chebyshev(4)(VP())]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    steps: int = 100
    end: float = 0.0

    def __call__(self, process: Process) -> Tensor:
        if self.steps < 1:
            raise BadInput(f"Chebyshev needs steps >= 1, got {self.steps!r}")
        angle = torch.linspace(math.pi / 2, 0, self.steps + 1, dtype=torch.float64)
        return self.end + (process.t_max - self.end) * torch.sin(angle) ** 2
