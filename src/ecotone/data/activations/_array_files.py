"""Arrays in ``.npz`` and ``.npy`` files of anybody: everything is checked before anything is allocated."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import BadInput

_MOST_ENTRIES = 4096
_KINDS = "biufUS"  # truth values, numbers, words


def load_npz(path: Path, wanted: str) -> dict[str, NDArray[Any]]:
    """The arrays of an ``.npz`` by name; ``wanted`` says what it should hold.

    Raises
    ------
    BadInput
        It is not there, no ``.npz``, damaged, claims more than it holds, or holds what are no rows of numbers or words.
    """
    with _reading(path, wanted), zipfile.ZipFile(_regular(path)) as archive:
        entries = archive.infolist()
        if len(entries) > _MOST_ENTRIES:
            raise BadInput(f"{path} holds {len(entries)} files; give {wanted}")
        found = {}
        for entry in entries:
            with archive.open(entry) as file:
                found[entry.filename.removesuffix(".npy")] = _array(file, entry.file_size, f"{path}, {entry.filename}")
        return found


def load_npy(path: Path, wanted: str) -> NDArray[Any]:
    """The array of a ``.npy``, mapped; raises as :func:`load_npz`."""
    with _reading(path, wanted):
        found = np.load(_regular(path), mmap_mode="r", allow_pickle=False)
        if not isinstance(found, np.ndarray):
            found.close()
            raise BadInput(f"{path} is an .npz by its contents; rename it")
        _check(found.dtype, found.shape, str(path))
        return found


def _regular(path: Path) -> Path:
    if path.exists() and not path.is_file():
        raise BadInput(f"{path} is not a file but a {'folder' if path.is_dir() else 'pipe or a device'}; give a file")
    return path


@contextmanager
def _reading(path: Path, wanted: str) -> Iterator[None]:
    try:
        yield
    except BadInput:
        raise
    except zipfile.BadZipFile as error:
        raise BadInput(f"{path} is no .npz, or damaged ({error}); give {wanted}") from None
    except Exception as error:  # the parser of headers raises what Python's own does
        reason = getattr(error, "strerror", None) or str(error).split("\n")[0][:200] or type(error).__name__
        raise BadInput(f"{path} cannot be read ({reason}); give {wanted}") from None


def _array(file: IO[bytes], size: int, where: str) -> NDArray[Any]:
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in read:
        raise BadInput(f"{where} has version {version} of the format; write it again with numpy.savez")
    shape, fortran, dtype = read[version](file)
    _check(dtype, shape, where)
    expected = prod(shape) * dtype.itemsize
    if expected != size - file.tell():
        raise BadInput(
            f"{where} claims {expected} bytes for shape {shape} and holds {size - file.tell()}; is it whole?"
        )
    data = bytearray()
    while block := file.read(1 << 20):  # what is claimed may never come: memory grows with what does
        data += block
    flat = np.frombuffer(data, dtype)
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


def _check(dtype: np.dtype[Any], shape: tuple[int, ...], where: str) -> None:
    if dtype.hasobject:
        raise BadInput(f"{where} holds Python objects, which are pickled; give an array of numbers")
    if dtype.kind not in _KINDS:
        raise BadInput(f"{where} has dtype {dtype}; give an array of numbers")
    if not shape:
        raise BadInput(f"{where} is a single value; give an array with a row for each case")
    if 0 in shape:
        raise BadInput(f"{where} has shape {shape} and so no values; give an array with a row for each case")
