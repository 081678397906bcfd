"""What every generator can do: fit, sample, save; and, where it has a density, say how likely a row is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from ecotone.contracts import BadInput, Floats

from ._condition import Condition
from ._random import RowRandom
from ._saving import save
from .arrays import restore, rows

Self = TypeVar("Self", bound="Generator")


class Generator(BaseEstimator, ABC):
    """What :class:`Distribution` and :class:`Implicit` share.

    Learned state: ``shape_`` (of one row), ``condition_`` (:class:`Condition` or None), ``torch_`` (whether it was
    fitted on tensors, and so gives tensors).
    """

    shape_: tuple[int, ...]
    condition_: Condition | None = None
    torch_: bool = False

    @abstractmethod
    def fit(self: Self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> Self:
        """Learn from rows ``X`` ``(n, ...)``; ``given`` ``(n,)`` or ``(n, k)`` is what each row is conditioned on."""

    @abstractmethod
    def _sample(self, rng: RowRandom, given: Tensor | None) -> Tensor:
        """Draw one row ``(len(rng), *shape_)`` for each stream; ``given`` is encoded."""

    def sample(self, n: int, *, given: Any = None, seed: int | None = None, batch_size: int = 8192) -> Any:
        """Draw ``n`` rows.

        Parameters
        ----------
        n : int
        given : one condition for all rows, or one for each
        seed : int
            Row i depends on the seed and i alone: the same whatever ``n`` and ``batch_size``, on one device within
            the rounding of its arithmetic; on another device, rows of the same distribution.
        batch_size : int
            Rows at a time.

        Returns
        -------
        (n, ...) array
            A tensor where the model was fitted on tensors.

        Raises
        ------
        BadInput
            For a model that is not fitted, a negative ``n``, or a condition that was not learned.
        """
        return self._draw(n, given, seed, batch_size, self._sample)

    def _draw(
        self, n: int, given: Any, seed: int | None, batch_size: int, draw: Callable[[RowRandom, Tensor | None], Tensor]
    ) -> Any:
        if int(n) != n or n < 0:
            raise BadInput(f"n must be a whole number of rows, at least 0, got {n!r}")
        encoded = self._given(given, int(n))
        whole = RowRandom(seed, int(n), device=self._device())
        parts = []
        with torch.no_grad():
            for start in range(0, int(n), batch_size):
                at = torch.arange(start, min(start + batch_size, int(n)), device=whole.rows.device)
                parts.append(draw(whole.take(at), None if encoded is None else encoded[at]))
        found = torch.cat(parts) if parts else torch.empty(0, *self.shape_)
        return found if self.torch_ else restore(None)(found)

    def _given(self, given: Any, n: int) -> Tensor | None:
        self._fitted()
        if given is None:
            return None
        if self.condition_ is None:
            raise BadInput(f"{type(self).__name__} was fitted without given; fit it with given= to condition on it")
        return self.condition_.encode(given, n).to(self._device())

    def _fitted(self) -> None:
        if not hasattr(self, "shape_"):
            raise BadInput(f"this {type(self).__name__} is not fitted; call fit with rows first")

    def _device(self) -> torch.device:
        return torch.device("cpu")

    def _learn_condition(self, given: Any, n: int) -> Tensor | None:
        """Set ``condition_`` from the training rows' ``given``, and encode it."""
        self.condition_ = None if given is None else Condition.of(given, n)
        return None if self.condition_ is None else self.condition_.encode(given, n)

    def save(self, path: str | Path) -> None:
        """Write the model as an artefact ``ecotone.model/1`` (JSON and plain arrays), whole or not at all."""
        save(self, path)

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Learned state as a JSON-ready dictionary and tensors; a subclass adds its own."""
        self._fitted()
        body = {"shape": list(self.shape_), "torch": self.torch_}
        return body | {"condition": None if self.condition_ is None else self.condition_.to_dict()}, {}

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        """Take the state that :meth:`_state` gave."""
        self.shape_, self.torch_ = tuple(body["shape"]), body["torch"]
        self.condition_ = None if body["condition"] is None else Condition(**body["condition"])


class Implicit(Generator):
    """A generator without a density: it can be sampled, and no likelihood can be asked of it."""

    def log_prob(self, x: Any, *, given: Any = None) -> Any:
        """Raises ``BadInput``: there is no density."""
        raise BadInput(
            f"{type(self).__name__} has no density, so log_prob can not be had; fit a Distribution (such as EDM or a "
            "flow), or compare samples by ecotone.compare.two_sample"
        )


class Distribution(Generator):
    """A generator with a density, and so a detector: ``score_samples`` is its log-density."""

    @abstractmethod
    def _log_prob(self, x: Tensor, given: Tensor | None) -> Tensor:
        """(n,) log-density of checked rows; differentiable in ``x``."""

    def log_prob(self, x: Any, *, given: Any = None) -> Any:
        """Log-density ``(n,)`` of rows, in nats, with respect to Lebesgue measure unless the class says otherwise.

        Differentiable where ``x`` is a tensor.

        Raises
        ------
        BadInput
            For rows of another shape, NaN, or a condition that was not learned.
        """
        self._fitted()
        tensor, back = rows(x, "x", self.shape_)
        return back(self._log_prob(tensor, self._given(given, len(tensor))))

    def score_samples(self, X: Any) -> Floats:
        """The log-density of each row, ``(n,)`` float64: higher is more typical."""
        with torch.no_grad():
            found = self.log_prob(X)
        return np.asarray(found.cpu() if isinstance(found, Tensor) else found, dtype=np.float64)

    def as_torch(self, *, given: Any = None) -> torch.distributions.Distribution:
        """This distribution, at one condition, as a ``torch.distributions.Distribution``."""
        from ._as_torch import TorchDistribution

        self._fitted()
        return TorchDistribution(self, given)


class Reparameterised(Distribution):
    """A distribution whose samples are a differentiable function of its parameters and of noise."""

    def rsample(self, n: int, *, given: Any = None, seed: int | None = None) -> Tensor:
        """Draw ``n`` rows as a tensor through which gradients flow to the parameters."""
        encoded = self._given(given, n)
        return self._sample(RowRandom(seed, n, device=self._device()), encoded)


def event_count(shape: Sequence[int]) -> int:
    """Numbers in one row."""
    return int(np.prod(tuple(shape), dtype=np.int64))
