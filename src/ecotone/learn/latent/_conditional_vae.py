"""ConditionalVAE: encoder, decoder and, if wanted, the prior are told attributes."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Batch
from ecotone.learn.training import Training

from ._encoder_decoder import Seen
from ._latent_variable import LatentVariable

Self = TypeVar("Self", bound="ConditionalVAE")

CARD = Card(
    name="ConditionalVAE",
    summary="VAE of rows given attributes, with a prior of the latents that may depend on them.",
    contract="Implicit",
    title="Learning Structured Output Representations from Attributes using Deep Conditional Generative Models",
    authors=("Debbagh, Mohamed",),
    year=2023,
    link="https://arxiv.org/abs/2305.00980",
    row=630,
    claim="Told the digit, binarised digits that were held out have a higher bound than under a VAE that is not told.",
)


class ConditionalVAE(LatentVariable):
    r"""Maximises :math:`E_{q(z|x,y)}[\log p(x|z,y)] - \beta\,\mathrm{KL}(q(z|x,y)\,\|\,p(z|y))`.

    Attributes y enter encoder, decoder and prior beside their other inputs; numbers are standardised, classes one-hot.
    Only at :math:`\beta \ge 1` is this a bound on :math:`\log p(x|y)`; :meth:`bound` is one for a model trained with
    any :math:`\beta`. ``decode(encode(x, given=y), given=other)`` changes a row's attributes and keeps its latents,
    which with a learned prior may hold attributes too. Combinations of attributes that were never seen are
    extrapolated.

    Parameters
    ----------
    latents : int
    beta : float
        At least 0.
    learned_prior : bool
        Whether :math:`p(z|y)` is learned; :math:`N(0, I)` otherwise.
    hidden : tuple of int
        Widths of the encoder's layers, and backwards of the decoder's; none makes both linear. The prior has a hidden
        layer as wide as the last.
    likelihood : {"gaussian", "bernoulli"}
    autoregressive : bool
        Whether each value's distribution has a linear term in the values before it.
    training : Training

    References
    ----------
    Debbagh (2023), https://arxiv.org/abs/2305.00980; Sohn, Lee and Yan (2015),
    https://papers.nips.cc/paper/5775-learning-structured-output-representation-using-deep-conditional-generative-models

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import ConditionalVAE, Training
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 200)
    >>> x = rng.normal(size=(200, 3)) + 4 * y[:, None]
    >>> model = ConditionalVAE(2, hidden=(16,), training=Training(steps=20, eval_every=10)).fit(x, given=y)
    >>> model.sample(4, given=1, seed=0).shape, model.decode(model.encode(x, given=y), given=0).shape
    ((4, 3), (200, 3))
    """

    def __init__(
        self,
        latents: int = 16,
        *,
        beta: float = 1.0,
        learned_prior: bool = True,
        hidden: tuple[int, ...] = (256, 256),
        likelihood: Literal["gaussian", "bernoulli"] = "gaussian",
        autoregressive: bool = False,
        training: Training = Training(),
    ) -> None:
        self.latents, self.beta, self.learned_prior, self.hidden = latents, beta, learned_prior, hidden
        self.likelihood, self.autoregressive, self.training = likelihood, autoregressive, training

    def fit(self: Self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> Self:
        """Train on rows ``X`` ``(n, ...)`` and attributes ``given``, which this model can not do without.

        Raises
        ------
        BadInput
            Without ``given``; and as :meth:`VAE.fit`.
        """
        if given is None:
            raise BadInput("ConditionalVAE learns rows given attributes: pass given=, or use VAE")
        if not self.beta >= 0:
            raise BadInput(f"beta must be at least 0, got {self.beta!r}")
        return super().fit(X, y, given=given, sample_weight=sample_weight)

    def _objective(self, seen: Seen, batch: Batch) -> Tensor:
        return seen.reconstruction.mean(1) - self.beta * seen.posterior.divergence(seen.prior)
