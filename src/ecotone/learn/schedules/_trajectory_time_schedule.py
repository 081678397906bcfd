"""Times chosen on the shape of sampling trajectories."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Denoiser, RowRandom
from ecotone.learn.processes import GaussianProcess

from ._fixed import Fixed
from ._karras import Karras

CARD = Card(
    name="trajectory_time_schedule",
    summary="The times, of a fine grid, at which Euler's steps leave the fine trajectory least (GITS).",
    contract="Schedule",
    title="On the Trajectory Regularity of ODE-based Diffusion Sampling",
    authors=("Chen, Defang", "Zhou, Zhenyu", "Wang, Can", "Shen, Chunhua", "Lyu, Siwei"),
    year=2024,
    venue="ICML",
    link="https://arxiv.org/abs/2405.11326",
    row=481,
    reads=("denoiser",),
    claim="At 5 to 10 evaluations of the same solver it is closer to the data than the polynomial, uniform and "
    "log-ratio schedules.",
)

Cost = Literal["dev", "l1", "l2"]


def trajectory_time_schedule(
    denoiser: Denoiser,
    process: GaussianProcess,
    steps: int,
    *,
    cost: Cost = "dev",
    growth: float = 1.15,
    fine: int = 61,
    rows: int = 256,
    given: Tensor | None = None,
    seed: int = 0,
) -> Fixed:
    r"""The ``steps`` times, of ``fine`` candidates, that a solver should visit, then 0.

    A few rows are carried along the candidates (:class:`Karras`), in the coordinates :math:`y = x/\alpha`,
    :math:`r = \sigma/\alpha` in which the ODE is :math:`dy = \hat z\,dr`. A single Euler step
    :math:`\tilde y_{ij} = y_i + (r_j - r_i)\hat z_i` from candidate i to j costs

    .. math:: c_{ij} = \operatorname{mean}\left[\operatorname{dist}(\tilde y_{ij}, L) - \operatorname{dist}(y_j, L)
              \right]

    with L the chord from a trajectory's start to its end (``"dev"``), or the mean norm of
    :math:`\tilde y_{ij} - y_j`. Dynamic programming finds the path of ``steps - 1`` steps from first to last candidate
    with the smallest :math:`\sum_k g^k c`, where step k counts from 0.

    Parameters
    ----------
    denoiser : Denoiser
    process : GaussianProcess
    steps : int
        Evaluations of a solver that evaluates once a step, at least 2.
    cost : {"dev", "l1", "l2"}
        ``"dev"`` sees no error along the chord.
    growth : float
        g: above 1, errors at low noise count for more.
    fine : int
        Candidates.
    rows : int
        Trajectories.
    given : Tensor, optional
        Encoded condition of each trajectory.
    seed : int

    Returns
    -------
    Fixed
        For this denoiser's data and process only.

    Raises
    ------
    BadInput
        For fewer than 2 steps, or more than ``fine``.

    References
    ----------
    Chen, Zhou, Wang, Shen and Lyu (2024), https://arxiv.org/abs/2405.11326

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import EDMProcess
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), EDMProcess()
    >>> times = trajectory_time_schedule(exact.denoiser(process), process, 6)(process)
    >>> len(times), float(times[0]), float(times[-1])
    (7, 80.0, 0.0)
    """
    if not 2 <= steps <= fine or cost not in ("dev", "l1", "l2"):
        raise BadInput(f"steps must be between 2 and fine ({fine}), cost dev, l1 or l2, got {steps!r} and {cost!r}")
    times = Karras(fine)(process)[:-1]
    with torch.no_grad():
        y, slopes = _trajectory(denoiser, process, times, rows, given, seed)
        costs = _costs(y, slopes, process.ratio(times), cost)
    path = cheapest_path(costs, steps - 1, growth)
    return Fixed((*(float(times[i]) for i in path), 0.0))


def _trajectory(
    denoiser: Denoiser, process: GaussianProcess, times: Tensor, rows: int, given: Tensor | None, seed: int
) -> tuple[Tensor, Tensor]:
    """y and the slope dy/dr at each time, ``(times, rows, numbers)``, by Heun's method in r."""
    x = process.prior(RowRandom(seed, rows), denoiser.shape)
    r, alpha = process.ratio(times), process.alpha(times)
    y = x / alpha[0]

    def slope(i: int, y: Tensor) -> Tensor:
        x = alpha[i] * y
        return process.noise(denoiser(x, times[i], given), x, times[i])

    states, slopes = [y], [slope(0, y)]
    for i in range(len(times) - 1):
        ahead = slope(i + 1, y + (r[i + 1] - r[i]) * slopes[-1])
        y = y + (r[i + 1] - r[i]) * (slopes[-1] + ahead) / 2
        states.append(y)
        slopes.append(slope(i + 1, y))
    return torch.stack(states).flatten(2), torch.stack(slopes).flatten(2)


def _costs(y: Tensor, slopes: Tensor, r: Tensor, cost: Cost) -> Tensor:
    """(times, times) cost of one Euler step from i to j > i."""
    start, chord = y[0], torch.nn.functional.normalize(y[-1] - y[0], dim=1)

    def apart(at: Tensor) -> Tensor:
        off = at - start
        return (off - (off * chord).sum(-1, keepdim=True) * chord).norm(dim=-1)

    costs = torch.zeros(len(y), len(y), dtype=torch.float64)
    for i in range(len(y) - 1):
        guess = y[i] + (r[i + 1 :] - r[i])[:, None, None] * slopes[i]
        if cost == "dev":
            found = apart(guess) - apart(y[i + 1 :])
        else:
            found = torch.linalg.vector_norm(guess - y[i + 1 :], ord=1 if cost == "l1" else 2, dim=-1)
        costs[i, i + 1 :] = found.mean(-1)
    return costs


def cheapest_path(costs: Tensor, steps: int, growth: float) -> list[int]:
    r"""Positions from the first to the last in ``steps`` steps with the smallest :math:`\sum_k g^k c`."""
    m = len(costs)
    allowed = torch.where(torch.ones(m, m).triu(1) > 0, costs, torch.full_like(costs, torch.inf))
    value, choices = allowed[:, -1], []
    for _ in range(steps - 1):
        value, choice = (allowed + growth * value[None, :]).min(1)
        choices.append(choice)
    path = [0]
    for choice in reversed(choices):
        path.append(int(choice[path[-1]]))
    return [*path, m - 1]
