"""What models with normal latents and an encoder share: training, samples, codes and bounds."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from ecotone.contracts import BadInput, Floats
from ecotone.learn._arrays import as_weights, rows
from ecotone.learn._contracts import Batch
from ecotone.learn._distribution import Implicit, event_count
from ecotone.learn._random import RowRandom
from ecotone.learn._standardised import Standardised
from ecotone.learn.training import Training, train

from ._bound import log_mean_weight
from ._encoder_decoder import EncoderDecoder, Seen

Self = TypeVar("Self", bound="LatentVariable")
_SAMPLES = 64  # of the bound that is a row's score


class LatentVariable(Standardised, Implicit):
    r"""A generator :math:`z \sim p(z|c),\ x \sim p(x|z,c)` with an encoder :math:`q(z|x,c)`.

    Its density is an integral over z that nobody can compute, so there is no ``log_prob``; :meth:`bound` is below it.
    Rows of any shape are flattened. For ``likelihood="gaussian"`` they are standardised and the decoder gives means,
    with one learned standard deviation a column. For ``"bernoulli"`` they lie in [0, 1] and the decoder gives log-odds;
    in training a value between 0 and 1 is the probability of a 1, drawn anew each time. ``autoregressive`` adds to the
    decoder's output a learned linear map of the columns before. Fitted with class labels, rows without a class are of
    the mixture of the classes by their shares among the training rows.

    A subclass sets ``latents``, ``hidden``, ``likelihood``, ``autoregressive``, ``training`` in its constructor and
    gives its objective in :meth:`_objective`.

    Attributes
    ----------
    module_ : EncoderDecoder
        On flat, standardised rows.
    share_ : (classes,) float64 Tensor or None
    history_ : list
        Loss by step.
    """

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
            raise BadInput("the model was fitted with numbers as given, so the law needs them: pass given=")
        like = torch.empty(len(rng), 0, dtype=self._kind(), device=rng.rows.device)
        c = self._vector(given, like)
        prior = self.module_.prior_of(c, like)
        z = prior.mean + torch.exp(prior.log_std) * rng.normal((self.latents,)).to(like)
        return self._back(self.module_.draw(z, c, rng))

    # ------------------------------------------------------------------ codes
    def encode(self, x: Any, *, given: Any = None) -> Any:
        """Posterior means ``(n, latents)`` of rows ``x``.

        Raises
        ------
        BadInput
            For rows of another shape, NaN, or a condition that is missing or was not learned.
        """
        self._fitted()
        tensor, back = rows(x, "x", self.shape_)
        told = self._told(given, len(tensor))
        with torch.no_grad():
            flat = self._flat(tensor.to(self._device())).to(self._kind())
            return back(self.module_.posterior(flat, self._vector(told, flat)).mean.double())

    def decode(self, z: Any, *, given: Any = None) -> Any:
        """Means ``(n, ...)`` of p(x|z) at latents ``z`` ``(n, latents)``; another ``given`` changes the condition.

        Raises
        ------
        BadInput
            For latents of another width, NaN, or a condition that is missing or was not learned.
        """
        self._fitted()
        tensor, back = rows(z, "z", (self.latents,))
        told = self._told(given, len(tensor))
        with torch.no_grad():
            z_now = tensor.to(device=self._device(), dtype=self._kind())
            return back(self._back(self.module_.draw(z_now, self._vector(told, z_now), None)))

    def log_volume(self, x: Any) -> None:
        """None: the code loses something, so it has no Jacobian."""
        return None

    # ------------------------------------------------------------------ bounds
    def bound(self, x: Any, *, given: Any = None, samples: int = 1, seed: int | None = 0) -> Any:
        r"""Importance-weighted bound ``(n,)`` on each row's log-density, in nats.

        .. math:: L_k = \log\frac1k\sum_{i=1}^k \frac{p(x, z_i)}{q(z_i|x)}, \quad z_i \sim q(z|x)

        In mean over the draws :math:`L_1` (the evidence lower bound) :math:`\le L_k \le \log p(x)`; a single value may
        lie above it. The base measure is Lebesgue's, and counting measure for ``likelihood="bernoulli"``.

        Parameters
        ----------
        x : (n, ...) array
            For ``likelihood="bernoulli"`` of zeros and ones.
        given : one condition for all rows, or one for each
            Left out where the model was fitted with classes: the bound on the mixture of the classes by their shares.
        samples : int
            k, for each row (and class).
        seed : int

        Raises
        ------
        BadInput
            For rows of another shape, NaN, values that are not binary, fewer than one sample, or a missing condition.
        """
        self._fitted()
        if int(samples) != samples or samples < 1:
            raise BadInput(f"samples must be a whole number of draws, at least 1, got {samples!r}")
        tensor, back = rows(x, "x", self.shape_)
        if self.likelihood == "bernoulli" and bool(((tensor != 0) & (tensor != 1)).any()):
            raise BadInput("x must hold zeros and ones only; draw binary rows from the probabilities first")
        n = len(tensor)
        mixed = given is None and self.share_ is not None
        told = None if mixed else self._told(given, n)
        flat = self._flat(tensor.to(self._device())).to(self._kind())
        with torch.no_grad():
            if mixed and self.share_ is not None:
                each = [self._log_mean(flat, torch.full((n,), c), samples, seed) for c in range(len(self.share_))]
                found = torch.logsumexp(torch.stack(each, 1) + torch.log(self.share_), dim=1)
            else:
                found = self._log_mean(flat, told, samples, seed)
        volume = self._log_volume(self.shape_) if self.likelihood == "gaussian" else 0.0
        return back(found + volume)

    def _log_mean(self, flat: Tensor, told: Tensor | None, samples: int, seed: int | None) -> Tensor:
        c = self._vector(None if told is None else told.to(flat.device), flat)
        return log_mean_weight(self.module_, flat, c, samples, seed).cpu()

    def score_samples(self, X: Any) -> Floats:
        """:meth:`bound` with 64 samples, ``(n,)`` float64: higher is more typical."""
        found = self.bound(X, samples=_SAMPLES)
        return np.asarray(found.cpu() if isinstance(found, Tensor) else found, dtype=np.float64)

    def log_prob(self, x: Any, *, given: Any = None) -> Any:
        """Raises ``BadInput``: only a bound can be had."""
        raise BadInput(
            f"{type(self).__name__} has no density that can be computed, an integral over its latents: "
            "use bound(x, samples=k), which is below it in mean and rises to it with k"
        )

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
