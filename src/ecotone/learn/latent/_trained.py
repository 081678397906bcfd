"""What models with normal latents and an encoder share: training, samples, saving."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.learn import Batch, Implicit, RowRandom, Standardised
from ecotone.learn._distribution import event_count
from ecotone.learn.arrays import as_weights, rows
from ecotone.learn.training import Training, train

from ._encoder_decoder import EncoderDecoder, Seen

Self = TypeVar("Self", bound="Trained")


class Trained(Standardised, Implicit):
    """The part of :class:`LatentVariable` that fits, samples and saves."""

    latents: int
    hidden: tuple[int, ...]
    likelihood: Literal["gaussian", "bernoulli"]
    autoregressive: bool
    training: Training
    samples: int = 1
    learned_prior: bool = False
    share_: Tensor | None = None

    @abstractmethod
    def _objective(self, seen: Seen, batch: Batch) -> Tensor:
        """(n,) what is maximised, in mean over the rows."""

    def fit(self: Self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> Self:
        """Train on rows ``X`` ``(n, ...)``.

        Parameters
        ----------
        X : (n, ...) array
        y : ignored
        given : (n,) labels or (n, k) numbers, optional
            What encoder and decoder are told of each row.
        sample_weight : (n,) array, optional

        Raises
        ------
        BadInput
            For NaN, a constant column of a normal likelihood, values outside [0, 1] of a Bernoulli one, a class with
            one row, or a loss that diverges.
        """
        self._check()
        x, _ = rows(X, "X")
        weight = as_weights(sample_weight, len(x))
        self.torch_ = isinstance(X, Tensor)
        encoded = self._learn_condition(given, len(x))
        self.share_ = None
        if encoded is not None and not encoded.is_floating_point():
            count = torch.bincount(encoded, weight).double()
            self.share_ = count / count.sum()
        if self.likelihood == "gaussian":
            self._standardise(x)
        elif bool((x < 0).any()) or bool((x > 1).any()):
            raise BadInput("X has values outside [0, 1], which likelihood='bernoulli' can not have; use 'gaussian'")
        self._build(tuple(x.shape[1:]))
        self.history_ = train(
            self.module_, self._loss, self._flat(x), given=encoded, weight=weight, training=self.training
        )
        self.shape_ = tuple(x.shape[1:])
        return self

    def _check(self) -> None:
        if self.likelihood not in ("gaussian", "bernoulli"):
            raise BadInput(f"likelihood must be 'gaussian' or 'bernoulli', got {self.likelihood!r}")
        if self.latents < 1 or self.samples < 1 or min(self.hidden, default=1) < 1:
            raise BadInput(
                "latents, samples and the widths in hidden must be at least 1, got "
                f"{self.latents}, {self.samples} and {self.hidden}"
            )

    def _loss(self, module: Any, batch: Batch) -> Tensor:
        x = batch.x
        if self.likelihood == "bernoulli":  # <=, since a number drawn may be rounded up to 1, but not down to 0
            x = (batch.rng.uniform(tuple(x.shape[1:])) <= x).to(x)
        seen = module(x, self._vector(batch.given, x), self.samples, batch.rng)
        value = self._objective(seen, batch)
        return -(value if batch.weight is None else value * batch.weight.to(value)).mean()

    def _build(self, shape: tuple[int, ...]) -> None:
        width = 0 if self.condition_ is None else self.condition_.width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.training.seed)
            self.module_ = EncoderDecoder(
                event_count(shape), self.latents, tuple(self.hidden), width, binary=self.likelihood == "bernoulli",
                autoregressive=self.autoregressive, learned_prior=self.learned_prior,
            )  # fmt: skip

    # ------------------------------------------------------------------ forms of rows and conditions
    def _flat(self, x: Tensor) -> Tensor:
        return (self._encode(x) if self.likelihood == "gaussian" else x).reshape(len(x), -1)

    def _back(self, flat: Tensor) -> Tensor:
        x = flat.reshape(-1, *self.shape_).double()
        return self._decode(x) if self.likelihood == "gaussian" else x

    def _device(self) -> torch.device:
        return next(self.module_.parameters()).device

    def _kind(self) -> torch.dtype:
        return next(self.module_.parameters()).dtype

    def _vector(self, encoded: Tensor | None, like: Tensor) -> Tensor | None:
        return None if self.condition_ is None else self.condition_.vector(encoded, len(like), like)

    def _told(self, given: Any, n: int) -> Tensor | None:
        """Encoded conditions, where every row must have one."""
        encoded = self._given(given, n)
        missing = encoded is None or (not encoded.is_floating_point() and bool((encoded < 0).any()))
        if self.condition_ is not None and missing:
            raise BadInput(f"this {type(self).__name__} was fitted with given: pass given= for every row")
        return encoded

    # ------------------------------------------------------------------ samples
    def _sample(self, rng: RowRandom, given: Tensor | None) -> Tensor:
        if self.share_ is not None:
            drawn = rng.categorical(torch.log(self.share_).to(rng.rows.device).expand(len(rng), -1))
            given = drawn if given is None else torch.where(given < 0, drawn, given)
        elif self.condition_ is not None and given is None:
            raise BadInput("the model was fitted with numbers as given, so the distribution needs them: pass given=")
        like = torch.empty(len(rng), 0, dtype=self._kind(), device=rng.rows.device)
        c = self._vector(given, like)
        prior = self.module_.prior_of(c, like)
        z = prior.mean + torch.exp(prior.log_std) * rng.normal((self.latents,)).to(like)
        return self._back(self.module_.draw(z, c, rng))

    # ------------------------------------------------------------------ saving
    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body, tensors = super()._state()
        tensors |= {f"module.{k}": v for k, v in self.module_.state_dict().items()}
        if self.share_ is not None:
            tensors["share"] = self.share_
        if self.likelihood == "gaussian":
            tensors |= {"centre": self.centre_, "scale": self.scale_}
        return body | {"history": self.history_}, tensors

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(body, tensors)
        self.history_, self.share_ = body["history"], tensors.get("share")
        if self.likelihood == "gaussian":
            self.centre_, self.scale_ = tensors["centre"], tensors["scale"]
        self._build(self.shape_)
        state = {k.removeprefix("module."): v for k, v in tensors.items() if k.startswith("module.")}
        kind = next((v.dtype for v in state.values() if v.is_floating_point()), torch.float32)
        self.module_.to(kind).load_state_dict(state)
        self.module_.eval()
