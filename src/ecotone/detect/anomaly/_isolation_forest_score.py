"""How many random cuts it takes to single a row out."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import IsolationForest
from sklearn.utils.validation import check_is_fitted, validate_data

from ecotone.cards import Card
from ecotone.contracts import Floats

CARD = Card(
    name="IsolationForestScore",
    summary="Mean depth at which random axis-parallel cuts isolate a row.",
    contract="Detector",
    title="Isolation Forest",
    authors=("Liu, Fei Tony", "Ting, Kai Ming", "Zhou, Zhi-Hua"),
    year=2008,
    venue="ICDM",
    link="https://doi.org/10.1109/ICDM.2008.17",
    remedy_for=("outliers",),
    advice="Look at the rows that few cuts isolate before the model sees them.",
    tier="stable",
)


class IsolationForestScore(BaseEstimator):
    r"""Isolation forest's score, without its threshold.

    .. math:: s(x) = -2^{-\mathbb E[h(x)] / c(\psi)}

    with the depth h at which a tree on :math:`\psi` rows isolates x, and c its mean for a random search tree. Cuts
    are parallel to the axes: rows that only break a correlation are hardly seen.

    Parameters
    ----------
    trees : int
    rows : int
        Rows of each tree.
    random_state : int

    References
    ----------
    Liu, Ting and Zhou (2008), https://doi.org/10.1109/ICDM.2008.17

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal((300, 2))
    >>> scores = IsolationForestScore(trees=20).fit(x).score_samples(np.array([[0.0, 0.0], [6.0, 6.0]]))
    >>> bool(scores[0] > scores[1])
    True
    """

    def __init__(self, trees: int = 100, rows: int = 256, random_state: int = 0) -> None:
        self.trees = trees
        self.rows = rows
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> IsolationForestScore:
        """Grow the trees on rows of the reference ``(n, d)``."""
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        forest = IsolationForest(
            n_estimators=self.trees, max_samples=min(self.rows, len(X)), random_state=self.random_state
        )
        self.forest_ = forest.fit(X)
        return self

    def score_samples(self, X: Any) -> Floats:
        """The score in [-1, 0], ``(n,)``; higher is more typical."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(self.forest_.score_samples(X), dtype=np.float64)
