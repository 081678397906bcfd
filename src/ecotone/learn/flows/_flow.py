"""What flows are."""

from __future__ import annotations

from ecotone.learn._distribution import Reparameterised
from ecotone.learn._likelihood import Likelihood


class Flow(Likelihood, Reparameterised):
    """A flow: its samples are a differentiable function of its parameters and of noise."""
