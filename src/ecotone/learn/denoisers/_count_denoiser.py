"""A network as the denoiser of counts."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ecotone.learn import Condition, Prediction
from ecotone.learn.arrays import row_like
from ecotone.learn.processes import PoissonThinning


class CountDenoiser(nn.Module):
    r"""A network whose :math:`\hat x_0` is above 0, as a Denoiser of :class:`PoissonThinning`.

    .. math:: \hat x_0 = m_t\,\mathrm{softplus}(F(\log m_t,\ \tfrac14\log(\lambda\alpha_t)) + \log(e - 1)), \qquad
              m_t = \frac{1 + z_t}{1 + \lambda\alpha_t}

    with the counts :math:`z_t = \lambda x_t`: a network that answers 0 is right for exponential data of mean 1, the
    mean of rows in the unit of their mean. The network runs in its own dtype, everything around it in that of ``x_t``.

    Parameters
    ----------
    network : nn.Module
        ``forward(x, time, given)``.
    process : PoissonThinning
    shape : tuple of int
        Of one row.
    condition : Condition, optional

    References
    ----------
    Chen and Zhou (2023), https://arxiv.org/abs/2305.18375

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn.networks import MLP
    >>> denoiser = CountDenoiser(MLP(16, 1).build((2,)), PoissonThinning(), (2,))
    >>> round(float(denoiser(torch.zeros(1, 2), 1.0).x0[0, 0].detach()), 3)
    1.0
    """

    def __init__(
        self,
        network: nn.Module,
        process: PoissonThinning,
        shape: tuple[int, ...],
        *,
        condition: Condition | None = None,
    ) -> None:
        super().__init__()
        self.network, self.process, self.shape, self.condition = network, process, tuple(shape), condition

    def forward(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        """The prediction for rows ``(n, *shape)`` at ``t``."""
        kind, process = next(self.network.parameters()).dtype, self.process
        at = torch.as_tensor(t, dtype=torch.float64, device=x_t.device)
        time = 0.25 * torch.log(process.rate * process.alpha(at)).expand(len(x_t))
        conditioned = None if self.condition is None else self.condition.vector(given, len(x_t), x_t).to(kind)
        mean = (1 + process.rate * x_t) / (1 + row_like(process.rate * process.alpha(at), x_t))
        found = self.network(torch.log(mean).to(kind), time.to(kind), conditioned)
        return Prediction(mean * nn.functional.softplus(found + math.log(math.e - 1)).to(x_t.dtype))
