"""Interpolants whose base is drawn near the data."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Condition, Prediction, RowRandom

from ._interpolation import LinearInterpolation

CARD = Card(
    name="CoupledInterpolant",
    summary="Linear path from the data to a base that is drawn around an observation of them.",
    contract="Process",
    title="Stochastic interpolants with data-dependent couplings",
    authors=(
        "Albergo, Michael S.", "Goldstein, Mark", "Boffi, Nicholas M.", "Ranganath, Rajesh", "Vanden-Eijnden, Eric",
    ),
    year=2024,
    venue="ICML",
    link="https://arxiv.org/abs/2310.03725",
    row=268,
    claim="Filling in hidden parts of digits in few steps, a base drawn around the observation gives samples closer "
    "to the data than a base of pure noise under the same condition.",
)  # fmt: skip


@dataclass(frozen=True)
class CoupledInterpolant(LinearInterpolation):
    r""":math:`x_t = (1 - t) x_0 + t b` with the base :math:`b \sim \rho(b | \text{observation of } x_0)`.

    The condition carries the observation o (say: a blurred, enlarged or partly hidden row), and

    .. math:: b = o + s\zeta \qquad\text{or, masked,}\qquad b = m\,o + (1 - m)\,s\zeta, \qquad \zeta \sim N(0, I).

    The network is told o (and m), as ``given``, and learns the velocity :math:`E[b - x_0 | x_t, o]`. Where m keeps a
    number, it stays. With ``spread`` 0 there is one answer to an observation. Without a condition the base is normal
    noise, and this the linear :class:`StochasticInterpolant` times s. In a model, ``given`` is ``(n, d)`` numbers in
    the units of the flattened rows, or ``(n, 2 d)`` with the mask (1 keeps, 0 hides) behind them.

    Parameters
    ----------
    spread : float
        s, in units of the standardised rows.
    masked : bool
        Whether the second half of the condition is a mask.
    t_min : float
        Where likelihoods and training begin.
    given : Tensor, optional
        Encoded conditions of the rows at hand; :meth:`conditioned` sets it.

    References
    ----------
    Albergo, Goldstein, Boffi, Ranganath and Vanden-Eijnden (2024), https://arxiv.org/abs/2310.03725: its time runs the
    other way, and this is its case without the middle noise :math:`\gamma_t`

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import RowRandom
    >>> process = CoupledInterpolant(spread=0.1, masked=True)
    >>> seen = process.conditioned(torch.tensor([[7.0, 0.0, 1.0, 0.0]]))  # of two numbers the second is hidden
    >>> base = seen.base(RowRandom(0, 1), (2,))
    >>> float(base[0, 0]), abs(float(base[0, 1])) < 1
    (7.0, True)
    """

    spread: float = 0.5
    masked: bool = False
    t_min: float = 1e-5
    given: Tensor | None = field(default=None, compare=False, metadata={"saved": False})

    def conditioned(self, given: Tensor | None) -> CoupledInterpolant:
        return self if given is None else replace(self, given=given)

    def base(self, rng: RowRandom, shape: tuple[int, ...]) -> Tensor:
        zeta = self.spread * rng.normal(shape)
        seen, kept = self._seen(shape)
        return zeta if seen is None else seen.to(zeta) + (1 - kept.to(zeta)) * zeta

    def _seen(self, shape: tuple[int, ...]) -> tuple[Tensor | None, Tensor]:
        """What the base stands on (0 where it is hidden), and 1 where it has no noise."""
        if self.given is None:
            return None, torch.zeros(())
        size = math.prod(shape)
        _check_width(self.given.shape, size, self.masked)
        seen = self.given[:, :size].reshape(-1, *shape)
        if not self.masked:
            return seen, torch.zeros((), dtype=seen.dtype, device=seen.device)
        kept = self.given[:, size:].reshape(-1, *shape)
        return kept * seen, kept

    def log_base(self, z: Tensor) -> Tensor:
        if self.spread <= 0 or (self.masked and self.given is not None):
            raise BadInput("a base that keeps numbers as they are has no density, so there is no likelihood")
        seen, _ = self._seen(tuple(z.shape[1:]))
        off = ((z if seen is None else z - seen.to(z)) / self.spread).flatten(1)
        return -0.5 * (off**2).sum(1) - off.shape[1] * math.log(self.spread * math.sqrt(2 * math.pi))

    def from_velocity(self, velocity: Tensor, x_t: Tensor, t: Tensor | float) -> Prediction:
        """The prediction of which this is the velocity, 0 where a number is kept."""
        kept = self._seen(tuple(x_t.shape[1:]))[1]
        return super().from_velocity((1 - kept.to(velocity)) * velocity, x_t, t)

    def condition(self, learned: Condition | None, given: object, centre: Tensor, scale: Tensor) -> Condition | None:
        """Observations are put on the scale of the rows; masks stay as they are."""
        if learned is None:
            raise BadInput("CoupledInterpolant learns from observations of the rows; give them as given=")
        size = centre.numel()
        _check_width((0, learned.width if learned.levels is None else 1), size, self.masked)
        c, s = centre.flatten().tolist(), scale.flatten().tolist()
        if not self.masked:
            return Condition(centre=c, scale=s)
        seen = torch.as_tensor(np.asarray(given, dtype=np.float64)).reshape(-1, 2 * size)
        if bool(((seen[:, size:] != 0) & (seen[:, size:] != 1)).any()):
            raise BadInput("the mask in given must be 1 where a number is kept and 0 where it is hidden")
        if bool((seen[:, :size] * (1 - seen[:, size:]) != 0).any()):
            raise BadInput("given shows numbers that its mask hides; set them to 0, or the model learns from them")
        return Condition(centre=c + [0.0] * size, scale=s + [1.0] * size)


def _check_width(shape: tuple[int, ...], size: int, masked: bool) -> None:
    want = 2 * size if masked else size
    if len(shape) != 2 or shape[1] != want:
        raise BadInput(
            f"given must be (n, {want}) numbers, an observation of the {size} numbers of each row"
            f"{' and its mask' if masked else ''}, got shape (n, {', '.join(map(str, shape[1:]))})"
        )
