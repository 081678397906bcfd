"""Distances in whitened features: to the classes where they differ, to the mean where they do not."""

from __future__ import annotations

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput
from ecotone.contracts.arrays import Array, like

from ._moments import EPS, class_moments, nearest, whitener
from ._nearest import unit
from ._post_hoc import PostHoc

CARD = Card(
    name="WDiscOOD",
    summary="Whitened distance to the nearest class in the discriminative space, to the mean in the rest.",
    contract="PostHoc",
    title="WDiscOOD: Out-of-Distribution Detection via Whitened Linear Discriminant Analysis",
    authors=("Chen, Yiye", "Lin, Yunzhi", "Xu, Ruinian", "Vela, Patricio A."),
    year=2023,
    venue="ICCV",
    link="https://arxiv.org/abs/2303.07543",
    row=23,
    reads=("features", "labels"),
    remedy_for=("outliers",),
    advice="Look at the rows that are far from every class, or far from the reference where classes do not differ.",
    claim="Mean AUROC over several outside sets is above that of the Mahalanobis distance.",
)


class WDiscOOD(PostHoc):
    r"""Whitened linear discriminant analysis.

    With :math:`z' = \Sigma^{+1/2} z`, where :math:`\Sigma` is the pooled covariance within classes, G the
    eigenvectors of the ``dim`` largest eigenvalues of
    :math:`\frac1C \sum_c (\mu'_c - \mu')(\mu'_c - \mu')^\top` (classes unweighted) and H all others,

    .. math::

        s(x) = -\min_c \lVert G^\top (z' - \mu'_c) \rVert_2 - w\, \lVert H^\top (z' - \mu') \rVert_2.

    Norms are not squared. Directions in which no class varies, such as dead units, are left out of both parts; the
    eigenvectors are orthonormal, so that H is the very complement of G.

    Parameters
    ----------
    dim : int, optional
        Discriminants, at most as many as the class means span, which is at most classes - 1; by default all of these.
        (The published settings of 1000 discriminants for 1000 classes add one arbitrary direction.)
    weight : float
        w >= 0; the paper's 5 for convolutional networks, 1 for transformers. It matters much.
    normalise : bool
        Whether features are scaled to length 1 first, as the paper does for transformers and contrastive networks.

    Attributes
    ----------
    mean_ : (d,) array
    discriminants_, residual_ : (d, dim) and (d, rank - dim) arrays
        Whitening followed by G and by H.
    centres_ : (classes, dim) array
        Class means in the discriminative space.

    Raises
    ------
    BadInput
        For a class without rows, a ``dim`` that the class means do not span, or a negative weight.

    References
    ----------
    Chen, Lin, Xu and Vela (2023), https://arxiv.org/abs/2303.07543

    Examples
    --------
    >>> z = np.array([[-3.0, 1.0], [-3.0, -1.0], [3.0, 1.0], [3.0, -1.0], [-4.0, 0.0], [-2.0, 0.0]])
    >>> acts = Activations(features=z, labels=[0, 0, 1, 1, 0, 0])
    >>> new = Activations(features=np.array([[-3.0, 0.0], [0.0, 0.0], [-3.0, 9.0]]))
    >>> WDiscOOD().fit(acts).score_samples(new).round(1)
    array([ -0. ,  -5.2, -11. ])
    """

    card = CARD

    def __init__(self, dim: int | None = None, weight: float = 1.0, normalise: bool = False) -> None:
        self.dim = dim
        self.weight = weight
        self.normalise = normalise

    def _fit(self, activations: Activations) -> None:
        if not self.weight >= 0:
            raise BadInput(f"weight must be 0 or more, got {self.weight!r}")
        (moments,) = class_moments(activations, self.block_rows, self._features)
        self.mean_ = moments.mean
        white = whitener(moments.within)
        centres = (moments.means - self.mean_) @ white
        size, vectors = np.linalg.eigh(centres.T @ centres / len(centres))
        span = int((size > max(size[-1], EPS) * len(size) * EPS).sum())
        dim = span if self.dim is None else self.dim
        if not 0 <= dim <= span:
            raise BadInput(f"dim is {dim} and the class means span {span} dimensions; give at most that")
        rest = len(size) - dim
        self.discriminants_, self.residual_ = white @ vectors[:, rest:], white @ vectors[:, :rest]
        self.centres_ = centres @ vectors[:, rest:]

    def _features(self, block: Activations) -> Array:
        return unit(block.features) if self.normalise else block.features

    def _score(self, block: Activations) -> Array:
        xp = array_namespace(block.features)
        z = self._features(block)
        z = z - like(self.mean_, z)
        squared, _ = nearest(z @ like(self.discriminants_, z), like(self.centres_, z))
        rest = xp.linalg.vector_norm(z @ like(self.residual_, z), axis=1)
        return -xp.sqrt(squared) - self.weight * rest
