"""Distance to the k-th nearest row of the reference."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, Floats, as_numpy, as_seed
from ecotone.contracts.arrays import Array, like

from ._kth import Index, index_of, kth_neighbours
from ._nearest import unit
from ._post_hoc import PostHoc

CARD = Card(
    name="KNN",
    summary="Minus the distance to the k-th nearest row of the reference, features of length 1.",
    contract="PostHoc",
    title="Out-of-Distribution Detection with Deep Nearest Neighbors",
    authors=("Sun, Yiyou", "Ming, Yifei", "Zhu, Xiaojin", "Li, Yixuan"),
    year=2022,
    venue="ICML",
    link="https://arxiv.org/abs/2204.06507",
    reads=("features",),
    remedy_for=("outliers",),
    advice="Look at the rows that have nothing like them in the reference.",
)
K = 50  # the paper's value on CIFAR-10


class KNN(PostHoc):
    r"""Distance to the k-th nearest neighbour, exactly.

    .. math:: s(x) = -\lVert \bar z - \bar z_{(k)} \rVert_2, \qquad \bar z = z / \lVert z \rVert_2,

    with :math:`\bar z_{(k)}` the k-th nearest of the bank, the reference's rows. The distance is that to the k-th one,
    as in the paper, not the mean over k, and features are normalised; the paper finds that this matters.

    Parameters
    ----------
    k : int, optional
        By default 50, or the whole bank where that has fewer rows. The paper's values run from 1 to 1000, larger for
        larger banks.
    normalise : bool
        Whether features are scaled to length 1; a row of zeros stays as it is.
    bank : int, optional
        How many rows of the reference to keep, drawn without replacement; all by default.
    random_state : int, Generator or None
        Of that draw.

    Attributes
    ----------
    bank_ : (rows, d) array
        In double precision: 8 bytes a value, and 4 more beside it.
    k_ : int

    Raises
    ------
    BadInput
        For a k below 1 or above the rows of the bank, or a bank of no rows.

    References
    ----------
    Sun, Ming, Zhu and Li (2022), https://arxiv.org/abs/2204.06507

    Examples
    --------
    >>> acts = Activations(features=np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]]))
    >>> KNN(k=2).fit(acts).score_samples(acts).round(3)
    array([-0.   , -0.   , -1.414])
    """

    card = CARD
    fit_only: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        k: int | None = None,
        normalise: bool = True,
        bank: int | None = None,
        random_state: int | np.random.Generator | None = 0,
    ) -> None:
        self.k = k
        self.normalise = normalise
        self.bank = bank
        self.random_state = random_state

    def _fit(self, activations: Activations) -> None:
        n = len(activations)
        if self.bank is not None and self.bank < 1:
            raise BadInput(f"bank must keep at least 1 row, got {self.bank!r}")
        size = n if self.bank is None else min(self.bank, n)
        if self.k is not None and not 1 <= self.k <= size:
            raise BadInput(f"k is {self.k!r} and the bank has {size} rows; give a k from 1 to that")
        self.k_ = min(K, size) if self.k is None else self.k
        kept = np.arange(n) if size == n else np.sort(as_seed(self.random_state).choice(n, size, replace=False))
        self.bank_ = self._read(activations, kept)
        self._index: Index | None = None

    def _read(self, activations: Activations, kept: np.ndarray) -> Floats:
        bank, start = np.empty((0, 0)), 0
        for block in activations.blocks(self.block_rows):
            low, high = np.searchsorted(kept, [start, start + len(block)])
            z = as_numpy(self._prepared(block.features))[kept[low:high] - start]
            if not bank.size:
                bank = np.empty((len(kept), z.shape[1]))
            bank[low:high] = z
            start += len(block)
        return bank

    def _prepared(self, z: Array) -> Array:
        return unit(z) if self.normalise else z

    def _score(self, block: Activations) -> Array:
        z = self._prepared(block.features)
        gap = z - like(self.bank_[self._kth(z)], z)
        return -array_namespace(z).linalg.vector_norm(gap, axis=1)

    def _kth(self, z: Array) -> np.ndarray:
        if is_torch_array(z) and z.device.type != "cpu":
            bank, z = like(self.bank_, z), z.detach()
            closeness = z @ bank.T - (bank * bank).sum(1) / 2
            return as_numpy(closeness.topk(self.k_, dim=1).indices[:, -1])
        if getattr(self, "_index", None) is None:
            self._index = index_of(self.bank_)
        return kth_neighbours(as_numpy(z), self.bank_, self.k_, self._index)
