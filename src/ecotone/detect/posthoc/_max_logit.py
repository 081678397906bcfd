"""The largest logit."""

from __future__ import annotations

from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations

from ._logits import Array
from ._post_hoc import PostHoc

CARD = Card(
    name="MaxLogit",
    summary="The largest logit.",
    contract="PostHoc",
    title="Scaling Out-of-Distribution Detection for Real-World Settings",
    authors=(
        "Hendrycks, Dan",
        "Basart, Steven",
        "Mazeika, Mantas",
        "Zou, Andy",
        "Kwon, Joe",
        "Mostajabi, Mohammadreza",
        "Steinhardt, Jacob",
        "Song, Dawn",
    ),
    year=2022,
    venue="ICML",
    link="https://arxiv.org/abs/1911.11132",
    reads=("logits",),
    remedy_for=("outliers",),
    advice="Look at the rows for which no class has a large logit.",
)


class MaxLogit(PostHoc):
    r"""The largest logit, without the softmax that divides by the other classes' share.

    .. math:: s(x) = \max_c z_c(x)

    Raises
    ------
    BadInput
        For activations without logits.

    References
    ----------
    Hendrycks, Basart, Mazeika, Zou, Kwon, Mostajabi, Steinhardt and Song (2022), https://arxiv.org/abs/1911.11132

    Examples
    --------
    >>> import numpy as np
    >>> MaxLogit().score_samples(Activations(logits=np.array([[4.0, 0.0], [0.1, -1.0]])))
    array([4. , 0.1])
    """

    card = CARD

    def _score(self, block: Activations) -> Array:
        return array_namespace(block.logits).max(block.logits, axis=1)
