"""Free energy of the logits."""

from __future__ import annotations

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput

from ._logits import Array, log_sum_exp
from ._post_hoc import PostHoc

CARD = Card(
    name="Energy",
    summary="The log-sum-exp of the logits, which is minus their free energy.",
    contract="PostHoc",
    title="Energy-based Out-of-distribution Detection",
    authors=("Liu, Weitang", "Wang, Xiaoyun", "Owens, John D.", "Li, Yixuan"),
    year=2020,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2010.03759",
    reads=("logits",),
    remedy_for=("outliers",),
    advice="Look at the rows whose logits are all small.",
)


class Energy(PostHoc):
    r"""Minus the free energy of the logits :math:`z`.

    .. math:: s(x) = T \log \sum_c e^{z_c(x) / T}

    Parameters
    ----------
    temperature : float
        T > 0.

    Raises
    ------
    BadInput
        For a temperature that is not positive, or activations without logits.

    References
    ----------
    Liu, Wang, Owens and Li (2020), https://arxiv.org/abs/2010.03759

    Examples
    --------
    >>> import numpy as np
    >>> Energy().score_samples(Activations(logits=np.array([[4.0, 0.0], [0.1, 0.0]]))).round(2)
    array([4.02, 0.74])
    """

    card = CARD

    def __init__(self, temperature: float = 1.0) -> None:
        self.temperature = temperature

    def _score(self, block: Activations) -> Array:
        if not self.temperature > 0:
            raise BadInput(f"temperature must be positive, got {self.temperature!r}")
        return self.temperature * log_sum_exp(block.logits / self.temperature)
