"""The denoising objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Batch
from ecotone.learn.arrays import row_like

CARD = Card(
    name="Denoising",
    summary="Weighted squared error of the denoised row.",
    contract="Loss",
    title="Elucidating the Design Space of Diffusion-Based Generative Models",
    authors=("Karras, Tero", "Aittala, Miika", "Aila, Timo", "Laine, Samuli"),
    year=2022,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2206.00364",
)

Target = Literal["edm", "x0", "noise", "velocity"]


@dataclass(frozen=True)
class Denoising:
    r"""Denoising score matching: the mean :math:`E\,w_t\lVert \hat x_0(x_t, t) - x_0 \rVert^2` over t and rows.

    ``target`` says of which statistic the plain squared error is taken; each is a weight on that of :math:`x_0`, with
    :math:`r = \sigma_t/\alpha_t`:

    ========== =========================================== ==========================================
    target     weight                                      times
    ========== =========================================== ==========================================
    edm        :math:`(r^2 + s^2)/(r s)^2`                 :math:`\ln r \sim N(\text{mean}, \text{std}^2)`
    x0         1                                           uniform on [t_min, t_max]
    noise      :math:`1/r^2`                               uniform
    velocity   :math:`(\dot\alpha - \dot\sigma/r)^2`       uniform
    ========== =========================================== ==========================================

    Parameters
    ----------
    target : {"edm", "x0", "noise", "velocity"}
    mean, std : float
        Of the log of the ratio, for ``"edm"``.
    data_std : float
        s, for ``"edm"``.

    References
    ----------
    Vincent (2011), https://doi.org/10.1162/NECO_a_00142; Karras, Aittala, Aila and Laine (2022),
    https://arxiv.org/abs/2206.00364, table 1

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import Batch, GaussianMixture, RowRandom
    >>> from ecotone.learn.processes import EDMProcess
    >>> exact = GaussianMixture.random(dim=2, components=3, seed=0)
    >>> x = torch.as_tensor(exact.sample(1000, seed=1))
    >>> batch = Batch(x, None, None, RowRandom(2, 1000))
    >>> float(Denoising()(exact.denoiser(EDMProcess()), batch)) > 0
    True
    """

    target: Target = "edm"
    mean: float = -1.2
    std: float = 1.2
    data_std: float = 0.5

    def __call__(self, denoiser: Any, batch: Batch) -> Tensor:
        """The mean weighted loss of a batch; ``denoiser.process`` is an interpolation."""
        process, x0 = denoiser.process.conditioned(batch.given), batch.x
        t = self.times(process, batch)
        weight = row_like(self._weight(process, t), x0)
        x_t = process.perturb(x0, t, batch.rng)
        error = weight * (denoiser(x_t, t, batch.given).x0 - x0) ** 2
        rows = error.flatten(1).mean(1)
        return (rows if batch.weight is None else rows * batch.weight.to(rows)).mean()

    def times(self, process: Any, batch: Batch) -> Tensor:
        """(n,) float64 times at which the rows are perturbed."""
        if self.target == "edm":
            z = batch.rng.normal().double()
            return torch.as_tensor(process.time(torch.exp(self.mean + self.std * z)))
        low = max(process.t_min, 1e-5)
        return low + (process.t_max - low) * batch.rng.uniform().double()

    def _weight(self, process: Any, t: Tensor) -> Tensor:
        if self.target == "x0":
            return torch.ones_like(t)
        ratio = process.ratio(t)
        if self.target == "edm":
            return (ratio**2 + self.data_std**2) / (ratio * self.data_std) ** 2
        if self.target == "noise":
            return 1 / ratio**2
        if self.target == "velocity":
            return (process.alpha_rate(t) - process.sigma_rate(t) / ratio) ** 2
        raise BadInput(f"target must be edm, x0, noise or velocity, got {self.target!r}")
