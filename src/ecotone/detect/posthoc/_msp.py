"""The largest probability of the softmax."""

from __future__ import annotations

from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput

from ._logits import Array
from ._post_hoc import PostHoc

CARD = Card(
    name="MSP",
    summary="The logarithm of the largest softmax probability.",
    contract="PostHoc",
    title="A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural Networks",
    authors=("Hendrycks, Dan", "Gimpel, Kevin"),
    year=2017,
    venue="ICLR",
    link="https://arxiv.org/abs/1610.02136",
    reads=("logits",),
    remedy_for=("outliers",),
    advice="Look at the rows whose most probable class is not much more probable than the others.",
)


class MSP(PostHoc):
    r"""Maximum softmax probability, in logarithms.

    .. math:: s(x) = \log \max_c \frac{e^{z_c(x) / T}}{\sum_k e^{z_k(x) / T}}

    The logarithm orders the rows as the probability does, but keeps apart those whose probability rounds to 1.

    Parameters
    ----------
    temperature : float
        T > 0. Give :class:`TemperatureScaled` instead for one that is learned.

    Raises
    ------
    BadInput
        For a temperature that is not positive, or activations without logits.

    References
    ----------
    Hendrycks and Gimpel (2017), https://arxiv.org/abs/1610.02136

    Examples
    --------
    >>> import numpy as np
    >>> np.exp(MSP().score_samples(Activations(logits=np.array([[4.0, 0.0], [0.0, 0.0]])))).round(3)
    array([0.982, 0.5  ])
    """

    card = CARD

    def __init__(self, temperature: float = 1.0) -> None:
        self.temperature = temperature

    def _score(self, block: Activations) -> Array:
        return log_top_probability(block.logits, self.temperature)


def log_top_probability(logits: Array, temperature: float = 1.0) -> Array:
    """``log max softmax(logits / T)`` of each row, to full relative precision however close to 0."""
    if not temperature > 0:
        raise BadInput(f"temperature must be positive, got {temperature!r}")
    xp = array_namespace(logits)
    top = xp.argmax(logits, axis=1, keepdims=True)
    others = xp.exp((logits - xp.max(logits, axis=1, keepdims=True)) / temperature)
    places = xp.arange(logits.shape[1], dtype=top.dtype, device=_device(logits))
    return -xp.log1p(xp.sum(xp.where(places[None, :] == top, xp.zeros_like(others), others), axis=1))


def _device(values: Array) -> Array:
    return getattr(values, "device", None)
