"""Attribution of a change in performance to the mechanisms that changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.cards import Card
from ecotone.contracts import BadInput, Explanation, Floats, as_seed
from ecotone.measure import shapley_values

from ._mechanism_ratios import Ratio, mechanism_ratio

CARD = Card(
    name="PerformanceShiftAttribution",
    summary="Shapley values of the change in expected loss over the mechanisms of a causal graph.",
    contract="Explanation",
    title='"Why did the Model Fail?": Attributing Model Performance Changes to Distribution Shifts',
    authors=("Zhang, Haoran", "Singh, Harvineet", "Ghassemi, Marzyeh", "Joshi, Shalmali"),
    year=2023,
    venue="ICML",
    link="https://arxiv.org/abs/2210.10769",
    row=138,
    reads=("rows", "labels"),
    claim="With known mixtures of shifts the attribution is closer to the Shapley values under exact weights than "
    "switching one mechanism after another in one order.",
)


@dataclass(frozen=True)
class PerformanceShiftAttribution:
    r"""What each mechanism of a causal graph contributed to a change of the expected loss.

    The players are the mechanisms :math:`P(X_i \mid \mathrm{pa}_i)`; a coalition S is worth the change of the loss when
    only its mechanisms are the target's,

    .. math:: v(S) = \frac{\sum_j w_S(x_j)\,\ell_j}{\sum_j w_S(x_j)} - \bar\ell, \quad
        w_S = \prod_{i \in S} \frac{p_{tgt}(x_i \mid \mathrm{pa}_i)}{p_{src}(x_i \mid \mathrm{pa}_i)},

    over source rows, and a mechanism gets its Shapley value. A root's ratio is a classifier's odds on it times
    n_src / n_tgt, another's the odds on (it, its parents) over the odds on its parents, each row judged by trees fitted
    on others. The target's support must lie in the source's. Products of ratios can explode: ``details`` has the
    effective sample size of the full product.

    Parameters
    ----------
    graph : mapping of str to tuple of str
        Parents of every variable, acyclic. A variable may be a block of columns.
    ratio : {"trees", "table"}
        How distributions are compared; ``table``: frequencies of equal rows, for discrete variables.
    observed : bool
        Whether everybody together is worth the observed change; otherwise the weighted estimate of it.
    clip : float
        Largest product of ratios.
    draws : int
        Bootstrap draws over rows behind the intervals, the ratios held fixed; 0 for none.
    level : float
    random_state : int

    Raises
    ------
    BadInput
        For parents that are not in the graph, a cycle, or variables that a sample lacks.

    References
    ----------
    Zhang, Singh, Ghassemi and Joshi (2023), https://arxiv.org/abs/2210.10769

    Examples
    --------
    >>> import numpy as np
    >>> before = {"a": np.array([0, 0, 0, 1]), "b": np.array([0, 1, 0, 1])}
    >>> after = {"a": np.array([0, 1, 1, 1]), "b": np.array([0, 1, 0, 1])}
    >>> method = PerformanceShiftAttribution({"a": (), "b": ()}, ratio="table", draws=0)
    >>> found = method.explain(before, after, before["a"] * 1.0, after["a"] * 1.0)
    >>> found.total, {name: round(part, 3) for name, part in found.parts.items()}
    (0.5, {'a': 0.5, 'b': 0.0})
    """

    graph: Mapping[str, tuple[str, ...]]
    ratio: Ratio = "trees"
    observed: bool = True
    clip: float = 1e3
    draws: int = 200
    level: float = 0.9
    random_state: int = 0

    def explain(
        self, source: Mapping[str, NDArray[Any]], target: Mapping[str, NDArray[Any]], loss_source: Any, loss_target: Any
    ) -> Explanation:
        """Attribute ``mean(loss_target) - mean(loss_source)``.

        Parameters
        ----------
        source, target : mapping of str to (n,) or (n, d) array
            Every variable of the graph.
        loss_source, loss_target : (n,) array
            Loss (or score) of the model on each row.

        Returns
        -------
        Explanation
            A part for every variable.
        """
        ratios = self._ratios(*(self._variables(rows, name) for rows, name in ((source, "source"), (target, "target"))))
        losses = [_losses(loss, name) for loss, name in ((loss_source, "loss_source"), (loss_target, "loss_target"))]
        if len(losses[0]) != len(next(iter(ratios.values()))):
            raise BadInput(f"loss_source has {len(losses[0])} rows; give one per row of source")
        names = list(ratios)
        counts = [_bootstrap(len(loss), self.draws, as_seed(self.random_state, k)) for k, loss in enumerate(losses)]
        before, after = (c @ loss / c.sum(axis=1) for c, loss in zip(counts, losses))

        def worth(coalition: frozenset[int]) -> Floats:
            if self.observed and len(coalition) == len(names):
                return np.asarray(after - before)
            w = counts[0] * self._product([ratios[names[i]] for i in coalition], len(losses[0]))
            return np.asarray(w @ losses[0] / w.sum(axis=1) - before)

        values = shapley_values(worth, len(names), seed=self.random_state).values
        full = self._product(list(ratios.values()), len(losses[0]))
        details = {
            "effective": float(full.sum() ** 2 / (full**2).sum()),
            "observed": float(after[0] - before[0]),
            "estimated": float(np.average(losses[0], weights=full) - before[0]),
        }
        tails = np.quantile(values[:, 1:], [(1 - self.level) / 2, (1 + self.level) / 2], axis=1) if self.draws else None
        return Explanation(
            total=float(values[:, 0].sum()),
            parts={name: float(v) for name, v in zip(names, values[:, 0])},
            method=CARD.name,
            intervals={} if tails is None else {n: (float(a), float(b)) for n, a, b in zip(names, *tails)},
            details=details,
        )

    def _product(self, ratios: list[Floats], n: int) -> Floats:
        with np.errstate(over="ignore"):
            return np.asarray(np.minimum(np.prod([np.ones(n), *ratios], axis=0), self.clip))

    def _ratios(self, source: dict[str, Floats], target: dict[str, Floats]) -> dict[str, Floats]:
        """Each mechanism's ratio at the source rows."""

        def joint(names: tuple[str, ...]) -> Floats:
            here, there = (np.hstack([rows[n] for n in names]) for rows in (source, target))
            return mechanism_ratio(here, there, how=self.ratio, seed=self.random_state)[0]

        found = {}
        for name, parents in self.graph.items():
            found[name] = joint((*parents, name))
            if parents:
                below = joint(tuple(parents))
                found[name] = np.divide(found[name], below, out=np.zeros_like(below), where=below > 0)
        return found

    def _variables(self, rows: Mapping[str, NDArray[Any]], argument: str) -> dict[str, Floats]:
        _check_graph(self.graph)
        found = {}
        for name in self.graph:
            if name not in rows:
                raise BadInput(f"{argument} lacks {name!r}, which the graph has; give every variable of the graph")
            try:
                values = np.asarray(rows[name], dtype=np.float64)
            except (TypeError, ValueError):
                raise BadInput(f"{argument}: {name!r} is not numeric; give codes for categories") from None
            if values.ndim not in (1, 2) or values.size == 0:
                raise BadInput(f"{argument}: {name!r} has shape {values.shape}; give (n,) or (n, d) with rows in it")
            found[name] = values.reshape(len(values), -1)
        sizes = {name: len(v) for name, v in found.items()}
        if len(set(sizes.values())) > 1 or 0 in sizes.values():
            raise BadInput(f"{argument}: variables must be non-empty and of one length, got {sizes}")
        return found


def _check_graph(graph: Mapping[str, tuple[str, ...]]) -> None:
    if not graph:
        raise BadInput("graph is empty; give every variable with its parents")
    done: set[str] = set()
    for name, parents in graph.items():
        for parent in parents:
            if parent not in graph:
                raise BadInput(f"graph: {parent!r}, a parent of {name!r}, is not in the graph; add it")
    while len(done) < len(graph):
        free = {name for name, parents in graph.items() if name not in done and set(parents) <= done}
        if not free:
            raise BadInput(f"graph has a cycle through {sorted(set(graph) - done)}; give an acyclic graph")
        done |= free


def _losses(loss: Any, name: str) -> Floats:
    values = np.asarray(loss, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0 or not np.isfinite(values).all():
        raise BadInput(f"{name} must be a non-empty vector of finite numbers, got shape {values.shape}")
    return values


def _bootstrap(n: int, draws: int, rng: np.random.Generator) -> Floats:
    """(1 + draws, n) how often each row counts: once in the first line, then in bootstrap samples."""
    drawn = [np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(draws)]
    return np.array([np.ones(n), *drawn], dtype=np.float64)
