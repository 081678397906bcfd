"""A network as a denoiser."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from ecotone.contracts import BadInput
from ecotone.learn import Condition, Prediction
from ecotone.learn.processes import Interpolation

Predicts = Literal["edm", "noise", "x0", "velocity", "score"]


class NetworkDenoiser(nn.Module):
    r"""A network that predicts one of the equivalent statistics of a process, as a Denoiser.

    With :math:`r = \sigma_t/\alpha_t`, :math:`\tilde x = x_t/\alpha_t` and the data's standard deviation :math:`s`,
    ``"edm"`` is the preconditioned

    .. math:: \hat x_0 = \frac{s^2}{r^2 + s^2}\tilde x + \frac{r s}{\sqrt{r^2 + s^2}}
              F\!\left(\frac{\tilde x}{\sqrt{r^2 + s^2}}, \tfrac14\ln r\right);

    the others are the network's plain output for :math:`x_t`. The network runs in its own dtype, everything around it
    in that of ``x_t``.

    Parameters
    ----------
    network : nn.Module
        ``forward(x, time, given)``.
    process : Interpolation
    shape : tuple of int
        Of one row.
    predicts : {"edm", "noise", "x0", "velocity", "score"}
    data_std : float
        Standard deviation of the data, for ``"edm"``.
    condition : Condition, optional

    References
    ----------
    Karras, Aittala, Aila and Laine (2022), https://arxiv.org/abs/2206.00364, section 5

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn.networks import MLP
    >>> from ecotone.learn.processes import EDMProcess
    >>> denoiser = NetworkDenoiser(MLP(16, 1).build((2,)), EDMProcess(), (2,))
    >>> denoiser(torch.ones(3, 2), 0.5).x0.shape
    torch.Size([3, 2])
    """

    def __init__(
        self,
        network: nn.Module,
        process: Interpolation,
        shape: tuple[int, ...],
        *,
        predicts: Predicts = "edm",
        data_std: float = 0.5,
        condition: Condition | None = None,
    ) -> None:
        super().__init__()
        if predicts not in ("edm", "noise", "x0", "velocity", "score"):
            raise BadInput(f"predicts must be edm, noise, x0, velocity or score, got {predicts!r}")
        if (
            predicts in ("noise", "score")
            and float(process.alpha(torch.tensor(process.t_max, dtype=torch.float64))) == 0
        ):
            raise BadInput(
                f"at the prior of {type(process).__name__} nothing is left of the data, which do not follow from the "
                f"{predicts} there; predict velocity or x0"
            )
        self.network, self.process, self.shape = network, process, tuple(shape)
        self.predicts, self.data_std, self.condition = predicts, data_std, condition

    def forward(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        """The prediction for rows ``(n, *shape)`` at ``t``."""
        process = self.process.conditioned(given)
        if self.predicts != "edm":
            found = self._run(x_t, self._time(t, x_t), given)
            if self.predicts == "x0":
                return Prediction(found)
            made: Prediction = getattr(process, f"from_{self.predicts}")(found, x_t, t)
            return made
        alpha, sigma = process.coefficients(t, x_t)
        s = self.data_std
        spread = torch.sqrt(sigma**2 + (s * alpha) ** 2)  # of x_t; above 0 where there is no signal left
        found = self._run(x_t / spread, self._time(t, x_t), given)
        return Prediction(alpha * (s / spread) ** 2 * x_t + sigma * s / spread * found)

    def _time(self, t: Tensor | float, x: Tensor) -> Tensor:
        """(n,) what the network is told: log(ratio) / 4, or t itself where the ratio is infinite at the prior."""
        at = torch.as_tensor(t, dtype=torch.float64, device=x.device)
        end = torch.tensor(self.process.t_max, dtype=torch.float64)
        if math.isfinite(float(self.process.ratio(end))):
            at = 0.25 * torch.log(self.process.ratio(at).clamp(min=1e-12))
        return at.expand(len(x))

    def _run(self, x: Tensor, time: Tensor, given: Tensor | None) -> Tensor:
        kind = next(self.network.parameters()).dtype
        conditioned = None if self.condition is None else self.condition.vector(given, len(x), x).to(kind)
        found: Tensor = self.network(x.to(kind), time.to(kind), conditioned)
        return found.to(x.dtype)
