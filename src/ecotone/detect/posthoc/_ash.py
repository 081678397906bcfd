"""Features of each row without all but its largest."""

from __future__ import annotations

from typing import Literal

from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput
from ecotone.contracts.arrays import Array

from ._shaper import Shaper, with_features
from ._top_units import held_by_top, kept_units, largest

CARD = Card(
    name="ASH",
    summary="Each row's features without all but the largest, which are kept, made equal, or scaled; then energy.",
    contract="PostHoc",
    title="Extremely Simple Activation Shaping for Out-of-Distribution Detection",
    authors=("Djurisic, Andrija", "Bozanic, Nebojsa", "Ashok, Arjun", "Liu, Rosanne"),
    year=2023,
    venue="ICLR",
    link="https://arxiv.org/abs/2209.09858",
    reads=("features", "head"),
    remedy_for=("outliers",),
    advice="Look at the rows whose largest features do not speak for a class.",
)


class ASH(Shaper):
    r"""Activation shaping.

    Of each row the k largest features are kept, k being the number of units above the percentile, and the others
    become zero. With :math:`s_1` the sum of all features and :math:`s_2` that of the k largest, what is kept is

    .. math:: \bar z_i = z_i \ (\text{P}), \qquad \bar z_i = s_1 / k \ (\text{B}), \qquad
              \bar z_i = e^{s_1 / s_2} z_i \ (\text{S}).

    Parameters
    ----------
    method : {"s", "b", "p"}
        Scaled, binary, or only pruned.
    percentile : float
        In [0, 100); 65 as in the authors' functions. On ImageNet they take 90 for S, 65 for B and 60 for P. k is the
        features less ``round(d percentile / 100)``, and at least 1.

    Raises
    ------
    BadInput
        For another method, or a percentile outside [0, 100).

    Notes
    -----
    Features equal to the k-th largest are all kept, so that no row hangs on the order of its features. B shares the
    sum among what is kept and not zero: where fewer than k features are positive, common code raises zeros that a
    sorting routine picks.

    References
    ----------
    Djurisic, Bozanic, Ashok and Liu (2023), https://arxiv.org/abs/2209.09858

    Examples
    --------
    >>> import numpy as np
    >>> acts = Activations(features=np.array([[4.0, 1.0, 1.0]]), head=(np.eye(3), np.zeros(3)))
    >>> ASH("b", percentile=67)._shape(acts).features
    array([[6., 0., 0.]])
    """

    card = CARD

    def __init__(self, method: Literal["s", "b", "p"] = "s", percentile: float = 65.0) -> None:
        self.method = method
        self.percentile = percentile

    def _shape(self, block: Activations) -> Activations:
        if self.method not in ("s", "b", "p"):
            raise BadInput(f"method must be 's', 'b' or 'p', got {self.method!r}")
        z = block.features
        xp = array_namespace(z)
        top = largest(z, kept_units(z.shape[1], self.percentile))
        kept = z >= top[:, :1]
        total = xp.sum(z, axis=1)
        if self.method == "b":
            return with_features(block, self._level(z, kept & (z != 0), total))
        shaped = xp.where(kept, z, xp.zeros_like(z))
        if self.method == "s":
            shaped = xp.exp(held_by_top(total, xp.sum(top, axis=1)))[:, None] * shaped
        return with_features(block, shaped)

    def _level(self, z: Array, kept: Array, total: Array) -> Array:
        xp = array_namespace(z)
        count = xp.sum(xp.astype(kept, z.dtype), axis=1)
        level = total / xp.clip(count, min=1)
        return xp.where(kept, level[:, None], xp.zeros_like(z))
