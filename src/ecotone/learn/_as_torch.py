"""A learned distribution as a ``torch.distributions`` object."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution as Base
from torch.distributions import constraints

from ._distribution import Distribution, Reparameterised, event_count


class TorchDistribution(Base):
    """What ``as_torch()`` gives: event shape that of one row, no batch shape.

    ``sample`` takes its seed from torch's global generator.
    """

    arg_constraints: dict[str, Any] = {}  # noqa: RUF012 (the base class has it so)

    def __init__(self, model: Distribution, given: Any = None) -> None:
        self.model, self.given = model, given
        super().__init__(torch.Size(), torch.Size(model.shape_), validate_args=False)

    @property
    def has_rsample(self) -> bool:
        return isinstance(self.model, Reparameterised)

    @property
    def support(self) -> Any:
        return constraints.independent(constraints.real, len(self.event_shape))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """``(*sample_shape, *event_shape)``."""
        return self._draw(sample_shape, self.model.sample)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """As :meth:`sample`, with gradients; of a model that is reparameterised."""
        if not isinstance(self.model, Reparameterised):
            raise NotImplementedError(f"{type(self.model).__name__} has no reparameterised samples")
        return self._draw(sample_shape, self.model.rsample)

    def _draw(self, sample_shape: Any, draw: Any) -> Tensor:
        count = event_count(sample_shape)
        seed = int(torch.randint(0, 2**62, ()))
        found = torch.as_tensor(draw(count, given=self.given, seed=seed))
        return found.reshape(*sample_shape, *self.event_shape)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density, ``value`` of shape ``(..., *event_shape)``."""
        lead = value.shape[: value.ndim - len(self.event_shape)]
        flat = value.reshape(-1, *self.event_shape)
        found: Tensor = self.model.log_prob(flat, given=self.given)
        return found.reshape(lead)
