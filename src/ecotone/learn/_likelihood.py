"""What models with an exact density share: standardised rows, conditions, maximum likelihood, saving."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ecotone.contracts import BadInput

from ._contracts import Batch
from ._distribution import Distribution
from ._random import RowRandom
from ._standardised import Standardised
from .arrays import as_weights, rows
from .training import Training, train

Self = TypeVar("Self", bound="Likelihood")


class Density(nn.Module, ABC):
    """A normalised density on standardised rows; ``c`` is ``(n, width)`` conditions, or None where there are none."""

    @abstractmethod
    def log_prob(self, z: Tensor, c: Tensor | None) -> Tensor:
        """(n,) log-density, differentiable in ``z``."""

    @abstractmethod
    def draw(self, rng: RowRandom, c: Tensor | None) -> Tensor:
        """(n, ...) one row for each stream."""


class Likelihood(Standardised, Distribution):
    """A module with a density, trained by maximum likelihood on standardised rows.

    A subclass sets ``training`` in its constructor and builds its module in :meth:`_module`. Fitted with class labels,
    the distribution of rows without a class is the mixture of the classes by their shares among the training rows.

    Attributes
    ----------
    density_ : Density
        On standardised rows.
    share_ : (classes,) float64 Tensor or None
        Of each class.
    history_ : list
        Loss by step.
    """

    training: Training
    share_: Tensor | None = None

    @abstractmethod
    def _module(self, shape: tuple[int, ...], width: int) -> Density:
        """The module for rows of ``shape`` and conditions of ``width`` numbers."""

    def _prepare(self, x: Tensor) -> None:
        """Learn from the rows what the module is built with, after the scale; saved by the subclass."""

    def fit(self: Self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> Self:
        """Train on rows ``X`` ``(n, ...)``.

        Parameters
        ----------
        X : (n, d) array, or (n, channels, height, width) where the class takes images
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
        encoded = self._learn_condition(given, len(x))
        self.share_ = None
        if encoded is not None and not encoded.is_floating_point():
            count = torch.bincount(encoded, None if weight is None else weight).double()
            self.share_ = count / count.sum()
        self._standardise(x)
        self._prepare(x)
        self._build(tuple(x.shape[1:]))
        self.history_ = train(
            self.density_, self._loss, self._encode(x), given=encoded, weight=weight, training=self.training
        )
        self.shape_ = tuple(x.shape[1:])
        return self

    def _loss(self, module: Any, batch: Batch) -> Tensor:
        """Minus the mean log-density of a batch."""
        log = module.log_prob(batch.x, self._vector(batch.given, batch.x))
        return -(log if batch.weight is None else log * batch.weight.to(log)).mean()

    def _build(self, shape: tuple[int, ...]) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.training.seed)
            self.density_ = self._module(shape, 0 if self.condition_ is None else self.condition_.width)

    def _device(self) -> torch.device:
        return next(self.density_.parameters()).device

    def _kind(self) -> torch.dtype:
        return next(self.density_.parameters()).dtype

    def _vector(self, encoded: Tensor | None, like: Tensor) -> Tensor | None:
        return None if self.condition_ is None else self.condition_.vector(encoded, len(like), like)

    def _log_prob(self, x: Tensor, given: Tensor | None) -> Tensor:
        z = self._encode(x.to(self._device())).to(self._kind())
        return self._log_density(z, given).double() + self._log_volume(self.shape_).to(z.device)

    def _log_density(self, z: Tensor, given: Tensor | None) -> Tensor:
        if self.share_ is None:
            return self.density_.log_prob(z, self._vector(self._told(given), z))
        own = given if given is not None else torch.full((len(z),), -1, device=z.device)
        found = z.new_empty(0)
        if not bool((own < 0).all()):
            found = self.density_.log_prob(z, self._vector(own.clamp(min=0), z))
        if not bool((own < 0).any()):
            return found
        each = [self.density_.log_prob(z, self._vector(torch.full_like(own, c), z)) for c in range(len(self.share_))]
        whole = torch.logsumexp(torch.stack(each, 1) + torch.log(self.share_).to(z), dim=1)
        return whole if not len(found) else torch.where(own < 0, whole, found)

    def _told(self, given: Tensor | None) -> Tensor | None:
        if self.condition_ is not None and given is None:
            raise BadInput("the model was fitted with numbers as given, so the distribution needs them: pass given=")
        return given

    def _sample(self, rng: RowRandom, given: Tensor | None) -> Tensor:
        return self._decode(self._drawn(rng, self._told_or_drawn(rng, given)).double())

    def _told_or_drawn(self, rng: RowRandom, given: Tensor | None) -> Tensor | None:
        """Conditions ``(n, width)`` of rows to be drawn: classes by their shares where none is given."""
        like = torch.empty(len(rng), dtype=self._kind(), device=rng.rows.device)
        if self.share_ is None:
            given = self._told(given)
        else:
            drawn = rng.categorical(torch.log(self.share_).to(rng.rows.device).expand(len(rng), -1))
            given = drawn if given is None else torch.where(given < 0, drawn, given)
        return self._vector(given, like)

    def _drawn(self, rng: RowRandom, c: Tensor | None) -> Tensor:
        return self.density_.draw(rng, c)

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body, tensors = super()._state()
        learned = {f"density.{k}": v for k, v in self.density_.state_dict().items() if v.dtype != torch.bool}
        share = {} if self.share_ is None else {"share": self.share_}
        scale = {"centre": self.centre_, "scale": self.scale_}
        return body | {"history": self.history_}, tensors | learned | share | scale

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(body, tensors)
        self.history_, self.centre_, self.scale_ = body["history"], tensors["centre"], tensors["scale"]
        self.share_ = tensors.get("share")
        self._build(self.shape_)
        state = {k.removeprefix("density."): v for k, v in tensors.items() if k.startswith("density.")}
        kind = next((v.dtype for v in state.values() if v.is_floating_point()), torch.float32)
        masks = {k: v for k, v in self.density_.state_dict().items() if v.dtype == torch.bool}  # built, not learned
        self.density_.to(kind).load_state_dict(masks | state)
        self.density_.eval()
