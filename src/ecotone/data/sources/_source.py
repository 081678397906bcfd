"""A table as record batches of one schema and of a size that does not depend on how it is stored."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ecotone.contracts import BadInput

from ._arrow_types import plain_array, plain_type
from ._csv import CsvPart
from ._csv_types import Guess
from ._failures import Mistyped, check_names, first_line, reading
from ._frames import FramePart
from ._part import Request, SourcePart
from ._periods import dated
from ._schemas import agree, join_schemas

_AHEAD = 2
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
        rows = 1 << max(10, min(17, (2**22 // len(self.schema)).bit_length() - 1))
        request = Request(self.schema, rows, coded=True)
        return _ahead(even_batches((batch for part in self.parts for batch in self._of(part, request)), rows))

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        """Each part's name and all its rows; raises as :meth:`batches`."""
        request = Request(self.schema, _WHOLE)
        for part in self.parts:
            yield part.name, pa.Table.from_batches(self._of(part, request), self.schema)

    def _of(self, part: SourcePart, request: Request) -> Iterator[pa.RecordBatch]:
        with reading(part.name, self._asked):
            for batch in part.batches(request):
                yield fit_batch(batch, request)


def _checked(part: SourcePart, asked: str) -> pa.Schema:
    where = f"{asked} ({part.name})" if part.name != asked else asked
    try:
        check_names(part.schema.names, where)
    except UnicodeDecodeError:  # Arrow decodes them when asked
        raise BadInput(f"{where} has a column name that is not UTF-8 text; is it a table, and whole?") from None
    return pa.schema([pa.field(f.name, plain_type(f.type)) for f in part.schema])


def fit_batch(batch: pa.RecordBatch, request: Request) -> pa.RecordBatch:
    """The columns asked for, in order, with plain types that are those asked for; dictionaries of them if allowed."""
    arrays = []
    for field in request.schema:
        array = plain_array(dated(batch.column(field.name), batch.schema.field(field.name)))
        coded = request.coded and pa.types.is_dictionary(array.type) and array.type.value_type == field.type
        arrays.append(array if array.type == field.type or coded else array.cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, names=request.schema.names)


def even_batches(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of ``rows`` each, but for the last."""
    held: list[pa.RecordBatch] = []
    count = 0
    for whole in batches:
        start = 0
        while start < len(whole):
            piece = whole.slice(start, rows - count)
            start += len(piece)
            count += len(piece)
            held.append(piece)
            if count == rows:
                yield _one(held)
                held, count = [], 0
    if held:
        yield _one(held)


def _one(held: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(held) == 1:
        return held[0]
    columns = [_concatenated([batch.column(j) for batch in held]) for j in range(held[0].num_columns)]
    return pa.RecordBatch.from_arrays(columns, names=held[0].schema.names)


def _concatenated(arrays: list[pa.Array]) -> pa.Array:
    if len({array.type for array in arrays}) > 1:  # dictionaries in one file, plain in the next
        arrays = [array.dictionary_decode() if pa.types.is_dictionary(array.type) else array for array in arrays]
    return pa.concat_arrays(arrays)


@dataclass(frozen=True)
class _End:
    error: BaseException | None = None


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches, read by a thread of their own that is at most two ahead."""
    line: queue.Queue[pa.RecordBatch | _End] = queue.Queue(_AHEAD)
    stop = threading.Event()

    def put(item: pa.RecordBatch | _End) -> None:
        while not stop.is_set():
            try:
                return line.put(item, timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for batch in batches:
                put(batch)
                if stop.is_set():
                    return
            put(_End())
        except BaseException as error:
            put(_End(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while not isinstance(item := line.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        thread.join()
