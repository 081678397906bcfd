"""What generators of tokens share: fitting a network over tokens, sampling along a process, saving."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.learn import RowRandom
from ecotone.learn._sampled import Sampled
from ecotone.learn.arrays import as_weights, restore, token_rows
from ecotone.learn.denoisers import TokenDenoiser
from ecotone.learn.networks import Network
from ecotone.learn.objectives import TokenLoss
from ecotone.learn.training import Training, train

Self = TypeVar("Self", bound="TokenDiffusion")


class TokenDiffusion(Sampled):
    """A network trained to restore noisy tokens; a subclass says along which process and for which loss.

    Attributes
    ----------
    levels_ : int
    denoiser_ : TokenDenoiser
    history_ : list
        Loss by step, in nats a token.
    """

    _rows_at_a_time = 1024
    network: Network
    process: Any
    objective: Any
    levels: int | None
    training: Training

    def fit(self: Self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> Self:
        """Train on rows of tokens ``X`` ``(n, length)``.

        Parameters
        ----------
        X : (n, length) array of whole numbers, at least 0
        y : ignored
        given : (n,) labels or (n, k) numbers, optional
            What each row is conditioned on.
        sample_weight : (n,) array, optional

        Raises
        ------
        BadInput
            For a token that is not in ``0..levels - 1``, a class with one row, or a loss that diverges.
        """
        x = token_rows(X, "X", levels=self.levels)
        weight = as_weights(sample_weight, len(x))
        self.torch_ = isinstance(X, Tensor)
        encoded = self._learn_condition(given, len(x))
        self.levels_ = self.levels or max(int(x.max()) + 1, 2)
        self._build(x.shape[1])
        self.history_ = train(self.denoiser_, self.objective, x, given=encoded, weight=weight, training=self.training)
        self.shape_ = (x.shape[1],)
        return self

    def _build(self, length: int) -> None:
        width = 0 if self.condition_ is None else self.condition_.width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.training.seed)
            network = self.network.build((length, self.levels_), width)
        self.process_ = dataclasses.replace(self.process, levels=self.levels_)
        self.denoiser_ = TokenDenoiser(network, self.process_, length, condition=self.condition_)

    def _device(self) -> torch.device:
        return next(self.denoiser_.parameters()).device

    def _along(self, sampler: Any, schedule: Any, rng: RowRandom, given: Tensor | None) -> Tensor:
        run: Callable[..., Tensor] = getattr(sampler, "sample", sampler)
        return run(self.denoiser_, self.process_, rng, schedule, given=given)

    def bound(self, x: Any, *, given: Any = None, draws: int = 32, seed: int = 0, batch_size: int = 1024) -> Any:
        """A lower bound on the log-likelihood of rows, ``(n,)`` in nats, estimated without bias.

        Parameters
        ----------
        x : (n, length) array
        given : one condition for all rows, or one for each
        draws : int
            Noisy versions of each row, at times spread evenly; the standard error falls with it.
        seed : int
        batch_size : int
            Rows at a time, each with all its draws.

        Returns
        -------
        (n,) array
        """
        self._fitted()
        if draws < 1:
            raise BadInput(f"draws must be at least 1, got {draws!r}")
        tokens = token_rows(x, "x", levels=self.levels_, length=self.shape_[0]).to(self._device())
        encoded, found, some = self._given(given, len(tokens)), [], max(batch_size // draws, 1)
        loss = self._bound_loss()
        with torch.no_grad():
            for start in range(0, len(tokens), some):
                part = tokens[start : start + some].repeat_interleave(draws, 0)
                conditioned = None if encoded is None else encoded[start : start + some].repeat_interleave(draws, 0)
                rng = RowRandom(seed, start * draws + torch.arange(len(part)), device=part.device)
                u = (torch.arange(len(part), device=part.device) % draws + rng.uniform()) / draws
                rows = loss.rows(self.denoiser_, part, u, conditioned, rng)
                found.append(-rows.reshape(-1, draws).mean(1))
        return restore(x)(torch.cat(found))

    @abstractmethod
    def _bound_loss(self) -> TokenLoss:
        """The loss that is the bound itself."""

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body, tensors = super()._state()
        learned = {f"denoiser.{k}": v for k, v in self.denoiser_.state_dict().items()}
        return body | {"history": self.history_, "levels": self.levels_}, tensors | learned

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(body, tensors)
        self.history_, self.levels_ = body["history"], body["levels"]
        self._build(self.shape_[0])
        state = {k.removeprefix("denoiser."): v for k, v in tensors.items() if k.startswith("denoiser.")}
        self.denoiser_.to(next(v.dtype for v in state.values() if v.is_floating_point())).load_state_dict(state)
        self.denoiser_.eval()
