"""VAE: a decoder of normal latents trained with an encoder on the evidence lower bound."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ecotone.cards import Card
from ecotone.learn import Batch
from ecotone.learn.training import Training

from ._encoder_decoder import Seen
from ._latent_variable import LatentVariable

CARD = Card(
    name="VAE",
    summary="Decoder of normal latents, trained with an encoder on a bound of the likelihood.",
    contract="Implicit",
    title="Auto-Encoding Variational Bayes",
    authors=("Kingma, Diederik P.", "Welling, Max"),
    year=2014,
    venue="ICLR",
    link="https://arxiv.org/abs/1312.6114",
)


class VAE(LatentVariable):
    r"""Maximises :math:`E_{q(z|x)}[\log p(x|z)] - \mathrm{KL}(q(z|x)\,\|\,N(0, I))`, the divergence in closed form.

    Parameters
    ----------
    latents : int
    hidden : tuple of int
        Widths of the encoder's layers, and backwards of the decoder's; none makes both linear.
    likelihood : {"gaussian", "bernoulli"}
        Of a row's values given the latents; Bernoulli for values in [0, 1].
    autoregressive : bool
        Whether each value's distribution has a linear term in the values before it.
    training : Training

    References
    ----------
    Kingma and Welling (2014), https://arxiv.org/abs/1312.6114

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import VAE, Training
    >>> x = np.random.default_rng(0).normal(size=(200, 3)) @ [[1, 1, 1], [0, 1, 0], [0, 0, 0.1]]
    >>> model = VAE(2, hidden=(16,), training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.sample(4, seed=0).shape, model.encode(x).shape, model.bound(x[:5], samples=10).shape
    ((4, 3), (200, 2), (5,))
    """

    def __init__(
        self,
        latents: int = 16,
        *,
        hidden: tuple[int, ...] = (256, 256),
        likelihood: Literal["gaussian", "bernoulli"] = "gaussian",
        autoregressive: bool = False,
        training: Training = Training(),
    ) -> None:
        self.latents, self.hidden, self.likelihood = latents, hidden, likelihood
        self.autoregressive, self.training = autoregressive, training

    def _objective(self, seen: Seen, batch: Batch) -> Tensor:
        return seen.reconstruction.mean(1) - seen.posterior.divergence(seen.prior)
