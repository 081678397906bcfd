"""Features rectified from below and above at quantiles of the reference."""

from __future__ import annotations

from typing import Literal

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput
from ecotone.contracts.arrays import Array, like

from ._shaper import Shaper, with_features

CARD = Card(
    name="VRA",
    summary="Low features to zero, high ones cut off, at quantiles of the reference; then energy or another score.",
    contract="PostHoc",
    title="VRA: Variational Rectified Activation for Out-of-distribution Detection",
    authors=("Xu, Mingyu", "Lian, Zheng", "Liu, Bin", "Tao, Jianhua"),
    year=2023,
    venue="NeurIPS",
    link="https://arxiv.org/abs/2302.11716",
    row=49,
    reads=("features", "head"),
    remedy_for=("outliers",),
    advice="Look at the rows whose class hangs on features that are extreme, low or high.",
    tier="experimental",
    claim="The false-positive rate at 95 % detection is below ReAct's, which cuts off from above only.",
)

# low, high, gamma, a, m of the paper's CIFAR-10
SETTINGS = {
    "VRA": (60.0, 90.0, 0.0, 0.0, 0.0),
    "VRA+": (60.0, 95.0, 0.6, 0.0, 0.0),
    "VRA++": (50.0, 85.0, 0.0, 0.01, 4.0),
}


class VRA(Shaper):
    r"""Variational rectified activations.

    .. math:: \bar z_i = \begin{cases} 0 & z_i < \alpha_i \\ z_i + \gamma & \alpha_i \le z_i \le \beta_i \\
              \beta_i & z_i > \beta_i \end{cases}
              \qquad s(x) = \log \sum_c e^{W_c \bar z + b_c} - a \sum_i (z_i - m)^2,

    where VRA has :math:`\gamma = a = 0`, VRA+ :math:`\gamma > 0` and VRA++ :math:`a > 0`. The last term, on the
    features as they were, belongs to the score: ``VRA("VRA++") | score`` only rectifies.

    Parameters
    ----------
    variant : {"VRA", "VRA+", "VRA++"}
        Gives the settings below that are None, as in the paper on CIFAR-10: 60, 90; 60, 95 and gamma 0.6; 50, 85 and
        a = 0.01, m = 4.
    low, high : float, optional
        Percentiles in [0, 100] at which alpha and beta lie, or with ``levels="value"`` alpha and beta. A percentile of
        0 or 100 leaves that side open.
    gamma, a, m : float, optional
    levels : {"feature", "pooled", "value"}
        Percentiles of each feature, as the paper has on CIFAR; of all features pooled, as ReAct; or values, as the
        paper has on ImageNet (0.5 and 1 for VRA with a ResNet-50).

    Attributes
    ----------
    alpha_, beta_ : (d,) arrays, or () where pooled or given

    Raises
    ------
    BadInput
        For a variant or levels of another name, or low that is not below high.

    Notes
    -----
    Low features become 0 in the paper's code; elsewhere they are raised to alpha. Above beta it is beta, without gamma,
    so that the map drops there. Features that can be negative become 0 below alpha, large negative ones too.

    References
    ----------
    Xu, Lian, Liu and Tao (2023), https://arxiv.org/abs/2302.11716

    Examples
    --------
    >>> acts = Activations(features=np.array([[0.2, 0.7, 3.0]]), head=(np.eye(3), np.zeros(3)))
    >>> VRA(low=0.5, high=1.0, levels="value").fit(acts)._shape(acts).features
    array([[0. , 0.7, 1. ]])
    """

    card = CARD

    def __init__(
        self,
        variant: Literal["VRA", "VRA+", "VRA++"] = "VRA",
        *,
        low: float | None = None,
        high: float | None = None,
        gamma: float | None = None,
        a: float | None = None,
        m: float | None = None,
        levels: Literal["feature", "pooled", "value"] = "feature",
    ) -> None:
        self.variant = variant
        self.low = low
        self.high = high
        self.gamma = gamma
        self.a = a
        self.m = m
        self.levels = levels

    def _settings(self) -> tuple[float, ...]:
        if self.variant not in SETTINGS:
            raise BadInput(f"variant must be 'VRA', 'VRA+' or 'VRA++', got {self.variant!r}")
        given = (self.low, self.high, self.gamma, self.a, self.m)
        return tuple(d if g is None else g for g, d in zip(given, SETTINGS[self.variant], strict=True))

    def _fit(self, activations: Activations) -> None:
        low, high, *_ = self._settings()
        if self.levels not in ("feature", "pooled", "value"):
            raise BadInput(f"levels must be 'feature', 'pooled' or 'value', got {self.levels!r}")
        if self.levels == "value" and (self.low is None or self.high is None):
            raise BadInput("levels='value' needs low and high, the features at which to rectify")
        if not low < high or (self.levels != "value" and not 0 <= low < high <= 100):
            raise BadInput(f"low must be below high, both percentiles in [0, 100] or values; got {low!r} and {high!r}")
        if self.levels == "value":
            self.alpha_, self.beta_ = np.asarray(low), np.asarray(high)
            return
        z = activations.gather("features").astype(np.float64, copy=False)
        lower, upper = np.percentile(z, [low, high], axis=0 if self.levels == "feature" else None)
        self.alpha_ = np.asarray(lower if low > 0 else np.full_like(lower, -np.inf))
        self.beta_ = np.asarray(upper if high < 100 else np.full_like(upper, np.inf))

    def _shape(self, block: Activations) -> Activations:
        z = block.features
        xp = array_namespace(z)
        alpha, beta = like(self.alpha_, z), like(self.beta_, z)
        gamma = self._settings()[2]
        shaped = xp.where(z < alpha, xp.zeros_like(z), xp.where(z > beta, beta, z + gamma))
        return with_features(block, shaped)

    def _score(self, block: Activations) -> Array:
        *_, a, m = self._settings()
        energy = super()._score(block)
        if not a:
            return energy
        return energy - a * array_namespace(block.features).sum((block.features - m) ** 2, axis=1)
