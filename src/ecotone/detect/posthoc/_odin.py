"""Softmax at a high temperature after a step of the input towards its class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, as_numpy

from ._logits import Array
from ._msp import log_top_probability
from ._post_hoc import PostHoc, double
from ._second_pass import second_pass, settled, uphill

CARD = Card(
    name="ODIN",
    summary="Largest softmax probability at a high temperature, after a small step of the input that raises it.",
    contract="PostHoc",
    title="Enhancing The Reliability of Out-of-distribution Image Detection in Neural Networks",
    authors=("Liang, Shiyu", "Li, Yixuan", "Srikant, R."),
    year=2018,
    venue="ICLR",
    link="https://arxiv.org/abs/1706.02690",
    row=117,
    reads=("inputs", "gradient"),
    remedy_for=("outliers",),
    advice="Look at the rows whose class a small step of the input does not make more probable.",
    claim="Mean FPR95 over several outside sets is below that of the largest softmax probability.",
)


class ODIN(PostHoc):
    r"""Temperature and input preprocessing.

    .. math:: s(x) = \log \max_c S_c(\tilde x; T), \qquad
              \tilde x = x + \frac{\epsilon}{\sigma} \operatorname{sign} \nabla_x \log \max_c S_c(x; T), \qquad
              S(x; T) = \mathrm{softmax}(z(x) / T)

    in logarithms and double precision, since at T = 1000 every probability is about 1/C. Inputs are not clipped, and
    one whose gradient is exactly 0 stays (the authors' program moves it down). Two passes and one gradient a row; with
    ``eps=0`` the logits suffice and the network is not run.

    Parameters
    ----------
    temperature : float
        T > 0; the paper's 1000.
    eps : float or sequence of floats
        :math:`\epsilon \ge 0`. Of several, ``fit`` takes the one with the largest mean score over the reference, the
        rule of Hsu et al.; the paper chooses on data from outside.
    std : float or sequence of one float a channel, optional
        :math:`\sigma`, by which inputs were divided before they entered the module. With it :math:`\epsilon` is in the
        units before, as the paper's (pixels in [0, 1]); without, in those that enter the module. Networks that take
        pixels in [0, 1] need none.

    Attributes
    ----------
    eps_ : float

    Raises
    ------
    BadInput
        For a temperature that is not positive, a negative eps, or a std that does not fit the inputs' second axis.

    References
    ----------
    Liang, Li and Srikant (2018), https://arxiv.org/abs/1706.02690; Hsu, Shen, Jin and Kira (2020),
    https://arxiv.org/abs/2002.11297

    Examples
    --------
    >>> acts = Activations(logits=np.array([[4.0, 0.0], [0.1, 0.0]]))
    >>> ODIN(temperature=1.0, eps=0.0).fit(acts).score_samples(acts).round(3)
    array([-0.018, -0.644])
    """

    card = CARD

    def __init__(
        self,
        temperature: float = 1000.0,
        eps: float | Sequence[float] = 0.0014,
        std: float | Sequence[float] | None = None,
    ) -> None:
        self.temperature = temperature
        self.eps = eps
        self.std = std

    def reads(self) -> frozenset[str]:
        """Logits without a step, else inputs and gradient."""
        return frozenset({"inputs", "gradient"} if np.max(self.eps, initial=0) > 0 else {"logits"})

    def _fit(self, activations: Activations) -> None:
        grid = np.atleast_1d(np.asarray(self.eps, dtype=float))
        if grid.ndim > 1 or not len(grid) or not (np.isfinite(grid).all() and (grid >= 0).all()):
            raise BadInput(f"eps must be at least 0, one number or several, got {self.eps!r}")
        total = np.zeros(len(grid))
        for block in activations.blocks(self.block_rows) if len(grid) > 1 else ():
            total += as_numpy(self._after(block, grid.tolist())).sum(0)
        self.eps_ = float(grid[total.argmax()])

    def _score(self, block: Activations) -> Array:
        if "logits" in self.reads():
            return log_top_probability(block.logits, self.temperature)
        return self._after(block, [self.eps_])[:, 0]

    def _after(self, block: Activations, grid: Sequence[float]) -> Array:
        """Scores ``(m, len(grid))`` after steps of several lengths along one gradient."""
        import torch

        def confidence(acts: Activations) -> Any:
            return log_top_probability(double(acts.logits), self.temperature)

        def after(acts: Activations) -> Any:
            rises = self.temperature * confidence(acts)  # else half precision loses a gradient that is divided by T
            direction = uphill(acts.inputs, rises, self.std)
            moved = (acts.inputs.detach() + eps * direction for eps in grid)
            return torch.stack([confidence(settled(block.network, x)) for x in moved], 1)

        return second_pass(block, after)
