"""What models with normal latents and an encoder can be asked: codes, and bounds of their density."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ecotone.contracts import BadInput, Floats
from ecotone.learn.arrays import rows

from ._bound import log_mean_weight
from ._trained import Trained

_SAMPLES = 64  # of the bound that is a row's score


class LatentVariable(Trained):
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

    def encode(self, x: Any, *, given: Any = None) -> Any:
        """Posterior means ``(n, latents)`` of rows ``x``.

        Raises
        ------
        BadInput
            For rows of another shape, NaN, or a condition that is missing or was not learned.
        """
        self._fitted()
        tensor, back = rows(x, "x", self.shape_)
        conditioned = self._told(given, len(tensor))
        with torch.no_grad():
            flat = self._flat(tensor.to(self._device())).to(self._kind())
            return back(self.module_.posterior(flat, self._vector(conditioned, flat)).mean.double())

    def decode(self, z: Any, *, given: Any = None) -> Any:
        """Means ``(n, ...)`` of p(x|z) at latents ``z`` ``(n, latents)``; another ``given`` changes the condition.

        Raises
        ------
        BadInput
            For latents of another width, NaN, or a condition that is missing or was not learned.
        """
        self._fitted()
        tensor, back = rows(z, "z", (self.latents,))
        conditioned = self._told(given, len(tensor))
        with torch.no_grad():
            z_now = tensor.to(device=self._device(), dtype=self._kind())
            return back(self._back(self.module_.draw(z_now, self._vector(conditioned, z_now), None)))

    def log_volume(self, x: Any) -> None:
        """None: the code loses something, so it has no Jacobian."""
        return None

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
        conditioned = None if mixed else self._told(given, n)
        flat = self._flat(tensor.to(self._device())).to(self._kind())
        with torch.no_grad():
            if mixed and self.share_ is not None:
                each = [self._log_mean(flat, torch.full((n,), c), samples, seed) for c in range(len(self.share_))]
                found = torch.logsumexp(torch.stack(each, 1) + torch.log(self.share_), dim=1)
            else:
                found = self._log_mean(flat, conditioned, samples, seed)
        volume = self._log_volume(self.shape_) if self.likelihood == "gaussian" else 0.0
        return back(found + volume)

    def _log_mean(self, flat: Tensor, conditioned: Tensor | None, samples: int, seed: int | None) -> Tensor:
        c = self._vector(None if conditioned is None else conditioned.to(flat.device), flat)
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
