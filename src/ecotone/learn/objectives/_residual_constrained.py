"""Denoising under equations that the data satisfy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Batch, Prediction, Schedule

CARD = Card(
    name="ResidualConstrained",
    summary="Denoising error plus the squared residual of equations at the denoised row, by the process's variance.",
    contract="Loss",
    title="Physics-Informed Diffusion Models",
    authors=("Bastek, Jan-Hendrik", "Sun, WaiChing", "Kochmann, Dennis M."),
    year=2025,
    venue="ICLR",
    link="https://arxiv.org/abs/2403.14404",
    row=575,
    claim="Samples of a model trained with the residual of a flow equation violate it less than those of one trained "
    "without.",
)

Rows = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class ResidualConstrained:
    r"""Denoising with virtual observations that equations hold.

    With :math:`\hat x_0` the denoised row, R the residual of equations, h of inequalities :math:`h \le 0`, J what is to
    be small, and the posterior variance of a step of the process from t to the next time s,

    .. math::
        L = \lambda_t\,\overline{(x_0 - \hat x_0)^2}
            + \frac{1}{2\Sigma_t}\left(c\,\overline{R(x_*)^2} + c_h\,\overline{\max(h(x_*), 0)^2}\right) + c_J J(x_*),
        \qquad
        \Sigma_t = \frac{\sigma_s^2}{\sigma_t^2}\Big(\sigma_t^2 - \frac{\alpha_t^2}{\alpha_s^2}\sigma_s^2\Big),

    with :math:`\lambda_t = \min(\alpha_t^2/\sigma_t^2, \lambda_{\max})`; bars are means over the numbers of a row. The
    variance of the last step, which is 0, is replaced by that of the step before. :math:`x_*` is :math:`\hat x_0`
    itself (``"mean"``), whose residual need not vanish where R is not linear, or the end of a deterministic run from
    :math:`x_t` (``"sample"``), through which gradients flow. Sampling needs no more than any denoiser's.

    Parameters
    ----------
    residual : callable, optional
        ``R(x) -> (n, ...)`` for rows in the denoiser's units: undo the scaling of the data inside.
    weight : float
        c. Means over the numbers of R are taken: more equations do not weigh more.
    estimate : {"mean", "sample"}
    ddim_steps : int
        Times between t and the smallest that the run of ``"sample"`` visits.
    inequality : callable, optional
        h.
    inequality_weight : float
        :math:`c_h`.
    objective : callable, optional
        ``J(x) -> (n,)``.
    objective_weight : float
        :math:`c_J`.
    largest_weight : float
        :math:`\lambda_{\max}`.
    steps : int
        Of the process: times are drawn from an even grid of so many.
    schedule : Schedule, optional
        Gives the grid in place of ``steps``; it ends at 0.

    Raises
    ------
    BadInput
        On call, for negative weights, another estimate, or a grid of fewer than three times.

    References
    ----------
    Bastek, Sun and Kochmann (2025), https://arxiv.org/abs/2403.14404

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture, RowRandom
    >>> from ecotone.learn.processes import VP
    >>> line = GaussianMixture.of([1.0], [[0.0, 0.0]], [[[1.0, 0.999], [0.999, 1.0]]])  # x_1 = x_2
    >>> x = torch.as_tensor(line.sample(500, seed=0))
    >>> loss = ResidualConstrained(lambda x: x[:, 0] - x[:, 1], weight=1.0)
    >>> float(loss(line.denoiser(VP()), Batch(x, None, None, RowRandom(1, 500)))) < 1
    True
    """

    residual: Rows | None = field(default=None, metadata={"saved": False})
    weight: float = 1e-3
    estimate: Literal["mean", "sample"] = "mean"
    ddim_steps: int = 0
    inequality: Rows | None = field(default=None, metadata={"saved": False})
    inequality_weight: float = 1e-3
    objective: Rows | None = field(default=None, metadata={"saved": False})
    objective_weight: float = 1e-3
    largest_weight: float = 5.0
    steps: int = 100
    schedule: Schedule | None = None

    def __call__(self, denoiser: Any, batch: Batch) -> Tensor:
        """The mean loss of a batch; ``denoiser.process`` is a Gaussian process."""
        self._check()
        process, x0 = denoiser.process, batch.x
        times = self._grid(process).to(x0.device)
        place = (batch.rng.uniform().double() * (len(times) - 1)).long().clamp(max=len(times) - 2)
        t = times[place]
        x_t = process.perturb(x0, t, batch.rng)
        found = denoiser(x_t, t, batch.given).x0
        data = ((found - x0) ** 2).flatten(1).mean(1)
        loss = torch.clamp(process.ratio(t) ** -2, max=self.largest_weight).to(data) * data
        if self.residual or self.inequality or self.objective:
            seen = found if self.estimate == "mean" else self._run(denoiser, batch, found, x_t, t, times[-2])
            loss = loss + self._penalty(seen, self._variance(process, times)[place].to(data))
        return (loss if batch.weight is None else loss * batch.weight.to(loss)).mean()

    def _penalty(self, x: Tensor, variance: Tensor) -> Tensor:
        """(n,) what the equations, the inequalities and the objective add."""
        total = x.new_zeros(len(x))
        if self.residual is not None:
            total = total + self.weight / (2 * variance) * _square(self.residual(x))
        if self.inequality is not None:
            total = total + self.inequality_weight / (2 * variance) * _square(self.inequality(x).clamp(min=0))
        return total if self.objective is None else total + self.objective_weight * self.objective(x).reshape(len(x))

    def _run(self, denoiser: Any, batch: Batch, found: Tensor, x: Tensor, t: Tensor, last: Tensor) -> Tensor:
        """The denoised row at the end of a deterministic run from ``x`` at ``t`` to the smallest time."""
        process, start = denoiser.process, t
        for k in range(self.ddim_steps + 1):
            s = start + (last - start) * (k + 1) / (self.ddim_steps + 1)
            x = process.step(Prediction(found), x, t, s, batch.rng, eta=0.0)
            found, t = denoiser(x, s, batch.given).x0, s
        return found

    def _grid(self, process: Any) -> Tensor:
        if self.schedule is not None:
            times = self.schedule(process)
        else:
            times = torch.linspace(process.t_max, 0.0, self.steps + 1, dtype=torch.float64)
        if len(times) < 3:
            raise BadInput(f"the grid of times needs at least two steps, got {len(times) - 1}")
        return times

    def _variance(self, process: Any, times: Tensor) -> Tensor:
        t, s = times[:-1], times[1:]
        sigma2, kept = process.sigma(t) ** 2, (process.alpha(t) / process.alpha(s) * process.sigma(s)) ** 2
        variance = process.sigma(s) ** 2 * (1 - kept / sigma2)
        return torch.cat([variance[:-1], variance[-2:-1]])

    def _check(self) -> None:
        if min(self.weight, self.inequality_weight, self.ddim_steps) < 0 or self.estimate not in ("mean", "sample"):
            raise BadInput(
                "weights and ddim_steps must be at least 0 and estimate mean or sample, got "
                f"{self.weight!r}, {self.inequality_weight!r}, {self.ddim_steps!r} and {self.estimate!r}"
            )


def _square(value: Tensor) -> Tensor:
    return (value**2).reshape(len(value), -1).mean(1)
