"""A virtual logit from what lies outside the principal space of the features."""

from __future__ import annotations

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, as_numpy
from ecotone.contracts._activations import Array, like

from ._logits import log_sum_exp
from ._post_hoc import PostHoc

CARD = Card(
    name="ViM",
    summary="A virtual logit from the features' residual outside the principal space, against the energy.",
    contract="PostHoc",
    title="ViM: Out-Of-Distribution with Virtual-logit Matching",
    authors=("Wang, Haoqi", "Li, Zhizhong", "Feng, Litong", "Zhang, Wayne"),
    year=2022,
    venue="CVPR",
    link="https://arxiv.org/abs/2203.10807",
    row=118,
    reads=("features", "logits", "head"),
    remedy_for=("outside",),
    advice="Look at the rows whose features leave the space that the reference spans.",
    claim="Mean AUROC over several outside sets is above those of MSP, energy, the residual alone and Mahalanobis.",
)


class ViM(PostHoc):
    r"""Virtual-logit matching.

    The origin is :math:`o = -W^+ b`, where the head's bias vanishes. With R the eigenvectors, after the ``dim``
    largest, of the reference's second moment about o,

    .. math:: r(x) = \lVert R^\top (z - o) \rVert_2, \qquad s(x) = \log \sum_c e^{W_c z + b_c} - \alpha\, r(x),

    where :math:`\alpha` is the mean of the reference's largest logits over the mean of its residuals. It ranks as the
    softmax probability of the virtual logit :math:`\alpha r` does, which would saturate.

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
    alpha_ : float

    Raises
    ------
    BadInput
        For a ``dim`` that leaves no residual, or a reference whose largest logits are not positive on average.

    References
    ----------
    Wang, Li, Feng and Zhang (2022), https://arxiv.org/abs/2203.10807

    Examples
    --------
    >>> g = np.random.default_rng(0)
    >>> z = np.abs(g.normal(size=(200, 4))) * [1, 1, 0.01, 0.01]
    >>> acts = Activations(features=z, head=(np.eye(2, 4), np.zeros(2)))
    >>> off = acts.replace(features=z + [0, 0, 1, 0], logits=None)
    >>> detector = ViM(dim=2).fit(acts)
    >>> bool(detector.score_samples(off).max() < detector.score_samples(acts).min())
    True
    """

    card = CARD

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def _fit(self, activations: Activations) -> None:
        weight, bias = (as_numpy(part).astype(np.float64) for part in activations.head or ())
        d = weight.shape[1]
        self.origin_ = -np.linalg.pinv(weight) @ bias
        moment, top, n = np.zeros((d, d)), 0.0, len(activations)
        for block in activations.blocks(self.block_rows):
            centred = block.features - like(self.origin_, block.features)
            moment += as_numpy(centred.T @ centred) / n
            top += float(array_namespace(block.logits).sum(array_namespace(block.logits).max(block.logits, axis=1))) / n
        self.residual_ = self._outside(moment)
        length = sum(float(self._length(block).sum()) for block in activations.blocks(self.block_rows)) / n
        if top <= 0:
            raise BadInput(
                f"the reference's largest logits average {top:.3g}; ViM needs a positive average to scale by"
            )
        if not length > 0:
            raise BadInput(f"nothing of the reference lies outside {d - self.residual_.shape[1]} dimensions; lower dim")
        self.alpha_ = top / length

    def _outside(self, moment: np.ndarray) -> np.ndarray:
        d = len(moment)
        size, vectors = np.linalg.eigh(moment)
        rank = int((size > size[-1] * d * np.finfo(float).eps).sum())
        dim = self.dim
        if dim is None:
            dim = min(1000 if d >= 2048 else 512 if d >= 768 else d // 2, rank - 1)
        if not 0 <= dim < rank:
            raise BadInput(
                f"dim is {dim} and the features span {rank} dimensions; give dim below that, or leave it out"
            )
        return np.asarray(vectors[:, : d - dim])

    def _length(self, block: Activations) -> Array:
        xp = array_namespace(block.features)
        centred = block.features - like(self.origin_, block.features)
        return xp.linalg.vector_norm(centred @ like(self.residual_, block.features), axis=1)

    def _score(self, block: Activations) -> Array:
        return log_sum_exp(block.logits) - self.alpha_ * self._length(block)
