"""The probability-flow ODE by an adaptive solver: samples and exact likelihoods."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Denoiser, RowRandom
from ecotone.learn.processes import Interpolation

CARD = Card(
    name="ProbabilityFlow",
    summary="Samples and likelihoods by an adaptive solver on the probability-flow ODE.",
    contract="Likelihood",
    title="Score-Based Generative Modeling through Stochastic Differential Equations",
    authors=(
        "Song, Yang", "Sohl-Dickstein, Jascha", "Kingma, Diederik P.", "Kumar, Abhishek", "Ermon, Stefano",
        "Poole, Ben",
    ),
    year=2021,
    venue="ICLR",
    link="https://arxiv.org/abs/2011.13456",
    reads=("denoiser",),
)  # fmt: skip


@dataclass(frozen=True)
class ProbabilityFlow:
    r"""The probability-flow ODE :math:`\dot x = v(x, t)`, solved adaptively (Dormand and Prince, order 5).

    .. math:: \log p_0(x_0) = \log p_{T}(x_{T}) + \int_{t_{\min}}^{T} \nabla\!\cdot v(x_t, t)\,dt

    Where the noise-to-signal ratio is finite at the prior, its logarithm is the variable of integration. The
    likelihood is that of the data with the noise of ``process.t_min``, and as exact as the distribution of ``x_t`` at
    ``t_max`` is near the prior.

    Parameters
    ----------
    rtol, atol : float
        Tolerances of the solver, for all rows of a batch together.
    probes : int
        0: the divergence is exact, one gradient a dimension. Else the mean over so many random directions of
        :math:`z^\top \partial_x v\,z` (Hutchinson): unbiased, for rows of many numbers.

    References
    ----------
    Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole (2021), https://arxiv.org/abs/2011.13456, section 4.3;
    Grathwohl, Chen, Bettencourt, Sutskever and Duvenaud (2019), https://arxiv.org/abs/1810.01367

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import EDMProcess
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), EDMProcess(t_max=1000.0)
    >>> x = torch.as_tensor(exact.sample(4, seed=0))
    >>> found = ProbabilityFlow().log_prob(exact.denoiser(process), process, x)
    >>> bool((found - exact.log_prob(x)).abs().max() < 0.01)
    True
    """

    rtol: float = 1e-5
    atol: float = 1e-5
    probes: int = 0

    def log_prob(
        self,
        denoiser: Denoiser,
        process: Interpolation,
        x: Tensor,
        *,
        given: Tensor | None = None,
        seed: int = 0,
    ) -> Tensor:
        """(n,) log-density of rows ``x``; differentiable in them. ``seed`` draws the directions, if there are any."""
        z = None
        if self.probes:
            streams = RowRandom(seed, len(x), device=x.device, dtype=x.dtype)
            z = torch.stack([torch.sign(streams.normal(tuple(x.shape[1:]))) for _ in range(self.probes)])
        process = process.conditioned(given)
        velocity, start, end = _flow(denoiser, process, given)
        keep = torch.is_grad_enabled() and x.requires_grad

        def rate(u: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            with torch.enable_grad():
                at = state[0] if keep else state[0].detach().requires_grad_()
                v = velocity(u, at)
                gain = _divergence(v, at, z, keep=keep)
            return (v, gain) if keep else (v.detach(), gain.detach())

        last, gained = self._solve(rate, (x.clone(), x.new_zeros(len(x))), start, end)
        return process.log_prior(last) + gained

    def sample(
        self,
        denoiser: Denoiser,
        process: Interpolation,
        n: int | RowRandom,
        *,
        given: Tensor | None = None,
        seed: int | None = None,
    ) -> Tensor:
        """(n, ...) rows: the prior's draws carried back to ``t_min``, and Euler's step from there to 0."""
        rng = RowRandom(seed, n) if isinstance(n, int) else n
        process = process.conditioned(given)
        velocity, start, end = _flow(denoiser, process, given)
        x = process.prior(rng, denoiser.shape)
        (x,) = self._solve(lambda u, state: (velocity(u, state[0]),), (x,), end, start)
        t = torch.tensor(process.t_min, dtype=torch.float64, device=x.device)
        return x if process.t_min == 0 else x - t * process.velocity(denoiser(x, t, given), x, t)

    def _solve(self, rate: Callable[[Tensor, Any], Any], state: Any, start: float, end: float) -> Any:
        from torchdiffeq import odeint

        times = torch.tensor([start, end], dtype=torch.float64, device=state[0].device)
        found = odeint(rate, state, times, rtol=self.rtol, atol=self.atol, method="dopri5")
        if not all(bool(torch.isfinite(part[-1]).all()) for part in found):
            raise BadInput(
                "the flow of this model leaves the finite numbers; train it longer or at a lower learning rate"
            )
        return tuple(part[-1] for part in found)


def _flow(
    denoiser: Denoiser, process: Interpolation, given: Tensor | None
) -> tuple[Callable[[Tensor, Tensor], Tensor], float, float]:
    """dx/du and the ends of u: the log of the noise-to-signal ratio, or t where that is infinite at the prior."""
    ends = torch.tensor([process.t_min, process.t_max], dtype=torch.float64)
    low, high = (float(r) for r in process.ratio(ends))
    if not (math.isfinite(high) and low > 0):
        return lambda t, x: process.velocity(denoiser(x, t, given), x, t), process.t_min, process.t_max

    def velocity(u: Tensor, x: Tensor) -> Tensor:
        t = process.time(torch.exp(u))
        rate = process.sigma_rate(t) / process.sigma(t) - process.alpha_rate(t) / process.alpha(t)
        return process.velocity(denoiser(x, t, given), x, t) / rate

    return velocity, math.log(low), math.log(high)


def _divergence(v: Tensor, x: Tensor, z: Tensor | None, *, keep: bool) -> Tensor:
    """(n,) trace of dv/dx; each row's ``v`` depends on its own ``x`` only."""
    flat, total = v.flatten(1), v.new_zeros(len(v))
    if z is not None:
        for direction in z:
            (g,) = torch.autograd.grad(v, x, direction, retain_graph=True, create_graph=keep)
            total = total + (g * direction).flatten(1).sum(1)
        return total / len(z)
    for i in range(flat.shape[1]):
        (g,) = torch.autograd.grad(flat[:, i].sum(), x, retain_graph=True, create_graph=keep)
        total = total + g.flatten(1)[:, i]
    return total
