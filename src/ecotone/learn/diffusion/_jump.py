"""A generator of counts and other data that are at least 0, by thinning and thickening."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Implicit, RowRandom, Schedule
from ecotone.learn.arrays import as_weights, rows
from ecotone.learn.denoisers import CountDenoiser
from ecotone.learn.networks import MLP, Network
from ecotone.learn.objectives import RelativeEntropy
from ecotone.learn.processes import PoissonThinning
from ecotone.learn.samplers import ReverseKernel, Sampler
from ecotone.learn.schedules import Uniform
from ecotone.learn.training import Training, train

CARD = Card(
    name="JUMP",
    summary="Generator of counts and other data that are at least 0: thinned to nothing, thickened back.",
    contract="Implicit",
    title="Learning to Jump: Thinning and Thickening Latent Counts for Generative Modeling",
    authors=("Chen, Tianqi", "Zhou, Mingyuan"),
    year=2023,
    venue="ICML",
    link="https://arxiv.org/abs/2305.18375",
)


class JUMP(Implicit):
    r"""A network that predicts :math:`E[x_0 \mid z_t]` of Poisson counts :math:`z_t`, and thickens nothing into data.

    Columns (channels of images) are divided by their mean. Samples are whole numbers where all training data were.

    Parameters
    ----------
    network : Network
    process : PoissonThinning
        Of rows in units of their mean.
    objective : RelativeEntropy
    steps : int
        Of sampling.
    training : Training

    Attributes
    ----------
    mean_ : float64 Tensor
        Of each column.
    whole_ : bool
        Whether the training data were whole numbers.

    References
    ----------
    Chen and Zhou (2023), https://arxiv.org/abs/2305.18375

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import JUMP, Training, networks
    >>> x = np.random.default_rng(0).negative_binomial(1, 0.2, size=(300, 2))
    >>> model = JUMP(networks.MLP(width=16, depth=1), steps=20, training=Training(steps=20, eval_every=10)).fit(x)
    >>> found = model.sample(5, seed=0)
    >>> found.shape, bool((found == found.round()).all())
    ((5, 2), True)
    """

    def __init__(
        self,
        network: Network = MLP(),
        *,
        process: PoissonThinning = PoissonThinning(),
        objective: RelativeEntropy = RelativeEntropy(),
        steps: int = 100,
        training: Training = Training(),
    ) -> None:
        self.network, self.process, self.objective = network, process, objective
        self.steps, self.training = steps, training

    def fit(self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> JUMP:
        """Train on rows ``X`` ``(n, ...)`` of numbers that are at least 0.

        Raises
        ------
        BadInput
            For NaN, a negative number, a column of zeros, or a loss that diverges.
        """
        x, _ = rows(X, "X")
        if bool((x < 0).any()):
            place = [int(i) for i in torch.nonzero(x < 0)[0]]
            raise BadInput(
                f"X has {float(x[tuple(place)]):g} at row {place[0]}; JUMP takes numbers that are at least 0"
            )
        weight = as_weights(sample_weight, len(x))
        self.torch_ = isinstance(X, Tensor)
        encoded = self._learn_condition(given, len(x))
        z = x.detach().double().cpu()
        self.whole_ = bool((z == z.round()).all())
        self.mean_ = z.mean((0,) if x.ndim == 2 else (0, *range(2, x.ndim)), keepdim=True)[0]
        if bool((self.mean_ == 0).any()):
            raise BadInput(f"column {int((self.mean_.flatten() == 0).nonzero()[0])} of X is 0 everywhere; leave it out")
        self._build(tuple(x.shape[1:]))
        self.history_ = train(
            self.denoiser_, self.objective, z / self.mean_, given=encoded, weight=weight, training=self.training
        )
        self.shape_ = tuple(x.shape[1:])
        return self

    def _build(self, shape: tuple[int, ...]) -> None:
        width = 0 if self.condition_ is None else self.condition_.width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.training.seed)
            network = self.network.build(shape, width)
        self.denoiser_ = CountDenoiser(network, self.process, shape, condition=self.condition_)

    def _device(self) -> torch.device:
        return next(self.denoiser_.parameters()).device

    def _sample(self, rng: RowRandom, given: Tensor | None) -> Tensor:
        sampler: Sampler = ReverseKernel()
        schedule: Schedule = Uniform(self.steps)
        x = sampler.sample(self.denoiser_, self.process, rng, schedule, given=given) * self.mean_.to(rng.rows.device)
        return x.round() if self.whole_ else x

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body, tensors = super()._state()
        learned = {f"denoiser.{k}": v for k, v in self.denoiser_.state_dict().items()}
        return body | {"history": self.history_, "whole": self.whole_}, tensors | learned | {"mean": self.mean_}

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(body, tensors)
        self.history_, self.whole_, self.mean_ = body["history"], body["whole"], tensors["mean"]
        self._build(self.shape_)
        state = {k.removeprefix("denoiser."): v for k, v in tensors.items() if k.startswith("denoiser.")}
        self.denoiser_.to(next(v.dtype for v in state.values() if v.is_floating_point())).load_state_dict(state)
        self.denoiser_.eval()
