"""Length of the gradient that would make the prediction uniform."""

from __future__ import annotations

from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput

from ._logits import Array, softmax
from ._post_hoc import PostHoc

CARD = Card(
    name="GradNorm",
    summary="L1 norm of the last weights' gradient of the divergence from uniform probabilities, in closed form.",
    contract="PostHoc",
    title="On the Importance of Gradients for Detecting Distributional Shifts in the Wild",
    authors=("Huang, Rui", "Geng, Andrew", "Li, Yixuan"),
    year=2021,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2110.00218",
    reads=("features", "logits"),
    remedy_for=("outliers",),
    advice="Look at the rows with small features and probabilities that are close to uniform.",
)


class GradNorm(PostHoc):
    r"""L1 norm of a gradient by the last layer's weights W, of features h and softmax probabilities p.

    .. math:: s(x) = \Bigl\lVert \frac{\partial}{\partial W}
              \mathrm{KL}\bigl(u \,\Vert\, p(x; T)\bigr) \Bigr\rVert_1
              = \frac1T \lVert h \rVert_1 \sum_c \Bigl\lvert p_c - \frac1C \Bigr\rvert

    with u uniform over the C classes. The gradient is the outer product of p - u and h, so nothing is differentiated.
    (Programs that sum over classes in place of the mean have C times this.)

    Parameters
    ----------
    temperature : float
        T > 0; the paper's 1.

    Raises
    ------
    BadInput
        For a temperature that is not positive, or activations without features or logits.

    References
    ----------
    Huang, Geng and Li (2021), https://arxiv.org/abs/2110.00218

    Examples
    --------
    >>> import numpy as np
    >>> acts = Activations(features=np.array([[3.0, 0.0], [1.0, 1.0]]), head=(np.eye(2), np.zeros(2)))
    >>> GradNorm().score_samples(acts).round(3)
    array([2.715, 0.   ])
    """

    card = CARD

    def __init__(self, temperature: float = 1.0) -> None:
        self.temperature = temperature

    def _score(self, block: Activations) -> Array:
        if not self.temperature > 0:
            raise BadInput(f"temperature must be positive, got {self.temperature!r}")
        xp = array_namespace(block.features)
        away = xp.sum(xp.abs(softmax(block.logits / self.temperature) - 1 / block.logits.shape[1]), axis=1)
        return xp.sum(xp.abs(block.features), axis=1) * away / self.temperature
