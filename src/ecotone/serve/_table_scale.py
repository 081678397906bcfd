"""Rows of a table as numbers that a detector can measure distances in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ecotone.contracts import Floats
from ecotone.data import StreamColumns


@dataclass(frozen=True)
class TableScale:
    """Each column less its median, by half the range of its middle 68 %; and whether its value is missing.

    Levels count by their order of falling frequency, those never seen after all others.

    Parameters
    ----------
    kinds : StreamColumns
    middle, width : (d,) float64

    Examples
    --------
    >>> from ecotone.data import read_table
    >>> rows = pa.table({"x": [0.5, 1.5, 2.5, 3.5, None]})
    >>> TableScale.of(StreamColumns.of(read_table(rows)), rows)(rows)[:, 0].round(2).tolist()
    [-1.47, -0.49, 0.49, 1.47, 0.0]
    """

    kinds: StreamColumns
    middle: Floats
    width: Floats

    @classmethod
    def of(cls, kinds: StreamColumns, rows: pa.Table) -> TableScale:
        """From the rows that a detector is fitted on."""
        values = kinds.encode(rows).values
        finite = np.where(np.isfinite(values), values, np.nan)
        middle, width = np.zeros((2, values.shape[1]))
        for j, column in enumerate(finite.T):
            present = column[~np.isnan(column)]
            if len(present):
                low, middle[j], high = np.quantile(present, (0.16, 0.5, 0.84))
                width[j] = (high - low) / 2 or float(present.std())
        return cls(kinds, middle, np.where(width > 0, width, 1.0))

    def __call__(self, rows: pa.Table) -> Floats:
        """(n, 2 d), finite."""
        values = self.kinds.encode(rows).values
        gone = ~np.isfinite(values)
        scaled = np.clip((np.where(gone, self.middle, values) - self.middle) / self.width, -1e6, 1e6)
        return np.column_stack([scaled, gone.astype(np.float64)])
