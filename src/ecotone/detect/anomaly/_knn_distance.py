"""Distance to the nearest rows of the reference."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import check_is_fitted, validate_data

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats

CARD = Card(
    name="KNNDistance",
    summary="Negative distance to the k-th nearest row of the reference, or the mean over the k nearest.",
    contract="Detector",
    title="Efficient Algorithms for Mining Outliers from Large Data Sets",
    authors=("Ramaswamy, Sridhar", "Rastogi, Rajeev", "Shim, Kyuseok"),
    year=2000,
    venue="SIGMOD",
    link="https://doi.org/10.1145/342009.335437",
    remedy_for=("outliers",),
    advice="Look at the rows without near neighbours before the model sees them.",
    tier="stable",
)


class KNNDistance(BaseEstimator):
    """Negative Euclidean distance to the nearest rows of the reference.

    Standardise columns of different units first. A row that was itself fitted on counts as its own neighbour.

    Parameters
    ----------
    k : int
        Neighbours, at most the number of fitted rows (fewer rows: all of them).
    method : {"largest", "mean"}
        Distance to the k-th neighbour, or the mean distance to the k nearest.

    References
    ----------
    Ramaswamy, Rastogi and Shim (2000), https://doi.org/10.1145/342009.335437

    Examples
    --------
    >>> import numpy as np
    >>> KNNDistance(k=2).fit(np.array([[0.0], [1.0], [5.0]])).score_samples(np.array([[0.0]]))
    array([-1.])
    """

    def __init__(self, k: int = 10, method: Literal["largest", "mean"] = "largest") -> None:
        self.k = k
        self.method = method

    def fit(self, X: Any, y: Any = None) -> KNNDistance:
        """Keep the rows of the reference ``(n, d)``."""
        if self.method not in ("largest", "mean"):
            raise BadInput(f"method must be 'largest' or 'mean', got {self.method!r}")
        if self.k < 1:
            raise BadInput(f"k must be at least 1, got {self.k!r}")
        X = validate_data(self, X, dtype=np.float64)
        self.neighbours_ = NearestNeighbors(n_neighbors=min(self.k, len(X))).fit(X)
        return self

    def score_samples(self, X: Any) -> Floats:
        """Negative distance, ``(n,)``; higher is more typical."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        distance = self.neighbours_.kneighbors(X)[0]
        return np.asarray(-(distance[:, -1] if self.method == "largest" else distance.mean(1)))
