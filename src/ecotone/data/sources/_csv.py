"""CSV files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import pyarrow as pa
import pyarrow.csv as pcsv

from ecotone.contracts import BadInput

from ._csv_types import MISSING, Guess, parse_cells
from ._failures import Mistyped, check_names
from ._part import Request, skip
from ._stored_file import AnyFile, StoredFile, open_stream, size_of

_BLOCK = 1 << 24  # Arrow refuses a line longer than a block
_FIRST = 1 << 21


class CsvPart:
    """One CSV file, compressed or not; types are guessed from its first 2 MB until a later cell is of another.

    Parameters
    ----------
    path : Path or StoredFile
    """

    seeks = False

    def __init__(self, path: AnyFile) -> None:
        self.path, self.name = path, str(path)
        if size_of(path) == 0:
            raise BadInput(f"{path} is empty; give a file with a header and rows")
        self._guesses: dict[str, Guess] = {}
        self._has_guessed = False

    @cached_property
    def _delimiter(self) -> str:
        if ".tsv" in self.path.name.lower():
            return "\t"
        with open_stream(self.path) as stream:
            first = bytes(stream.read(1 << 16)).split(b"\n")[0].decode("utf-8", "replace")
        return "," if "," in first or not any(c in first for c in ";\t|") else max(";\t|", key=first.count)

    @cached_property
    def _names(self) -> list[str]:
        try:
            stream = self._stream({}, min(_FIRST, _BLOCK))
        except pa.ArrowInvalid:  # a row is longer than that
            stream = self._stream({}, _BLOCK)
        with stream:
            names = list(stream.schema.names)
        check_names(names, self.name)
        return names

    @property
    def schema(self) -> pa.Schema:
        if not self._has_guessed:
            self._guess({}, only_first=True)
        return pa.schema([(name, self._guesses.get(name, Guess()).type) for name in self._names])

    def settle(self, guesses: dict[str, Guess]) -> None:
        """Make guesses, by column, hold every row, and take them; a pass of its own."""
        self._guess(guesses, only_first=False)

    def _guess(self, guesses: dict[str, Guess], *, only_first: bool) -> None:
        self._guesses, self._has_guessed = guesses, True
        texts = dict.fromkeys(self._names, pa.string())
        try:
            stream = self._stream(texts, min(_FIRST, _BLOCK) if only_first else _BLOCK)
        except pa.ArrowInvalid:  # a row is longer than that
            stream = self._stream(texts, _BLOCK)
        with stream:
            for batch in self._batches(stream):
                for name in self._names:
                    guesses.setdefault(name, Guess()).update(batch.column(name))
                if only_first:
                    return

    def count(self) -> int:
        with self._stream({self._names[0]: pa.string()}, _BLOCK, only=self._names[:1]) as stream:
            return sum(len(batch) for batch in stream)

    def batches(self, request: Request, first: int = 0) -> Iterator[pa.RecordBatch]:
        return skip(self._all(request), first)

    def _all(self, request: Request) -> Iterator[pa.RecordBatch]:
        texts = {
            name
            for name, kind in zip(request.schema.names, request.schema.types)
            if pa.types.is_null(kind) or (name in self._guesses and self._guesses[name].quoted)
        }
        types = {f.name: pa.string() if f.name in texts else f.type for f in request.schema}
        with self._stream(types, _BLOCK) as stream:
            for batch in self._batches(stream):
                yield _parsed(batch, request.schema, texts)

    def _batches(self, stream: pcsv.CSVStreamingReader) -> Iterator[pa.RecordBatch]:
        with self._converting():
            yield from stream

    def _stream(
        self, types: dict[str, pa.DataType], block: int, only: list[str] | None = None
    ) -> pcsv.CSVStreamingReader:
        convert = pcsv.ConvertOptions(
            null_values=MISSING, strings_can_be_null=True, quoted_strings_can_be_null=False, column_types=types,
            include_columns=only,
        )  # fmt: skip
        parse = pcsv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True)
        with self._converting():  # the first block is converted in opening
            place = open_stream(self.path) if isinstance(self.path, StoredFile) else self.path
            return pcsv.open_csv(place, pcsv.ReadOptions(block_size=block), parse, convert)

    @contextmanager
    def _converting(self) -> Iterator[None]:
        try:
            yield
        except pa.ArrowInvalid as error:
            if isinstance(error, Mistyped) or "conversion error" not in str(error):
                raise
            at = re.search(r"column #(\d+):", str(error))
            column = self._names[int(at[1])] if at else None
            if "UTF8" in str(error):
                raise BadInput(f"{self.path}, column {column!r}, is not UTF-8 text; save it as UTF-8") from None
            raise Mistyped(column, str(error)) from None


def _parsed(batch: pa.RecordBatch, schema: pa.Schema, texts: set[str]) -> pa.RecordBatch:
    columns = []
    for field in schema:
        column = batch.column(field.name)
        if field.name in texts and not pa.types.is_string(field.type):
            if pa.types.is_null(field.type) and column.null_count < len(column):
                raise Mistyped(field.name, f"column {field.name!r} is not missing throughout")
            try:
                column = pa.nulls(len(column)) if pa.types.is_null(field.type) else parse_cells(column, field.type)
            except pa.ArrowInvalid as error:
                raise Mistyped(field.name, str(error)) from None
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=schema.names)
