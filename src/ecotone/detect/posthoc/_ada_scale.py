"""Scaling at a percentile that hangs on how far each row's largest features move under a small change of the input."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from array_api_compat import array_namespace

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, as_numpy
from ecotone.contracts.arrays import Array

from ._second_pass import second_pass
from ._shaper import Shaper, with_features, with_logits
from ._top_units import held_by_top

CARD = Card(
    name="AdaSCALE",
    summary="SCALE at a percentile of each row's own, by the shift of its largest features under a small change.",
    contract="PostHoc",
    title="AdaSCALE: Adaptive Scaling for OOD Detection",
    authors=("Regmi, Sudarshan",),
    year=2025,
    link="https://arxiv.org/abs/2503.08023",
    row=14,
    reads=("features", "head", "inputs", "gradient", "second_pass"),
    remedy_for=("outliers",),
    advice="Look at the rows whose largest features do not withstand a small change of the input.",
    tier="experimental",
    claim="It accepts fewer rows of unseen kinds than SCALE, where 95 % of the known are accepted.",
)
PART = 512  # rows whose inputs are taken from the reference at once


class AdaSCALE(Shaper):
    r"""Adaptively scaled activations.

    With g the gradient of the largest logit in the input, the ``share`` of the input's elements with the smallest
    :math:`|g|` moves by :math:`\epsilon\, \mathrm{sign}(g)`, and the features a become :math:`a^\epsilon`. Then

    .. math:: Q = \sum_{i \in \mathrm{top}\,k_1(a)} |a^\epsilon_i - a_i|, \qquad
              C = \sum_{i \in \mathrm{top}\,k_2(a)} \max(a^\epsilon_i, 0), \qquad Q' = \lambda Q + C,

    and with F the share of the reference's Q' at or below it, :math:`p = p_{\min} + (1 - F(Q'))(p_{\max} - p_{\min})`.
    With r the sum of the positive features over that of the largest above percentile p, variant A scales features by
    :math:`e^r`, variant L logits by :math:`r^2`.

    Parameters
    ----------
    variant : {"A", "L"}
    p_min, p_max : float
        Percentiles, 0 <= p_min <= p_max < 100. Where equal, A is SCALE on features that are not negative.
    eps : float
        Step in the units that enter the module; the paper's 0.5 is for inputs that were divided by their standard
        deviation.
    share : float
        Of the input's elements over all channels, at least one; in (0, 1].
    lam : float
        Weight of the shift.
    k1, k2 : float
        Percent of the features of which the shift Q and the correction C are summed, rounded down, at least one each.
        (OpenOOD has the names the other way round, with the same values.)
    rows : int
        Of the reference, evenly spaced, from which F is learnt.

    Attributes
    ----------
    shifts_ : (rows,) array
        Q' of the reference, ascending.

    Raises
    ------
    BadInput
        For settings outside their ranges, or inputs that are not floats when they enter the module.

    Notes
    -----
    Elements of zero gradient come first and do not move. Without a step Q vanishes and C still tells rows apart.
    Rows of the reference that the network was not trained on are the paper's choice.

    References
    ----------
    Regmi (2025), https://arxiv.org/abs/2503.08023

    Examples
    --------
    >>> import torch
    >>> from ecotone.data.activations import read_activations
    >>> module = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    >>> acts = read_activations(module, np.random.default_rng(0).normal(size=(20, 3)))
    >>> AdaSCALE().fit(acts).score_samples(acts[:5]).shape
    (5,)
    """

    card = CARD

    def __init__(
        self,
        variant: Literal["A", "L"] = "A",
        *,
        p_min: float = 75.0,
        p_max: float = 85.0,
        eps: float = 0.5,
        share: float = 0.05,
        lam: float = 10.0,
        k1: float = 1.0,
        k2: float = 5.0,
        rows: int = 5000,
    ) -> None:
        self.variant = variant
        self.p_min = p_min
        self.p_max = p_max
        self.eps = eps
        self.share = share
        self.lam = lam
        self.k1 = k1
        self.k2 = k2
        self.rows = rows

    def _fit(self, activations: Activations) -> None:
        self._check()
        n = len(activations)
        picked = np.linspace(0, n - 1, min(n, self.rows)).astype(np.int64)
        parts = (activations[picked[start : start + PART]] for start in range(0, len(picked), PART))
        self.shifts_ = np.sort(np.concatenate([as_numpy(second_pass(part, self._shift)) for part in parts]))

    def _check(self) -> None:
        if self.variant not in ("A", "L"):
            raise BadInput(f"variant must be 'A' or 'L', got {self.variant!r}")
        if not 0 <= self.p_min <= self.p_max < 100:
            raise BadInput(f"needs 0 <= p_min <= p_max < 100, got {self.p_min!r} and {self.p_max!r}")
        if not 0 < self.share <= 1:
            raise BadInput(f"share must lie in (0, 1], got {self.share!r}")
        for name in ("k1", "k2"):
            if not 0 < getattr(self, name) <= 100:
                raise BadInput(f"{name} is a percentage in (0, 100], got {getattr(self, name)!r}")
        if self.rows < 1:
            raise BadInput(f"rows must be positive, got {self.rows!r}")

    def _shift(self, acts: Activations) -> Any:
        """Q' of each row, from a pass on the graph of its inputs."""
        import torch

        x, a = acts.inputs, acts.features.detach().double()
        if not x.requires_grad:
            raise BadInput(f"AdaSCALE moves the inputs, and {x.dtype} enter the module; it needs inputs of floats")
        (g,) = torch.autograd.grad(acts.logits.max(dim=1).values.sum(), x)
        flat = g.flatten(1)
        faint = flat.abs().argsort(dim=1, stable=True)[:, : max(1, int(flat.shape[1] * self.share))]
        moving = torch.zeros_like(flat).scatter(1, faint, 1.0).reshape(g.shape)
        network: Any = acts.network
        with torch.no_grad():
            moved = network.forward(x.detach() + self.eps * g.sign() * moving).features.double()
        order = a.argsort(dim=1, descending=True, stable=True)
        k1, k2 = (max(1, int(a.shape[1] * k / 100)) for k in (self.k1, self.k2))
        shift = (moved - a).abs().gather(1, order[:, :k1]).sum(1)
        return self.lam * shift + moved.clamp(min=0).gather(1, order[:, :k2]).sum(1)

    def _percentile(self, block: Activations) -> np.ndarray:
        """p of each row."""
        shifts = as_numpy(second_pass(block, self._shift))
        below = np.searchsorted(self.shifts_, shifts, side="right") / len(self.shifts_)
        return np.asarray(self.p_min + (1 - below) * (self.p_max - self.p_min))

    def _ratio(self, block: Activations) -> Array:
        """r of each row."""
        z = block.features
        xp = array_namespace(z)
        d = z.shape[1]
        k = np.maximum(1, d - np.round(d * self._percentile(block) / 100).astype(np.int64))
        descending = xp.sort(xp.clip(z, min=0), axis=1, descending=True, stable=False)
        sums = xp.cumulative_sum(descending, axis=1)
        place = xp.asarray(k - 1, device=z.device)[:, None]
        return held_by_top(sums[:, -1], xp.take_along_axis(sums, place, axis=1)[:, 0])

    def _shape(self, block: Activations) -> Activations:
        r = self._ratio(block)[:, None]
        if self.variant == "L":
            return with_logits(block, block.logits * r**2)
        return with_features(block, block.features * array_namespace(r).exp(r))
