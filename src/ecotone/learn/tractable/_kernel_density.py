"""Kernel density estimate with a normal kernel."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Distribution, RowRandom, Standardised
from ecotone.learn.arrays import as_weights, rows

CARD = Card(
    name="KernelDensity",
    summary="Normal kernel on every training row, its width by leave-one-out likelihood.",
    contract="Distribution",
    title="On Estimation of a Probability Density Function and Mode",
    authors=("Parzen, Emanuel",),
    year=1962,
    venue="The Annals of Mathematical Statistics 33(3)",
    link="https://doi.org/10.1214/aoms/1177704472",
)
_PAIRS = 1 << 22  # distances at a time


class KernelDensity(Standardised, Distribution):
    r""":math:`p(x) = \sum_i w_i\, N(x; x_i, h^2 S)` over the training rows.

    S is the diagonal of the covariance, or the whole of it; h maximises the leave-one-out likelihood
    :math:`\sum_i w_i \log \frac{1}{1 - w_i}\sum_{j \ne i} w_j N(x_i; x_j, h^2 S)` on a grid of widths in equal ratios.

    Parameters
    ----------
    shape : {"diagonal", "full"}
    bandwidth : float, optional
        h; found where it is None.
    most : int
        Rows that leave-one-out runs on, at most; the density keeps all.
    random_state : int
        Chooses those rows.

    Attributes
    ----------
    bandwidth_ : float

    References
    ----------
    Parzen (1962), https://doi.org/10.1214/aoms/1177704472; Duin (1976), https://doi.org/10.1109/TC.1976.1674577

    Examples
    --------
    >>> model = KernelDensity(bandwidth=1.0).fit([[-1.0], [1.0]])
    >>> model.log_prob([[0.0]]).round(4)
    array([-1.4189])
    """

    def __init__(
        self,
        shape: Literal["diagonal", "full"] = "diagonal",
        *,
        bandwidth: float | None = None,
        most: int = 2000,
        random_state: int = 0,
    ) -> None:
        self.shape, self.bandwidth, self.most, self.random_state = shape, bandwidth, most, random_state

    def fit(self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> KernelDensity:
        """Keep rows ``X`` ``(n, d)`` and choose the width; ``given`` is refused."""
        x, _ = rows(X, "X")
        if x.ndim != 2:
            raise BadInput(f"X must be (n, d), got {tuple(x.shape)}; flatten the rows")
        if given is not None:
            raise BadInput("KernelDensity takes no given; fit one to the rows of each class")
        if self.shape not in ("diagonal", "full") or (self.bandwidth is not None and not self.bandwidth > 0):
            raise BadInput(
                f"shape must be diagonal or full and bandwidth above 0, got {self.shape!r} and {self.bandwidth!r}"
            )
        weight = as_weights(sample_weight, len(x))
        self.torch_ = isinstance(X, Tensor)
        x = x.detach().double().cpu()
        self._standardise(x)
        z = self._encode(x)
        spread = torch.cov(z.T, correction=0).reshape(z.shape[1], -1)
        spread = torch.eye(len(spread)).to(z) if self.shape == "diagonal" else spread + 1e-9 * torch.eye(len(spread))
        self.factor_ = torch.linalg.cholesky(spread)
        self.rows_ = torch.linalg.solve_triangular(self.factor_, z.T, upper=False).T
        self.log_weight_ = torch.log((torch.ones(len(z)).double() if weight is None else weight) / len(z))
        self.bandwidth_ = float(self.bandwidth) if self.bandwidth is not None else self._chosen()
        self.shape_ = (x.shape[1],)
        return self

    def _chosen(self) -> float:
        n, d = self.rows_.shape
        order = torch.as_tensor(
            torch.randperm(n, generator=torch.Generator().manual_seed(self.random_state))[: self.most]
        )
        grid = torch.logspace(-1.7, 0.3, 41, dtype=torch.float64)
        score = torch.zeros(len(grid), dtype=torch.float64)
        some = max(_PAIRS // n, 1)
        for start in range(0, len(order), some):
            at = order[start : start + some]
            square = torch.cdist(self.rows_[at], self.rows_) ** 2
            square[torch.arange(len(at)), at] = math.inf
            share = torch.exp(self.log_weight_[at])
            for k, h in enumerate(grid):
                log = torch.logsumexp(self.log_weight_ - 0.5 * square / h**2, 1) - torch.log1p(-share.clamp(max=0.999))
                score[k] += (share * (log - d * torch.log(h))).clamp(min=-1e300).sum()
        return float(grid[int(score.argmax())])

    def _log_prob(self, x: Tensor, given: Tensor | None) -> Tensor:
        z = torch.linalg.solve_triangular(self.factor_, self._encode(x.double().cpu()).T, upper=False).T
        some, d = max(_PAIRS // len(self.rows_), 1), len(self.factor_)
        log = torch.cat(
            [
                torch.logsumexp(self.log_weight_ - 0.5 * _squares(part, self.rows_) / self.bandwidth_**2, 1)
                for part in z.split(some)
            ]
        )
        scale = torch.log(torch.diagonal(self.factor_)).sum() + d * math.log(self.bandwidth_)
        return log - scale - 0.5 * d * math.log(2 * math.pi) + self._log_volume((d,))

    def _sample(self, rng: RowRandom, given: Tensor | None) -> Tensor:
        u = rng.uniform().double()
        k = torch.searchsorted(torch.cumsum(torch.exp(self.log_weight_), 0), u.contiguous()).clamp(
            max=len(self.rows_) - 1
        )
        z = self.rows_[k] + self.bandwidth_ * rng.normal(self.shape_).double()
        return self._decode(z @ self.factor_.T)

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body, tensors = super()._state()
        kept = {"rows": self.rows_, "log_weight": self.log_weight_, "factor": self.factor_}
        tensors |= kept | {"centre": self.centre_, "scale": self.scale_}
        return body | {"bandwidth": self.bandwidth_}, tensors

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(body, tensors)
        self.bandwidth_ = body["bandwidth"]
        self.rows_, self.log_weight_, self.factor_ = tensors["rows"], tensors["log_weight"], tensors["factor"]
        self.centre_, self.scale_ = tensors["centre"], tensors["scale"]


def _squares(x: Tensor, y: Tensor) -> Tensor:
    """(n, m) squared distances, with a gradient where they are 0."""
    return ((x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T).clamp(min=0)
