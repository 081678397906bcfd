"""Score-based diffusion through a stochastic differential equation."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Prediction, Schedule
from ecotone.learn.denoisers import NetworkDenoiser
from ecotone.learn.networks import MLP, Network
from ecotone.learn.objectives import Denoising
from ecotone.learn.processes import VP, GaussianProcess
from ecotone.learn.samplers import PredictorCorrector, ProbabilityFlow, Sampler
from ecotone.learn.schedules import Uniform
from ecotone.learn.training import Training

from ._diffusion import DATA_STD, Diffusion

CARD = Card(
    name="ScoreSDE",
    summary="Diffusion by an SDE: predictor-corrector samples, likelihoods by the probability-flow ODE.",
    contract="Distribution",
    title="Score-Based Generative Modeling through Stochastic Differential Equations",
    authors=(
        "Song, Yang", "Sohl-Dickstein, Jascha", "Kingma, Diederik P.", "Kumar, Abhishek", "Ermon, Stefano",
        "Poole, Ben",
    ),
    year=2021,
    venue="ICLR",
    link="https://arxiv.org/abs/2011.13456",
    row=224,
    claim="The negative log-likelihood by the probability-flow ODE is below the variational bound of the same network.",
)  # fmt: skip


class ScoreSDE(Diffusion):
    r"""A network that learns the score of :math:`dx = f x\,dt + g\,dW`, run backwards.

    It minimises :math:`E\lVert \sigma_t S(x_t, t) + z \rVert^2` over t uniform. Samples come from the reverse SDE
    :math:`dx = [f x - g^2 S]dt + g\,d\bar W` with a Langevin step at each time, the likelihood from the ODE
    :math:`dx = [f x - \tfrac12 g^2 S]dt`; it leaves out what the distribution at ``t_max`` differs from the prior.

    Parameters
    ----------
    network : Network
    process : GaussianProcess
        :class:`~ecotone.learn.processes.VP`, ``VE`` or ``SubVP``.
    predicts : {"noise", "score"}
        Whether the network's output is :math:`-\sigma_t S`, as the reference has it, or S itself.
    steps : int
        Of sampling, two evaluations each.
    training : Training
    likelihood : ProbabilityFlow

    References
    ----------
    Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole (2021), https://arxiv.org/abs/2011.13456

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import ScoreSDE, Training, networks
    >>> x = np.random.default_rng(0).normal(size=(200, 2)) @ [[1, 0.5], [0, 1]]
    >>> model = ScoreSDE(networks.MLP(width=16, depth=1), steps=20, training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.sample(3, seed=0).shape, model.log_prob(x[:4]).shape
    ((3, 2), (4,))
    """

    process: GaussianProcess

    def __init__(
        self,
        network: Network = MLP(),
        *,
        process: GaussianProcess = VP(),
        predicts: Literal["noise", "score"] = "noise",
        steps: int = 1000,
        training: Training = Training(),
        likelihood: ProbabilityFlow = ProbabilityFlow(),
    ) -> None:
        self.network, self.process, self.predicts, self.steps = network, process, predicts, steps
        self.training, self.likelihood = training, likelihood

    def _build(self, shape: tuple[int, ...]) -> None:
        if self.predicts not in ("noise", "score"):
            raise BadInput(f"predicts must be noise or score, got {self.predicts!r}")
        self._predicts = self.predicts
        super()._build(shape)
        plain = self.denoiser_
        self.denoiser_ = ScaledDenoiser(
            plain.network, plain.process, shape, predicts=self.predicts, data_std=DATA_STD, condition=self.condition_
        )

    def _objective(self) -> Any:
        return Denoising(target="noise")

    def _default_sampler(self) -> Sampler:
        return PredictorCorrector()

    def _default_schedule(self) -> Schedule:
        return Uniform(self.steps)


class ScaledDenoiser(NetworkDenoiser):
    """A network that is shown rows divided by their standard deviation, and answers the noise or the score."""

    def forward(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        process = self.process.conditioned(given)
        alpha, sigma = process.coefficients(t, x_t)
        found = self._run(x_t / torch.sqrt(sigma**2 + (self.data_std * alpha) ** 2), self._time(t, x_t), given)
        return process.from_noise(found if self.predicts == "noise" else -sigma * found, x_t, t)
