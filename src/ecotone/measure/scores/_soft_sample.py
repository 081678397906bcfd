"""Predictions with a mass for every possible label."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ecotone.contracts import Floats, Ints


@dataclass(frozen=True)
class SoftSample:
    """Predictions with a mass for every possible label.

    Parameters
    ----------
    mass : (n, k) float64
        Weight of (row, label). One-hot rows are an ordinary labelled sample, rows of probabilities a sample whose
        labels are only known as probabilities, and negative entries a correction. Any total: metrics divide by it.
    predicted : (n,) int64
        Codes of the predicted classes.
    probability : (n, k) float64 or None
        The model's probabilities.
    positive : int
        Code of the positive class where there are two.
    """

    mass: Floats
    predicted: Ints
    probability: Floats | None = None
    positive: int = 1

    def weighted(self, weight: Floats) -> SoftSample:
        """The same rows, each with its mass times a weight."""
        return replace(self, mass=self.mass * weight[:, None])

    def __add__(self, other: SoftSample) -> SoftSample:
        """Both samples, one after the other."""
        probability = None
        if self.probability is not None and other.probability is not None:
            probability = np.concatenate([self.probability, other.probability])
        return SoftSample(
            np.concatenate([self.mass, other.mass]),
            np.concatenate([self.predicted, other.predicted]),
            probability,
            self.positive,
        )


def one_hot(codes: Ints, k: int) -> Floats:
    """(n, k) rows of zeros with a one at each code; a negative code gives a row of zeros."""
    hot = np.zeros((len(codes), k))
    seen = codes >= 0
    hot[np.flatnonzero(seen), codes[seen]] = 1.0
    return hot
