"""Means and the pooled covariance of classes, by blocks, and distances in the space where that covariance is 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array
from scipy.sparse import csr_array

from ecotone.contracts import Activations, BadInput, Floats, Ints, as_numpy
from ecotone.contracts.arrays import Array, averaged, like

EPS = float(np.finfo(float).eps)
FEATURES = "features"


class Moments(NamedTuple):
    """First and second moments of labelled rows."""

    counts: Floats  # (classes,)
    means: Floats  # (classes, d)
    within: Floats  # (d, d), pooled within-class covariance, divided by the rows

    @property
    def mean(self) -> Floats:
        """Of all rows, ``(d,)``."""
        return np.asarray(self.counts @ self.means / self.counts.sum())

    @property
    def total(self) -> Floats:
        """Covariance about the mean of all rows, divided by the rows, ``(d, d)``."""
        gap = self.means - self.mean
        return np.asarray(self.within + (gap * (self.counts / self.counts.sum())[:, None]).T @ gap)


class MomentSum:
    """Moments of blocks that come one after another, each centred before it is squared (Chan, Golub and LeVeque)."""

    def __init__(self, classes: int, scatter: bool = True) -> None:
        self.counts = np.zeros(classes)
        self.means: Floats | None = None
        self.scatter: Floats | None = None
        self._squares = scatter

    def add(self, z: Array, labels: Ints) -> None:
        """One block ``(m, d)`` and its classes; rows of class -1 are left out."""
        xp, classes = array_namespace(z), len(self.counts)
        if (labels < 0).any():
            known = np.flatnonzero(labels >= 0)
            z, labels = xp.take(z, xp.asarray(known, device=device(z)), axis=0), labels[known]
        if self.means is None or self.scatter is None:
            self.means, self.scatter = np.zeros((classes, z.shape[1])), np.zeros((z.shape[1], z.shape[1]))
        counts = np.bincount(labels, minlength=classes).astype(float)
        means = _sums(z, labels, classes) / np.maximum(counts, 1)[:, None]
        both = self.counts + counts
        gap = means - self.means
        if self._squares:
            centred = z - xp.take(like(means, z), xp.asarray(labels, device=device(z)), axis=0)
            weight = self.counts * counts / np.maximum(both, 1)
            self.scatter += as_numpy(centred.T @ centred) + (gap * weight[:, None]).T @ gap
        self.means += gap * (counts / np.maximum(both, 1))[:, None]
        self.counts = both

    def moments(self) -> Moments:
        """Of all blocks so far."""
        absent = np.flatnonzero(self.counts == 0)
        if self.means is None or self.scatter is None or len(absent):
            raise BadInput(
                f"labels has no row of class {absent[0] if len(absent) else 0} of {len(self.counts)}; add rows of "
                "every class to the reference"
            )
        return Moments(self.counts, self.means, self.scatter / self.counts.sum())


def class_moments(
    activations: Activations, rows: int, *reads: Callable[[Activations], Array], scatter: bool = True
) -> list[Moments]:
    """Moments of what each function reads of a block, in one pass; with ``scatter`` off the covariances are 0.

    Raises
    ------
    BadInput
        For a class without rows; it is named.
    """
    sums = [MomentSum(activations.classes, scatter) for _ in reads]
    for block in activations.blocks(rows):
        labels = as_numpy(block.labels)
        for part, read in zip(sums, reads, strict=True):
            part.add(read(block), labels)
    return [part.moments() for part in sums]


def layer(block: Activations, name: str = FEATURES) -> Array:
    """A layer's averages over places ``(m, c)``, or the features."""
    if name == FEATURES:
        return block.features
    if name not in block.layers:
        raise BadInput(f"layers has no {name!r}, only {', '.join(block.layers) or 'none'}; read it with layers=[...]")
    return averaged(block.layers[name])


def feature_mean(activations: Activations, rows: int) -> Floats:
    """Mean of the features ``(d,)``, whatever the labels."""
    total = sum(as_numpy(block.features).sum(axis=0) for block in activations.blocks(rows))
    return np.asarray(total, dtype=np.float64) / len(activations)


def whitener(covariance: Floats) -> Floats:
    """``W`` of shape ``(d, rank)`` with ``W @ W.T`` the covariance's pseudo-inverse and ``W.T @ covariance @ W = 1``.

    Directions whose variance is rounding (relative to the largest) are dropped, dead units among them.
    """
    size, vectors = np.linalg.eigh(covariance)
    kept = size > size[-1] * len(size) * EPS
    if not size[-1] > 0:
        raise BadInput("every row of the reference equals the mean of its class; give more rows of each class")
    return np.asarray(vectors[:, kept] / np.sqrt(size[kept]))


def nearest(z: Array, centres: Array) -> tuple[Array, Array]:
    """Squared Euclidean distance of each row to its nearest centre, never negative, and that centre's position."""
    xp = array_namespace(z)
    which = xp.argmin(xp.sum(centres * centres, axis=1) / 2 - z @ centres.T, axis=1)
    gap = z - xp.take(centres, which, axis=0)
    return xp.sum(gap * gap, axis=1), which


def _sums(z: Array, labels: Ints, classes: int) -> Floats:
    if is_torch_array(z):
        index = array_namespace(z).asarray(labels, device=z.device)
        return as_numpy(z.new_zeros((classes, z.shape[1])).index_add(0, index, z)).astype(np.float64)
    rows = len(labels)
    member = csr_array((np.ones(rows), labels, np.arange(rows + 1)), shape=(rows, classes))
    return np.asarray(member.T @ z)
