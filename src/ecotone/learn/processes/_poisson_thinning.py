"""Counts that are thinned to nothing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Prediction, Process, RowRandom
from ecotone.learn.arrays import row_like

CARD = Card(
    name="PoissonThinning",
    summary="Poisson counts of the data, thinned to zero and thickened back.",
    contract="Process",
    title="Learning to Jump: Thinning and Thickening Latent Counts for Generative Modeling",
    authors=("Chen, Tianqi", "Zhou, Mingyuan"),
    year=2023,
    venue="ICML",
    link="https://arxiv.org/abs/2305.18375",
    row=558,
    claim="On over-dispersed counts with many zeros, samples are closer to the data than those of a Gaussian diffusion "
    "of log(1 + x), rounded.",
)


@dataclass(frozen=True)
class PoissonThinning(Process):
    r"""Counts :math:`z_t \sim \mathrm{Poisson}(\lambda\alpha_t x_0)` of data that are at least 0; ``x_t`` is
    :math:`z_t/\lambda`.

    :math:`\alpha` falls from 1 to almost 0, :math:`\log\alpha_t = -\tfrac12\beta t - (c - \tfrac12\beta)t^2`. Going
    forward each count is kept with probability :math:`\alpha_t/\alpha_s`; going back, given :math:`x_0`, counts are
    added:

    .. math:: z_t \mid z_s \sim \mathrm{Binomial}(z_s, \alpha_t/\alpha_s), \qquad
              z_s = z_t + \mathrm{Poisson}(\lambda(\alpha_s - \alpha_t)x_0), \qquad s < t.

    Time 0 is the data themselves: the step to it is to :math:`\hat x_0`. The reverse with a mean in the place of
    :math:`x_0` is exact only as the steps grow in number. The prior, nothing at all, is right where
    :math:`\lambda\alpha_1 E x_0 = \lambda e^{-c} E x_0` is tiny.

    Parameters
    ----------
    rate : float
        :math:`\lambda`: counts for each unit of the data. The grain of samples is :math:`1/\lambda`.
    decay : float
        c.
    beta : float
        Twice the rate at which counts are lost at t = 0.

    References
    ----------
    Chen and Zhou (2023), https://arxiv.org/abs/2305.18375

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import RowRandom
    >>> process, x0 = PoissonThinning(rate=10.0), torch.full((1000, 1), 3.0, dtype=torch.float64)
    >>> x_t = process.perturb(x0, 0.1, RowRandom(0, 1000))
    >>> bool((10 * x_t == (10 * x_t).round()).all()), abs(float(x_t.mean()) / 3 - 0.816) < 0.02
    (True, True)
    """

    rate: float = 1000.0
    decay: float = 20.0
    beta: float = 0.1

    def __post_init__(self) -> None:
        if not (self.rate > 0 and 0 <= self.beta / 2 < self.decay):
            raise BadInput(
                f"PoissonThinning needs rate > 0 and 0 <= beta / 2 < decay, got {self.rate!r}, {self.beta!r} and "
                f"{self.decay!r}"
            )

    def alpha(self, t: Tensor) -> Tensor:
        """Share of the counts that is left at ``t``, a float64 tensor."""
        return torch.exp(-0.5 * self.beta * t - (self.decay - 0.5 * self.beta) * t**2)

    def alpha_rate(self, t: Tensor) -> Tensor:
        """Derivative of ``alpha``."""
        return -(0.5 * self.beta + (2 * self.decay - self.beta) * t) * self.alpha(t)

    def _alpha(self, t: Tensor | float, x: Tensor) -> Tensor:
        return row_like(self.alpha(torch.as_tensor(t, dtype=torch.float64, device=x.device)), x.double())

    def perturb(self, x0: Tensor, t: Tensor | float, rng: RowRandom) -> Tensor:
        x = x0.double()
        if bool((x < 0).any()):
            raise BadInput(f"PoissonThinning takes numbers that are at least 0, got {float(x.min()):g}")
        counts = rng.poisson(self.rate * self._alpha(t, x) * x) / self.rate
        return torch.where(row_like(t, x) > 0, counts, x).to(x0)

    def prior(self, rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
        return torch.zeros(len(rng), *shape, dtype=torch.float64, device=rng.rows.device)

    def step(
        self, prediction: Prediction, x_t: Tensor, t: Tensor | float, t_next: Tensor | float, rng: RowRandom
    ) -> Tensor:
        x = x_t.double()
        added = self.rate * (self._alpha(t_next, x) - self._alpha(t, x)) * prediction.x0.double().clamp(min=0)
        thicker = x + rng.poisson(added) / self.rate
        return torch.where(row_like(t_next, x) > 0, thicker, prediction.x0.to(x)).to(x_t)
