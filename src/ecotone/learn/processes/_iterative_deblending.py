"""Blending two densities, and the deterministic way between them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from torch import Tensor

from ecotone.cards import Card
from ecotone.learn import RowRandom
from ecotone.learn.arrays import rows

from ._interpolation import LinearInterpolation

CARD = Card(
    name="IterativeDeblending",
    summary="Linear blends of rows of two densities, and the deterministic map between them both ways.",
    contract="Process",
    title="Iterative \u03b1-(de)Blending: a Minimalist Deterministic Diffusion Model",
    authors=("Heitz, Eric", "Belcour, Laurent", "Chambon, Thomas"),
    year=2023,
    venue="SIGGRAPH",
    link="https://arxiv.org/abs/2305.03486",
    row=555,
    claim="Between two arbitrary densities, at equal evaluations, one deblending network maps samples closer to the "
    "target than two DDIM networks that meet in a normal distribution.",
)


@dataclass(frozen=True)
class IterativeDeblending(LinearInterpolation):
    r""":math:`x_t = (1 - t) x_0 + t z` with z a row of a source, drawn independently of :math:`x_0`.

    Any two densities of one shape will do. A network that learns :math:`E[z - x_0 | x_t]`, the velocity, maps rows of
    the source to rows of the data and back (:meth:`flow`, or ``FlowMatching(process=...)`` and its ``transport``):
    the deterministic limit of blending, deblending at random and blending again at the next t. The distributions agree
    at both ends; the pairs are not those of optimal transport. Densities that fall apart into pieces need many steps.

    Parameters
    ----------
    source : (m, ...) array or sequences, optional
        Rows of the other density, in the units of the data; None is standard normal noise. A model that is to be saved
        needs them as lists or tuples.
    t_min : float
        Where likelihoods and training begin.

    References
    ----------
    Heitz, Belcour and Chambon (2023), https://arxiv.org/abs/2305.03486: its alpha is 1 - t

    Examples
    --------
    >>> from ecotone.learn import RowRandom
    >>> IterativeDeblending([[1.0], [2.0]]).base(RowRandom(0, 6), (1,)).unique().tolist()
    [1.0, 2.0]
    """

    source: Any = field(default=None, compare=False)
    t_min: float = 1e-5
    _rows: Any = field(init=False, repr=False, compare=False, default=None, metadata={"saved": False})

    def __post_init__(self) -> None:
        found = None if self.source is None else rows(self.source, "source")[0].detach().double()
        object.__setattr__(self, "_rows", found)

    def standardised(self, centre: Tensor, scale: Tensor) -> IterativeDeblending:
        if self.source is None:
            return self
        return replace(self, source=np.asarray(((self._source() - centre) / scale).cpu()))

    def _source(self) -> Tensor:
        found: Tensor = self._rows
        return found

    def base(self, rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
        if self.source is None:
            return rng.normal(shape)
        pool = self._source()
        at = (rng.uniform().double().cpu() * len(pool)).long().clamp(max=len(pool) - 1)
        return pool[at].to(rng.rows.device)

    def log_base(self, z: Tensor) -> Tensor:
        if self.source is not None:
            return super().log_base(z)
        flat = z.flatten(1)
        return -0.5 * (flat**2).sum(1) - 0.5 * flat.shape[1] * math.log(2 * math.pi)
