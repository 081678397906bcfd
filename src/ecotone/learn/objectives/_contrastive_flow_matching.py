"""Flow matching that pushes the flows of different rows apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Batch, Denoiser, Prediction

CARD = Card(
    name="ContrastiveFlowMatching",
    summary="Squared error of the velocity, less a share of that to another row's velocity.",
    contract="Loss",
    title="Contrastive Flow Matching",
    authors=(
        "Stoica, George", "Ramanujan, Vivek", "Fan, Xiang", "Farhadi, Ali", "Krishna, Ranjay", "Hoffman, Judy",
    ),
    year=2025,
    venue="ICCV",
    link="https://arxiv.org/abs/2506.05350",
    row=270,
    claim="On overlapping classes, samples of a network trained against other rows' velocities are more often of the "
    "class asked for, at equal steps and without guidance.",
)  # fmt: skip


@dataclass(frozen=True)
class ContrastiveFlowMatching:
    r"""Flow matching with a repulsive term: each row i is set against another row j of its batch.

    .. math:: \mathrm{mean}\,\lVert v(x_{t_i}, t_i, y_i) - u_i\rVert^2
              - \lambda\,\mathrm{mean}\,\lVert v(x_{t_i}, t_i, y_i) - u_j\rVert^2, \qquad
              u = \dot\alpha_t x_0 + \dot\sigma_t z

    Its minimiser is not the velocity of the data's flow but :math:`v^* = (v - \lambda \bar u)/(1 - \lambda)`, with
    :math:`\bar u` the mean of the :math:`u_j`: samples are pushed away from the mean of all rows, which makes classes
    more distinct and is wrong for the distribution. :meth:`undo` takes it back.

    Parameters
    ----------
    weight : float
        :math:`\lambda`, in [0, 1); 0 is flow matching.
    other_class : bool
        Whether j is of another class than i, where there are classes; else j is any other row.

    Raises
    ------
    BadInput
        For a weight at which the loss has no minimum, or a batch with nothing to set against.

    References
    ----------
    Stoica, Ramanujan, Fan, Farhadi, Krishna and Hoffman (2025), https://arxiv.org/abs/2506.05350

    Examples
    --------
    >>> import torch
    >>> from ecotone.learn import Batch, GaussianMixture, RowRandom
    >>> from ecotone.learn.processes import StochasticInterpolant
    >>> exact = GaussianMixture.random(dim=2, components=3, seed=0)
    >>> batch = Batch(torch.as_tensor(exact.sample(500, seed=1)), None, None, RowRandom(2, 500))
    >>> loss = float(ContrastiveFlowMatching()(exact.denoiser(StochasticInterpolant()), batch))
    """

    weight: float = 0.05
    other_class: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.weight < 1:
            raise BadInput(f"weight must be in [0, 1): from 1 on the loss has no minimum, got {self.weight!r}")

    def __call__(self, denoiser: Any, batch: Batch) -> Tensor:
        """The mean weighted loss of a batch; ``denoiser.process`` is an interpolation. Rows without a condition, where
        others have one, are not set against any."""
        process, x0, n = denoiser.process.conditioned(batch.given), batch.x, len(batch.x)
        low = max(process.t_min, 1e-5)
        t = low + (process.t_max - low) * batch.rng.uniform().double()
        z = process.base(batch.rng, tuple(x0.shape[1:])).to(x0)
        (alpha, sigma), (da, ds) = process.coefficients(t, x0), process.rates(t, x0)
        x_t, u = alpha * x0 + sigma * z, da * x0 + ds * z
        v = process.velocity(denoiser(x_t, t, batch.given), x_t, t)
        pull = ((v - u) ** 2).flatten(1).mean(1)
        weight = torch.ones_like(pull) if batch.weight is None else batch.weight.to(pull)
        if self.weight == 0:
            return (pull * weight).mean()
        other, kept = self._others(batch, n)
        push = ((v - u[other]) ** 2).flatten(1).mean(1) * kept.to(pull) * n / kept.sum()
        return ((pull - self.weight * push) * weight).mean()

    def _others(self, batch: Batch, n: int) -> tuple[Tensor, Tensor]:
        """For each row another row, and whether it is to be set against it."""
        classes = batch.given if batch.given is not None and not batch.given.is_floating_point() else None
        u = batch.rng.uniform().double()
        kept = torch.ones(n, dtype=torch.bool, device=u.device) if classes is None else classes >= 0
        if classes is None or not self.other_class:
            found = (torch.arange(n, device=u.device) + 1 + (u * (n - 1)).long().clamp(max=n - 2)) % n
            kept = kept & (n > 1)
        else:
            allowed = classes[:, None] != classes[None, :]
            count = allowed.sum(1)
            place = torch.minimum((u * count).long(), count - 1)
            found = torch.argmax((torch.cumsum(allowed, dim=1) > place[:, None]).to(torch.uint8), dim=1)
            kept = kept & (count > 0)
        if not bool(kept.any()):
            raise BadInput("the batch has no pair of rows to set against each other; use larger batches, or weight=0")
        return found, kept

    def undo(self, denoiser: Denoiser, process: Any, mean: Tensor | float = 0.0) -> Corrected:
        r"""The denoiser with the velocity :math:`(1 - \lambda) v^* + \lambda \bar u`, of a denoiser trained so.

        Exact along the linear path with ``other_class=False`` and a base of mean 0, where :math:`\bar u` is minus the
        ``mean`` of the data (0 for standardised rows) at every t.
        """
        return Corrected(denoiser, process, self.weight, mean)


@dataclass(frozen=True)
class Corrected:
    """A denoiser whose velocity is scaled back; see :meth:`ContrastiveFlowMatching.undo`."""

    denoiser: Denoiser
    process: Any
    weight: float
    mean: Tensor | float = 0.0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row."""
        return self.denoiser.shape

    def __call__(self, x_t: Tensor, t: Tensor | float, given: Tensor | None = None) -> Prediction:
        process = self.process.conditioned(given)
        v = process.velocity(self.denoiser(x_t, t, given), x_t, t)
        made: Prediction = process.from_velocity((1 - self.weight) * v - self.weight * self.mean, x_t, t)
        return made
