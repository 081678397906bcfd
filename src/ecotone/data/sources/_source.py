"""A table as record batches of one schema and of a size that does not depend on how it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from ecotone.contracts import BadInput

from ._arrow_types import plain_type
from ._csv import CsvPart
from ._csv_types import Guess
from ._failures import Mistyped, check_names, first_line, reading
from ._frames import FramePart
from ._part import Request, SourcePart
from ._schemas import agree, join_schemas
from ._stretch import Piece, Stretch, cut_source

_WHOLE = 1 << 20


class Source:
    """A table that can be read in batches, more than once unless it is a stream.

    Batches end at multiples of one number of rows, whatever files, row groups and blocks the rows are in, so that
    what is folded from them does not depend on it.

    Parameters
    ----------
    asked : str
        What error messages call the table.
    parts : sequence of SourcePart
        At least one.
    notes : sequence of str
        What had to be changed to read it.
    """

    def __init__(self, asked: str, parts: Sequence[SourcePart], notes: Sequence[str] = ()) -> None:
        self.parts, self.notes, self._asked = tuple(parts), tuple(notes), asked
        self.name = parts[0].name
        self._settled = False
        self.schema = self._joined()

    def _joined(self) -> pa.Schema:
        schemas = []
        for part in self.parts:
            with reading(part.name, self._asked):
                schemas.append(_checked(part, self._asked))
        guessed = [schema for part, schema in zip(self.parts, schemas) if isinstance(part, CsvPart)]
        if not self._settled and not agree(guessed):
            self._settle()
            return self._joined()
        return join_schemas(schemas, [part.name for part in self.parts], self._asked)

    def _settle(self) -> None:
        """Find types that hold every row of every CSV file."""
        self._settled = True
        guesses: dict[str, Guess] = {}
        for part in self.parts:
            if isinstance(part, CsvPart):
                with reading(part.name, self._asked):
                    part.settle(guesses)

    @property
    def again(self) -> bool:
        """Whether the batches can be read more than once."""
        return all(part.again for part in self.parts if isinstance(part, FramePart))

    def select(self, columns: Sequence[str]) -> None:
        """Read some columns only."""
        for column in columns:
            if column not in self.schema.names:
                raise BadInput(f"{self.name} has no column {column!r}; it has {', '.join(self.schema.names[:8])}")
        self.schema = pa.schema([self.schema.field(column) for column in columns])

    def retype(self, error: Mistyped) -> None:
        """Find better types after one did not hold, so that reading can start again; raises where there are none."""
        names = self.schema.names
        if not self._settled:
            self._settle()
            self.schema = self._joined()
        elif error.column in names and not pa.types.is_string(self.schema.field(error.column).type):
            at = self.schema.get_field_index(error.column)
            self.schema = self.schema.set(at, pa.field(error.column, pa.string()))
        else:
            raise BadInput(f"{self._asked}: {self.name} cannot be read ({first_line(error)}); is the file whole?")
        self.select(names)

    def settle(self) -> None:
        """Find types that hold every row before any is read."""
        self.retype(Mistyped(None, "")) if not self._settled and self._guesses() else None

    def _guesses(self) -> bool:
        return any(isinstance(part, CsvPart) for part in self.parts)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Batches of about 32 MB, decoded one ahead of where they are used; texts may come as dictionaries.

        Raises
        ------
        Mistyped
            A guessed type did not hold: :meth:`retype`, and read again.
        """
        return self.whole().batches()

    def whole(self) -> Stretch:
        """All the rows, however many."""
        return Stretch(self._asked, self.schema, tuple(Piece(part) for part in self.parts))

    def stretches(self, most: int) -> list[Stretch]:
        """The rows in at most so many stretches of about equal length, each of whole units and readable elsewhere.

        Where they are cut is settled by counting; a file that cannot be read from its middle is cut near its ends only.

        Raises
        ------
        BadInput
            It is a stream, which can be read once, and here alone.
        """
        if not self.again:
            raise BadInput(f"{self._asked} is a stream, which only one process can read; write it into a file first")
        counts = []
        for part in self.parts:
            with reading(part.name, self._asked):
                counts.append(part.count())
        return cut_source(self.whole(), counts, most)

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        """Each part's name and all its rows; raises as :meth:`batches`."""
        request = Request(self.schema, _WHOLE)
        for part in self.parts:
            yield part.name, pa.Table.from_batches(Piece(part).batches(request, self._asked), self.schema)


def _checked(part: SourcePart, asked: str) -> pa.Schema:
    where = f"{asked} ({part.name})" if part.name != asked else asked
    try:
        check_names(part.schema.names, where)
    except UnicodeDecodeError:  # Arrow decodes them when asked
        raise BadInput(f"{where} has a column name that is not UTF-8 text; is it a table, and whole?") from None
    return pa.schema([pa.field(f.name, plain_type(f.type)) for f in part.schema])
