"""Concept vectors, the features rebuilt from them, and the loss that they are learned by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from ecotone.learn import Batch

_TOP = 10  # places that a concept's coherency is the mean of
_RIDGE = 1e-3  # of the scatter within groups, which is singular for many concepts


class ConceptNetwork(nn.Module):
    """Places ``(n, places, d)`` to concepts to places.

    Parameters
    ----------
    vectors : (d, m) tensor
        At the start; columns are used at length 1.
    threshold : float or None
        Of the cosine, under which a concept is not seen; None keeps all, without dividing by their sum.
    hidden : int
        Of the two-layer map back; 0 takes the transposed vectors.
    learn_vectors : bool
    """

    def __init__(self, vectors: Tensor, threshold: float | None, hidden: int, learn_vectors: bool) -> None:
        super().__init__()
        self.vectors = nn.Parameter(vectors.clone(), requires_grad=learn_vectors)
        self.threshold = threshold
        d, m = vectors.shape
        self.first = nn.Parameter(torch.empty(m, hidden).uniform_(-0.5, 0.5)) if hidden else None
        self.second = nn.Parameter(torch.empty(hidden, d).uniform_(-0.5, 0.5)) if hidden else None

    def unit(self) -> Tensor:
        """The concepts, ``(d, m)``, columns of length 1."""
        return normalize(self.vectors, dim=0)

    def cosines(self, places: Tensor) -> Tensor:
        """``(n, places, m)``."""
        return normalize(places, dim=-1) @ self.unit()

    def seen(self, places: Tensor) -> Tensor:
        """``(n, m)``: for each row the cosine of largest magnitude over its places, with its sign."""
        cosines = self.cosines(places)
        at = cosines.abs().argmax(1, keepdim=True)
        return cosines.gather(1, at)[:, 0]

    def forward(self, places: Tensor, keep: Tensor | None = None) -> Tensor:
        """Rebuilt places, with only the concepts that ``keep`` ``(m,)`` marks by 1."""
        unit = self.unit() if keep is None else self.unit() * keep
        v = places @ unit
        if self.threshold is not None:
            v = v * ((normalize(places, dim=-1) @ unit) > self.threshold)
            v = v / (v.sum(-1, keepdim=True) + 1e-3)
        if self.first is None or self.second is None:
            return v @ unit.T
        return torch.relu(v @ self.first) @ self.second


@dataclass(frozen=True)
class ConceptLoss:
    """The objective; a coefficient of 0 leaves its term out.

    Parameters
    ----------
    logits, score : callables
        Of rebuilt features ``(n, d)``: the head, and the detector's score ``(n,)`` in units of its spread.
    coherency, similarity, reconstruction, completeness, separability : float
    """

    logits: Callable[[Tensor], Any]
    score: Callable[[Tensor], Any]
    coherency: float
    similarity: float
    reconstruction: float
    completeness: float
    separability: float

    def __call__(self, network: ConceptNetwork, batch: Batch) -> Tensor:
        """Of rows with ``given`` = label, whether inside, whether the detector keeps it, its score."""
        assert batch.given is not None
        label, inside, kept, wanted = batch.given.T
        rebuilt, own, unit = network(batch.x), inside > 0, network.unit()
        pooled = rebuilt.mean(1)
        gram = unit.T @ unit
        total = self.similarity * (gram - torch.eye(len(gram)).to(gram)).mean()
        if own.any():
            total = total + cross_entropy(self.logits(pooled[own]), label[own].long())
            cosines = network.cosines(batch.x[own]).flatten(0, 1)
            total = total - self.coherency * cosines.topk(min(_TOP, len(cosines)), dim=0).values.mean()
            off = (batch.x[own] - rebuilt[own]).flatten(1).norm(dim=1).mean()
            total = total + self.reconstruction * off
        if self.completeness:
            total = total + self.completeness * ((self.score(pooled).to(wanted) - wanted) ** 2).mean()
        if self.separability:
            seen = network.seen(batch.x)
            total = total - self.separability * separability(seen[kept > 0], seen[kept <= 0])
        return total


def separability(inside: Tensor, outside: Tensor) -> Tensor:
    r""":math:`(\mu - \mu')^\top S^{-1} (\mu - \mu')`, S the sum of both groups' scatters, with a small ridge."""
    if len(inside) < 2 or len(outside) < 2:
        return inside.sum() * 0
    gap = inside.mean(0) - outside.mean(0)
    scatter = sum(((g - g.mean(0)).T @ (g - g.mean(0)) for g in (inside, outside)), torch.zeros(()).to(inside))
    ridge = _RIDGE * scatter.diagonal().mean() + 1e-8
    return gap @ torch.linalg.solve(scatter + ridge * torch.eye(len(gap)).to(gap), gap)
