"""The relative entropy between counts, as an objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ecotone.learn import Batch
from ecotone.learn.arrays import row_like


@dataclass(frozen=True)
class RelativeEntropy:
    r"""Mean over t uniform of :math:`w_t\,[x_0 \log(x_0/\hat x_0) - x_0 + \hat x_0]`, which the mean of x_0 minimises.

    With the weight :math:`w_t = -\dot\alpha_t` of :class:`~ecotone.learn.processes.PoissonThinning` and times
    :math:`\lambda`, it is the relative entropy between the distribution of all the thickening steps and the model's.
    That weight leaves out the times at which few counts are there yet, and what is wrong then stays wrong: without it
    the predictions are as right, in proportion, at every time.

    Parameters
    ----------
    weighted : bool
        Whether to weight times so; else they count alike.

    References
    ----------
    Chen and Zhou (2023), https://arxiv.org/abs/2305.18375

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import Batch, RowRandom
    >>> from ecotone.learn.denoisers import CountDenoiser
    >>> from ecotone.learn.networks import MLP
    >>> from ecotone.learn.processes import PoissonThinning
    >>> denoiser = CountDenoiser(MLP(16, 1).build((2,)), PoissonThinning(), (2,))
    >>> bool(RelativeEntropy()(denoiser, Batch(torch.full((50, 2), 3.0), None, None, RowRandom(0, 50))) > 0)
    True
    """

    weighted: bool = False

    def __call__(self, denoiser: Any, batch: Batch) -> Tensor:
        """The mean weighted loss of a batch; ``denoiser.process`` is a PoissonThinning."""
        process, x0 = denoiser.process, batch.x
        t = process.t_max * batch.rng.uniform().double()
        found = denoiser(process.perturb(x0, t, batch.rng), t, batch.given).x0.clamp(min=1e-12)
        error = torch.special.xlogy(x0, x0) - x0 * torch.log(found) - x0 + found
        rows = error.flatten(1).mean(1)
        if self.weighted:
            rows = rows * row_like(-process.alpha_rate(t), rows)
        return (rows if batch.weight is None else rows * batch.weight.to(rows)).mean()
