"""NADE: a density as a product of conditionals by one network that shares its hidden units."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Batch, Density, Likelihood
from ecotone.learn.arrays import vectors_only
from ecotone.learn.training import Training

from ._nade_modules import Orderless, Recursive

CARD = Card(
    name="NADE",
    summary="Product of conditionals of binary or real columns, in one order or averaged over orders.",
    contract="Distribution",
    title="Neural Autoregressive Distribution Estimation",
    authors=("Uria, Benigno", "Côté, Marc-Alexandre", "Gregor, Karol", "Murray, Iain", "Larochelle, Hugo"),
    year=2016,
    venue="Journal of Machine Learning Research 17",
    link="https://arxiv.org/abs/1605.02226",
    row=472,
    claim="Binarised digits are more likely under NADE than under a mixture of Bernoullis and a Chow-Liu tree.",
)


class NADE(Likelihood):
    r""":math:`p(x) = \prod_d p(x_d \mid x_{<d})` with :math:`a_{d+1} = a_d + W_d x_d` shared by all conditionals.

    Binary columns have :math:`p(x_d = 1 \mid x_{<d}) = \mathrm{sigmoid}(V_d^\top h_d + b_d)`, :math:`h_d =
    \mathrm{sigmoid}(a_d)`, and the log-density is with respect to counting measure; real columns (RNADE) have a mixture
    of ``components`` normal distributions, :math:`h_d = \mathrm{relu}(\rho_d a_d)`, with respect to Lebesgue measure.

    With ``orders`` = 0 there is one order, that of the columns. With ``orders`` > 0 one deep network takes any subset
    of columns and a mask of it, is trained on random subsets with loss :math:`\frac{D}{D-D_0}\sum_{\text{unseen}}
    -\log p(x_i \mid x \odot m)`, and the density is the mean over that many fixed random orders: each order is
    normalised, and so is their mixture, but different orders are different laws. The convolutional version for images
    is not part of this class.

    Parameters
    ----------
    kind : {"binary", "real"}
        Binary rows hold 0 and 1 only.
    hidden : int
    components : int
        Of each real conditional.
    orders : int
    depth : int
        Hidden layers of the network for any order.
    training : Training

    References
    ----------
    Uria, Côté, Gregor, Murray and Larochelle (2016), https://arxiv.org/abs/1605.02226

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import NADE, Training
    >>> x = np.random.default_rng(0).integers(0, 2, (200, 3))
    >>> model = NADE("binary", hidden=8, training=Training(steps=20, eval_every=10)).fit(x)
    >>> states = (np.arange(8)[:, None] >> np.arange(3)) & 1
    >>> round(float(np.exp(model.log_prob(states)).sum()), 4)
    1.0
    """

    def __init__(
        self,
        kind: Literal["binary", "real"] = "real",
        *,
        hidden: int = 128,
        components: int = 10,
        orders: int = 0,
        depth: int = 2,
        training: Training = Training(),
    ) -> None:
        self.kind, self.hidden, self.components, self.orders, self.depth = kind, hidden, components, orders, depth
        self.training = training

    def _module(self, shape: tuple[int, ...], width: int) -> Density:
        if self.kind not in ("binary", "real") or min(self.hidden, self.components, self.depth, self.orders + 1) < 1:
            raise BadInput(
                "NADE needs kind binary or real, hidden, components and depth >= 1 and orders >= 0, got "
                f"{self.kind!r}, {self.hidden!r}, {self.components!r}, {self.depth!r} and {self.orders!r}"
            )
        d, mixture = vectors_only(shape, "NADE"), self.components if self.kind == "real" else 0
        if self.orders:
            return Orderless(d, self.hidden, self.depth, mixture, width, self.orders)
        return Recursive(d, self.hidden, mixture, width)

    def _standardise(self, x: Tensor, std: float = 1.0) -> None:
        if self.kind == "real":
            super()._standardise(x, std)
            return
        self._binary(x, "X")
        self.centre_, self.scale_ = torch.zeros(x.shape[1:]).double(), torch.ones(x.shape[1:]).double()

    def _log_prob(self, x: Tensor, given: Tensor | None) -> Tensor:
        if self.kind == "binary":
            self._binary(x, "x")
        return super()._log_prob(x, given)

    def _binary(self, x: Tensor, name: str) -> None:
        other = (x != 0) & (x != 1)
        if bool(other.any()):
            row, *place = (int(i) for i in other.nonzero()[0])
            raise BadInput(
                f"{name} has {float(x[(row, *place)]):g} at row {row}, column {place[0]}: binary rows hold 0 and 1 "
                "only; use kind='real'"
            )

    def _loss(self, module: Any, batch: Batch) -> Tensor:
        if isinstance(module, Recursive):
            return super()._loss(module, batch)
        loss = module.subset_loss(batch.x, batch.rng, self._vector(batch.given, batch.x))
        return (loss if batch.weight is None else loss * batch.weight.to(loss)).mean()
