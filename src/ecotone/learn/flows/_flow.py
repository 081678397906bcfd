"""What flows are."""

from __future__ import annotations

from ecotone.learn import Likelihood, Reparameterised


class Flow(Likelihood, Reparameterised):
    """A flow: its samples are a differentiable function of its parameters and of noise."""
