"""Neural spline flows: monotone rational-quadratic splines, autoregressive or coupled."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Density
from ecotone.learn.arrays import vectors_only
from ecotone.learn.training import Training

from ._flow import Flow
from ._zuko import Composed, check_sizes, orders

CARD = Card(
    name="NeuralSplineFlow",
    summary="Flow whose layers bend each column by a monotone rational-quadratic spline.",
    contract="Distribution",
    title="Neural Spline Flows",
    authors=("Durkan, Conor", "Bekasov, Artur", "Murray, Iain", "Papamakarios, George"),
    year=2019,
    venue="NeurIPS",
    link="https://arxiv.org/abs/1906.04032",
)


class NeuralSplineFlow(Flow):
    r"""Layers :math:`u_i = s_{\theta_i(x_{<i})}(x_i)` with s a monotone rational-quadratic spline.

    s maps [-bound, bound] onto itself through ``bins`` pieces and is the identity beyond (in standard deviations of the
    data), so the tails are those of the normal base. ``coupling`` conditions one half of the columns on the other
    instead, which samples in one pass.

    Parameters
    ----------
    transforms : int
    hidden : tuple of int
        Widths of the hidden layers of each network.
    bins : int
    bound : float
    kind : {"autoregressive", "coupling"}
    whiten : bool
        Divide out the Cholesky factor of the rows' covariance first: the flow then begins as the normal distribution
        with their covariance, which suits few rows.
    training : Training

    References
    ----------
    Durkan, Bekasov, Murray and Papamakarios (2019), https://arxiv.org/abs/1906.04032

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import NeuralSplineFlow, Training
    >>> x = np.random.default_rng(0).normal(size=(200, 2)) @ [[1, 0.5], [0, 1]]
    >>> model = NeuralSplineFlow(transforms=1, hidden=(16,), training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.sample(3, seed=0).shape, model.log_prob(x[:4]).shape
    ((3, 2), (4,))
    """

    def __init__(
        self,
        transforms: int = 3,
        *,
        hidden: tuple[int, ...] = (128, 128),
        bins: int = 8,
        bound: float = 5.0,
        kind: Literal["autoregressive", "coupling"] = "autoregressive",
        whiten: bool = False,
        training: Training = Training(),
    ) -> None:
        self.transforms, self.hidden, self.bins, self.bound = transforms, hidden, bins, bound
        self.kind, self.whiten, self.training = kind, whiten, training

    _factor: Tensor | None = None

    def _prepare(self, x: Tensor) -> None:
        if self.whiten:
            z = self._encode(x.detach().double().cpu())
            spread = torch.cov(z.T, correction=0).reshape(z.shape[1], -1)
            self._factor = torch.linalg.cholesky(spread + 1e-6 * torch.eye(len(spread)))

    def _module(self, shape: tuple[int, ...], width: int) -> Density:
        from zuko.flows import GeneralCouplingTransform, MaskedAutoregressiveTransform
        from zuko.transforms import MonotonicRQSTransform

        check_sizes("NeuralSplineFlow", self.transforms, self.hidden)
        if self.bins < 2 or not self.bound > 0 or self.kind not in ("autoregressive", "coupling"):
            raise BadInput(
                "NeuralSplineFlow needs bins >= 2, bound > 0 and kind autoregressive or coupling, got "
                f"{self.bins!r}, {self.bound!r} and {self.kind!r}"
            )
        d = vectors_only(shape, "NeuralSplineFlow")
        factor = None
        if self.whiten:  # a saved copy reads its factor after the module is built
            factor = torch.eye(d) if self._factor is None else self._factor
        spline: dict[str, Any] = {
            "univariate": partial(MonotonicRQSTransform, bound=self.bound),
            "shapes": [(self.bins,), (self.bins,), (self.bins - 1,)],
            "hidden_features": self.hidden,
        }
        if self.kind == "autoregressive":
            found = orders(d, self.transforms, self.training.seed)
            return Composed(
                [MaskedAutoregressiveTransform(d, width, order=order, **spline) for order in found], d, factor
            )
        side = torch.arange(d) % 2 == 1
        masks = [side if i % 2 == 0 else ~side for i in range(self.transforms)]
        return Composed([GeneralCouplingTransform(d, width, mask=mask, **spline) for mask in masks], d, factor)
