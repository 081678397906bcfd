"""Smaller noise predictions against exposure bias."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Prediction, RowRandom, Schedule
from ecotone.learn.arrays import row_like, rows

from ._process_denoiser import ProcessDenoiser

CARD = Card(
    name="epsilon_scaling",
    summary="Divides a denoiser's noise prediction by a factor, against the drift of sampled rows from noised rows.",
    contract="DenoiserTransform",
    title="Elucidating the Exposure Bias in Diffusion Models",
    authors=("Ning, Mang", "Li, Mingxiao", "Su, Jianlin", "Salah, Albert Ali", "Ertugrul, Itir Onal"),
    year=2024,
    venue="ICLR",
    link="https://arxiv.org/abs/2308.15321",
    row=532,
    reads=("denoiser",),
    tier="experimental",
    claim="With the factor chosen on a small grid, samples of an undertrained digits network are nearer to the data "
    "than without.",
)

Scale = float | Callable[[Tensor], Tensor]


def epsilon_scaling(denoiser: ProcessDenoiser, scale: Scale = 1.005) -> ScaledDenoiser:
    r"""Divide the predicted noise by :math:`\lambda_t`.

    While sampling, a network sees rows that its own earlier errors made, and predicts more noise there than on rows
    noised from data (exposure bias). Dividing by :math:`\lambda_t \ge 1` before anything else uses the prediction,

    .. math:: \hat x_0 \leftarrow \frac{1}{\alpha_t}\left(x_t - \sigma_t \frac{\hat z}{\lambda_t}\right),

    counters it without training. The best factor is nearer 1 the more steps there are; it belongs to one sampler and
    schedule. :func:`fit_epsilon_scaling` measures it; the authors choose a constant from a small grid (1.0006 to
    1.017).

    Parameters
    ----------
    denoiser : Denoiser
        With its ``process``, a Gaussian one.
    scale : float or callable
        A positive number, or ``lambda(t)`` for a float64 tensor of times. 1 leaves the prediction as it is, bit by
        bit.

    Raises
    ------
    BadInput
        For a number that is not positive.

    References
    ----------
    Ning, Li, Su, Salah and Ertugrul (2024), https://arxiv.org/abs/2308.15321

    Examples
    --------
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.processes import VP
    >>> exact, process = GaussianMixture.random(dim=2, components=3, seed=0), VP()
    >>> plain, x = exact.denoiser(process), torch.ones(1, 2, dtype=torch.float64)
    >>> less = process.noise(epsilon_scaling(plain, 1.25)(x, 0.5), x, 0.5)
    >>> torch.allclose(less, process.noise(plain(x, 0.5), x, 0.5) / 1.25)
    True
    """
    if not callable(scale) and not 0 < scale < float("inf"):
        raise BadInput(f"scale divides the noise and must be positive, got {scale!r}; 1 changes nothing")
    return ScaledDenoiser(denoiser, scale)


class ScaledDenoiser:
    """What :func:`epsilon_scaling` returns."""

    def __init__(self, denoiser: ProcessDenoiser, scale: Scale) -> None:
        self.denoiser, self.scale, self.shape = denoiser, scale, tuple(denoiser.shape)
        self.process: Any = denoiser.process

    def __call__(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        """The prediction for rows ``(n, *shape)`` at ``t``, with less noise."""
        at = torch.as_tensor(t, dtype=torch.float64)
        factor = self.scale(at) if callable(self.scale) else self.scale
        return _divided(self.process, self.denoiser(x_t, t, given), x_t, t, factor)


def fit_epsilon_scaling(
    denoiser: ProcessDenoiser,
    x: Any,
    sampler: Any,
    schedule: Schedule,
    *,
    given: Tensor | None = None,
    least: float = 1.0,
    seed: int = 0,
) -> ScaledDenoiser:
    r"""Measure :math:`\lambda_t` on one run of a sampler without scaling, and scale by it.

    Let :math:`r_i` be the mean norm of the noise predicted for the sampled rows at time i, over that predicted for rows
    ``x`` noised to the same time. What a step adds to it is undone:

    .. math:: \lambda_i = \max(r_i / r_{i-1}, \text{least}), \qquad \lambda_0 = 1 .

    The product of the factors is the whole drift. (To match the norms at each call with the factors acting is
    unstable: less noise removed leaves rows on which more is predicted.) Between measured times the factor is
    interpolated.

    Parameters
    ----------
    denoiser : Denoiser
    x : (n, ...) array
        Rows of the data, on the denoiser's scale.
    sampler : Sampler
    schedule : Schedule
    given : Tensor, optional
        Encoded condition of each row.
    least : float
        Smallest factor. Steps that are too large alone bring factors below 1, which are not exposure bias.
    seed : int

    Returns
    -------
    ScaledDenoiser
        Its ``scale`` has ``times`` and ``factors``.
    """
    x, _ = rows(x, "x", tuple(denoiser.shape))
    process = denoiser.process
    ratios: dict[float, float] = {}

    def measured(x_t: Tensor, t: Tensor | float, conditioned: Tensor | None) -> Prediction:
        found, at = denoiser(x_t, t, conditioned), float(t)
        if at not in ratios:
            noised = process.perturb(x, at, RowRandom(seed + 1, len(x), device=x.device))
            usual = _norm(process.noise(denoiser(noised, at, given), noised, at))
            ratios[at] = _norm(process.noise(found, x_t, t)) / usual if usual > 0 else 1.0
        return found

    with torch.no_grad():
        fitting = _Called(measured, tuple(denoiser.shape))
        sampler.sample(fitting, process, RowRandom(seed, len(x), device=x.device), schedule, given=given)
    times = sorted(ratios)
    before = [*(ratios[t] for t in times[1:]), ratios[times[-1]]]  # of the step before each; the first has none
    factors = tuple(max(ratios[t] / r, least) for t, r in zip(times, before, strict=True))
    return epsilon_scaling(denoiser, Factors(tuple(times), factors))


class Factors:
    """Factors by time, linear between."""

    def __init__(self, times: tuple[float, ...], factors: tuple[float, ...]) -> None:
        self.times, self.factors = times, factors

    def __call__(self, t: Tensor) -> Tensor:
        return torch.as_tensor(np.interp(t.cpu().numpy(), self.times, self.factors), dtype=torch.float64)


class _Called:
    def __init__(self, call: Callable[[Tensor, Tensor | float, Tensor | None], Prediction], shape: Any) -> None:
        self._call, self.shape = call, shape

    def __call__(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        return self._call(x_t, t, given)


def _divided(process: Any, found: Prediction, x_t: Tensor, t: Tensor | float, factor: Tensor | float) -> Prediction:
    by = row_like(factor, x_t)
    noise = process.noise(found, x_t, t) / by
    less: Tensor = torch.where(by == 1, found.x0, process.from_noise(noise, x_t, t).x0)
    return Prediction(less, None if found.noise is None else noise)


def _norm(noise: Tensor) -> float:
    return float(noise.double().flatten(1).norm(dim=1).mean())
