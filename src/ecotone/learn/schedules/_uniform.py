"""Evenly spaced times."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Process

CARD = Card(
    name="Uniform",
    summary="Evenly spaced times from the prior to the data.",
    contract="Schedule",
    title="Score-Based Generative Modeling through Stochastic Differential Equations",
    authors=(
        "Song, Yang", "Sohl-Dickstein, Jascha", "Kingma, Diederik P.", "Kumar, Abhishek", "Ermon, Stefano",
        "Poole, Ben",
    ),
    year=2021,
    venue="ICLR",
    link="https://arxiv.org/abs/2011.13456",
)  # fmt: skip


@dataclass(frozen=True)
class Uniform:
    r"""Times :math:`t_i = t_{\max} + \tfrac{i}{N}(t_{\text{end}} - t_{\max})`.

    Parameters
    ----------
    steps : int
        N, at least 1.
    end : float
        The last time; 0 is the data.

    References
    ----------
    Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole (2021), https://arxiv.org/abs/2011.13456

    Examples
    --------
    >>> from ecotone.learn.processes import VP
    >>> Uniform(4)(VP()).tolist()
    [1.0, 0.75, 0.5, 0.25, 0.0]
    """

    steps: int = 50
    end: float = 0.0

    def __call__(self, process: Process) -> Tensor:
        if self.steps < 1:
            raise BadInput(f"Uniform needs steps >= 1, got {self.steps!r}")
        return torch.linspace(process.t_max, self.end, self.steps + 1, dtype=torch.float64)
