"""The parts of a row, and rows that are mixed of a row's parts and a typical row's."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Activations, BadInput, Bools, as_numpy
from ecotone.contracts.arrays import apply_head
from ecotone.data.activations import read_activations

Players = Literal["features", "logits", "inputs"]
GRID = 4  # regions along each side of an image


class Game(ABC):
    """One row and b typical rows; a coalition of parts is the row's, the rest is a typical row's."""

    names: tuple[str, ...]
    typical: int

    @abstractmethod
    def mixed(self, teams: Bools, j: int) -> Activations:
        """Rows mixed with typical row j by a truth matrix ``(m, parts)``."""


class _Features(Game):
    def __init__(self, row: Activations, typical: Activations, names: Sequence[str] | None) -> None:
        if row.features is None or typical.features is None:
            raise BadInput("players='features' needs features of the rows and of the typical rows; give features=")
        self.row, self.base, self.head = as_numpy(row.features)[0], as_numpy(typical.features), row.head
        self.names, self.typical = named(len(self.row), "feature", names), len(self.base)

    def mixed(self, teams: Bools, j: int) -> Activations:
        features = np.where(teams, self.row, self.base[j]).astype(np.float64)
        logits = None if self.head is None else apply_head(features, self.head)
        return Activations.unchecked(features=features, logits=logits, head=self.head)


class _Logits(Game):
    def __init__(self, row: Activations, typical: Activations, names: Sequence[str] | None) -> None:
        if row.logits is None or typical.logits is None:
            raise BadInput("players='logits' needs logits of the rows and of the typical rows; give logits=")
        self.row, self.base = as_numpy(row.logits)[0], as_numpy(typical.logits)
        self.names, self.typical = named(len(self.row), "class", names), len(self.base)

    def mixed(self, teams: Bools, j: int) -> Activations:
        return Activations.unchecked(logits=np.where(teams, self.row, self.base[j]).astype(np.float64))


class _Inputs(Game):
    """Columns of a table or regions of an image, exchanged before the network."""

    def __init__(self, row: Activations, typical: Activations, names: Sequence[str] | None) -> None:
        self.network, self.row, self.base = row.network, as_numpy(row.inputs)[0], as_numpy(typical.inputs)
        if self.row.ndim not in (1, 3):
            raise BadInput(
                f"inputs have shape (n, {', '.join(map(str, self.row.shape))}); parts are known of tables (n, columns) "
                "and images (n, channels, height, width), and of texts; choose players='features'"
            )
        if self.row.ndim == 1:
            self.names = named(len(self.row), "column", names)
        else:
            self.names = tuple(f"row {i + 1}, column {j + 1}" for i in range(GRID) for j in range(GRID))
        self.typical = len(self.base)

    def mixed(self, teams: Bools, j: int) -> Activations:
        where = teams if self.row.ndim == 1 else spread(teams, self.row.shape[1:])[:, None]
        return read_activations(self.network, np.where(where, self.row, self.base[j]))


class _Columns(Game):
    """Columns of an Arrow table, exchanged before the network."""

    def __init__(self, row: Activations, typical: Activations, names: Sequence[str] | None) -> None:
        self.network, self.row, self.base = row.network, row.inputs, typical.inputs
        values = [self.row.column(i)[0].as_py() for i in range(self.row.num_columns)]
        shown = [f"{value:.4g}" if isinstance(value, float) else str(value)[:40] for value in values]
        own = [f"{name} = {value}" for name, value in zip(self.row.column_names, shown, strict=True)]
        self.names, self.typical = named(len(own), "column", names or own), self.base.num_rows

    def mixed(self, teams: Bools, j: int) -> Activations:
        import pyarrow as pa

        columns = {}
        for i, name in enumerate(self.row.column_names):
            both = pa.chunked_array([*self.row.column(i).chunks, *self.base.column(i).slice(j, 1).chunks])
            columns[name] = both.take(pa.array(np.where(teams[:, i], 0, 1)))
        return read_activations(self.network, [pa.table(columns)])


class _Words(Game):
    """Words of a text, left out before the network."""

    typical = 1

    def __init__(self, row: Activations, typical: Activations, names: Sequence[str] | None) -> None:
        self.network = row.network
        self.words = re.findall(r"\S+", str(row.inputs[0]))
        if not self.words:
            raise BadInput("the text to explain has no words")
        self.names = tuple(f"{i + 1}: {word}" for i, word in enumerate(self.words))

    def mixed(self, teams: Bools, j: int) -> Activations:
        texts = [" ".join(word for word, kept in zip(self.words, team, strict=True) if kept) for team in teams]
        return read_activations(self.network, texts)


def _of_inputs(row: Activations, typical: Activations, names: Sequence[str] | None) -> Game:
    if row.network is None or row.inputs is None or typical.inputs is None:
        raise BadInput("players='inputs' needs inputs= of the rows and of the typical rows, and network= to run again")
    if hasattr(row.inputs, "column_names"):
        return _Columns(row, typical, names)
    text = isinstance(row.inputs[0], str)
    return (_Words if text else _Inputs)(row, typical, names)


GAMES: Mapping[str, Callable[[Activations, Activations, Any], Game]] = {
    "features": _Features,
    "logits": _Logits,
    "inputs": _of_inputs,
}


def named(count: int, kind: str, names: Sequence[str] | None) -> tuple[str, ...]:
    """Names of parts, numbered by default."""
    if names is not None and len(names) != count:
        raise BadInput(f"names has {len(names)} entries for {count} parts; give one for each")
    return tuple(f"{kind} {i}" for i in range(count)) if names is None else tuple(map(str, names))


def spread(teams: Bools, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Truth of regions ``(m, GRID * GRID)`` as truth of pixels ``(m, height, width)``."""
    down, across = (np.arange(size) * GRID // size for size in shape)
    return np.asarray(teams.reshape(-1, GRID, GRID)[:, down][:, :, across])
