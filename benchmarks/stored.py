"""Stored results: one Parquet file a benchmark, and beside it shards that jobs append to while they run.

python benchmarks/stored.py collect                          # the shards of every benchmark into its results.parquet
python benchmarks/stored.py collect two_tables               # of one; no job of it may be running
python benchmarks/stored.py show two_tables again            # the records of an entry, one a line
python benchmarks/stored.py forget two_tables null_n300_d10  # an entry, so that it is measured afresh

An entry is a name and its records in the order in which they were made; a record is any JSON, kept as text in a column,
for the records of one benchmark have many shapes. Whoever reads sees the Parquet file with the shards on top of it.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
SCHEMA = pa.schema([("entry", pa.string()), ("record", pa.string())])


class Results:
    """The entries of one benchmark.

    Parameters
    ----------
    folder : Path
        The benchmark's folder. ``shards/NAME.json`` there takes the place of an entry, ``shards/NAME.jsonl`` continues
        it; both are ignored by git.
    """

    def __init__(self, folder: Path) -> None:
        self.file, self.shards = folder / "results.parquet", folder / "shards"

    @cached_property
    def _stored(self) -> dict[str, list[str]]:
        """Records as text by entry."""
        stored: dict[str, list[str]] = {}
        if self.file.exists():
            columns = pq.read_table(self.file, schema=SCHEMA)
            for entry, record in zip(*(columns[name].to_pylist() for name in SCHEMA.names), strict=True):
                stored.setdefault(entry, []).append(record)
        return stored

    def _texts(self, name: str) -> list[str]:
        instead, more = (self.shards / f"{name}{end}" for end in (".json", ".jsonl"))
        texts = [_text(r) for r in json.loads(instead.read_text())] if instead.exists() else self._stored.get(name, [])
        lines = more.read_text(encoding="utf-8").splitlines() if more.exists() else []
        known = set(texts)  # a line that is stored already: collecting was cut short before the shard was removed
        return [*texts, *(line for line in lines if line not in known)]

    def names(self, pattern: str = "*") -> list[str]:
        """Entries that have a record, in order of the alphabet."""
        found = set(self._stored) | {path.stem for path in self.shards.glob("*.json*")}
        return sorted(name for name in found if fnmatch.fnmatchcase(name, pattern) and self._texts(name))

    def __contains__(self, name: str) -> bool:
        return bool(self._texts(name))

    def records(self, name: str) -> list[Any]:
        """All records of an entry; none where there is no such entry."""
        return [json.loads(text) for text in self._texts(name)]

    def value(self, name: str) -> Any:
        """The one record of an entry."""
        (found,) = self.records(name)
        return found

    def append(self, name: str, record: Any) -> None:
        """One more record, on the disk when this returns."""
        self.shards.mkdir(exist_ok=True)
        with (self.shards / f"{name}.jsonl").open("a", encoding="utf-8") as file:
            file.write(_text(record) + "\n")

    def put(self, name: str, *records: Any) -> None:
        """Instead of all records that the entry has; without any the entry is forgotten."""
        self.shards.mkdir(exist_ok=True)
        part = self.shards / f"{name}.part"
        part.write_text(_text(records), encoding="utf-8")
        (self.shards / f"{name}.jsonl").unlink(missing_ok=True)
        part.replace(self.shards / f"{name}.json")

    def collect(self) -> int:
        """Fold the shards into the Parquet file; returns how many there were."""
        shards = sorted(self.shards.glob("*.json*"))
        if not shards:
            return 0
        rows = [(name, text) for name in self.names() for text in self._texts(name)]
        part = self.file.with_suffix(".part")
        columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)] or [[], []]
        pq.write_table(pa.table(columns, schema=SCHEMA), part, compression="zstd", compression_level=19)
        part.replace(self.file)
        for path in shards:
            path.unlink()
        del self._stored
        return len(shards)


def _text(record: Any) -> str:
    """A record as it is stored; numpy's numbers are numbers."""
    return json.dumps(record, default=float, ensure_ascii=False)


def benchmarks(names: Iterable[str]) -> dict[str, Results]:
    """By name those that are asked for, or all that have results."""
    found = sorted({path.parent.name for what in ("results.parquet", "shards") for path in HERE.glob(f"*/{what}")})
    if unknown := sorted(set(names) - set(found)):
        sys.exit(f"no results are stored of {', '.join(unknown)}; there are {', '.join(found)}")
    return {name: Results(HERE / name) for name in list(names) or found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("collect", "show", "forget"))
    parser.add_argument("names", nargs="*", help="benchmarks to collect; a benchmark and an entry of it for the others")
    asked = parser.parse_args()
    if asked.what == "collect":
        for name, results in benchmarks(asked.names).items():
            print(f"{name}: {results.collect()} shards, {len(results.names())} entries")
        return
    if len(asked.names) != 2:
        parser.error(f"{asked.what} takes a benchmark and an entry of it")
    benchmark, entry = asked.names
    results = benchmarks([benchmark])[benchmark]
    if entry not in results:
        sys.exit(f"{benchmark} has no entry {entry!r}; it has {', '.join(results.names())}")
    if asked.what == "forget":
        results.put(entry)
        return
    for record in results.records(entry):
        print(_text(record))


if __name__ == "__main__":
    main()
