"""How much of a feature vector lies in the principal space into which the classes collapse."""

from __future__ import annotations

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, Floats
from ecotone.contracts.arrays import Array, like

from ._moments import EPS, MomentSum
from ._post_hoc import PostHoc

CARD = Card(
    name="NECO",
    summary="Share of the features' length in the principal space of the reference, times the largest logit.",
    contract="PostHoc",
    title="NECO: NEural Collapse Based Out-of-distribution detection",
    authors=("Ben Ammar, Mouïn", "Belkhir, Nacim", "Popescu, Sebastian", "Manzanera, Antoine", "Franchi, Gianni"),
    year=2024,
    venue="ICLR",
    link="https://arxiv.org/abs/2310.06823",
    row=69,
    reads=("features", "logits"),
    remedy_for=("outliers",),
    advice="Look at the rows whose features leave the space of the class means.",
    claim="Mean AUROC over several outside sets is above that of the largest logit alone.",
)


class NECO(PostHoc):
    r"""Neural-collapse ratio.

    With P the leading eigenvectors of the covariance of the reference's standardised features
    :math:`\tilde z = (z - \mu) / \sigma`,

    .. math:: s(x) = \frac{\lVert P^\top \tilde z \rVert_2}{\lVert \tilde z \rVert_2}\, \max_c f_c(x).

    Without ``standardise``, which the authors advise where the classes have collapsed, P comes from the covariance of
    z, the numerator is :math:`\lVert P^\top (z - \mu) \rVert_2` as their program centres it, and the denominator
    :math:`\lVert z \rVert_2`. A row whose denominator is 0 has the ratio 0.

    Parameters
    ----------
    dim : int or float
        Number of eigenvectors, or the share in (0, 1) of the variance that they explain at least; the paper's rule is
        0.9, its program for ImageNet takes 100.
    logit : bool
        Whether the ratio is multiplied with the largest logit: as in the paper for all networks but ResNets, where the
        ratio stands alone. Where the largest logit is negative, a larger ratio lowers the score.
    standardise : bool

    Attributes
    ----------
    mean_, scale_ : (d,) arrays
        A feature that does not vary has the scale 1.
    components_ : (d, dim) array
        P.

    Raises
    ------
    BadInput
        For a ``dim`` above the rank of the reference, or a reference that does not vary.

    References
    ----------
    Ben Ammar, Belkhir, Popescu, Manzanera and Franchi (2024), https://arxiv.org/abs/2310.06823

    Examples
    --------
    >>> acts = Activations(features=np.array([[2.0, 0.1], [-2.0, -0.1], [1.0, -0.1], [-1.0, 0.1]]))
    >>> detector = NECO(dim=1, logit=False, standardise=False).fit(acts)
    >>> detector.score_samples(Activations(features=np.array([[3.0, 0.0], [3.0, 4.0]]))).round(2)
    array([1.  , 0.62])
    """

    card = CARD

    def __init__(self, dim: float = 0.9, logit: bool = True, standardise: bool = True) -> None:
        self.dim = dim
        self.logit = logit
        self.standardise = standardise

    def reads(self) -> frozenset[str]:
        """Features, and logits where the ratio is multiplied with the largest."""
        return frozenset({"features", "logits"} if self.logit else {"features"})

    def _fit(self, activations: Activations) -> None:
        whole = MomentSum(1)
        for block in activations.blocks(self.block_rows):
            whole.add(block.features, np.zeros(len(block), np.int64))
        moments = whole.moments()
        self.mean_, covariance = moments.mean, moments.within
        spread = np.sqrt(np.diag(covariance))
        still = spread <= EPS * np.maximum(np.abs(self.mean_), spread.max())
        self.scale_ = np.where(still | (not self.standardise), 1.0, spread)
        self.components_ = self._leading(covariance / np.outer(self.scale_, self.scale_))

    def _leading(self, covariance: Floats) -> Floats:
        size, vectors = np.linalg.eigh(covariance)
        size, vectors = size[::-1], np.ascontiguousarray(vectors[:, ::-1])
        rank = int((size > size[0] * len(size) * EPS).sum())
        if not rank:
            raise BadInput("no feature of the reference varies; give more rows")
        dim = self.dim
        if 0 < dim < 1:
            share = np.cumsum(size[:rank]) / size[:rank].sum()
            dim = min(int(np.searchsorted(share, dim)) + 1, rank)
        if not 1 <= dim <= rank or dim != int(dim):
            raise BadInput(
                f"dim is {self.dim!r} and the features vary in {rank} dimensions; give an integer from 1 to that, or "
                "a share of the variance in (0, 1)"
            )
        return vectors[:, : int(dim)]

    def _score(self, block: Activations) -> Array:
        xp = array_namespace(block.features)
        z = block.features
        centred = (z - like(self.mean_, z)) / like(self.scale_, z)
        inside = xp.linalg.vector_norm(centred @ like(self.components_, z), axis=1)
        whole = xp.linalg.vector_norm(centred if self.standardise else z, axis=1)
        ratio = inside / xp.where(whole > 0, whole, xp.ones_like(whole))
        return ratio * xp.max(block.logits, axis=1) if self.logit else ratio
