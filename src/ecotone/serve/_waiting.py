"""Rows that a client has sent and that wait to be kept."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa

from ecotone.watch import Update


@dataclass(frozen=True)
class Taken:
    """What became of a client's rows.

    Parameters
    ----------
    update : Update
        Of the rows that were new.
    first : int
        Number of the first of them in the stream.
    repeated : int
        Rows that had been kept before.
    """

    update: Update
    first: int
    repeated: int


@dataclass(frozen=True)
class Waiting:
    """One body.

    Parameters
    ----------
    rows : pyarrow.Table
    source : str
        Whose rows they are.
    position : int or None
        How many rows of this source came before.
    key : str
        The client's idempotency key; empty where it has none.
    digest : str
        Of the body, by which a key that is used for another body is found out.
    labels : bool
        Late labels of rows that came before, and not rows.
    answer : Future of Taken
        Set when the rows are on the disk.
    """

    rows: pa.Table
    source: str = ""
    position: int | None = None
    key: str = ""
    digest: str = ""
    labels: bool = False
    answer: Future[Taken] = field(default_factory=Future)

    @property
    def place(self) -> str:
        """The name under which its place is kept: labels of a source are numbered apart from its rows."""
        return labels_of(self.source) if self.labels else self.source

    @cached_property
    def kind(self) -> str:
        """Its columns and their types: bodies of one kind can be read as one."""
        shown = self.rows.schema.to_string(show_field_metadata=False, show_schema_metadata=False)
        return f"{'labels' if self.labels else 'a row'}: {shown}"  # in this order: labels come after the rows

    def failed(self, error: BaseException) -> None:
        """Tell the client, unless it has gone."""
        if self.answer.set_running_or_notify_cancel():
            self.answer.set_exception(error)

    def kept(self, taken: Taken) -> None:
        """Tell the client, unless it has gone."""
        if self.answer.set_running_or_notify_cancel():
            self.answer.set_result(taken)


def labels_of(source: str) -> str:
    """The name of a source's labels; no source's own name has a space."""
    return f"labels of {source}"
