"""One column of both tables in one representation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Bools, Floats, Ints

from ._exact import Exact

Family = Literal["null", "boolean", "number", "time", "text", "nested", "mismatch"]


@dataclass(frozen=True)
class PooledColumn:
    """One column of both tables, reference's rows first.

    Parameters
    ----------
    name : str
    family : Family
        What the values are before it is decided what they mean.
    split : int
        Rows of the reference; the others are current's.
    values : (n,) float64
        Of booleans, numbers and times (seconds since 1970); NaN where missing.
    codes, dictionary : (n,) int64, pyarrow.Array
        Of text: position in ``dictionary``, -1 where missing.
    whole : (n,) int64 or None
        Integers as they are, where none is missing; float64 is exact only up to 2**53.
    exact : Exact or None
        Of numbers of which float64 would make some equal.
    declared : bool
        The user's table says that it is a category.
    ordered : tuple of str
        Its levels from low to high, where the tables say that they have an order, and the same one.
    types : (str, str)
    note : str
    """

    name: str
    family: Family
    split: int
    values: Floats = field(default_factory=lambda: np.empty(0))
    codes: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    dictionary: Any = None
    whole: NDArray[Any] | None = None
    exact: Exact | None = None
    declared: bool = False
    ordered: tuple[str, ...] = ()
    types: tuple[str, str] = ("", "")
    note: str = ""

    @cached_property
    def missing(self) -> Bools:
        """(n,) True where the value is missing."""
        return self.codes < 0 if self.family == "text" else np.isnan(self.values)

    def key(self) -> NDArray[Any]:
        """(n,) integers, equal exactly where the values are equal."""
        if self.family == "text":
            return self.codes
        if self.whole is not None:
            return self.whole.view(np.int64)
        if self.exact is not None:
            return self.exact.codes
        clean = self.values + 0.0  # -0.0 becomes 0.0
        clean[self.missing] = np.nan  # one NaN of the many
        return clean.view(np.int64)

    @property
    def blank(self) -> int | None:
        """The key that stands for "missing"."""
        if self.family == "text":
            return -1
        if self.whole is None and self.exact is not None:
            return -1
        return None if self.whole is not None else int(np.array(np.nan).view(np.int64))

    def take(self, rows: Bools) -> PooledColumn:
        """The same column at some of the pooled rows."""
        return replace(
            self,
            split=int(rows[: self.split].sum()),
            values=self.values[rows] if len(self.values) else self.values,
            codes=self.codes[rows] if len(self.codes) else self.codes,
            whole=None if self.whole is None else self.whole[rows],
            exact=None if self.exact is None else self.exact.take(rows),
        )
