"""Denoising by the guided combination that the sampler will use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Batch
from ecotone.learn.arrays import row_like

from ._denoising import Denoising

CARD = Card(
    name="GuidedDenoising",
    summary="Squared error of the guided combination of the conditional and the unconditional prediction.",
    contract="Loss",
    title="Bridging the Gap: Addressing Discrepancies in Diffusion Model Training for Classifier-Free Guidance",
    authors=("Patel, Niket", "Salamanca, Luis", "Barba, Luis"),
    year=2023,
    venue="arXiv",
    link="https://arxiv.org/abs/2311.00938",
    row=542,
    tier="experimental",
    claim="At few steps, averaged over a range of guidance, class-conditional samples are nearer to the class's "
    "unguided distribution than with condition dropout.",
)


@dataclass(frozen=True)
class GuidedDenoising:
    r"""Train on what classifier-free guidance computes.

    With w drawn uniformly from [``low``, ``high``] for each row and each step,

    .. math:: L = E\,\omega_t \left\lVert (1 + w)\,\hat x_0(x_t, c) - w\,\hat x_0(x_t, \varnothing) - x_0
              \right\rVert^2,

    with gradients through both predictions; the same in terms of the noise, whose errors are those of :math:`x_0` up to
    the weight. Sample with ordinary guidance in the same convention: w = 0 is none. Reconstructed from the paper's
    abstract.

    What it leads to: with :math:`\mu = E w`, :math:`s = E w^2`, and :math:`m_c, m` the true conditional and
    unconditional means, the optimum where w varies is :math:`\hat x_0(\varnothing) = m` and
    :math:`\hat x_0(c) = \frac{(1 + \mu) m_c + (\mu + s) m}{1 + 2\mu + s}`. The guided prediction is then
    :math:`m + k (m_c - m)` with :math:`k = (1 + w)(1 + \mu)/(1 + 2\mu + s)`, near 1 around usual w: samples hardly
    depend on w, and guidance no longer sharpens classes. A fixed w does not determine the pair, and w = 0 never trains
    the unconditional one. Each step costs two predictions.

    Parameters
    ----------
    low, high : float
        Range of w.
    base : Denoising
        Gives the times and the weight :math:`\omega_t`.
    dropout_weight : float
        Weight of the usual loss added to this one, whose condition is dropped for a share ``dropout`` of the rows.
    dropout : float

    Raises
    ------
    BadInput
        On call, for a range that is not 0 <= low <= high, or a dropout outside [0, 1].

    References
    ----------
    Patel, Salamanca and Barba (2023), https://arxiv.org/abs/2311.00938

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture, RowRandom
    >>> from ecotone.learn.processes import EDMProcess
    >>> exact = GaussianMixture.random(dim=2, components=3, seed=0)
    >>> x = torch.as_tensor(exact.sample(100, seed=1))
    >>> loss = GuidedDenoising()(exact.denoiser(EDMProcess()), Batch(x, None, None, RowRandom(2, 100)))
    >>> loss.shape
    torch.Size([])
    """

    low: float = 0.0
    high: float = 4.0
    base: Denoising = field(default_factory=Denoising)
    dropout_weight: float = 0.0
    dropout: float = 0.1

    def __call__(self, denoiser: Any, batch: Batch) -> Tensor:
        """The mean weighted loss of a batch; rows without a condition have the usual loss."""
        if not 0 <= self.low <= self.high or not 0 <= self.dropout <= 1 or self.dropout_weight < 0:
            raise BadInput(
                "GuidedDenoising needs 0 <= low <= high, dropout in [0, 1] and dropout_weight >= 0, got "
                f"{self.low!r}, {self.high!r}, {self.dropout!r} and {self.dropout_weight!r}"
            )
        process, x0 = denoiser.process, batch.x
        t = self.base.times(process, batch)
        x_t = process.perturb(x0, t, batch.rng)
        conditioned, free = denoiser(x_t, t, batch.given).x0, denoiser(x_t, t, None).x0
        w = row_like(self.low + (self.high - self.low) * batch.rng.uniform().double(), x0)
        rows = _error((1 + w) * conditioned - w * free, x0)
        if self.dropout_weight:
            dropped = row_like((batch.rng.uniform() < self.dropout).to(x0), x0)
            rows = rows + self.dropout_weight * _error(torch.where(dropped > 0, free, conditioned), x0)
        rows = rows * self.base._weight(process, t).to(rows)
        return (rows if batch.weight is None else rows * batch.weight.to(rows)).mean()


def _error(found: Tensor, x0: Tensor) -> Tensor:
    return ((found - x0) ** 2).flatten(1).mean(1)
