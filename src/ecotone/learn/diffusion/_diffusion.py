"""What generators made of a network, a process, an objective and a sampler share."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor

from ecotone.learn import Condition, Distribution, RowRandom, Schedule, Standardised
from ecotone.learn._sampled import Sampled
from ecotone.learn.arrays import as_weights, rows
from ecotone.learn.denoisers import NetworkDenoiser
from ecotone.learn.denoisers._network_denoiser import Predicts
from ecotone.learn.networks import Network
from ecotone.learn.objectives import Denoising
from ecotone.learn.processes import Interpolation
from ecotone.learn.samplers import ProbabilityFlow, Sampler
from ecotone.learn.training import Training, train

Self = TypeVar("Self", bound="Diffusion")
DATA_STD = 0.5  # what EDM's preconditioning and noise levels are tuned to (Karras et al. 2022, table 1)


class Diffusion(Standardised, Sampled, Distribution):
    """A network trained to denoise along a process that mixes the data with a base.

    Rows are standardised, by column where they are vectors and by their first axis (channels) where they are images,
    to standard deviation 0.5. A subclass sets ``network``, ``process``, ``training`` in its constructor and
    ``_predicts``, ``_objective``, ``_sampler``, ``_schedule``.

    Attributes
    ----------
    denoiser_ : NetworkDenoiser
        On standardised rows.
    history_ : list
        Loss by step.
    """

    network: Network
    process: Interpolation
    training: Training
    likelihood: ProbabilityFlow
    _predicts: Predicts

    def _objective(self) -> Any:
        return Denoising()

    def fit(self: Self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> Self:
        """Train on rows ``X`` ``(n, ...)``.

        Parameters
        ----------
        X : (n, d) or (n, channels, height, width) array
        y : ignored
        given : (n,) labels or (n, k) numbers, optional
            What each row is conditioned on.
        sample_weight : (n,) array, optional

        Raises
        ------
        BadInput
            For NaN, a constant column, a class with one row, or a loss that diverges.
        """
        x, _ = rows(X, "X")
        weight = as_weights(sample_weight, len(x))
        self.torch_ = isinstance(X, Tensor)
        self._standardise(x, DATA_STD)
        encoded = self._conditioned(given, x)
        self._build(tuple(x.shape[1:]))
        self.history_ = train(
            self.denoiser_, self._objective(), self._encode(x), given=encoded, weight=weight, training=self.training
        )
        self.shape_ = tuple(x.shape[1:])
        return self

    def _conditioned(self, given: Any, x: Tensor) -> Tensor | None:
        """Set ``condition_``, as the process has it, and encode the training rows' ``given``."""
        learned, shape = None if given is None else Condition.of(given, len(x)), x.shape[1:]
        self.condition_ = self.process.condition(learned, given, self.centre_.expand(shape), self.scale_.expand(shape))
        return None if self.condition_ is None else self.condition_.encode(given, len(x))

    def _build(self, shape: tuple[int, ...]) -> None:
        width = 0 if self.condition_ is None else self.condition_.width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.training.seed)
            network = self.network.build(shape, width)
        process = self.process.standardised(self.centre_, self.scale_)
        self.denoiser_ = NetworkDenoiser(
            network, process, shape, predicts=self._predicts, data_std=DATA_STD, condition=self.condition_
        )

    def _device(self) -> torch.device:
        return next(self.denoiser_.parameters()).device

    def _along(self, sampler: Sampler, schedule: Schedule, rng: RowRandom, given: Tensor | None) -> Tensor:
        return self._decode(sampler.sample(self.denoiser_, self.denoiser_.process, rng, schedule, given=given))

    def _log_prob(self, x: Tensor, given: Tensor | None) -> Tensor:
        z = self._encode(x).to(device=self._device(), dtype=torch.float64)
        found = self.likelihood.log_prob(self.denoiser_, self.denoiser_.process, z, given=given)
        return found + self._log_volume(self.shape_).to(found)

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body, tensors = super()._state()
        learned = {f"denoiser.{k}": v for k, v in self.denoiser_.state_dict().items()}
        return body | {"history": self.history_}, tensors | learned | {"centre": self.centre_, "scale": self.scale_}

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(body, tensors)
        self.history_, self.centre_, self.scale_ = body["history"], tensors["centre"], tensors["scale"]
        self._build(self.shape_)
        state = {k.removeprefix("denoiser."): v for k, v in tensors.items() if k.startswith("denoiser.")}
        kind = next((v.dtype for v in state.values() if v.is_floating_point()), torch.float32)
        self.denoiser_.to(kind).load_state_dict(state)
        self.denoiser_.eval()
