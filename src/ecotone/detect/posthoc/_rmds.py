"""Mahalanobis distance to the nearest class against that to the whole reference."""

from __future__ import annotations

from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations
from ecotone.contracts.arrays import Array, like

from ._moments import class_moments, layer, nearest, whitener
from ._post_hoc import PostHoc

CARD = Card(
    name="RMDS",
    summary="Mahalanobis distance to the whole reference minus that to the nearest class.",
    contract="PostHoc",
    title="A Simple Fix to Mahalanobis Distance for Improving Near-OOD Detection",
    authors=("Ren, Jie", "Fort, Stanislav", "Liu, Jeremiah", "Roy, Abhijit Guha", "Padhy, Shreyas",
             "Lakshminarayanan, Balaji"),
    year=2021,
    link="https://arxiv.org/abs/2106.09022",
    reads=("features", "labels"),
    remedy_for=("outliers",),
    advice="Look at the rows that are no nearer to a class than to the reference as a whole.",
)  # fmt: skip


class RMDS(PostHoc):
    r"""Relative Mahalanobis distance.

    .. math::

        s(x) = (z - \mu_0)^\top \Sigma_0^+ (z - \mu_0) - \min_c\, (z - \mu_c)^\top \Sigma^+ (z - \mu_c)

    with :math:`\mu_c` the means of the true classes, :math:`\Sigma` the pooled covariance within them, and
    :math:`\mu_0, \Sigma_0` mean and covariance of all rows regardless of class. What deviates in directions that no
    class uses cancels. Pseudo-inverses leave out directions without variance, such as dead units.

    Attributes
    ----------
    mean_, means_ : (d,) and (classes, d) arrays
    whitener_, background_ : (d, rank) arrays
        Square roots of the pseudo-inverses of :math:`\Sigma` and :math:`\Sigma_0`.

    Raises
    ------
    BadInput
        For a class without rows, or a reference that does not vary within classes.

    References
    ----------
    Ren, Fort, Liu, Roy, Padhy and Lakshminarayanan (2021), https://arxiv.org/abs/2106.09022

    Examples
    --------
    >>> import numpy as np
    >>> z = np.array([[-1.0, 1.0], [-1.0, -1.0], [1.0, 1.0], [1.0, -1.0], [-1.2, 0.0], [1.2, 0.0]])
    >>> acts = Activations(features=z, labels=[0, 0, 1, 1, 0, 1])
    >>> new = Activations(features=np.array([[-1.0, 0.0], [0.0, 0.0]]))
    >>> RMDS().fit(acts).score_samples(new).round(1)
    array([   0.4, -128. ])
    """

    card = CARD

    def _fit(self, activations: Activations) -> None:
        (moments,) = class_moments(activations, self.block_rows, layer)
        self.mean_, self.means_ = moments.mean, moments.means
        self.whitener_, self.background_ = whitener(moments.within), whitener(moments.total)

    def _score(self, block: Activations) -> Array:
        xp = array_namespace(block.features)
        z = block.features - like(self.mean_, block.features)
        white = like(self.whitener_, z)
        own, _ = nearest(z @ white, like(self.means_ - self.mean_, z) @ white)
        return xp.sum((z @ like(self.background_, z)) ** 2, axis=1) - own
