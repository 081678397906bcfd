"""Which rows are evidence: every k-th, and of an entity's rows one in a bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Bools
from ecotone.data import hash_strings

Hashes = NDArray[np.uint64]
#: Entities that are remembered.
MEMORY = 20_000


@dataclass
class Thinning:
    """Rows that depend on each other are told apart from those that are evidence.

    Parameters
    ----------
    every : int
        The rows with numbers that it divides are kept.
    entity : str or None
        Of rows with equal values in this column, the first is kept, as long as it is among the last 20 000 entities.
    seen : (m,) uint64
        Hashes of those entities, oldest first.

    Examples
    --------
    >>> thinning = Thinning(1, "who")
    >>> thinning.mask(0, pa.table({"who": ["a", "b", "a"]})), thinning.mask(3, pa.table({"who": ["b", "c", None]}))
    (array([ True,  True, False]), array([False,  True,  True]))
    """

    every: int = 1
    entity: str | None = None
    seen: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))

    @property
    def keeps_all(self) -> bool:
        """Whether every row is evidence."""
        return self.every == 1 and self.entity is None

    def mask(self, first: int, rows: pa.Table) -> Bools:
        """Which rows are evidence; the first has the number ``first`` in the stream."""
        kept = (first + np.arange(rows.num_rows)) % self.every == 0
        if self.entity is None or not kept.any():
            return np.asarray(kept)
        if self.entity not in rows.column_names:
            raise BadInput(f"entity: the rows have no column {self.entity!r}; give it, or watch without entity")
        hashes, missing = column_hashes(rows[self.entity])
        at = np.flatnonzero(kept & ~missing)  # nobody knows whose a row without entity is: it stands for itself
        firsts = np.zeros(rows.num_rows, np.bool_)
        firsts[at[np.unique(hashes[at], return_index=True)[1]]] = True
        new = firsts & ~np.isin(hashes, self.seen)
        self.seen = np.concatenate([self.seen, hashes[new]])[-MEMORY:]
        return np.asarray(kept & (new | missing))


def column_hashes(values: pa.ChunkedArray) -> tuple[Hashes, Bools]:
    """A hash (n,) of each value's text, the same in every process, and which are missing."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    texts = values.cast(pa.large_string()).combine_chunks()
    texts = texts.chunk(0) if isinstance(texts, pa.ChunkedArray) else texts
    missing = np.asarray(texts.is_null().to_numpy(zero_copy_only=False), np.bool_)
    texts = texts.fill_null("")
    if not len(texts):
        return np.empty(0, np.uint64), missing
    _, offsets, data = texts.buffers()
    at = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8)
    raw: NDArray[np.uint8] = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return hash_strings(raw, at), missing
