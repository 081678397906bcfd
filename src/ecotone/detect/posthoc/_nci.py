"""Nearness of features to the weights of their class, and their length."""

from __future__ import annotations

from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput
from ecotone.contracts.arrays import like

from ._logits import Array
from ._moments import feature_mean
from ._post_hoc import PostHoc

CARD = Card(
    name="NCI",
    summary="Projection of the predicted class's weights on the centred features, plus a share of the features' norm.",
    contract="PostHoc",
    title="Detecting Out-of-Distribution Through the Lens of Neural Collapse",
    authors=("Liu, Litian", "Qin, Yao"),
    year=2025,
    venue="CVPR",
    link="https://arxiv.org/abs/2311.01479",
    reads=("features", "logits", "head"),
    remedy_for=("outliers",),
    advice="Look at the rows whose features point away from the weights of their predicted class.",
)


class NCI(PostHoc):
    r"""Neural-collapse-inspired score.

    .. math:: s(x) = \frac{w_c^\top (h - \mu)}{\lVert h - \mu \rVert_2} + \alpha \lVert h \rVert_1,
              \qquad c = \operatorname{argmax} z(x)

    of features h, with :math:`\mu` the reference's mean and :math:`w_c` the head's weights, whose length counts: the
    first part is the cosine times :math:`\lVert w_c \rVert_2`. The norm of h is of the features as they are.

    Parameters
    ----------
    alpha : float
        At least 0. The authors choose among 1e-4, 1e-3, 1e-2 and 1e-1 by noise; 1e-4 is their program's default.

    Attributes
    ----------
    mean_ : (d,) array

    Raises
    ------
    BadInput
        For a negative alpha, or activations without a head.

    References
    ----------
    Liu and Qin (2025), https://arxiv.org/abs/2311.01479, and https://github.com/litianliu/NCI-OOD

    Examples
    --------
    >>> import numpy as np
    >>> head = (np.eye(2), np.zeros(2))
    >>> reference = Activations(features=np.array([[2.0, 0.0], [0.0, 2.0]]), head=head)
    >>> NCI(alpha=0.1).fit(reference).score_samples(Activations(features=np.array([[2.0, 0.0]]), head=head)).round(3)
    array([0.907])
    """

    card = CARD

    def __init__(self, alpha: float = 1e-4) -> None:
        self.alpha = alpha

    def _fit(self, activations: Activations) -> None:
        if not self.alpha >= 0:
            raise BadInput(f"alpha must be at least 0, got {self.alpha!r}")
        self.mean_ = feature_mean(activations, self.block_rows)

    def _score(self, block: Activations) -> Array:
        xp = array_namespace(block.features)
        centred = block.features - like(self.mean_, block.features)
        weight = xp.take(like(block.head[0], block.features), xp.argmax(block.logits, axis=1), axis=0)
        length = xp.linalg.vector_norm(centred, axis=1)
        along = xp.sum(weight * centred, axis=1) / xp.where(length > 0, length, xp.ones_like(length))
        return along + self.alpha * xp.sum(xp.abs(block.features), axis=1)
