"""Batches of one file: Parquet, CSV and Arrow, never held whole."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from ecotone.contracts import BadInput

from ._files import MISSING, check_memory

_ENDINGS = {
    "parquet": (".parquet", ".pq"),
    "csv": (".csv", ".csv.gz", ".tsv", ".tsv.gz"),
    "ipc": (".arrow", ".feather", ".ipc"),
}


class Mistyped(pa.ArrowInvalid):
    """A cell of a CSV file is not of the type that the cells before it suggested."""

    def __init__(self, column: str, value: str) -> None:
        super().__init__(f"column {column!r} holds {value!r}")
        self.column, self.value = column, value


def wider(kind: Any, value: str) -> Any:
    """The narrowest type that holds an unexpected value too."""
    wider = {pa.int64(): (pa.float64(),), pa.date32(): (pa.timestamp("s"), pa.timestamp("ns"))}.get(kind, ())
    if pa.types.is_null(kind):
        wider = (pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("s"), pa.timestamp("ns"))
    elif pa.types.is_timestamp(kind):
        wider = (pa.timestamp("ns", kind.tz),)
    for other in wider:
        try:
            if other != kind:
                pa.scalar(value).cast(other)
                return other
        except pa.ArrowInvalid:
            continue
    return pa.string()


def _kind(path: Path) -> str | None:
    return next((kind for kind, ends in _ENDINGS.items() if path.name.lower().endswith(ends)), None)


def list_files(source: str, name: str) -> list[Path]:
    try:
        return _listed(source, name)
    except OSError as error:
        raise BadInput(f"{name}: {source[:300]!r} cannot be read: {error.strerror}; check the path") from None


def _listed(source: str, name: str) -> list[Path]:
    path = Path(source)
    if path.is_dir():
        inside = (p for p in sorted(path.rglob("*")) if p.is_file() and _kind(p))
        files = [p for p in inside if not any(s.startswith((".", "_")) for s in p.relative_to(path).parts)]
    elif path.exists():
        files = [path]
    else:
        files = [Path(p) for p in sorted(glob.glob(source, recursive=True)) if Path(p).is_file()]
    if not files:
        raise BadInput(f"{name}: there is no readable file at {source}; check the path")
    for file in files:
        if not _kind(file):
            known = ", ".join(e for ends in _ENDINGS.values() for e in ends)
            raise BadInput(f"{name}: {file} has no known ending; give {known} or .duckdb")
    return files


def fit_schema(batch: Any, schema: Any) -> Any:
    arrays = []
    for field in schema:
        array = batch.column(field.name)
        dictionary = pa.types.is_dictionary(array.type) and array.type.value_type == field.type
        arrays.append(array if array.type == field.type or dictionary else array.cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, names=schema.names)


def schema_of(file: Path) -> Any:
    kind = _kind(file)
    if kind == "parquet":
        return pq.read_schema(file)
    if kind == "csv":
        with _open_csv(file, {}) as stream:
            schema = stream.schema
        for field in schema:
            if pa.types.is_binary(field.type):
                raise BadInput(f"{file}, column {field.name!r}, is not UTF-8 text; save it as UTF-8")
        return schema
    with pa.memory_map(str(file)) as mapped:
        return _open_ipc(mapped).schema


def read_batches(file: Path, schema: Any, rows: int) -> Iterator[Any]:
    kind = _kind(file)
    if kind == "parquet":
        text = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
        # Pre-buffering would hold the whole file; a small buffer and one row group at a time keep memory flat
        with pq.ParquetFile(file, read_dictionary=text, pre_buffer=False, buffer_size=1 << 16) as opened:
            for group in range(opened.num_row_groups):
                yield from opened.iter_batches(rows, row_groups=[group], columns=schema.names)
    elif kind == "csv":
        try:
            with _open_csv(file, {f.name: f.type for f in schema if not pa.types.is_null(f.type)}) as stream:
                yield from stream
        except pa.ArrowInvalid as error:
            if found := re.search(
                r"column #(\d+): (?:Row #\d+: )?CSV conversion error to .*?: invalid value '(.*?)'", str(error)
            ):
                raise Mistyped(_open_csv(file, {}).schema.names[int(found[1])], found[2]) from None
            raise
    else:
        with pa.memory_map(str(file)) as mapped:
            reader = _open_ipc(mapped)
            is_file = isinstance(reader, pa.RecordBatchFileReader)
            for batch in (reader.get_batch(i) for i in range(reader.num_record_batches)) if is_file else reader:
                check_memory(batch.columns)
                yield batch


def _open_ipc(mapped: Any) -> Any:
    try:
        return pa.ipc.open_file(mapped)
    except pa.ArrowInvalid:
        mapped.seek(0)
        return pa.ipc.open_stream(mapped)


def _open_csv(file: Path, types: dict[str, Any]) -> Any:
    delimiter = "\t" if ".tsv" in file.name.lower() else _delimiter(file)
    convert = pcsv.ConvertOptions(
        null_values=MISSING, strings_can_be_null=True, quoted_strings_can_be_null=False, column_types=types
    )
    parse = pcsv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    return pcsv.open_csv(file, pcsv.ReadOptions(block_size=1 << 23), parse, convert)


def _delimiter(file: Path) -> str:
    with pa.input_stream(str(file), compression="detect") as stream:
        first = bytes(stream.read(1 << 16)).split(b"\n")[0].decode("utf-8", "replace")
    return "," if "," in first or not any(c in first for c in ";\t|") else max(";\t|", key=first.count)
