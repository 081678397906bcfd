"""FFJORD: a flow along a differential equation of free form."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Batch, Density
from ecotone.learn.arrays import vectors_only
from ecotone.learn.training import Training

from ._continuous import Continuous
from ._flow import Flow

CARD = Card(
    name="FFJORD",
    summary="Flow along a learned differential equation, trained on an unbiased estimate of its log-density.",
    contract="Distribution",
    title="FFJORD: Free-form Continuous Dynamics for Scalable Reversible Generative Models",
    authors=(
        "Grathwohl, Will",
        "Chen, Ricky T. Q.",
        "Bettencourt, Jesse",
        "Sutskever, Ilya",
        "Duvenaud, David",
    ),
    year=2019,
    venue="ICLR",
    link="https://arxiv.org/abs/1810.01367",
    row=505,
    tier="experimental",
    claim="On a checkerboard FFJORD is more likely than RealNVP with as many numbers.",
)


class FFJORD(Flow):
    r""":math:`\dot z = f_\theta(z, t)` carries a row from t = 0 to noise at t = 1.

    :math:`\log p(x) = \log N(z(1); 0, I) + \int_0^1 \mathrm{tr}(\partial f/\partial z)\,dt`. Training replaces the
    trace by :math:`\epsilon^\top (\partial f/\partial z)\,\epsilon` with one :math:`\epsilon` held through each solve,
    which is unbiased for the log-density, and takes gradients by the adjoint equation; :meth:`log_prob` uses the exact
    trace, at one product for each column. The solver is Dormand and Prince's, of order 5, with adaptive steps that all
    rows of a batch share: draws in batches of another size differ by the tolerance.

    Parameters
    ----------
    hidden : tuple of int
        Widths of the hidden layers, each with a gate and a shift by time.
    trace : {"hutchinson", "exact"}
        In training.
    probe : {"normal", "signs"}
        Distribution of :math:`\epsilon`.
    rtol, atol : float
        Of the solver. Gradients by the adjoint equation err as the solution does.
    training : Training

    References
    ----------
    Grathwohl, Chen, Bettencourt, Sutskever and Duvenaud (2019), https://arxiv.org/abs/1810.01367

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import FFJORD, Training
    >>> x = np.random.default_rng(0).normal(size=(100, 2)) @ [[1, 0.5], [0, 1]]
    >>> short = Training(steps=4, batch_size=32, eval_every=4)
    >>> model = FFJORD(hidden=(8,), rtol=1e-3, atol=1e-3, training=short).fit(x)
    >>> model.sample(3, seed=0).shape, model.log_prob(x[:4]).shape
    ((3, 2), (4,))
    """

    def __init__(
        self,
        hidden: tuple[int, ...] = (64, 64),
        *,
        trace: Literal["hutchinson", "exact"] = "hutchinson",
        probe: Literal["normal", "signs"] = "normal",
        rtol: float = 1e-5,
        atol: float = 1e-5,
        training: Training = Training(),
    ) -> None:
        self.hidden, self.trace, self.probe, self.rtol, self.atol = hidden, trace, probe, rtol, atol
        self.training = training

    def _module(self, shape: tuple[int, ...], width: int) -> Density:
        if self.trace not in ("hutchinson", "exact") or self.probe not in ("normal", "signs"):
            raise BadInput(
                f"trace must be hutchinson or exact and probe normal or signs, got {self.trace!r} and {self.probe!r}"
            )
        if not self.rtol > 0 or not self.atol > 0:
            raise BadInput(f"rtol and atol must be above 0, got {self.rtol!r} and {self.atol!r}")
        return Continuous(vectors_only(shape, "FFJORD"), self.hidden, width, self.rtol, self.atol)

    def _loss(self, module: Any, batch: Batch) -> Tensor:
        probe = None
        if self.trace == "hutchinson":
            probe = batch.rng.normal(tuple(batch.x.shape[1:])).to(batch.x)
            probe = torch.sign(probe) if self.probe == "signs" else probe
        log = module.estimate(batch.x, self._vector(batch.given, batch.x), probe)
        return -(log if batch.weight is None else log * batch.weight.to(log)).mean()
