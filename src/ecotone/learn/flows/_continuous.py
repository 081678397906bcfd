"""The differential equation of a continuous flow: its field, its trace, its solver."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from ecotone.learn import Density, RowRandom


class ConcatSquash(nn.Module):
    """(W z + b) * sigmoid(gate(t, c)) + shift(t, c)."""

    def __init__(self, size: int, out: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(size, out)
        self.gate, self.shift = nn.Linear(1 + width, out), nn.Linear(1 + width, out, bias=False)

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        found: Tensor = self.linear(z) * torch.sigmoid(self.gate(condition)) + self.shift(condition)
        return found


class Field(nn.Module):
    """f(z, t, c): smooth, of free form; its last layer begins near 0, so that the flow begins near the identity."""

    def __init__(self, d: int, hidden: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(ConcatSquash(a, b, width) for a, b in pairwise((d, *hidden, d)))
        nn.init.normal_(self.layers[-1].linear.weight, std=1e-2)
        nn.init.zeros_(self.layers[-1].linear.bias)
        nn.init.zeros_(self.layers[-1].shift.weight)

    def forward(self, t: Tensor, z: Tensor, c: Tensor | None) -> Tensor:
        condition = t.to(z).expand(len(z), 1)
        condition = condition if c is None else torch.cat([condition, c], 1)
        for i, layer in enumerate(self.layers):
            z = layer(nn.functional.softplus(z) if i else z, condition)
        return z


class _Rate(nn.Module):
    """The rates of the row and of its log-density, for one solve: the probe is held through it."""

    def __init__(self, field: nn.Module, c: Tensor | None, probe: Tensor | None, keep: bool) -> None:
        super().__init__()
        self.field, self.c, self.probe, self.keep = field, c, probe, keep

    def forward(self, t: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            z = state[0] if state[0].requires_grad else state[0].detach().requires_grad_()
            v = self.field(t, z, self.c)
            trace = self._trace(v, z)
        return (v, trace) if self.keep else (v.detach(), trace.detach())

    def _trace(self, v: Tensor, z: Tensor) -> Tensor:
        if self.probe is not None:
            (g,) = torch.autograd.grad(v, z, self.probe, create_graph=self.keep)
            return (g * self.probe).sum(1)
        total = z.new_zeros(len(z))
        for i in range(z.shape[1]):
            (g,) = torch.autograd.grad(v[:, i].sum(), z, retain_graph=True, create_graph=self.keep)
            total = total + g[:, i]
        return total


class Continuous(Density):
    """Rows to noise along a field from t = 0 to t = 1."""

    def __init__(self, d: int, hidden: tuple[int, ...], width: int, rtol: float, atol: float) -> None:
        super().__init__()
        self.d, self.rtol, self.atol = d, rtol, atol
        self.field: nn.Module = Field(d, hidden, width)

    def log_prob(self, z: Tensor, c: Tensor | None) -> Tensor:
        """With the exact trace; differentiable in ``z`` and the parameters through the solver's steps."""
        from torchdiffeq import odeint

        return self._along(odeint, _Rate(self.field, c, None, torch.is_grad_enabled()), z)

    def estimate(self, z: Tensor, c: Tensor | None, probe: Tensor | None) -> Tensor:
        """Unbiased for the log-density, one probe a row; gradients to the parameters by the adjoint equation."""
        from torchdiffeq import odeint, odeint_adjoint

        rate = _Rate(self.field, c, probe, torch.is_grad_enabled())
        return self._along(odeint_adjoint if torch.is_grad_enabled() else odeint, rate, z)

    def _along(self, solve: Any, rate: _Rate, z: Tensor) -> Tensor:
        end, gained = self._solve(solve, rate, (z, z.new_zeros(len(z))), 0.0, 1.0)
        return gained - 0.5 * (end**2).sum(1) - 0.5 * self.d * math.log(2 * math.pi)

    def draw(self, rng: RowRandom, c: Tensor | None) -> Tensor:
        from torchdiffeq import odeint

        z = rng.normal((self.d,)).to(next(self.parameters()))
        (x,) = self._solve(odeint, lambda t, state: (self.field(t, state[0], c),), (z,), 1.0, 0.0)
        return x

    def _solve(self, solve: Any, rate: Any, state: tuple[Tensor, ...], start: float, end: float) -> tuple[Tensor, ...]:
        times = torch.tensor([start, end], dtype=state[0].dtype, device=state[0].device)
        found = solve(rate, state, times, rtol=self.rtol, atol=self.atol, method="dopri5")
        return tuple(part[-1] for part in found)
