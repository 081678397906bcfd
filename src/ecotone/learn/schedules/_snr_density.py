"""A distribution of times, as the density of the data's signal-to-noise ratio that it gives."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Batch, RowRandom
from ecotone.learn.arrays import row_like
from ecotone.learn.processes import GaussianProcess

CARD = Card(
    name="snr_density",
    summary="Times by the density of the log signal-to-noise ratio, the data's scale included, and their loss.",
    contract="Schedule",
    title="FasterDiT: Towards Faster Diffusion Transformers Training without Architecture Modification",
    authors=("Yao, Jingfeng", "Wang, Cheng", "Liu, Wenyu", "Wang, Xinggang"),
    year=2024,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2410.10356",
    row=152,
    tier="experimental",
    claim="At equal steps of training, a distribution of times placed by the data's scale gives rows closer to the "
    "data than the same distribution placed for unit data.",
)


@dataclass(frozen=True)
class snr_density:
    r"""Times at which :math:`\ln(\alpha_t/\sigma_t)` is normal or logistic with ``mean`` and ``scale``.

    With the data's standard deviation s the log signal-to-noise ratio is

    .. math:: \lambda = 2\ln s + 2\ln(\alpha_t/\sigma_t),

    so its density has centre :math:`2\ln s + 2\,\text{mean}` and scale :math:`2\,\text{scale}`; multiplying the data
    by c shifts it by :math:`2\ln c`. On the linear path :math:`x_t = (1 - t) x_0 + t z` a logit-normal time is the
    normal distribution, a uniform time the logistic distribution of scale 1.

    Called with a process it is a schedule: ``t_max``, the distribution's quantiles, 0. :meth:`times` draws for
    training, and :meth:`loss` is FasterDiT's: the velocity's squared error and the cosine between velocities.

    Parameters
    ----------
    distribution : {"normal", "logistic"}
    mean, scale : float
        Of the log of signal over noise.
    data_std : float
        s.
    steps : int
        Of the schedule.
    direction : float
        Weight of the cosine in :meth:`loss`.

    References
    ----------
    Yao, Wang, Liu and Wang (2024), https://arxiv.org/abs/2410.10356

    Examples
    --------
    >>> from ecotone.learn.processes import EDMProcess
    >>> [round(float(t), 2) for t in snr_density(steps=4)(EDMProcess())]
    [80.0, 1.96, 1.0, 0.51, 0.0]
    >>> distribution = snr_density(data_std=1.0).placed(5.0)  # the same density of the ratio, for data of that scale
    >>> round(distribution.mean, 3), float(distribution.centre())
    (-1.609, 0.0)
    """

    distribution: Literal["normal", "logistic"] = "normal"
    mean: float = 0.0
    scale: float = 1.0
    data_std: float = 1.0
    steps: int = 18
    direction: float = 1.0

    def centre(self) -> float:
        r"""Median of :math:`\lambda`."""
        return 2 * math.log(self.data_std) + 2 * self.mean

    def pdf(self, log_snr: Tensor) -> Tensor:
        r"""Density of :math:`\lambda`, in the shape of ``log_snr``."""
        self._check()
        u = (log_snr - self.centre()) / (2 * self.scale)
        if self.distribution == "normal":
            return torch.exp(-0.5 * u**2) / (2 * self.scale * math.sqrt(2 * math.pi))
        return torch.sigmoid(u) * torch.sigmoid(-u) / (2 * self.scale)

    def quantile(self, share: Tensor) -> Tensor:
        r"""The :math:`\lambda` below which ``share`` of the distribution lies."""
        self._check()
        u = torch.special.ndtri(share) if self.distribution == "normal" else torch.logit(share)
        return self.centre() + 2 * self.scale * u

    def placed(self, data_std: float) -> snr_density:
        """The distribution of times with the same density of the ratio on data of another standard deviation."""
        self._check()
        if not data_std > 0:
            raise BadInput(f"data_std must be above 0, got {data_std!r}")
        return replace(self, data_std=data_std, mean=self.mean + math.log(self.data_std / data_std))

    def times(self, process: GaussianProcess, rng: RowRandom) -> Tensor:
        """(n,) times drawn from the distribution, for training; those beyond the process's ends are moved there."""
        share = rng.uniform().double().clamp(1e-12, 1 - 1e-12)
        return self._at(process, self.quantile(share)).clamp(max(process.t_min, 1e-6), process.t_max)

    def __call__(self, process: GaussianProcess) -> Tensor:
        if self.steps < 1:
            raise BadInput(f"snr_density needs steps >= 1, got {self.steps!r}")
        inner = torch.arange(1, self.steps, dtype=torch.float64) / self.steps
        ends = torch.tensor([process.t_max, 0.0], dtype=torch.float64)
        times = torch.cat([ends[:1], self._at(process, self.quantile(inner)), ends[1:]])
        if not bool((times.diff() < 0).all()):
            raise BadInput(
                f"the distribution reaches times {times[1:3].tolist()}, beyond the process's t_max {process.t_max:g}; "
                "lower its scale or raise its mean"
            )
        return times

    def loss(self, denoiser: Any, batch: Batch) -> Tensor:
        r"""The mean over its times of :math:`\operatorname{mean}(\hat v - v)^2 + w\,(1 - \cos(\hat v, v))`.

        The cosine is over the first axis of a row (channels), at each position.
        """
        process, x0 = denoiser.process, batch.x
        t = self.times(process, batch.rng)
        z = batch.rng.normal(tuple(x0.shape[1:])).to(x0)
        (alpha, sigma), (da, ds) = process.coefficients(t, x0), process.rates(t, x0)
        x_t, want = alpha * x0 + sigma * z, da * x0 + ds * z
        got = process.velocity(denoiser(x_t, t, batch.given), x_t, t)
        cosine = torch.nn.functional.cosine_similarity(got, want, dim=1, eps=1e-8)
        found = ((got - want) ** 2).flatten(1).mean(1) + self.direction * (1 - cosine).reshape(len(x0), -1).mean(1)
        return (found if batch.weight is None else found * row_like(batch.weight, found)).mean()

    def _at(self, process: GaussianProcess, log_snr: Tensor) -> Tensor:
        return process.time(self.data_std * torch.exp(-log_snr / 2))

    def _check(self) -> None:
        if self.distribution not in ("normal", "logistic") or not (self.scale > 0 and self.data_std > 0):
            raise BadInput(f"snr_density needs distribution normal or logistic, scale > 0 and data_std > 0, got {self}")
