"""EDM: preconditioned denoising, Heun's method, noise levels by roots."""

from __future__ import annotations

from ecotone.cards import Card
from ecotone.learn import Schedule
from ecotone.learn.networks import MLP, Network
from ecotone.learn.processes import EDMProcess, GaussianProcess
from ecotone.learn.samplers import Heun, ProbabilityFlow, Sampler
from ecotone.learn.schedules import Karras
from ecotone.learn.training import Training

from ._diffusion import Diffusion

CARD = Card(
    name="EDM",
    summary="Diffusion with EDM's preconditioning, weights, noise levels and sampler.",
    contract="Distribution",
    title="Elucidating the Design Space of Diffusion-Based Generative Models",
    authors=("Karras, Tero", "Aittala, Miika", "Aila, Timo", "Laine, Samuli"),
    year=2022,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2206.00364",
    row=219,
    claim="At equal evaluations Heun on EDM's noise levels is closer to the data than Euler on evenly spaced ones.",
)


class EDM(Diffusion):
    r"""Diffusion as EDM designs it.

    The network :math:`F` makes the denoiser :math:`D = c_{\text{skip}} x + c_{\text{out}} F(c_{\text{in}} x,
    \tfrac14\ln\sigma)`, trained with :math:`\ln\sigma \sim N(-1.2, 1.2^2)` and weight
    :math:`(\sigma^2 + s^2)/(\sigma s)^2`; samples come from Heun's method along 18 Karras levels (35 evaluations),
    the likelihood from the probability-flow ODE.

    Parameters
    ----------
    network : Network
    process : GaussianProcess
    training : Training
    likelihood : ProbabilityFlow

    References
    ----------
    Karras, Aittala, Aila and Laine (2022), https://arxiv.org/abs/2206.00364

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import EDM, Training, networks
    >>> x = np.random.default_rng(0).normal(size=(200, 2)) @ [[1, 0.5], [0, 1]]
    >>> model = EDM(networks.MLP(width=16, depth=1), training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.sample(3, seed=0).shape, model.log_prob(x[:4]).shape
    ((3, 2), (4,))
    """

    _predicts = "edm"

    def __init__(
        self,
        network: Network = MLP(),
        *,
        process: GaussianProcess = EDMProcess(),
        training: Training = Training(),
        likelihood: ProbabilityFlow = ProbabilityFlow(),
    ) -> None:
        self.network, self.process = network, process
        self.training, self.likelihood = training, likelihood

    def _default_sampler(self) -> Sampler:
        return Heun()

    def _default_schedule(self) -> Schedule:
        return Karras(18)
