"""Times that were found elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.learn import Process


@dataclass(frozen=True)
class Fixed:
    """The times given, whatever the process.

    Parameters
    ----------
    times : tuple of float
        Falling.

    Examples
    --------
    >>> from ecotone.learn.processes import VP
    >>> Fixed((1.0, 0.5, 0.0))(VP()).tolist()
    [1.0, 0.5, 0.0]
    """

    times: tuple[float, ...]

    def __call__(self, process: Process) -> Tensor:
        return torch.tensor(self.times, dtype=torch.float64)
