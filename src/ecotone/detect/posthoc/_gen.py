"""Generalised entropy of the largest probabilities."""

from __future__ import annotations

from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput

from ._logits import Array, log_sum_exp
from ._post_hoc import PostHoc

CARD = Card(
    name="GEN",
    summary="Minus a generalised entropy of the largest softmax probabilities.",
    contract="PostHoc",
    title="GEN: Pushing the Limits of Softmax-Based Out-of-Distribution Detection",
    authors=("Liu, Xixi", "Lochman, Yaroslava", "Zach, Christopher"),
    year=2023,
    venue="CVPR",
    link="https://github.com/XixiLiu95/GEN",
    reads=("logits",),
    remedy_for=("outliers",),
    advice="Look at the rows where several classes share the probability.",
)


class GEN(PostHoc):
    r"""Minus the generalised entropy of the M largest softmax probabilities.

    .. math:: s(x) = -\sum_{c=1}^{M} p_{(c)}^\gamma \, (1 - p_{(c)})^\gamma

    with :math:`p_{(1)} \ge p_{(2)} \ge \dots`. Probabilities are not clamped: a small :math:`\gamma` magnifies what is
    left between :math:`p_{(1)}` and 1, so :math:`1 - p` is computed from the logits of the other classes, which keeps
    it where the difference rounds to 0.

    Parameters
    ----------
    gamma : float
        In (0, 1]; the paper's 0.1. At 1 and without M it is :math:`\sum p^2 - 1`.
    m : int, optional
        How many probabilities; the paper's 100 of ImageNet's 1000 classes. All where there are fewer, or for None.

    Raises
    ------
    BadInput
        For a gamma outside (0, 1], an m below 1, or a single class.

    References
    ----------
    Liu, Lochman and Zach (2023), CVPR, https://github.com/XixiLiu95/GEN

    Examples
    --------
    >>> import numpy as np
    >>> GEN(gamma=1.0).score_samples(Activations(logits=np.array([[40.0, 0.0], [0.0, 0.0]]))).round(3)
    array([-0. , -0.5])
    """

    card = CARD

    def __init__(self, gamma: float = 0.1, m: int | None = 100) -> None:
        self.gamma = gamma
        self.m = m

    def _score(self, block: Activations) -> Array:
        if not 0 < self.gamma <= 1:
            raise BadInput(f"gamma must lie in (0, 1], got {self.gamma!r}")
        if self.m is not None and self.m < 1:
            raise BadInput(f"m must be at least 1, got {self.m!r}; None takes every class")
        if block.logits.shape[1] < 2:
            raise BadInput("GEN needs two classes or more; the logits have one")
        xp = array_namespace(block.logits)
        z = xp.sort(block.logits, axis=1)
        total = log_sum_exp(z)[:, None]
        others = log_sum_exp(z[:, :-1])[:, None]  # all but the largest
        log_p = z[:, -(self.m or z.shape[1]) :] - total
        log_rest = xp.concat([xp.log1p(-xp.exp(log_p[:, :-1])), others - total], axis=1)
        return -xp.sum(xp.exp(self.gamma * (log_p + log_rest)), axis=1)
