"""A table as it was read."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from ecotone.contracts import Bools

from ._table import Part


@dataclass(frozen=True)
class Frame:
    """A table as it was read, before its columns are typed.

    Parameters
    ----------
    arrow : pyarrow.Table
        At least one row and one column; distinct names.
    parts : tuple of Part
        Files (or the one frame) that the rows came from, in order.
    notes : tuple of str
        What had to be changed to read it.
    name : str
        What error messages call it.
    calibration : (n,) bool or None
        Of a profile's rows: True for those that nothing may be fitted on.
    """

    arrow: pa.Table
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()
    name: str = "reference"
    calibration: Bools | None = None

    @property
    def n(self) -> int:
        return int(self.arrow.num_rows)
