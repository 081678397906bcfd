"""What samples of a table are conditioned on: known values by row, and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.data import read_table

from ._heads import Event
from ._level_codec import LevelCodec
from ._table_codec import TableCodec, number


@dataclass(frozen=True)
class Given:
    """Conditions on ``n`` rows.

    Parameters
    ----------
    packed : (n, d, 5) float64 Tensor
    seen : (n, d) bool Tensor
        Which values of ``packed`` are known.
    events : mapping of position to Event
        In the order in which they are to be met, the same for all rows.
    """

    packed: Tensor
    seen: Tensor
    events: dict[int, Event]

    def take(self, rows: Tensor) -> Given:
        """The conditions on some of the rows."""
        return Given(self.packed[rows], self.seen[rows], self.events)


def read_given(codec: TableCodec, given: Any, n: int) -> Given:
    """A user's ``given`` for ``n`` rows; see ``TableModel.sample``.

    Raises
    ------
    BadInput
    """
    d = len(codec.columns)
    packed, seen = torch.zeros(n, d, 5, dtype=torch.float64), torch.zeros(n, d, dtype=torch.bool)
    if given is None:
        return Given(packed, seen, {})
    if isinstance(given, Mapping) and all(not _is_column(v) for v in given.values()):
        events: dict[int, Event] = {}
        for name, wanted in given.items():
            j = codec.place(name)
            if isinstance(wanted, tuple | set | frozenset | list):
                events[j] = codec.event(name, wanted)
            else:
                _set(codec, name, wanted, packed, seen)
        return Given(packed, seen, dict(sorted(events.items())))
    table = read_table(given, name="given").arrow
    if table.num_rows not in (1, n):
        raise BadInput(f"given has {table.num_rows} rows; give one for all, or one for each of the {n} rows")
    names = tuple(table.column_names)
    places = [codec.place(name) for name in names]
    packed = torch.as_tensor(codec.encode(table, names)).expand(n, d, 5).clone()
    gaps = torch.tensor([codec.columns[j].gaps for j in places])
    bad = (packed[:, places, 0] < 0) | ((packed[:, places, 0] == 0) & ~gaps)
    if bool(bad.any()):
        row, at = (int(v) for v in torch.nonzero(bad)[0])
        raise BadInput(f"given {names[at]!r} = {table.column(names[at])[row].as_py()!r} was never seen")
    seen[:, places] = True
    return Given(packed, seen, {})


def _set(codec: TableCodec, name: str, value: Any, packed: Tensor, seen: Tensor) -> None:
    """Fix one column to one value in every row."""
    own = codec.columns[codec.place(name)]
    if value is None and not own.gaps:
        raise BadInput(f"given {name!r} = None, but no row that was learned lacks it; give a value")
    if isinstance(own, LevelCodec):
        coded = own.encode([own.known(value)])
    else:
        coded = own.encode(np.array([np.nan if value is None else number(own, value)]))
        if coded.token[0] < 0 or not np.isfinite(coded.log_rate[0]):
            raise BadInput(f"given {name!r} = {value!r} lies outside what the column can hold")
    j = codec.place(name)
    packed[:, j] = torch.as_tensor(coded.packed()[0])
    seen[:, j] = True


def _is_column(value: Any) -> bool:
    """Whether a mapping's value is a column of many values (and the mapping a table)."""
    return getattr(value, "ndim", 0) > 0
