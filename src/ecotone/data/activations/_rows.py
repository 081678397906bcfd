"""Arrays and texts as rows with labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import BadInput, as_numpy


class Rows:
    """Rows of data: a length, slices, and labels where they are known.

    Attributes
    ----------
    labels : (n,) int64 or None
        Positions in ``classes``, -1 for what is not in it.
    classes : tuple of str
        Names of the classes; empty where labels are numbers without names, or unknown.
    """

    labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        raise TypeError("rows of no kind")

    def __getitem__(self, rows: Any) -> Any:
        raise TypeError("rows of no kind")

    def where(self, row: int) -> str:
        """What a report calls a row: its file, or its number."""
        return f"row {row}"

    def _label(self, values: Any, classes: Sequence[str] | None, name: str) -> None:
        """Take labels over: positions as they are, anything else by the names of the classes."""
        if values is None:
            self.classes = tuple(classes or ())
            return
        if len(values) != len(self):
            raise BadInput(f"{name} has {len(values)} labels for {len(self)} rows; give one a row")
        self.labels, self.classes = coded(values, classes, name)


def coded(values: Any, classes: Sequence[str] | None, name: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Positions of labels in ``classes``, and the classes: without them whole numbers are positions already."""
    given = as_numpy(values)
    if given.ndim != 1:
        raise BadInput(f"the labels of {name} have shape {given.shape}; give one a row")
    if classes is None and np.issubdtype(given.dtype, np.integer):
        if given.min(initial=0) < -1:
            raise BadInput(f"the labels of {name} have {given.min()}; number classes from 0, and give -1 where unknown")
        return given.astype(np.int64), ()
    words = ["" if v is None or v != v else str(v) for v in given.tolist()]
    names = tuple(classes) if classes is not None else tuple(sorted(set(words) - {""}))
    at = {_plain(word): i for i, word in enumerate(names)} | {word: i for i, word in enumerate(names)}
    return np.array([at.get(word, at.get(_plain(word), -1)) for word in words], np.int64), names


def _plain(word: str) -> str:
    """One name for equal labels: 1, 1.0 and True are one class."""
    word = {"True": "1", "False": "0"}.get(word, word)
    whole, _, rest = word.partition(".")
    return whole if rest and not rest.strip("0") and whole.lstrip("-").isdigit() else word


class ArrayRows(Rows):
    """An array ``(n, ...)`` with labels, which may be mapped from a file.

    Parameters
    ----------
    values : (n, ...) array
    labels : (n,) array, optional
        Whole numbers are positions of classes, other values names.
    classes : sequence of str, optional
        Names in order of position.

    Examples
    --------
    >>> rows = ArrayRows(np.eye(3), labels=["b", "a", "b"])
    >>> len(rows), rows[1:].shape, rows.labels.tolist(), rows.classes
    (3, (2, 3), [1, 0, 1], ('a', 'b'))
    """

    def __init__(
        self, values: Any, labels: Any = None, classes: Sequence[str] | None = None, name: str = "data"
    ) -> None:
        if not getattr(values, "shape", ()):
            raise BadInput(f"{name} is no array of rows")
        if str(values.dtype) == "object" or str(values.dtype)[:2] in ("<U", "|S"):
            raise BadInput(f"{name} has values of dtype {values.dtype}; give numbers")
        self.values, self.name = values, name
        self.shape, self.dtype = tuple(values.shape), values.dtype
        self._label(labels, classes, name)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: Any) -> Any:
        found = self.values[rows]
        return np.array(found) if isinstance(found, np.memmap) else found

    def where(self, row: int) -> str:
        """The row's number and the file's name."""
        return f"{self.name}, row {row}"


class TextRows(Rows):
    """Texts with labels: a list of strings, lines of a file, or the files of a folder and its class subfolders.

    Parameters
    ----------
    texts : sequence of str
    labels, classes
        See :class:`ArrayRows`.
    names : sequence of str, optional
        What a report calls each.

    Examples
    --------
    >>> rows = TextRows(["good", "bad", "fair"], labels=[1, 0, 1])
    >>> rows[1], rows[[2, 0]], rows.labels.tolist()
    ('bad', ['fair', 'good'], [1, 0, 1])
    """

    def __init__(
        self,
        texts: Sequence[str],
        labels: Any = None,
        classes: Sequence[str] | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        self.texts, self.names = list(texts), names
        self._label(labels, classes, "texts")

    @classmethod
    def read(cls, path: Path, classes: Sequence[str] | None = None) -> TextRows:
        """Lines of a file that are not blank, or the ``.txt`` files of a folder."""
        if not path.is_dir():
            lines = [(i, line.strip()) for i, line in enumerate(_text(path).splitlines(), 1) if line.strip()]
            if not lines:
                raise BadInput(f"{path} has no lines of text; give one text a line")
            return cls([line for _, line in lines], None, classes, [f"{path}, line {i}" for i, _ in lines])
        files, labels = labelled_files(path, (".txt",))
        return cls([_text(file) for file in files], labels, classes, [str(file) for file in files])

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, slice | int | np.integer):
            return self.texts[rows]
        at = np.asarray(rows)
        at = np.flatnonzero(at) if at.dtype == bool else at
        return [self.texts[i] for i in at.tolist()]

    def where(self, row: int) -> str:
        """The file, and the line."""
        return f"text {row}" if self.names is None else self.names[row]


def labelled_files(path: Path, endings: tuple[str, ...]) -> tuple[list[Path], list[str] | None]:
    """Files of a folder in sorted order, with the subfolder of each as its label where there are subfolders."""
    found = [
        file.relative_to(path)
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in endings and not any(part[0] in "._" for part in file.relative_to(path).parts)
    ]
    if not found:
        raise BadInput(f"the folder {path} has no files ending in {', '.join(endings)}; check the path")
    flat = [file for file in found if len(file.parts) == 1]
    if flat and len(flat) < len(found):
        raise BadInput(
            f"the folder {path} has files beside its subfolders ({flat[0]}); put each file into the subfolder of its "
            "class, or all into one folder"
        )
    return [path / file for file in found], None if flat else [file.parts[0] for file in found]


def _text(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise BadInput(f"{path} is not a file but a pipe, a device or a folder; give a text file")
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"cannot read {path} ({error.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8 text; save it as UTF-8") from None
