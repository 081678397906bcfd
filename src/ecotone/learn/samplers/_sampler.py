"""The loop that every sampler runs: a step from one time of a schedule to the next, and the hooks after it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.learn import Denoiser, Hook, Population, Prediction, Process, RowRandom, Schedule

Denoise = Callable[[Tensor, Tensor], Prediction]


@dataclass
class MultistepMemory:
    """Where a run is, and what a multistep method keeps of its steps.

    Parameters
    ----------
    steps : int
        Of the run.
    step : int
        That is being made, from 0.
    start : Tensor or None
        Rows at the first time, for methods whose steps refer to them.
    past : list of (Tensor, Tensor)
        Of earlier steps, the newest first: the denoised rows, and the step's place or length in the variable that the
        method extrapolates in.
    """

    steps: int
    step: int = 0
    start: Tensor | None = None
    past: list[tuple[Tensor, Tensor]] = field(default_factory=list)


class Sampler(ABC):
    """Runs a denoiser along a schedule, from the prior to the data.

    The state is float64 whatever the network's dtype, and each row has a stream of random numbers of its own. A
    subclass is a frozen dataclass of its constants with :meth:`step`.
    """

    @abstractmethod
    def step(
        self,
        denoise: Denoise,
        process: Any,
        x: Tensor,
        t: Tensor,
        t_next: Tensor,
        rng: RowRandom,
        memory: MultistepMemory,
    ) -> Tensor:
        """Rows at time ``t_next`` from rows at time ``t``.

        ``memory`` is new in each run; a multistep method keeps there what its next step needs.
        """

    def sample(
        self,
        denoiser: Denoiser,
        process: Process,
        n: int | RowRandom,
        schedule: Schedule,
        *,
        given: Tensor | None = None,
        hooks: Sequence[Hook] = (),
        seed: int | None = None,
    ) -> Tensor:
        """Draw rows.

        Parameters
        ----------
        denoiser : Denoiser
        process : Process
        n : int or RowRandom
            How many rows, or the streams of the rows to draw.
        schedule : Schedule
        given : Tensor, optional
            Encoded condition of each row.
        hooks : sequence of callables
            Each is shown the :class:`Population` after every step and may return another in its place.
        seed : int, optional

        Returns
        -------
        (n, *denoiser.shape) float64 Tensor
        """
        return self.run(denoiser, process, n, schedule, given=given, hooks=hooks, seed=seed).x

    def run(
        self,
        denoiser: Denoiser,
        process: Process,
        n: int | RowRandom,
        schedule: Schedule,
        *,
        given: Tensor | None = None,
        hooks: Sequence[Hook] = (),
        seed: int | None = None,
        start: Tensor | None = None,
    ) -> Population:
        """As :meth:`sample`, with the weights; ``start`` replaces the draw from the prior at the first time."""
        process = process.conditioned(given)
        times = schedule(process)
        if len(times) < 2 or not bool((times[1:] < times[:-1]).all()):
            raise BadInput(f"a schedule must give at least two falling times, got {times.tolist()[:6]}")
        rng = RowRandom(seed, n) if isinstance(n, int) else n
        times = times.to(rng.rows.device)
        x = process.prior(rng, denoiser.shape) if start is None else start
        memory = MultistepMemory(steps=len(times) - 1)
        found = Population(
            x, torch.zeros(len(x), dtype=torch.float64, device=x.device), float(times[0]), 0, len(times) - 1
        )
        for i, (t, t_next) in enumerate(pairwise(times)):
            memory.step = i
            x = self.step(lambda x, t: denoiser(x, t, given), process, found.x, t, t_next, rng, memory)
            found = Population(x, found.log_weight, float(t_next), i + 1, len(times) - 1)
            for hook in hooks:
                found = hook(found) or found
        return found
