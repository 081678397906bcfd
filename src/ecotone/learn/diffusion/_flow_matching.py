"""Flow matching: a network that learns the velocity of an interpolant."""

from __future__ import annotations

from typing import Any, Literal

import torch

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Schedule
from ecotone.learn.arrays import rows
from ecotone.learn.networks import MLP, Network
from ecotone.learn.objectives import ContrastiveFlowMatching, Denoising
from ecotone.learn.processes import Interpolation, StochasticInterpolant
from ecotone.learn.samplers import Heun, ProbabilityFlow, Sampler
from ecotone.learn.schedules import Uniform
from ecotone.learn.training import Training

from ._diffusion import Diffusion

CARD = Card(
    name="FlowMatching",
    summary="A network that learns the velocity between the data and noise, or another base.",
    contract="Distribution",
    title="Flow Matching for Generative Modeling",
    authors=(
        "Lipman, Yaron", "Chen, Ricky T. Q.", "Ben-Hamu, Heli", "Nickel, Maximilian", "Le, Matt",
    ),
    year=2023,
    venue="ICLR",
    link="https://arxiv.org/abs/2210.02747",
)  # fmt: skip


class FlowMatching(Diffusion):
    r"""A network that predicts the velocity :math:`E[\dot x_t \mid x_t]` of an interpolant.

    It minimises :math:`E\,\lVert v(x_t, t) - (\dot\alpha_t x_0 + \dot\sigma_t z)\rVert^2` over t uniform on [0, 1].
    Samples come from Heun's method in 32 even steps, the likelihood from the ODE, whose prior is exact: along the
    linear path nothing is left of the data at t = 1.

    Parameters
    ----------
    network : Network
    process : Interpolation
        Any; :class:`~ecotone.learn.processes.CoupledInterpolant` for a base drawn around an observation,
        :class:`~ecotone.learn.processes.IterativeDeblending` for a base of other rows.
    objective : Denoising or ContrastiveFlowMatching
    training : Training
    likelihood : ProbabilityFlow

    References
    ----------
    Lipman, Chen, Ben-Hamu, Nickel and Le (2023), https://arxiv.org/abs/2210.02747; Liu, Gong and Liu (2023),
    https://arxiv.org/abs/2209.03003

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import FlowMatching, Training, networks
    >>> x = np.random.default_rng(0).normal(size=(200, 2)) @ [[1, 0.5], [0, 1]]
    >>> model = FlowMatching(networks.MLP(width=16, depth=1), training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.sample(3, seed=0).shape, model.log_prob(x[:4]).shape
    ((3, 2), (4,))
    """

    _predicts = "velocity"

    def __init__(
        self,
        network: Network = MLP(),
        *,
        process: Interpolation = StochasticInterpolant(),
        objective: Denoising | ContrastiveFlowMatching = Denoising(target="velocity"),
        training: Training = Training(),
        likelihood: ProbabilityFlow = ProbabilityFlow(),
    ) -> None:
        self.network, self.process, self.objective = network, process, objective
        self.training, self.likelihood = training, likelihood

    def _objective(self) -> Any:
        return self.objective

    def _default_sampler(self) -> Sampler:
        return Heun()

    def _default_schedule(self) -> Schedule:
        return Uniform(32)

    def transport(self, x: Any, *, to: Literal["data", "base"] = "data", steps: int = 128, given: Any = None) -> Any:
        """Carry rows of the base to the data, or of the data to the base, by Euler's method.

        Parameters
        ----------
        x : (n, ...) array
            In the units of the data, for a base of noise too: the base is standardised with them.
        to : {"data", "base"}
        steps : int
        given : conditions of the rows

        Returns
        -------
        (n, ...) array

        Raises
        ------
        BadInput
            For rows of another shape, or another ``to``.
        """
        self._fitted()
        if to not in ("data", "base"):
            raise BadInput(f"to must be data or base, got {to!r}")
        tensor, back = rows(x, "x", self.shape_)
        condition, process = self._given(given, len(tensor)), self.denoiser_.process
        ends = (process.t_max, 0.0) if to == "data" else (0.0, process.t_max)
        z = self._encode(tensor.to(self._device(), torch.float64))
        with torch.no_grad():
            return back(self._decode(process.flow(self.denoiser_, z, *ends, steps=steps, given=condition)))
