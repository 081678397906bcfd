"""An interpretable transport map from one sample to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from ecotone.cards import Card
from ecotone.contracts import BadInput, Explanation, Floats, as_matrix, as_seed, check_same_columns

CARD = Card(
    name="TransportExplanation",
    summary="Explains a shift by a map that moves few columns, or few groups of rows, or is affine.",
    contract="Explanation",
    title="Towards Explaining Distribution Shifts",
    authors=("Kulinski, Sean", "Inouye, David I."),
    year=2023,
    venue="ICML",
    link="https://arxiv.org/abs/2210.10275",
    row=65,
    claim="With two of ten columns shifted, the 2-sparse map names both and removes more of the squared Wasserstein "
    "distance from new rows than the shift of two columns by their means.",
)

Variant = Literal["k_sparse", "k_sparse_mean", "k_cluster", "gaussian"]
_RIDGE = 1e-8  # on variances, so that a singular covariance has a root; chosen, not tuned


class TransportExplanation:
    r"""A transport map :math:`T` from ``x`` to ``y`` out of an interpretable set.

    .. math:: \min_{T \in \Omega}\; \mathbb E\,\|X - T(X)\|^2 + \lambda\,\phi(T_\# P, Q),

    solved as in the paper by projecting the discrete optimal transport :math:`X_i \mapsto Z_i`, in columns
    standardised on ``x``:

    - ``k_sparse``: the ``k`` columns of largest :math:`\|Z_j - X_j\|_2` take :math:`Z`'s values, the others stay;
    - ``k_sparse_mean``: the ``k`` columns of largest :math:`|\bar Z_j - \bar X_j|` move by that difference;
    - ``k_cluster``: k-means on the rows :math:`[X, Z]`; a cluster moves by the difference of its means;
    - ``gaussian``: :math:`T(x) = \mu_Q + A (x - \mu_P)`, the optimal map between the Gaussian distributions of equal
    moments.

    The transport is exact between two subsamples of equal size (an assignment); with unequal or more than
    ``max_rows`` rows a subsample stands for the rest. New rows follow their nearest row (``k_sparse``, in the moved
    columns) or centre (``k_cluster``).

    Parameters
    ----------
    variant : {"k_sparse", "k_sparse_mean", "k_cluster", "gaussian"}
    k : int
        Columns or clusters; unused by ``gaussian``.
    max_rows : int
        Rows of each sample that take part in the transport, whose time grows with their cube.
    random_state : int

    Attributes
    ----------
    features_ : tuple of int
        Columns that the map moves, most moved first (all of them for ``k_cluster`` and ``gaussian``).
    cost_ : float
        Mean squared displacement of the rows of ``x`` that were used, columns standardised on ``x``.
    parts_ : (d,) array
        The cost column by column.
    centers_, shifts_ : (k, d) arrays
        Of ``k_cluster``: where a cluster starts and how it moves, in the columns' units.

    References
    ----------
    Kulinski and Inouye (2023), https://arxiv.org/abs/2210.10275

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((2, 200, 4))
    >>> y[:, 1] += 3
    >>> TransportExplanation(k=1).fit(x, y).features_
    (1,)
    """

    def __init__(
        self, variant: Variant = "k_sparse", k: int = 2, *, max_rows: int = 1000, random_state: int | None = 0
    ) -> None:
        self.variant = variant
        self.k = k
        self.max_rows = max_rows
        self.random_state = random_state

    def fit(self, x: Any, y: Any) -> TransportExplanation:
        """Learn the map from ``x`` ``(n, d)`` to ``y`` ``(m, d)``.

        Raises
        ------
        BadInput
            For non-finite values, unequal columns, an unknown variant, or ``k`` out of range.
        """
        x, y = self._matrices(x, y)
        limit = min(len(x), self.max_rows) if self.variant == "k_cluster" else x.shape[1]
        if self.variant not in ("k_sparse", "k_sparse_mean", "k_cluster", "gaussian"):
            raise BadInput(f"variant must be k_sparse, k_sparse_mean, k_cluster or gaussian, got {self.variant!r}")
        if not 1 <= self.k <= limit and self.variant != "gaussian":
            raise BadInput(f"k must lie between 1 and {limit} for {self.variant}, got {self.k}")
        self.mean_ = x.mean(axis=0)
        size = x.std(axis=0)
        self.scale_ = np.where(size > 0, size, 1.0)
        self.n_features_in_ = x.shape[1]
        x, y = (x - self.mean_) / self.scale_, (y - self.mean_) / self.scale_
        if self.variant == "gaussian":
            self._fit_gaussian(x, y)
            used = x
        else:
            used, z = self._couple(x, y)
            self._fit_clusters(used, z) if self.variant == "k_cluster" else self._fit_columns(used, z)
        self.parts_ = np.mean((self._move(used) - used) ** 2, axis=0)
        self.cost_ = float(self.parts_.sum())
        moved = np.argsort(-self.parts_, kind="stable")
        self.features_ = tuple(
            int(j) for j in moved if self.variant not in ("k_sparse", "k_sparse_mean") or j in self._kept
        )
        return self

    def transform(self, x: Any) -> Floats:
        """Rows ``(n, d)`` moved by the map, in the columns' units."""
        x = as_matrix(x, "x")
        if x.shape[1] != self.n_features_in_:
            raise BadInput(f"x has {x.shape[1]} columns, the map was fitted on {self.n_features_in_}")
        z = (x - self.mean_) / self.scale_
        return np.asarray(x + (self._move(z) - z) * self.scale_)

    def percent_explained(self, x: Any, y: Any, *, above_floor: bool = False) -> float:
        r"""Per cent of the squared Wasserstein distance that the map removes.

        .. math:: 100\,\frac{W_2^2(P, Q) - W_2^2(T_\# P, Q)}{W_2^2(P, Q) - \text{floor}}

        The floor is 0, as in the paper, or with ``above_floor`` the distance between two halves of ``y``, all at
        the size of a half: the empirical distance of two samples of one distribution is far from zero in many columns,
        and even the true map cannot remove it. Give rows that were not fitted on; on its own rows the full transport
        explains everything. May be negative, and above the floor exceed 100 by chance.

        Parameters
        ----------
        x, y : (n, d) and (m, d) arrays
        above_floor : bool

        Returns
        -------
        float
            Not a number where the distance does not exceed the floor.
        """
        x, y = self._matrices(x, y)
        rng = as_seed(self.random_state, 1)
        m = min(len(x), self.max_rows, len(y) // 2 if above_floor else len(y))
        if m < 1:
            raise BadInput(f"y has {len(y)} rows; give at least two to measure the floor")
        rows_x, rows_y = rng.permutation(len(x))[:m], rng.permutation(len(y))
        moved = self.transform(x[rows_x])
        a, b, t, other = (
            (v - self.mean_) / self.scale_ for v in (x[rows_x], y[rows_y[:m]], moved, y[rows_y[m : 2 * m]])
        )
        before, after = _squared_wasserstein(a, b), _squared_wasserstein(t, b)
        floor = _squared_wasserstein(other, b) if above_floor else 0.0
        return 100 * (before - after) / (before - floor) if before > floor else float("nan")

    def explain(self, names: Sequence[str] | None = None) -> Explanation:
        """The cost column by column (``names`` of the columns; ``x0`` … by default)."""
        names = [f"x{j}" for j in range(self.n_features_in_)] if names is None else list(names)
        if len(set(names)) != self.n_features_in_:
            raise BadInput(f"names must hold {self.n_features_in_} different names, got {names!r}")
        parts = {name: float(part) for name, part in zip(names, self.parts_)}
        details = {"variant": self.variant, "features": [names[j] for j in self.features_]}
        return Explanation(sum(parts.values()), parts, CARD.name, details=details)

    def _matrices(self, x: Any, y: Any) -> tuple[Floats, Floats]:
        x, y = as_matrix(x, "x"), as_matrix(y, "y")
        check_same_columns(x, y, ("x", "y"))
        return x, y

    def _couple(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Equally many rows of both, and each ``x`` row's partner under the exact transport."""
        rng = as_seed(self.random_state)
        n = min(len(x), len(y), self.max_rows)
        x, y = (v[np.sort(rng.permutation(len(v))[:n])] for v in (x, y))
        return x, y[linear_sum_assignment(cdist(x, y, "sqeuclidean"))[1]]

    def _fit_columns(self, x: Floats, z: Floats) -> None:
        gap = z - x
        strength = np.abs(gap.mean(axis=0)) if self.variant == "k_sparse_mean" else np.sqrt((gap**2).sum(axis=0))
        self._kept = np.argsort(-strength, kind="stable")[: self.k]
        self._gap = gap[:, self._kept]
        self._tree = cKDTree(x[:, self._kept])

    def _fit_clusters(self, x: Floats, z: Floats) -> None:
        from sklearn.cluster import KMeans

        seed = int(as_seed(self.random_state, 2).integers(2**31))
        label = KMeans(self.k, n_init=10, random_state=seed).fit(np.hstack([x, z])).labels_
        present = np.unique(label)
        start = np.array([x[label == c].mean(axis=0) for c in present])
        self._start, self._step = start, np.array([(z - x)[label == c].mean(axis=0) for c in present])
        self.centers_, self.shifts_ = start * self.scale_ + self.mean_, self._step * self.scale_

    def _fit_gaussian(self, x: Floats, y: Floats) -> None:
        d = x.shape[1]
        p, q = (np.cov(v, rowvar=False, bias=True).reshape(d, d) + _RIDGE * np.eye(d) for v in (x, y))
        root = _power(p, 0.5)
        inverse = _power(p, -0.5)
        self._matrix = inverse @ _power(root @ q @ root, 0.5) @ inverse
        self._means = x.mean(axis=0), y.mean(axis=0)

    def _move(self, x: Floats) -> Floats:
        if self.variant == "gaussian":
            return np.asarray(self._means[1] + (x - self._means[0]) @ self._matrix)
        if self.variant == "k_cluster":
            return np.asarray(x + self._step[cKDTree(self._start).query(x)[1]])
        moved = x.copy()
        if self.variant == "k_sparse_mean":
            moved[:, self._kept] += self._gap.mean(axis=0)
        else:
            moved[:, self._kept] += self._gap[self._tree.query(x[:, self._kept])[1]]
        return moved


def _power(matrix: Floats, exponent: float) -> Floats:
    size, axes = np.linalg.eigh(matrix)
    return np.asarray((axes * np.maximum(size, _RIDGE**2) ** exponent) @ axes.T)


def _squared_wasserstein(x: Floats, y: Floats) -> float:
    """Squared 2-Wasserstein distance of two samples of equal size."""
    cost = cdist(x, y, "sqeuclidean")
    return float(cost[linear_sum_assignment(cost)].mean())
