"""One task of several: closeness to its classes, distance from replayed rows of the others, their calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from ecotone.contracts import Activations, BadInput, Floats, Ints, as_numpy, as_seed
from ecotone.contracts.arrays import Array, like

from ._logits import log_sum_exp, softmax
from ._moments import MomentSum, layer, nearest, whitener
from ._nearest import largest_products, unit

NEAR = 1e-6  # of the rank: the least squared distance from a class's mean that is told apart


class Task:
    """What is learned of one task.

    Parameters
    ----------
    classes : (c,) integers
        Positions of its classes.
    name : str or None
        The layer that holds its features; None for ``features``.
    k : int
        Which nearest of the replayed rows.
    """

    def __init__(self, classes: Ints, name: str | None, k: int) -> None:
        self.classes = classes
        self.name = name
        self.k = k

    def learn(self, activations: Activations, rows: int, label: str) -> None:
        """Means, tied covariance and scales from the task's rows, in blocks of so many."""
        place = np.full(activations.classes + 1, -1)  # the last is of unknown labels
        place[self.classes] = np.arange(len(self.classes))
        total = MomentSum(len(self.classes))
        for block in activations.blocks(rows):
            total.add(self.features(block), place[as_numpy(block.labels)])
        moments = total.moments()
        self.whitener = whitener(moments.within)
        self.means = moments.means @ self.whitener
        self._scale(activations, rows, place, moments.counts > 1)
        if not self.top > 0:
            raise BadInput(
                f"the largest logits of task {label} average {self.top:.3g} and TPLDetector divides by that; add one "
                "constant to all logits so that it is positive"
            )

    def _scale(self, activations: Activations, rows: int, place: Ints, several: Any) -> None:
        """Means of closeness and of largest logits; a class's only row is at its mean and left out of the first."""
        close, top = [], []
        for block in activations.blocks(rows):
            own = place[as_numpy(block.labels)]
            among = own >= 0
            close.append(as_numpy(self.closeness(self.features(block)))[among][several[own[among]]])
            top.append(as_numpy(self.largest(block))[among])
        found = np.concatenate(close)
        self.close, self.top = float(found.mean()) if len(found) else 1.0, float(np.concatenate(top).mean())

    def remember(self, replay: Activations) -> None:
        """Replayed rows of the other tasks."""
        unit_rows = as_numpy(unit(self.features(replay)))
        half = np.square(unit_rows).sum(1, keepdims=True) / 2  # 0 for rows of zeros
        self.bank = np.hstack([unit_rows, -half])

    def features(self, block: Activations) -> Array:
        """As the task's part of the network gives them."""
        return block.features if self.name is None else layer(block, self.name)

    def logits(self, block: Activations) -> Array:
        """Of the task's classes."""
        xp = array_namespace(block.logits)
        return xp.take(block.logits, xp.asarray(self.classes, device=block.logits.device), axis=1)

    def largest(self, block: Activations) -> Array:
        """The largest logit of the task's classes."""
        return array_namespace(block.logits).max(self.logits(block), axis=1)

    def closeness(self, z: Array) -> Array:
        """One over the squared Mahalanobis distance to the nearest of the task's classes."""
        squared, _ = nearest(z @ like(self.whitener, z), like(self.means, z))
        return 1 / array_namespace(z).clip(squared, min=NEAR * self.whitener.shape[1])

    def distance(self, z: Array) -> Array:
        """Squared, between unit features, to the K-th nearest replayed row of the others; 0 where there is none."""
        z = unit(z)
        xp = array_namespace(z)
        if not len(self.bank):
            return xp.zeros_like(z[:, 0])
        ones = xp.concat([z, xp.ones_like(z[:, :1])], axis=1)
        products = largest_products(ones, self.bank, min(self.k, len(self.bank)))
        return xp.clip(xp.sum(z * z, axis=1) - 2 * xp.min(products, axis=1), min=0.0)

    def score(self, block: Activations) -> Array:
        """The soft minimum of both parts (m,), before calibration."""
        z = self.features(block)
        e1 = self.closeness(z) / self.close + self.distance(z)
        return -log_sum_exp(-array_namespace(z).stack([e1, self.largest(block) / self.top], axis=1))


def classes_of_tasks(activations: Activations, labels: Ints, tasks: Sequence[int] | None) -> tuple[Any, list[Ints]]:
    """Names of the tasks and positions of the classes of each: as given, by groups, or one task."""
    classes = activations.classes
    absent = np.setdiff1d(np.arange(classes), labels)
    if len(absent):
        raise BadInput(f"the reference has no row of class {absent[0]}; give rows of every class of the logits")
    if tasks is not None:
        of = np.asarray(tasks)
        if of.shape != (classes,):
            raise BadInput(f"tasks must give one task for each of {classes} classes, got shape {of.shape}")
    elif activations.groups is not None:
        groups = activations.gather("groups")
        found = [np.unique(groups[labels == c]) for c in range(classes)]
        mixed = next((c for c, names in enumerate(found) if len(names) > 1), None)
        if mixed is not None:
            raise BadInput(f"class {mixed} is in groups {found[mixed][:3].tolist()}; groups must be tasks of classes")
        of = np.concatenate(found)
    else:
        of = np.zeros(classes, int)
    names = np.unique(of)
    return names, [np.flatnonzero(of == name) for name in names]


def replayed(labels: Ints, each: int, seed: int) -> Ints:
    """Positions of so many rows of each class, drawn by ``seed``."""
    rng = as_seed(seed)
    rows = [np.flatnonzero(labels == c) for c in range(labels.max() + 1)]
    return np.sort(np.concatenate([rng.permutation(members)[:each] for members in rows]))


def calibrated(scores: Floats, task: Ints, steps: int = 100, rate: float = 0.01) -> tuple[Floats, Floats]:
    """Factors and offsets of scores ``(n, tasks)`` after steps of descent, momentum 0.8, of the cross-entropy."""
    n, tasks = scores.shape
    parameters, velocity = np.stack([np.ones(tasks), np.zeros(tasks)]), np.zeros((2, tasks))
    target = np.eye(tasks)[task]
    for _ in range(steps):
        gap = (softmax(scores * parameters[0] + parameters[1]) - target) / n
        velocity = 0.8 * velocity + np.stack([(gap * scores).sum(0), gap.sum(0)])
        parameters = parameters - rate * velocity
    return parameters[0], parameters[1]
