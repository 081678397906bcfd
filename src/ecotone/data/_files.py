"""Tables in files: CSV, Parquet, Arrow IPC, DuckDB, and many of them at once."""

from __future__ import annotations

import glob as _glob
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.feather as feather
import pyarrow.parquet as pq

from ecotone.contracts import BadInput

from ._table import Part

#: Cells that mean "missing" in a CSV.
MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A", "NaT"]
FORMATS = "CSV (.csv, .csv.gz, .tsv), Parquet (.parquet, .pq) or Arrow (.arrow, .feather, .ipc)"


def read_path(source: str, name: str) -> tuple[pa.Table, tuple[Part, ...]]:
    """The table at a path, a glob, a folder or ``file.duckdb::table``, with the rows that each file gave."""
    if not source.strip():  # Path("") is the folder that one is in
        raise BadInput(f"{name}: the path is empty; give a file, a glob, a folder or DB.duckdb::table")
    if "::" in source and not Path(source).exists():
        file, _, table = source.partition("::")
        return _one(file, lambda: _duckdb(file, table, name), name)
    path = Path(source)
    if path.is_dir():
        files = [p for p in sorted(path.rglob("*")) if p.is_file() and _reader(p) and not _hidden(p, path)]
        if not files:
            raise BadInput(f"{name}: the folder {source} holds nothing readable; give {FORMATS}")
    elif path.exists():
        files = [path]
    elif any(c in source for c in "*?["):
        files = [Path(p) for p in sorted(_glob.glob(source, recursive=True)) if Path(p).is_file()]
        if not files:
            raise BadInput(f"{name}: no file matches {source}; check the pattern and the folder")
    else:
        raise BadInput(f"{name}: there is no file {source}; check the path")
    if len(files) == 1 and files[0].suffix in (".duckdb", ".db"):
        return _one(source, lambda: _duckdb(source, "", name), name)
    tables = [_read(file, name) for file in files]
    parts = tuple(Part(str(f), t.num_rows) for f, t in zip(files, tables))
    return (tables[0] if len(tables) == 1 else _stack(tables, files, name)), parts


def _hidden(path: Path, root: Path) -> bool:
    return any(p.startswith((".", "_")) for p in path.relative_to(root).parts)


def _one(source: str, read: Callable[[], pa.Table], name: str) -> tuple[pa.Table, tuple[Part, ...]]:
    if not Path(source).exists():
        raise BadInput(f"{name}: there is no file {source}; check the path")
    table = read()
    return table, (Part(source, table.num_rows),)


def _reader(path: Path) -> Callable[[Path], pa.Table] | None:
    lower = path.name.lower()
    if lower.endswith((".csv", ".csv.gz", ".tsv", ".tsv.gz")):
        return _csv
    if lower.endswith((".parquet", ".pq")):
        return _parquet
    if lower.endswith((".arrow", ".feather", ".ipc")):
        return _ipc
    return None


def _read(path: Path, name: str) -> pa.Table:
    reader = _reader(path)
    if reader is None:
        raise BadInput(f"{name}: {path} has no known ending; give {FORMATS}, or a DuckDB file (.duckdb)")
    try:
        return reader(path)
    except BadInput as error:
        raise BadInput(f"{name}: {error}") from None
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        line = str(error).strip().split("\n")[0][:200]
        raise BadInput(
            f"{name}: {path} cannot be read ({line}); is the file whole and of the kind its ending says?"
        ) from None


def _parquet(path: Path) -> pa.Table:
    with pq.ParquetFile(path) as file:  # one file: names may repeat, and no folder is taken for a partition
        return file.read()


def _ipc(path: Path) -> pa.Table:
    try:
        table = feather.read_table(path, memory_map=False)
    except pa.ArrowInvalid:
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
            table = stream.read_all()
    check_memory(table.columns)
    return table


def check_memory(columns: Iterable[pa.Array | pa.ChunkedArray]) -> None:
    """Raise ``ArrowInvalid`` where an offset or a code points outside its buffer: Arrow would follow it."""
    for column in columns:
        column.validate()
        if pa.types.is_string(column.type):  # text that is not UTF-8 is read, with replacements
            column = column.cast(pa.binary())
        elif pa.types.is_large_string(column.type):
            column = column.cast(pa.large_binary())
        column.validate(full=True)


def _csv(path: Path) -> pa.Table:
    if path.stat().st_size == 0:
        raise BadInput(f"{path} is empty; give a file with a header and rows")
    parse = pcsv.ParseOptions(delimiter=_delimiter(path), newlines_in_values=True)
    convert = {"null_values": MISSING, "strings_can_be_null": True, "quoted_strings_can_be_null": True}
    read = pcsv.ReadOptions(block_size=1 << 24)
    try:
        table = pcsv.read_csv(path, read, parse, pcsv.ConvertOptions(**convert))
    except pa.ArrowInvalid as error:
        if "conversion error" not in str(error):
            raise
        # Types are guessed from the first block; where a later one disagrees, everything is read as text
        with pcsv.open_csv(path, parse_options=parse, convert_options=pcsv.ConvertOptions(**convert)) as stream:
            text = dict.fromkeys(stream.schema.names, pa.string())
        table = _guess(pcsv.read_csv(path, read, parse, pcsv.ConvertOptions(**convert, column_types=text)))
    for field in table.schema:
        if pa.types.is_binary(field.type):
            raise BadInput(f"{path}, column {field.name!r}, is not UTF-8 text; save it as UTF-8")
    return table


def _delimiter(path: Path) -> str:
    if ".tsv" in path.name.lower():
        return "\t"
    with pa.input_stream(str(path), compression="detect") as stream:
        first = bytes(stream.read(1 << 16)).split(b"\n")[0].decode("utf-8", "replace")
    return "," if "," in first else max(";\t|", key=first.count) if any(c in first for c in ";\t|") else ","


def _guess(table: pa.Table) -> pa.Table:
    for j, field in enumerate(table.schema):
        for kind in (pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("us")):
            try:
                table = table.set_column(j, field.name, table.column(j).cast(kind))
                break
            except pa.ArrowInvalid:
                continue
    return table


def _stack(tables: list[pa.Table], files: list[Path], name: str) -> pa.Table:
    """One table from many files: the same names in any order, types widened where they can be."""
    names = tables[0].column_names
    for table, file in zip(tables[1:], files[1:]):
        odd = sorted(set(names) ^ set(table.column_names))
        if odd:
            lacks, has = (file, files[0]) if odd[0] in names else (files[0], file)
            raise BadInput(f"{name}: column {odd[0]!r} is in {has} but not in {lacks}; give files of the same columns")
    try:
        return pa.concat_tables([t.select(names) for t in tables], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        for column in names:
            for table, file in zip(tables[1:], files[1:]):
                a, b = tables[0].schema.field(column).type, table.schema.field(column).type
                if a != b:
                    raise BadInput(
                        f"{name}: column {column!r} is {a} in {files[0]} but {b} in {file}; "
                        "give files of the same types"
                    ) from None
        raise


def _duckdb(file: str, table: str, name: str) -> pa.Table:
    import duckdb

    try:
        try:
            opened = duckdb.connect(file, read_only=True)
        except duckdb.ConnectionException:  # this process has it open already, for writing
            opened = duckdb.connect(file)
        with opened as base:
            found = base.execute(
                "select table_schema, table_name from information_schema.tables order by all"
            ).fetchall()
            known = [t if s == "main" else f"{s}.{t}" for s, t in found]
            if not table and len(known) == 1:
                table = known[0]
            if table not in known:
                asked = f"no table {table!r}" if table else f"{len(known)} tables"
                raise BadInput(
                    f"{name}: {file} holds {asked}; give {file}::TABLE, where TABLE is one of: "
                    f"{', '.join(known[:8]) or '(none)'}"
                )
            schema, only = found[known.index(table)]
            quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, only))
            return base.sql(f"select * from {quoted}").to_arrow_table()
    except duckdb.Error as error:
        line = str(error).strip().split("\n")[0][:200]
        raise BadInput(f"{name}: {file} cannot be read as a DuckDB file ({line})") from None
