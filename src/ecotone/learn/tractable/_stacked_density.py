"""Stacking: a mixture of different densities with weights from rows that they did not learn from."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ecotone.cards import Card
from ecotone.contracts import BadInput
from ecotone.learn import Distribution, RowRandom, Standardised
from ecotone.learn.arrays import as_weights, rows

CARD = Card(
    name="StackedDensity",
    summary="Mixture of different densities, weighted by how likely they make rows that they did not learn from.",
    contract="Distribution",
    title="Linearly Combining Density Estimators via Stacking",
    authors=("Smyth, Padhraic", "Wolpert, David"),
    year=1999,
    venue="Machine Learning 36",
    link="https://doi.org/10.1023/A:1007511322260",
)


class StackedDensity(Standardised, Distribution):
    r""":math:`p(x) = \sum_m w_m p_m(x)`, :math:`w = \arg\max \sum_i \log \sum_m w_m p_m^{(-i)}(x_i)`.

    :math:`p_m^{(-i)}` learned without the fold of row i. The weights are found by EM: the problem is concave. Up to
    ``refit`` rows every member is then fitted again to all rows; with more, there is one fold (a share
    ``1 / folds`` of the rows), and the members stay as they were fitted without it.

    Parameters
    ----------
    members : sequence of Distribution, optional
        Not fitted; copies are. By default mixtures of 1 to 30 normal distributions with small and larger ridges, two
        kernel densities and two neural spline flows (one of them whitened): what serves vectors of few and of many
        rows.
    folds : int
    refit : int
    standardise : bool
        Members see standardised rows; with False, rows as they are.
    random_state : int
        Of the folds.

    Attributes
    ----------
    members_ : list of Distribution
    weights_ : (m,) float64 Tensor
    held_out_ : list of float
        Mean log-density of each member on rows that it did not learn from.

    References
    ----------
    Smyth and Wolpert (1999), https://doi.org/10.1023/A:1007511322260

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.learn import GaussianMixture
    >>> from ecotone.learn.tractable import KernelDensity, StackedDensity
    >>> x = np.random.default_rng(0).normal(size=(300, 2))
    >>> model = StackedDensity([GaussianMixture(1), KernelDensity()]).fit(x)
    >>> bool(model.weights_[0] > 0.8)
    True
    """

    def __init__(
        self,
        members: Sequence[Any] | None = None,
        *,
        folds: int = 3,
        refit: int = 2000,
        standardise: bool = True,
        random_state: int = 0,
    ) -> None:
        self.members, self.folds, self.refit, self.standardise = members, folds, refit, standardise
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, *, given: Any = None, sample_weight: Any = None) -> StackedDensity:
        """Fit the members to rows ``X`` ``(n, ...)`` and weigh them; all must take what is passed."""
        x, _ = rows(X, "X")
        members = self._members(len(x))
        if not members or self.folds < 2 or len(x) < 2 * self.folds:
            raise BadInput(
                f"StackedDensity needs a member, folds >= 2 and at least two rows a fold, got {len(members)}, "
                f"{self.folds!r} and {len(x)} rows"
            )
        weight = as_weights(sample_weight, len(x))
        condition = None if given is None else np.asarray(given.cpu() if isinstance(given, Tensor) else given)
        encoded = self._learn_condition(given, len(x))
        if encoded is not None and encoded.is_floating_point():
            raise BadInput("given must be labels: members scale numbers each in its own way")
        self.torch_ = isinstance(X, Tensor)
        if self.standardise:
            self._standardise(x)
        else:
            self.centre_, self.scale_ = torch.zeros(x.shape[1:]).double(), torch.ones(x.shape[1:]).double()
        data = (self._encode(x.detach().double().cpu()), condition, weight)
        fold = np.random.default_rng(self.random_state).permutation(len(x)) % self.folds
        again = len(x) <= self.refit
        parts, held = [], []
        for k in range(self.folds if again else 1):
            made = [_fit(member, data, np.flatnonzero(fold != k)) for member in members]
            held.append(np.flatnonzero(fold == k))
            parts.append(torch.stack([_held_out(m, data, held[-1]) for m in made], 1))
        log, at = torch.cat(parts), torch.as_tensor(np.concatenate(held))
        share = torch.ones(len(at)).double() if weight is None else weight[at]
        self.weights_ = _weigh(log, share / share.sum())
        self.held_out_ = [float(v) for v in (share[:, None] * log).sum(0) / share.sum()]
        self.members_ = [_fit(member, data, np.arange(len(x))) for member in members] if again else made
        for member in self.members_:
            if self.condition_ is not None and member.condition_.levels != self.condition_.levels:
                raise BadInput("a class of given has too few rows to be in every fold; merge it, or use fewer folds")
        self.shape_ = tuple(x.shape[1:])
        return self

    def _members(self, n: int = 0) -> Sequence[Any]:
        return default_members(n, self.random_state) if self.members is None else self.members

    def _log_prob(self, x: Tensor, given: Tensor | None) -> Tensor:
        z = self._encode(x.double().cpu())
        parts = [
            m._log_prob(z, given).cpu() + torch.log(w)
            for m, w in zip(self.members_, self.weights_, strict=True)
            if w > 0
        ]
        return torch.logsumexp(torch.stack(parts, 1), 1) + self._log_volume(self.shape_)

    def _sample(self, rng: RowRandom, given: Tensor | None) -> Tensor:
        k = rng.categorical(torch.log(self.weights_).expand(len(rng), -1))
        x = torch.empty(len(rng), *self.shape_, dtype=torch.float64)
        for i, member in enumerate(self.members_):
            at = torch.nonzero(k == i)[:, 0]
            if len(at):
                x[at] = member._sample(rng.take(at), None if given is None else given[at]).double().cpu()
        return self._decode(x)

    def _state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        body, tensors = super()._state()
        states = []
        for i, member in enumerate(self.members_):
            state, own = member._state()
            states.append(state)
            tensors |= {f"member{i}.{k}": v for k, v in own.items()}
        tensors |= {"weights": self.weights_, "centre": self.centre_, "scale": self.scale_}
        return body | {"members": states, "held_out": self.held_out_}, tensors

    def _restore(self, body: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(body, tensors)
        self.weights_, self.held_out_ = tensors["weights"], body["held_out"]
        self.centre_, self.scale_ = tensors["centre"], tensors["scale"]
        self.members_ = [copy.deepcopy(member) for member in self._members()]
        for i, (member, state) in enumerate(zip(self.members_, body["members"], strict=True)):
            start = f"member{i}."
            member._restore(state, {k[len(start) :]: v for k, v in tensors.items() if k.startswith(start)})


def default_members(n: int, seed: int) -> list[Any]:
    """What is stacked unless it is said otherwise; flows look for overfitting more often where rows are few."""
    from ecotone.learn.flows import NeuralSplineFlow
    from ecotone.learn.training import Training

    from ._gaussian_mixture import GaussianMixture
    from ._kernel_density import KernelDensity

    every = 20 if n <= 2000 else 75
    training = Training(
        steps=1500,
        learning_rate=2e-3,
        weight_decay=1e-2,
        ema=0.99,
        eval_every=every,
        patience=4,
        device="cpu",
        seed=seed,
    )
    mixtures = [(1, 1e-6), (2, 1e-6), (3, 1e-6), (5, 1e-6), (10, 1e-6), (3, 1e-2), (10, 3e-2), (30, 1e-4)]
    return [
        *(GaussianMixture(k, ridge=ridge, starts=1, random_state=seed) for k, ridge in mixtures),
        KernelDensity("diagonal", random_state=seed),
        KernelDensity("full", random_state=seed),
        NeuralSplineFlow(3, hidden=(64, 64), training=training),
        NeuralSplineFlow(2, hidden=(64, 64), whiten=True, training=training),
    ]


_Data = tuple[Tensor, Any, Tensor | None]


def _fit(member: Any, data: _Data, at: Any) -> Any:
    x, given, weight = data
    conditioned = None if given is None else given[at]
    return copy.deepcopy(member).fit(x[at], given=conditioned, sample_weight=None if weight is None else weight[at])


def _held_out(member: Any, data: _Data, at: Any) -> Tensor:
    with torch.no_grad():
        found = member.log_prob(data[0][at], given=None if data[1] is None else data[1][at])
    return torch.as_tensor(found, dtype=torch.float64).cpu()


def _weigh(log: Tensor, share: Tensor, steps: int = 2000) -> Tensor:
    """EM for the weights of fixed densities: log (n, m), share (n,) of the rows."""
    weights = torch.full((log.shape[1],), 1 / log.shape[1], dtype=torch.float64)
    for _ in range(steps):
        after = (share[:, None] * torch.softmax(log + torch.log(weights), 1)).sum(0)
        if float((after - weights).abs().max()) < 1e-9:
            break
        weights = after
    weights = torch.where(weights < 1e-6, 0.0, weights)
    return weights / weights.sum()
