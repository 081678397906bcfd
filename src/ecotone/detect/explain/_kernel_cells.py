"""Kernel densities of groups of rows, in logarithms."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.distance import cdist

from ecotone.contracts import Floats, Ints

_PAIRS = 1 << 23  # distances at a time: 64 MiB
_MOST = 2000  # rows that the width is chosen on


class KernelCells:
    """Log-densities under the normal kernels on the rows of each cell.

    Parameters
    ----------
    rows : (m, d) array
    cell : (m,) array of positions below ``cells``
    cells : int
    bandwidth : float
    """

    def __init__(self, rows: Floats, cell: Ints, cells: int, bandwidth: float) -> None:
        order = np.argsort(cell, kind="stable")
        self.rows, self.cell, self.order, self.bandwidth = rows[order], cell[order], order, bandwidth
        self.sizes = np.bincount(cell, minlength=cells)
        self.present = np.flatnonzero(self.sizes)
        self.starts = np.searchsorted(self.cell, self.present)
        self.constant = -0.5 * rows.shape[1] * math.log(2 * math.pi * bandwidth**2)

    def __call__(self, x: Floats) -> Floats:
        """``(n, cells)``: log of the mean kernel of each cell, minus infinity for an empty one."""
        return self._means(x, own=None)

    def own(self, leave_one_out: bool) -> Floats:
        """The same at the cells' rows themselves, in their first order, without a row's own kernel or with it."""
        found = self._means(self.rows, own=np.arange(len(self.rows)) if leave_one_out else None)
        back = np.empty_like(found)
        back[self.order] = found
        return back

    def _means(self, x: Floats, own: Ints | None) -> Floats:
        found = np.full((len(x), len(self.sizes)), -np.inf)
        some = max(_PAIRS // len(self.rows), 1)
        for start in range(0, len(x), some):
            log = -0.5 * cdist(x[start : start + some], self.rows, "sqeuclidean") / self.bandwidth**2
            size = np.broadcast_to(self.sizes[self.present], (len(log), len(self.present))).astype(float)
            if own is not None:
                at = own[start : start + some]
                log[np.arange(len(at)), at] = -np.inf
                size[np.arange(len(at)), np.searchsorted(self.present, self.cell[at])] -= 1
            found[start : start + some, self.present] = self._reduced(log, size) + self.constant
        return found

    def _reduced(self, log: Floats, size: Floats) -> Floats:
        top = np.maximum.reduceat(log, self.starts, axis=1)
        at = np.where(np.isfinite(top), top, 0.0)
        log -= np.repeat(at, self.sizes[self.present], axis=1)
        total = np.add.reduceat(np.exp(log), self.starts, axis=1)
        some = total > 0
        mean = np.where(some, total, 1.0) / np.where(some, size, 1.0)
        return np.where(some, at + np.log(mean), -np.inf)


def best_bandwidth(x: Floats) -> float:
    """The width of the highest leave-one-out likelihood, on a grid of equal ratios below the rows' spread."""
    x = x[np.linspace(0, len(x) - 1, min(len(x), _MOST)).astype(int)]
    spread = float(np.sqrt(x.var(0).mean()))
    if len(x) < 2 or spread == 0:
        return 1.0
    square = cdist(x, x, "sqeuclidean")
    np.fill_diagonal(square, np.inf)
    nearest = square.min(1)
    best, found = -np.inf, spread
    for h in spread * np.geomspace(0.02, 2, 31):
        log = np.log(np.exp(-0.5 * (square - nearest[:, None]) / h**2).sum(1)) - 0.5 * nearest / h**2
        value = float(log.mean()) - x.shape[1] * math.log(h)
        if value > best:
            best, found = value, float(h)
    return found
