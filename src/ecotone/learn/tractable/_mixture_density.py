"""The density of a mixture of normal distributions whose parameters are known, and rows drawn from it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.learn import Distribution, RowRandom
from ecotone.learn.arrays import rows


class MixtureDensity(Distribution):
    """Weights, means and covariances, in their eigenbases, in float64; how they come about is the subclass's."""

    classes_: Tensor | None = None

    def _set(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        covariances = (covariances + covariances.mT) / 2
        values, vectors = torch.linalg.eigh(covariances)
        if bool((values[:, 0] <= 0).any()):
            k = int((values[:, 0] <= 0).nonzero()[0])
            raise BadInput(
                f"covariance {k} is not positive definite: its smallest eigenvalue is {float(values[k, 0]):g}"
            )
        self.weights_, self.means_, self.covariances_ = weights, means, covariances
        self.eigenvalues_, self.eigenvectors_ = values, vectors
        self.shape_ = (means.shape[1],)

    def _log_weights(self, given: Tensor | None, n: int) -> Tensor:
        """(n, k) log weight of each component for each row, under its class."""
        log = torch.log(self.weights_).expand(n, -1)
        if given is None or self.classes_ is None:
            return log
        own = (self.classes_[None, :] == given[:, None]) | (given[:, None] < 0)
        return torch.log_softmax(torch.where(own, log, torch.full_like(log, -math.inf)), dim=1)

    def _component_log_prob(self, x: Tensor) -> Tensor:
        """(n, k) log-density of each component."""
        y = torch.einsum("nkd,kde->nke", x[:, None, :] - self.means_, self.eigenvectors_)
        quadratic = (y**2 / self.eigenvalues_).sum(-1) + torch.log(self.eigenvalues_).sum(-1)
        return -0.5 * quadratic - 0.5 * x.shape[1] * math.log(2 * math.pi)

    def _log_prob(self, x: Tensor, given: Tensor | None) -> Tensor:
        x = x.double().cpu()
        return torch.logsumexp(self._log_weights(given, len(x)) + self._component_log_prob(x), dim=1)

    def responsibilities(self, x: Any, *, given: Any = None) -> Any:
        """(n, k) probability of each component given the row."""
        x, back = rows(x, "x", self.shape_)
        return back(
            torch.softmax(
                self._log_weights(self._given(given, len(x)), len(x)) + self._component_log_prob(x.double()), 1
            )
        )

    def _sample(self, rng: RowRandom, given: Tensor | None) -> Tensor:
        k = rng.categorical(self._log_weights(given, len(rng)))
        z = rng.normal(self.shape_) * torch.sqrt(self.eigenvalues_[k])
        return self.means_[k] + torch.einsum("nde,ne->nd", self.eigenvectors_[k], z)

    def mean(self) -> Tensor:
        """(d,) the mean."""
        return self.weights_ @ self.means_

    def covariance(self) -> Tensor:
        """(d, d) the covariance."""
        off = self.means_ - self.mean()
        return torch.einsum("k,kij->ij", self.weights_, self.covariances_ + off[:, :, None] * off[:, None, :])

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body, tensors = super()._state()
        tensors |= {"weights": self.weights_, "means": self.means_, "covariances": self.covariances_}
        return body, tensors | ({} if self.classes_ is None else {"classes": self.classes_})

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(body, tensors)
        self.classes_ = tensors.get("classes")
        self._set(tensors["weights"], tensors["means"], tensors["covariances"])
