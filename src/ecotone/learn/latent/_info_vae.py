"""InfoVAE: a VAE whose latents are matched to their prior as a whole."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Batch
from ecotone.learn.training import Training

from ._encoder_decoder import Seen
from ._latent_variable import LatentVariable

CARD = Card(
    name="InfoVAE",
    summary="VAE that trades the divergence of each row's latents for that of all latents together.",
    contract="Implicit",
    title="InfoVAE: Information Maximizing Variational Autoencoders",
    authors=("Zhao, Shengjia", "Song, Jiaming", "Ermon, Stefano"),
    year=2019,
    venue="AAAI",
    link="https://arxiv.org/abs/1706.02262",
    row=541,
    claim="With an autoregressive decoder of binarised digits, latents tell more of the row than those of a VAE.",
)


class InfoVAE(LatentVariable):
    r"""A VAE whose latents together follow their prior, so that those of one row need not.

    .. math:: \max\ E[\log p(x|z)] - (1-\alpha)\,E\,\mathrm{KL}(q(z|x)\,\|\,p)
        - (\alpha+\lambda-1)\,\mathrm{MMD}^2(q(z), p)

    :math:`q(z)` is the distribution of the latents of all rows, :math:`p = N(0, I)`, and the squared discrepancy, with
    the kernel :math:`\exp(-\|u-v\|^2/h^2)`, is the unbiased estimate from the batch and as many draws from p (the
    authors' code has the one with the diagonal, whose gradient is the same up to a factor of 1 - 1/batch in two terms).
    :math:`\alpha=0, \lambda=1` is the VAE, :math:`\alpha = 1` the MMD-VAE, :math:`\alpha = 1-\beta, \lambda=\beta` the
    :math:`\beta`-VAE. With :math:`\alpha=1` nothing keeps a row's latents from collapsing to a point.

    The reconstruction is a sum over a row's values: where it is a mean, as in the authors' demonstration, the same
    trade needs :math:`\lambda` divided by their number.

    Parameters
    ----------
    latents : int
    alpha : float
        At most 1.
    lambda_ : float
        :math:`\alpha + \lambda \ge 1`.
    bandwidth : float, optional
        h; the number of latents if left out, as in the authors' code.
    hidden : tuple of int
        Widths of the encoder's layers, and backwards of the decoder's; none makes both linear.
    likelihood : {"gaussian", "bernoulli"}
    autoregressive : bool
        Whether each value's distribution has a linear term in the values before it.
    training : Training

    References
    ----------
    Zhao, Song and Ermon (2019), https://arxiv.org/abs/1706.02262

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import InfoVAE, Training
    >>> x = np.random.default_rng(0).normal(size=(200, 3)) @ [[1, 1, 1], [0, 1, 0], [0, 0, 0.1]]
    >>> model = InfoVAE(2, alpha=0.5, lambda_=10, hidden=(16,), training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.sample(4, seed=0).shape
    (4, 3)
    """

    def __init__(
        self,
        latents: int = 16,
        *,
        alpha: float = 0.5,
        lambda_: float = 100.0,
        bandwidth: float | None = None,
        hidden: tuple[int, ...] = (256, 256),
        likelihood: Literal["gaussian", "bernoulli"] = "gaussian",
        autoregressive: bool = False,
        training: Training = Training(),
    ) -> None:
        self.latents, self.alpha, self.lambda_, self.bandwidth = latents, alpha, lambda_, bandwidth
        self.hidden, self.likelihood, self.autoregressive, self.training = hidden, likelihood, autoregressive, training

    def _check(self) -> None:
        super()._check()
        if not self.alpha <= 1 or not self.alpha + self.lambda_ >= 1 or not (self.bandwidth or 1.0) > 0:
            raise BadInput(
                "InfoVAE needs alpha <= 1, alpha + lambda_ >= 1 and bandwidth > 0, got "
                f"{self.alpha!r}, {self.lambda_!r} and {self.bandwidth!r}"
            )

    def _objective(self, seen: Seen, batch: Batch) -> Tensor:
        found = seen.reconstruction.mean(1) - (1 - self.alpha) * seen.posterior.divergence(seen.prior)
        rest = self.alpha + self.lambda_ - 1
        if rest == 0:
            return found
        z = seen.z[:, 0]
        prior = batch.rng.normal((self.latents,)).to(z)
        return found - rest * squared_discrepancy(z, prior, self.bandwidth or float(self.latents), batch.weight)


def squared_discrepancy(x: Tensor, y: Tensor, bandwidth: float, weight: Tensor | None = None) -> Tensor:
    r"""Unbiased :math:`\mathrm{MMD}^2` of rows ``x`` ``(n, d)``, weighted, and ``y`` ``(n, d)``; may be below 0."""

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return torch.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / bandwidth**2)

    w = torch.ones_like(x[:, 0]) if weight is None else weight.to(x)
    v = torch.ones_like(w)

    def mean(k: Tensor, a: Tensor, b: Tensor, apart: bool) -> Tensor:
        pairs = a[:, None] * b[None]
        pairs = pairs - torch.diag(pairs.diagonal()) if apart else pairs
        return (k * pairs).sum() / pairs.sum().clamp(min=1e-30)

    return mean(kernel(x, x), w, w, True) + mean(kernel(y, y), v, v, True) - 2 * mean(kernel(x, y), w, v, False)
