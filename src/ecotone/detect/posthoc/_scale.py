"""Features of each row multiplied by how little of them its largest units hold."""

from __future__ import annotations

from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations

from ._shaper import Shaper, with_features
from ._top_units import held_by_top, kept_units, largest

CARD = Card(
    name="SCALE",
    summary="Each row's features scaled by all of their sum over that of the largest, then energy or another score.",
    contract="PostHoc",
    title="Scaling for Training Time and Post-hoc Out-of-distribution Detection Enhancement",
    authors=("Xu, Kai", "Chen, Rongyu", "Franchi, Gianni", "Yao, Angela"),
    year=2024,
    venue="ICLR",
    link="https://arxiv.org/abs/2310.00227",
    row=51,
    reads=("features", "head"),
    remedy_for=("outliers",),
    advice="Look at the rows of which few features hold most of the activation.",
    claim="Pruning no unit, at the same percentile, the AUROC on unseen kinds is above ASH's.",
)


class SCALE(Shaper):
    r"""Scaled activations.

    With k the number of units above the percentile,

    .. math:: r = \frac{\sum_i z_i}{\sum_{i \in \mathrm{top}\,k} z_i}, \qquad \bar z = e^r z .

    It keeps every unit; ASH-S sets all but the k largest to zero after the same scaling. With a bias in the head the
    largest of the scaled logits may be of another class: predict from those before.

    Parameters
    ----------
    percentile : float
        In [0, 100); the paper's 85. k is the features less ``round(d percentile / 100)``, and at least 1.

    Raises
    ------
    BadInput
        For a percentile outside [0, 100).

    Notes
    -----
    For features that are not negative, as after a ReLU. For others r is as above too, 1 where the k largest sum to
    nothing or less.

    References
    ----------
    Xu, Chen, Franchi and Yao (2024), https://arxiv.org/abs/2310.00227. Post hoc only, without the paper's training.

    Examples
    --------
    >>> import numpy as np
    >>> acts = Activations(features=np.array([[4.0, 0.0], [2.0, 2.0]]), head=(np.eye(2), np.zeros(2)))
    >>> SCALE(percentile=50).score_samples(acts).round(2)  # r of 1 and of 2
    array([10.87, 15.47])
    """

    card = CARD

    def __init__(self, percentile: float = 85.0) -> None:
        self.percentile = percentile

    def _shape(self, block: Activations) -> Activations:
        z = block.features
        xp = array_namespace(z)
        top = largest(z, kept_units(z.shape[1], self.percentile))
        factor = xp.exp(held_by_top(xp.sum(z, axis=1), xp.sum(top, axis=1)))
        return with_features(block, factor[:, None] * z)
