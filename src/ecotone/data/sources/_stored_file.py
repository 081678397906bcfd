"""A file on this machine or in an object store, opened one way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.fs as pafs


@dataclass(frozen=True)
class StoredFile:
    """A file in an object store.

    Parameters
    ----------
    files : pyarrow.fs.FileSystem
    path : str
        Bucket and key.
    uri : str
        What it is called, without secrets.
    """

    files: pafs.FileSystem
    path: str
    uri: str

    def __str__(self) -> str:
        return self.uri

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name


AnyFile: TypeAlias = Path | StoredFile


def open_file(file: AnyFile) -> pa.NativeFile:
    """For reading anywhere in it."""
    return file.files.open_input_file(file.path) if isinstance(file, StoredFile) else pa.OSFile(str(file))


def open_stream(file: AnyFile) -> pa.NativeFile:
    """For reading once, from the start, decompressed."""
    if isinstance(file, StoredFile):
        return file.files.open_input_stream(file.path, compression="detect")
    return pa.input_stream(str(file), compression="detect")


def size_of(file: AnyFile) -> int:
    """Bytes."""
    return int(file.files.get_file_info(file.path).size if isinstance(file, StoredFile) else file.stat().st_size)


def for_parquet(file: AnyFile) -> dict[str, Any]:
    """The arguments by which Arrow's Parquet reader opens it."""
    if isinstance(file, StoredFile):
        return {"source": file.path, "filesystem": file.files}
    return {"source": file}
