"""Generators that a sampler draws from along a schedule."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

from torch import Tensor

from ._contracts import Schedule
from ._distribution import Generator
from ._random import RowRandom

_NUMBERS = 1 << 20  # of the rows drawn at a time: a network of images holds a hundred times as many


class Sampled(Generator):
    """A generator whose sampler and schedule may be chosen after training; a subclass names its own."""

    _rows_at_a_time = 8192

    @abstractmethod
    def _default_sampler(self) -> Any:
        """What draws samples unless a sampler is given."""

    @abstractmethod
    def _default_schedule(self) -> Schedule:
        """The times it visits unless a schedule is given."""

    @abstractmethod
    def _along(self, sampler: Any, schedule: Schedule, rng: RowRandom, given: Tensor | None) -> Tensor:
        """Draw one row for each stream."""

    def sample(
        self,
        n: int,
        *,
        given: Any = None,
        seed: int | None = None,
        batch_size: int | None = None,
        sampler: Any = None,
        schedule: Schedule | None = None,
    ) -> Any:
        """As :meth:`Generator.sample`, by another sampler or along another schedule where one is given."""
        run, times = sampler or self._default_sampler(), schedule or self._default_schedule()
        self._fitted()
        some = batch_size or max(min(self._rows_at_a_time, _NUMBERS // math.prod(self.shape_)), 1)
        return self._draw(n, given, seed, some, lambda rng, condition: self._along(run, times, rng, condition))

    def _sample(self, rng: RowRandom, given: Tensor | None) -> Tensor:
        return self._along(self._default_sampler(), self._default_schedule(), rng, given)
