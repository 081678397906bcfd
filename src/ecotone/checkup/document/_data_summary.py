"""What was read: the tables, their columns, what was left out, and what rows were matched on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ecotone.compare.two_sample import Dependence
from ecotone.data import Frame, Pair, Table, Untested

from ._dependence_summary import DependenceSummary
from ._duplicates_summary import Duplicates, DuplicatesNotSought
from ._given_summary import Given


@dataclass(frozen=True)
class Source:
    """A file or another source of rows."""

    name: str
    rows: int


@dataclass(frozen=True)
class TableRead:
    """One table: the rows that were read, and those that take part."""

    rows_read: int
    rows_kept: int
    sources: tuple[Source, ...]

    @classmethod
    def of(cls, frame: Frame, table: Table) -> TableRead:
        """A table as it was read, and what of it is compared."""
        return cls(frame.arrow.num_rows, table.n, tuple(Source(part.name, part.rows) for part in table.parts))


@dataclass(frozen=True)
class EmbeddingColumns:
    """Columns that are compared as one."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class DataSummary:
    """What was read and compared.

    Parameters
    ----------
    reference, current : TableRead
    types : mapping of str to str
        The kind of every column that is compared.
    embeddings : tuple of EmbeddingColumns
    untested : tuple of Untested
    duplicates : Duplicates or DuplicatesNotSought
    given : Given or None
    dependence : DependenceSummary
    notes : tuple of str
    seed : int
    """

    reference: TableRead
    current: TableRead
    types: Mapping[str, str]
    embeddings: tuple[EmbeddingColumns, ...]
    untested: tuple[Untested, ...]
    duplicates: Duplicates | DuplicatesNotSought
    given: Given | None
    dependence: DependenceSummary
    notes: tuple[str, ...]
    seed: int


def data_of_tables(both: Pair, frames: tuple[Frame, Frame], ties: Dependence, seed: int) -> DataSummary:
    """The data of a check that read rows."""
    kinds: dict[str, str] = {column.name: column.kind for column in both.by_themselves().reference}
    return DataSummary(
        reference=TableRead.of(frames[0], both.reference),
        current=TableRead.of(frames[1], both.current),
        types={**kinds, **dict.fromkeys(both.embeddings, "embedding")},
        embeddings=tuple(EmbeddingColumns(name, tuple(inside)) for name, inside in both.embeddings.items()),
        untested=tuple(both.untested),
        duplicates=Duplicates.of(both.duplicates),
        given=None if both.strata is None else Given.of(both.strata),
        dependence=DependenceSummary.of(ties),
        notes=tuple(both.notes),
        seed=seed,
    )
