"""Entropy of the softmax."""

from __future__ import annotations

from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations

from ._logits import Array, log_softmax
from ._post_hoc import PostHoc

CARD = Card(
    name="Entropy",
    summary="Minus the entropy of the softmax probabilities.",
    contract="PostHoc",
    title="A Mathematical Theory of Communication",
    authors=("Shannon, Claude E.",),
    year=1948,
    venue="Bell System Technical Journal",
    link="https://doi.org/10.1002/j.1538-7305.1948.tb01338.x",
    reads=("logits",),
    remedy_for=("outliers",),
    advice="Look at the rows whose probability is spread over many classes.",
)


class Entropy(PostHoc):
    r"""Minus the entropy of the softmax probabilities p, in nats.

    .. math:: s(x) = \sum_c p_c(x) \log p_c(x) \in [-\log C, 0]

    Raises
    ------
    BadInput
        For activations without logits.

    References
    ----------
    Shannon (1948), https://doi.org/10.1002/j.1538-7305.1948.tb01338.x

    Examples
    --------
    >>> import numpy as np
    >>> Entropy().score_samples(Activations(logits=np.array([[40.0, 0.0], [0.0, 0.0]]))).round(3)
    array([-0.   , -0.693])
    """

    card = CARD

    def _score(self, block: Activations) -> Array:
        xp = array_namespace(block.logits)
        log_p = log_softmax(block.logits)
        return xp.sum(xp.exp(log_p) * log_p, axis=1)
