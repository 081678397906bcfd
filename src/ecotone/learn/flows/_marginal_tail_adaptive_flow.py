"""Flows whose base has the tails of the columns, and whose layers keep light columns light."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Density
from ecotone.learn.arrays import vectors_only
from ecotone.learn.training import Training

from ._flow import Flow
from ._tail_index import tail_index
from ._tail_layers import TailAdaptive

CARD = Card(
    name="MarginalTailAdaptiveFlow",
    summary="Flow with a normal or Student base for each column, by its estimated tail.",
    contract="Distribution",
    title="Marginal Tail-Adaptive Normalizing Flows",
    authors=("Laszkiewicz, Mike", "Lederer, Johannes", "Fischer, Asja"),
    year=2022,
    venue="ICML",
    link="https://arxiv.org/abs/2206.10311",
    row=482,
    claim="Tail quantiles are nearer with marginal tails than with a normal base and than with a Student base for all.",
)


class MarginalTailAdaptiveFlow(Flow):
    r"""Autoregressive flow from rows to independent columns: normal where the tail is light, Student elsewhere.

    The tail index :math:`\nu = 1/\xi` of each column's absolute value is Hill's estimate; a column is light where the
    moment estimate of :math:`\xi` is not above 0 or the index is above 10, both with extremes chosen by the double
    bootstrap. Light columns come first; autoregressive layers in this order alternate with
    :math:`W = \begin{pmatrix} W_1 & 0 \\ W_2 & W_3 \end{pmatrix}`, so that a light column never depends on a heavy one.
    Heavy columns mix with each other: only the kind of a tail is kept, not each column's index.

    The paper decides by a kernel estimate of :math:`\xi` besides the moment estimate, on held-out rows; here it is the
    moment estimate on all rows.

    Parameters
    ----------
    transforms : int
    hidden : tuple of int
    kind : {"spline", "affine"}
        Splines have 3 bins on [-3, 3].
    base : {"marginal", "student", "shared", "normal"}
        ``"marginal"`` is the method; the others, for comparison, are a Student distribution of its own for every column
        (from 10 degrees of freedom), one shared one (from 50), or a normal distribution.
    fixed : bool
        Keep the degrees of freedom at their start instead of training them.
    training : Training

    Attributes
    ----------
    tail_index_ : (d,) float64 Tensor
        Estimated by column, infinite for light tails; the degrees of freedom that training starts from.

    References
    ----------
    Laszkiewicz, Lederer and Fischer (2022), https://arxiv.org/abs/2206.10311

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import MarginalTailAdaptiveFlow, Training
    >>> rng = np.random.default_rng(0)
    >>> x = np.column_stack([rng.normal(size=2000), rng.standard_t(2, 2000)])
    >>> model = MarginalTailAdaptiveFlow(hidden=(8,), training=Training(steps=20, eval_every=10)).fit(x)
    >>> model.tail_index_.isinf().tolist()
    [True, False]
    """

    tail_index_: Tensor

    def __init__(
        self,
        transforms: int = 3,
        *,
        hidden: tuple[int, ...] = (64, 64),
        kind: Literal["spline", "affine"] = "spline",
        base: Literal["marginal", "student", "shared", "normal"] = "marginal",
        fixed: bool = False,
        training: Training = Training(),
    ) -> None:
        self.transforms, self.hidden, self.kind, self.base = transforms, hidden, kind, base
        self.fixed, self.training = fixed, training

    def _prepare(self, x: Tensor) -> None:
        if self.kind not in ("spline", "affine") or self.transforms < 1:
            raise BadInput(
                f"transforms must be at least 1 and kind spline or affine, got {self.transforms!r} and {self.kind!r}"
            )
        start = {"student": 10.0, "shared": 50.0, "normal": torch.inf}
        if self.base not in ("marginal", *start):
            raise BadInput(f"base must be marginal, student, shared or normal, got {self.base!r}")
        d = vectors_only(tuple(x.shape[1:]), "MarginalTailAdaptiveFlow")
        if self.base == "marginal":
            z = self._encode(x.detach().double().cpu()).numpy()
            found = [tail_index(z[:, j], seed=self.training.seed) for j in range(d)]
            self.tail_index_ = torch.tensor(found, dtype=torch.float64)
        else:
            self.tail_index_ = torch.full((d,), start[self.base], dtype=torch.float64)

    def _module(self, shape: tuple[int, ...], width: int) -> Density:
        return TailAdaptive(
            self.tail_index_, self.transforms, self.hidden, self.kind == "spline", width,
            fixed=self.fixed, shared=self.base == "shared",
        )  # fmt: skip

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body, tensors = super()._state()
        return body, tensors | {"tail_index": self.tail_index_}

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.tail_index_ = tensors["tail_index"]
        super()._restore(body, tensors)
