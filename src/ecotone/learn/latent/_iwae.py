"""IWAE: a VAE trained on the importance-weighted bound."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.learn import Batch
from ecotone.learn.training import Training

from ._encoder_decoder import Seen
from ._latent_variable import LatentVariable

CARD = Card(
    name="IWAE",
    summary="Decoder of normal latents, trained on a bound that tightens with the number of latents drawn.",
    contract="Implicit",
    title="Importance Weighted Autoencoders",
    authors=("Burda, Yuri", "Grosse, Roger", "Salakhutdinov, Ruslan"),
    year=2016,
    venue="ICLR",
    link="https://arxiv.org/abs/1509.00519",
    row=574,
    claim="Trained with 50 latents a row, binarised digits that were held out are more likely than trained with one.",
)


class IWAE(LatentVariable):
    r"""Maximises :math:`L_k = E[\log\frac1k\sum_{i=1}^k w_i]`, :math:`w_i = p(x, z_i)/q(z_i|x)`, z from the encoder.

    The gradient weighs each latent's by :math:`w_i / \sum_j w_j`; it is that of the bound itself, with latents as
    functions of noise. Its signal-to-noise ratio for the encoder falls like :math:`1/\sqrt k`, and the doubly
    reparameterised gradient that mends this is not part of this class. One layer of latents.

    Parameters
    ----------
    latents : int
    samples : int
        k; 1 is a VAE with its divergence estimated by the same draw.
    hidden : tuple of int
        Widths of the encoder's layers, and backwards of the decoder's; none makes both linear.
    likelihood : {"gaussian", "bernoulli"}
    autoregressive : bool
        Whether each value's distribution has a linear term in the values before it.
    training : Training

    References
    ----------
    Burda, Grosse and Salakhutdinov (2016), https://arxiv.org/abs/1509.00519

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import IWAE, Training
    >>> x = np.random.default_rng(0).normal(size=(200, 3)) @ [[1, 1, 1], [0, 1, 0], [0, 0, 0.1]]
    >>> model = IWAE(2, samples=4, hidden=(16,), training=Training(steps=20, eval_every=10)).fit(x)
    >>> bool(model.bound(x, samples=500).mean() > model.bound(x, samples=1).mean())
    True
    """

    def __init__(
        self,
        latents: int = 16,
        *,
        samples: int = 5,
        hidden: tuple[int, ...] = (256, 256),
        likelihood: Literal["gaussian", "bernoulli"] = "gaussian",
        autoregressive: bool = False,
        training: Training = Training(),
    ) -> None:
        self.latents, self.samples, self.hidden, self.likelihood = latents, samples, hidden, likelihood
        self.autoregressive, self.training = autoregressive, training

    def _objective(self, seen: Seen, batch: Batch) -> Tensor:
        return torch.logsumexp(seen.log_weight, dim=1) - math.log(self.samples)
