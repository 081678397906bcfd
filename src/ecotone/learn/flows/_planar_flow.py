"""Planar and radial flows: learned from rows, or from an unnormalised log-density by the evidence lower bound."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Batch, Density, RowRandom, Tilt
from ecotone.learn.arrays import vectors_only
from ecotone.learn.training import Training, train

from ._flow import Flow
from ._planar_layers import Warped

CARD = Card(
    name="PlanarFlow",
    summary="Flow of planar or radial maps; approximates an unnormalised density from its logarithm.",
    contract="Distribution",
    title="Variational Inference with Normalizing Flows",
    authors=("Rezende, Danilo Jimenez", "Mohamed, Shakir"),
    year=2015,
    venue="ICML",
    link="https://arxiv.org/abs/1505.05770",
    row=480,
    tier="experimental",
    claim="On two 2-D energies a planar flow is closer than a mean-field normal distribution and than NICE of as many "
    "numbers.",
)


class PlanarFlow(Flow):
    r"""K maps of noise :math:`z_0 \sim N(\mu, \mathrm{diag}\,\sigma^2)` to rows.

    Planar: :math:`f(z) = z + \hat u \tanh(w^\top z + b)` with :math:`w^\top\hat u > -1`; radial:
    :math:`f(z) = z + \hat\beta (z - c)/(\alpha + r)`, :math:`r = \lVert z - c\rVert`. With
    :math:`\log q_K(z_K) = \log q_0(z_0) - \sum_k \log\lvert\det f_k'\rvert`. The inverse of a planar map is the root of
    one monotone function of one number, so the density is exact at every row, not only at the flow's own draws.

    :meth:`fit` maximises the likelihood of rows; :meth:`approximate` maximises
    :math:`E_q[\beta\,\text{tilt}(z) - \log q(z)]`, with :math:`\beta` rising from .01 to 1 over ``anneal`` steps. With
    ``given`` every number of the maps is a function of the condition (amortised).

    Parameters
    ----------
    maps : int
        K; 0 is a normal distribution with independent columns.
    kind : {"planar", "radial"}
    hidden : int
        Width of the network that amortises.
    anneal : int
        Of :meth:`approximate`; it starts again where training is resumed.
    training : Training

    References
    ----------
    Rezende and Mohamed (2015), https://arxiv.org/abs/1505.05770

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import Training
    >>> from ecotone.learn.flows import PlanarFlow
    >>> model = PlanarFlow(2, anneal=0, training=Training(steps=300, learning_rate=0.02, eval_every=100))
    >>> model = model.approximate(lambda z, given: -0.5 * ((z - 3) ** 2).sum(1), 2)
    >>> bool((torch.as_tensor(model.sample(500, seed=0)).mean(0) - 3).abs().max() < 0.5)
    True
    """

    def __init__(
        self,
        maps: int = 16,
        *,
        kind: Literal["planar", "radial"] = "planar",
        hidden: int = 64,
        anneal: int = 1000,
        training: Training = Training(learning_rate=5e-3),
    ) -> None:
        self.maps, self.kind, self.hidden, self.anneal = maps, kind, hidden, anneal
        self.training = training

    def _module(self, shape: tuple[int, ...], width: int) -> Density:
        if self.maps < 0 or self.kind not in ("planar", "radial"):
            raise BadInput(f"PlanarFlow needs maps >= 0 and kind planar or radial, got {self.maps!r} and {self.kind!r}")
        return Warped(vectors_only(shape, "PlanarFlow"), self.maps, self.kind == "planar", width, self.hidden)

    def approximate(self, tilt: Tilt, dim: int, *, given: Any = None) -> PlanarFlow:
        """Learn the distribution with density proportional to ``exp(tilt(z, given))`` on ``dim`` numbers.

        Parameters
        ----------
        tilt : callable ``(z (n, dim), given) -> (n,)``
            Differentiable; ``given`` is the encoded condition of each row, or None.
        dim : int
        given : (m,) labels or (m, k) numbers, optional
            The data that each posterior is of; one row is drawn for each at every step.

        Raises
        ------
        BadInput
            Where the tilt is not finite at draws of the flow.
        """
        count = 4096 if given is None else len(given)
        encoded = self._learn_condition(given, count)
        self.share_ = None
        if encoded is not None and not encoded.is_floating_point():
            self.share_ = torch.bincount(encoded).double() / count
        self.centre_, self.scale_ = torch.zeros(dim).double(), torch.ones(dim).double()
        self._build((dim,))
        blank = torch.zeros(count, dim)
        self.history_ = train(self.density_, self._bound(tilt), blank, given=encoded, training=self.training)
        self.shape_, self.torch_ = (dim,), False
        return self

    def _bound(self, tilt: Tilt) -> Any:
        """Minus the lower bound, as a loss; the rows of the batch are only places to draw at."""
        seen = 0

        def loss(module: Any, batch: Batch) -> Tensor:
            nonlocal seen
            heat = 1.0
            if module.training and self.anneal:
                heat, seen = min(1.0, 0.01 + seen / self.anneal), seen + 1
            z, log = module.draw_with_log_prob(batch.rng, self._vector(batch.given, batch.x))
            return (log - heat * tilt(z, batch.given)).mean()

        return loss

    def lower_bound(self, tilt: Tilt, n: int = 4096, *, given: Any = None, seed: int | None = None) -> float:
        r""":math:`E_q[\text{tilt}(z) - \log q(z)]` over ``n`` draws: at most the log of the tilt's integral."""
        encoded = self._given(given, n)
        rng = RowRandom(seed, n, device=self._device())
        with torch.no_grad():
            like = torch.empty(n, dtype=self._kind(), device=rng.rows.device)
            z, log = self.density_.draw_with_log_prob(rng, self._vector(encoded, like))
            return float((tilt(z, encoded) - log).double().mean())
