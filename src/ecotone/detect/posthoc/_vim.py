"""A virtual logit from what lies outside the principal space of the features."""

from __future__ import annotations

from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput
from ecotone.contracts.arrays import Array

from ._logits import log_sum_exp
from ._post_hoc import PostHoc
from ._principal import bias_free, complement, length_outside, second_moment

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
    remedy_for=("outliers",),
    advice="Look at the rows whose features leave the space that the reference spans.",
    tier="experimental",
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
    >>> import numpy as np
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
        self.origin_ = bias_free(activations)
        self.residual_ = complement(second_moment(activations, self.origin_, self.block_rows), self.dim)
        top, length, n = 0.0, 0.0, len(activations)
        for block in activations.blocks(self.block_rows):
            xp = array_namespace(block.logits)
            top += float(xp.sum(xp.max(block.logits, axis=1))) / n
            length += float(xp.sum(length_outside(block, self.origin_, self.residual_))) / n
        if top <= 0:
            raise BadInput(
                f"the reference's largest logits average {top:.3g}; ViM needs a positive average to scale by"
            )
        if not length > 0:
            d, outside = self.residual_.shape
            raise BadInput(f"nothing of the reference lies outside {d - outside} dimensions; lower dim")
        self.alpha_ = top / length

    def _score(self, block: Activations) -> Array:
        return log_sum_exp(block.logits) - self.alpha_ * length_outside(block, self.origin_, self.residual_)
