"""Length of the features outside the principal space of the reference."""

from __future__ import annotations

from ecotone.cards import Card
from ecotone.contracts import Activations
from ecotone.contracts.arrays import Array

from ._post_hoc import PostHoc
from ._principal import bias_free, complement, length_outside, second_moment

CARD = Card(
    name="Residual",
    summary="Minus the length of the features outside the principal space of the reference.",
    contract="PostHoc",
    title="ViM: Out-Of-Distribution with Virtual-logit Matching",
    authors=("Wang, Haoqi", "Li, Zhizhong", "Feng, Litong", "Zhang, Wayne"),
    year=2022,
    venue="CVPR",
    link="https://arxiv.org/abs/2203.10807",
    reads=("features", "head"),
    remedy_for=("outliers",),
    advice="Look at the rows whose features leave the space that the reference spans.",
)


class Residual(PostHoc):
    r"""The residual of virtual-logit matching on its own.

    .. math:: s(x) = -\lVert R^\top (z - o) \rVert_2, \qquad o = -W^+ b,

    with R the eigenvectors, after the ``dim`` largest, of the reference's second moment about o, as in :class:`ViM`,
    which sets it against the energy.

    Parameters
    ----------
    dim : int, optional
        Of the principal space: by default 1000 of 2048 features and more, 512 of 768 and more, else half, and in any
        case fewer than the reference's rank.

    Attributes
    ----------
    origin_ : (d,) array
    residual_ : (d, d - dim) array
        R.

    Raises
    ------
    BadInput
        For a ``dim`` that leaves no residual.

    References
    ----------
    Wang, Li, Feng and Zhang (2022), https://arxiv.org/abs/2203.10807

    Examples
    --------
    >>> import numpy as np
    >>> z = np.array([[1.0, 0.0, 0.1], [0.0, 1.0, -0.1], [-1.0, 0.0, 0.1], [0.0, -1.0, -0.1]])
    >>> acts = Activations(features=z, head=(np.eye(2, 3), np.zeros(2)))
    >>> Residual(dim=2).fit(acts).score_samples(acts.replace(features=z + [0, 0, 2], logits=None)).round(6)
    array([-2.1, -1.9, -2.1, -1.9])
    """

    card = CARD

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def _fit(self, activations: Activations) -> None:
        self.origin_ = bias_free(activations)
        self.residual_ = complement(second_moment(activations, self.origin_, self.block_rows), self.dim)

    def _score(self, block: Activations) -> Array:
        return -length_outside(block, self.origin_, self.residual_)
