"""The exact denoiser of a mixture of normal laws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ecotone.learn import Prediction
from ecotone.learn.processes import GaussianProcess

if TYPE_CHECKING:
    from ._gaussian_mixture import GaussianMixture


class MixtureDenoiser:
    r""":math:`E[x_0 | x_t]` in closed form.

    Under component k, :math:`x_t \sim N(\alpha\mu_k, \alpha^2\Sigma_k + \sigma^2 I)` and :math:`x_0 | x_t` is normal
    with mean :math:`\mu_k + \alpha\Sigma_k(\alpha^2\Sigma_k + \sigma^2 I)^{-1}(x_t - \alpha\mu_k)`, computed in the
    eigenbasis of :math:`\Sigma_k`, so that every row may have its own time.
    """

    def __init__(self, mixture: GaussianMixture, process: GaussianProcess) -> None:
        self.mixture, self.process = mixture, process
        self.shape = mixture.shape_

    def __call__(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        share, means, _ = self.posterior(x_t, t, given)
        return Prediction((share[:, :, None] * means).sum(1).to(x_t))

    def posterior(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Of x_0 given x_t: shares ``(n, k)``, means ``(n, k, d)``, variances ``(n, k, d)`` in each eigenbasis."""
        m, x = self.mixture, x_t.double()
        alpha, sigma = (c.reshape(-1, 1, 1) for c in self.process.coefficients(t, x))
        spread = alpha**2 * m.eigenvalues_ + sigma**2
        y = torch.einsum("nkd,kde->nke", x[:, None, :] - alpha * m.means_, m.eigenvectors_)
        log = -0.5 * (y**2 / spread + torch.log(spread)).sum(-1)
        share = torch.softmax(m._log_weights(given, len(x)) + log, dim=1)
        back = torch.einsum("nke,kde->nkd", alpha * m.eigenvalues_ / spread * y, m.eigenvectors_)
        variances = (m.eigenvalues_ * sigma**2 / spread).expand(len(x), -1, -1)
        return share, m.means_ + back, variances
