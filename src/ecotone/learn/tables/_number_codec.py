"""Numbers of one column: values that repeat, and a continuous rest on the scale of a standard normal distribution."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from ecotone.contracts import Bools, Floats

from ._encoded import CONTINUOUS, Encoded
from ._lattice import Lattice


@dataclass(frozen=True)
class Tail:
    """Beyond the last knot: probability ``mass`` with a generalised Pareto tail, or a bound where ``mass`` is 0."""

    mass: float
    scale: float = 1.0
    shape: float = 0.0

    def survival(self, excess: Floats) -> Floats:
        """(n,) probability of lying further out than ``excess >= 0`` beyond the knot."""
        if self.mass == 0:
            return np.zeros_like(excess)
        if self.shape < 1e-6:
            return self.mass * np.exp(-excess / self.scale)
        return np.asarray(self.mass * (1 + self.shape * excess / self.scale) ** (-1 / self.shape))

    def excess(self, survival: Floats) -> Floats:
        """The inverse of :meth:`survival`."""
        ratio = np.maximum(survival, 1e-300) / self.mass
        if self.shape < 1e-6:
            return np.asarray(-self.scale * np.log(ratio))
        return np.asarray(self.scale / self.shape * (ratio**-self.shape - 1))

    def log_density(self, excess: Floats) -> Floats:
        """(n,) log-density beyond the knot."""
        log = np.log(self.mass / self.scale)
        if self.shape < 1e-6:
            return np.asarray(log - excess / self.scale)
        return np.asarray(log - (1 / self.shape + 1) * np.log1p(self.shape * excess / self.scale))


@dataclass(frozen=True)
class NumberCodec:
    r"""Token and normal score of numbers.

    Tokens are 0 for missing, 1 … m for the values that repeat (``atoms``), and m + 1 for all others. These have the
    normal score :math:`z = \Phi^{-1}(F(x))` under a distribution function F that is linear between ``knots`` and has
    generalised Pareto tails: that of the rows, in which no value counts for more than a hundredth of them. On a lattice
    of step ``unit`` a value owns the cell of half a step to either side, and what the model gives a value is a
    probability; elsewhere it is a density in the column's own unit.

    Parameters
    ----------
    name : str
    type : str
        The stored type, as ``_types.word`` says it.
    atoms : (m,) float64, rising
    knots, below : (k,) float64, rising
        Places and the values of F at them.
    lower, upper : Tail
    unit : float
        Step of the lattice; 0 where there is none.
    lattice : Lattice, optional
        What steps of the values are: the codec's numbers are then steps, not the values.
    power : int
        The codec's numbers are the values over 2**power: values near the ends of float64 have room.
    gaps : bool
        Whether a value can be missing.
    """

    name: str
    type: str
    atoms: Floats
    knots: Floats
    below: Floats
    lower: Tail
    upper: Tail
    unit: float = 0.0
    lattice: Lattice | None = None
    power: int = 0
    gaps: bool = True
    kind: str = field(default="number", init=False)

    def check(self) -> None:
        """Raise ``ValueError`` for a codec that no column gave."""
        rising = all(
            v.ndim == 1 and np.isfinite(v).all() and (np.diff(v) > 0).all()
            for v in (self.atoms, self.knots, self.below)
        )
        if not rising or len(self.knots) != len(self.below) or len(self.knots) == 1:
            raise ValueError(f"the distribution of column {self.name!r} is none")
        if len(self.below) and not 0 <= self.below[0] < self.below[-1] <= 1:
            raise ValueError(f"the distribution of column {self.name!r} is no distribution")
        tails = [v for t in (self.lower, self.upper) for v in (t.mass, t.scale, t.shape)]
        if not all(isinstance(v, int | float) and v >= 0 for v in (*tails, self.unit)) or abs(self.power) > 1100:
            raise ValueError(f"the tails of column {self.name!r} are none")
        lattice = self.lattice
        if lattice is not None and not (
            isinstance(lattice.origin, int) and lattice.step >= 1 and 0 <= lattice.digits <= 80
        ):
            raise ValueError(f"the lattice of column {self.name!r} is none")

    @property
    def tokens(self) -> int:
        """How many tokens the column has."""
        return len(self.atoms) + 1 + self.continuous

    @property
    def continuous(self) -> bool:
        """Whether any value beside the atoms can occur."""
        return len(self.knots) > 0

    @cached_property
    def reach(self) -> float:
        """The largest normal score that a training row has, about, and at least 2; 0 without a continuous part."""
        if not self.continuous:
            return 0.0
        inner = self.below[(self.below > 0) & (self.below < 1)]
        return max(2.0, -float(special.ndtri(min(inner[0], 1 - inner[-1]))))

    @property
    def scores(self) -> Floats:
        """(m + 1,) normal scores by token: 0 for missing, then those of the atoms."""
        of_atoms = self._score(self.atoms)[0] if self.continuous else np.zeros(len(self.atoms))
        return np.concatenate([[0.0], of_atoms])

    def encode(self, x: Floats) -> Encoded:
        """Of values ``(n,)``, NaN where missing."""
        seen = ~np.isnan(x)
        token = np.zeros(len(x), np.int64)
        z, low, high, log_rate = (np.zeros(len(x)) for _ in range(4))
        place = np.searchsorted(self.atoms, x) if len(self.atoms) else np.zeros(len(x), np.int64)
        hit = np.zeros(len(x), bool)
        if len(self.atoms):
            near = np.minimum(place, len(self.atoms) - 1)
            hit = seen & (self.atoms[near] == x)
            token[hit] = near[hit] + 1
        token[seen & ~hit] = CONTINUOUS if not self.continuous else len(self.atoms) + 1
        if self.continuous:
            v = x[seen]
            z[seen], log_rate[seen] = self._score(v)
            half = self.unit / 2
            low[seen], high[seen] = (self._score(v - half)[0], self._score(v + half)[0]) if half else (z[seen], z[seen])
        impossible = np.isneginf(log_rate)  # beyond a bound, or between the points of the lattice
        if self.unit:
            steps = x / self.unit
            impossible |= seen & (np.abs(steps - np.rint(steps)) > 1e-6 * np.maximum(1, np.abs(steps)))
        token[impossible & ~hit] = CONTINUOUS
        return Encoded(token, z, low, high, log_rate - self.continuous * self.power * np.log(2.0))

    def _score(self, x: Floats) -> tuple[Floats, Floats]:
        """Normal scores, and the log of F' over the normal density there."""
        first, last = self.knots[0], self.knots[-1]
        p = np.interp(x, self.knots, self.below)
        at = np.clip(np.searchsorted(self.knots, x, side="right") - 1, 0, len(self.knots) - 2)
        log_slope = np.log(np.diff(self.below) / np.diff(self.knots))[at]
        q = 1 - p
        under, over = x < first, x > last
        p[under] = self.lower.survival(first - x[under])
        q[under] = 1 - p[under]
        q[over] = self.upper.survival(x[over] - last)
        p[over] = 1 - q[over]
        with np.errstate(divide="ignore"):
            z = np.where(p < 0.5, special.ndtri(p), -special.ndtri(q))
            if self.lower.mass:
                log_slope[under] = self.lower.log_density(first - x[under])
            if self.upper.mass:
                log_slope[over] = self.upper.log_density(x[over] - last)
        outside = (under & (self.lower.mass == 0)) | (over & (self.upper.mass == 0))
        log_slope[outside] = -np.inf
        z = np.clip(z, -38.0, 38.0)
        return z, log_slope + 0.5 * z**2 + 0.5 * np.log(2 * np.pi)

    def decode(self, token: Any, z: Floats) -> Floats:
        """Values ``(n,)``, NaN where missing."""
        x = np.full(len(token), np.nan)
        hit = (token > 0) & (token <= len(self.atoms))
        x[hit] = self.atoms[token[hit] - 1]
        rest = token > len(self.atoms)
        if rest.any():
            x[rest] = self._value(z[rest])
        return x

    def _value(self, z: Floats) -> Floats:
        p, q = special.ndtr(z), special.ndtr(-z)
        x = np.interp(p, self.below, self.knots)
        if self.lower.mass:
            under = p < self.below[0]
            x[under] = self.knots[0] - self.lower.excess(p[under])
        if self.upper.mass:
            over = q < 1 - self.below[-1]
            x[over] = self.knots[-1] + self.upper.excess(q[over])
        if self.unit:
            inside = (
                self.knots[0] if not self.lower.mass else -np.inf,
                self.knots[-1] if not self.upper.mass else np.inf,
            )
            x = (
                np.clip(np.rint(x / self.unit), np.ceil(inside[0] / self.unit), np.floor(inside[1] / self.unit))
                * self.unit
            )
        return x

    def event(self, low: float, high: float) -> tuple[Bools, Floats]:
        """Tokens ``(tokens,)`` and intervals ``(1, 2)`` of normal scores that mean a value in [low, high]."""
        allowed = np.zeros(self.tokens, bool)
        allowed[1 : len(self.atoms) + 1] = (self.atoms >= low) & (self.atoms <= high)
        if not self.continuous:
            return allowed, np.empty((0, 2))
        allowed[-1] = True
        if self.unit:
            low = (np.ceil(low / self.unit - 1e-9) - 0.5) * self.unit
            high = (np.floor(high / self.unit + 1e-9) + 0.5) * self.unit
        if low > high:
            allowed[-1] = False
            return allowed, np.empty((0, 2))
        ends = self._score(np.array([max(low, -1e300), min(high, 1e300)]))[0]
        allowed[-1] = ends[1] > ends[0]
        return allowed, ends[None, :] if ends[1] > ends[0] else np.empty((0, 2))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        tails = {k: [t.mass, t.scale, t.shape] for k, t in (("lower", self.lower), ("upper", self.upper))}
        arrays = {k: getattr(self, k).tolist() for k in ("atoms", "knots", "below")}
        lattice = None if self.lattice is None else dataclasses.asdict(self.lattice)
        rest = {k: getattr(self, k) for k in ("kind", "name", "type", "unit", "power", "gaps")}
        return {**rest, "lattice": lattice, **arrays, **tails}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> NumberCodec:
        """What :meth:`to_dict` gave."""
        atoms, knots, below = (np.asarray(d[k], np.float64) for k in ("atoms", "knots", "below"))
        lattice = None if d["lattice"] is None else Lattice(**d["lattice"])
        tails = Tail(*d["lower"]), Tail(*d["upper"])
        return cls(d["name"], d["type"], atoms, knots, below, *tails, d["unit"], lattice, d["power"], d["gaps"])
