"""Diffusion time: how much noise it takes to turn a reference row into this one."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy.special import logsumexp
from sklearn.base import BaseEstimator
from sklearn.neighbors import NearestNeighbors
from sklearn.neural_network import MLPClassifier
from sklearn.utils.validation import check_is_fitted, validate_data

from ecotone.cards import Card
from ecotone.contracts import BadInput, Floats, as_seed

CARD = Card(
    name="DTE",
    summary="Posterior of the noise level that leads from the reference to a row: from neighbours or learned.",
    contract="Detector",
    title="On Diffusion Modeling for Anomaly Detection",
    authors=("Livernoche, Victor", "Jain, Vineet", "Hezaveh, Yashar", "Ravanbakhsh, Siamak"),
    year=2024,
    venue="ICLR",
    link="https://arxiv.org/abs/2305.18593",
    row=162,
    remedy_for=("outliers",),
    advice="Look at the rows that lie many noise levels from the reference.",
    tier="experimental",
    claim="Its neighbour form ranks anomalies as the mean squared distance to the same neighbours does: one statistic.",
)

_BLOCK = 512  # rows whose distances to all others are held at once; only memory depends on it


class DTE(BaseEstimator):
    r"""Diffusion time estimation.

    A row is seen as a reference row plus noise of unknown level: :math:`x_t = x + \sqrt{v_t}\,\varepsilon`, with
    :math:`v_t = 1 - \prod_{s \le t} (1 - \beta_s)` and :math:`\beta` linear from 1e-4 to 1e-2 in T steps. Under a
    uniform t

    .. math:: p(t \mid x) \propto \sum_i \mathcal N(x; x_i, v_t I)

    and the score is minus the noise level that x points to. Columns are standardised by the reference's means and
    standard deviations first.

    Parameters
    ----------
    mode : {"neighbours", "exact", "learned"}
        ``neighbours``: the sum is replaced by its K nearest rows at their mean squared distance m, an inverse
        gamma distribution in v with mode m / d: the score is -m / d, which is not snapped to the T levels, so that far
        rows do not tie. ``exact``: minus the posterior mean of t from the full sum (n x n distances).
        ``learned``: a network tells the bin of t from noised rows; the score is minus the expected bin.
    k : int
        Neighbours of the first mode.
    steps : int or None
        T; by default 300, and 400 for ``learned``.
    bins, hidden, epochs, learning_rate
        Of ``learned``. The authors' network also drops units out while training; this one does not.
    random_state : int

    References
    ----------
    Livernoche, Jain, Hezaveh and Ravanbakhsh (2024), https://arxiv.org/abs/2305.18593

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal((200, 2))
    >>> scores = DTE().fit(x).score_samples(np.array([[0.0, 0.0], [6.0, 6.0]]))
    >>> bool(scores[0] > scores[1])
    True
    """

    def __init__(
        self,
        mode: Literal["neighbours", "exact", "learned"] = "neighbours",
        k: int = 5,
        steps: int | None = None,
        bins: int = 7,
        hidden: tuple[int, ...] = (256, 512, 256),
        epochs: int = 400,
        learning_rate: float = 1e-4,
        random_state: int = 0,
    ) -> None:
        self.mode = mode
        self.k = k
        self.steps = steps
        self.bins = bins
        self.hidden = hidden
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> DTE:
        """Fit on rows of the reference ``(n, d)``."""
        if self.mode not in ("neighbours", "exact", "learned"):
            raise BadInput(f"mode must be 'neighbours', 'exact' or 'learned', got {self.mode!r}")
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self.mean_, spread = X.mean(0), X.std(0)
        self.scale_ = np.where(spread > 0, spread, 1.0)
        T = self.steps or (400 if self.mode == "learned" else 300)
        self.variances_ = 1 - np.cumprod(1 - np.linspace(1e-4, 1e-2, T))
        Z = (X - self.mean_) / self.scale_
        if self.mode == "neighbours":
            self.neighbours_ = NearestNeighbors(n_neighbors=min(self.k, len(Z))).fit(Z)
        elif self.mode == "exact":
            self.rows_ = Z
        else:
            self.network_ = self._train(Z)
        return self

    def _train(self, Z: Floats) -> MLPClassifier:
        """One pass over freshly noised rows for each epoch."""
        rng, T = as_seed(self.random_state), len(self.variances_)
        network = MLPClassifier(
            self.hidden,
            alpha=5e-4,
            batch_size=min(64, len(Z)),
            learning_rate_init=self.learning_rate,
            random_state=self.random_state,
        )
        for _ in range(self.epochs):
            t = rng.integers(T, size=len(Z))
            noised = Z + np.sqrt(self.variances_[t])[:, None] * rng.standard_normal(Z.shape)
            network.partial_fit(noised, self.bins * t // T, classes=np.arange(self.bins))
        return network

    def posterior(self, X: Any) -> Floats:
        """Probability of each noise level, ``(n, T)``, or of each bin in the learned mode."""
        check_is_fitted(self)
        Z = (validate_data(self, X, dtype=np.float64, reset=False) - self.mean_) / self.scale_
        if self.mode == "learned":
            return np.asarray(self.network_.predict_proba(Z), dtype=np.float64)
        v, d = self.variances_, Z.shape[1]
        if self.mode == "neighbours":
            logits = -d / 2 * np.log(v) - self._mean_square(Z)[:, None] / (2 * v)
        else:
            logits = np.empty((len(Z), len(v)))
            for i in range(0, len(Z), _BLOCK):
                block = Z[i : i + _BLOCK]
                square = (block**2).sum(1)[:, None] + (self.rows_**2).sum(1) - 2 * block @ self.rows_.T
                for t, level in enumerate(v):
                    logits[i : i + _BLOCK, t] = -d / 2 * np.log(level) + logsumexp(-square / (2 * level), axis=1)
        return np.asarray(np.exp(logits - logsumexp(logits, axis=1, keepdims=True)))

    def score_samples(self, X: Any) -> Floats:
        """Minus the noise level, ``(n,)``; higher is more typical."""
        check_is_fitted(self)
        if self.mode == "neighbours":
            X = validate_data(self, X, dtype=np.float64, reset=False)
            return np.asarray(-self._mean_square((X - self.mean_) / self.scale_) / X.shape[1])
        p = self.posterior(X)
        return np.asarray(-(p @ np.arange(p.shape[1])))

    def _mean_square(self, Z: Floats) -> Floats:
        return np.asarray((self.neighbours_.kneighbors(Z)[0] ** 2).mean(1))
