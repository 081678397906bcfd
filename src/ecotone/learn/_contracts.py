"""What the parts of a generator agree on: predictions, processes, denoisers, samplers, tilts, codecs, losses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from torch import Tensor

from ._random import RowRandom


@dataclass(frozen=True)
class Prediction:
    """What a denoiser says of :math:`p(x_0 | x_t)`: the statistic that its process needs.

    Parameters
    ----------
    x0 : (n, ...) Tensor
        The mean of :math:`x_0` given :math:`x_t`; for tokens the probabilities ``(n, length, levels)`` of the clean
        token.
    noise : (n, ...) Tensor or None
        The mean of the noise given :math:`x_t`, for processes where it does not follow from ``x0``; a process that
        needs it says so.
    """

    x0: Tensor
    noise: Tensor | None = None


class Process(ABC):
    """How data become noise, and the kernel that leads back.

    Time runs from 0, where :math:`x_0` is data, to ``t_max``, where :math:`x_t` follows the prior. Times are float64
    numbers or ``(n,)`` tensors, one a row. Randomness comes from a :class:`RowRandom`, so that a row's draws do not
    depend on the batch that it is in.
    """

    t_max: float = 1.0
    t_min: float = 0.0
    """Where sampling may end and training may begin; above 0 only where the process is singular at 0."""

    def conditioned(self, given: Tensor | None) -> Process:
        """The process of rows with these encoded conditions: itself, unless its noise depends on them."""
        return self

    @abstractmethod
    def perturb(self, x0: Tensor, t: Tensor | float, rng: RowRandom) -> Tensor:
        """Draw ``x_t`` given ``x0``."""

    @abstractmethod
    def prior(self, rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
        """Draw ``x_t`` at ``t_max``: ``(rows of rng, *shape)``."""

    @abstractmethod
    def step(
        self, prediction: Prediction, x_t: Tensor, t: Tensor | float, t_next: Tensor | float, rng: RowRandom
    ) -> Tensor:
        """Draw ``x_s`` given ``x_t`` for ``s < t``, with the prediction in the place of what it predicts."""


@runtime_checkable
class Denoiser(Protocol):
    """``(x_t, t, given) -> Prediction``: the one learned object of every diffusion-like model.

    ``shape`` is the shape of one row. ``given`` is in the model's encoded form: ``(n,)`` class positions (-1: none) or
    ``(n, k)`` numbers; None is no condition.
    """

    shape: tuple[int, ...]

    def __call__(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction: ...


@runtime_checkable
class FlowMap(Protocol):
    """``(x_t, t, s, given) -> x_s``: a jump from one time to another; a few-step student's object."""

    shape: tuple[int, ...]

    def __call__(
        self, x_t: Tensor, t: Tensor | float, t_next: Tensor | float, given: Tensor | None = None
    ) -> Tensor: ...


class Schedule(Protocol):
    """The times that a sampler visits: falling from ``process.t_max`` to where it ends."""

    def __call__(self, process: Any) -> Tensor: ...


class Tilt(Protocol):
    """``(x, given) -> log weight (n,)``: a classifier, a likelihood, a reward, an unnormalised target."""

    def __call__(self, x: Tensor, given: Tensor | None = None) -> Tensor: ...


class Codec(Protocol):
    """An invertible or lossy code of rows; a Distribution composed with one is a Distribution.

    ``log_volume`` is the log of the absolute Jacobian determinant of ``encode`` at ``x``, ``(n,)``; a lossy codec
    has none and returns None.
    """

    def encode(self, x: Any) -> Tensor: ...

    def decode(self, z: Tensor) -> Any: ...

    def log_volume(self, x: Any) -> Tensor | None: ...


@dataclass
class Batch:
    """Rows to learn from at one step of training.

    Parameters
    ----------
    x : (n, ...) Tensor
    given : Tensor or None
        Encoded conditions.
    weight : (n,) Tensor or None
        Of the rows, with mean one.
    rng : RowRandom
        Noise for these rows at this step; the same for the same seed and step.
    """

    x: Tensor
    given: Tensor | None
    weight: Tensor | None
    rng: RowRandom


Loss: TypeAlias = Callable[[Any, Batch], Tensor]
"""``(model, batch) -> scalar``."""


ModelT = TypeVar("ModelT")
SignalT = TypeVar("SignalT", contravariant=True)


@runtime_checkable
class Tuner(Protocol[ModelT, SignalT]):
    """``tune(model, signal) -> model``: a trained model made cheaper, or drawn towards something.

    In distillation the signal is a teacher (a denoiser or a model), in alignment a :class:`Tilt`: a reward, whose
    tilted distribution :math:`p(x)\\,e^{r(x)} / Z` is what the tuned model is to draw from. The model given stays as
    it is; the one returned takes and gives the same rows. The same arguments give the same model.
    """

    def tune(self, model: ModelT, signal: SignalT, *, seed: int | None = None) -> ModelT:
        """Tune a copy of ``model``.

        Raises
        ------
        BadInput
            For a model that is not fitted, or a signal that does not take its rows.
        """
        ...


@dataclass
class Population:
    """The rows that a sampler carries, at time ``t``.

    ``log_weight`` is ``(n,)``, zero unless a hook sets it. A hook may replace ``x`` and ``log_weight``.
    """

    x: Tensor
    log_weight: Tensor
    t: float
    step: int
    steps: int


Hook: TypeAlias = Callable[[Population], Population | None]
