"""Activations written into parts of a folder, and reading that goes on where it ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ecotone.contracts import Activations, BadInput
from ecotone.data._artefact import _Damaged

from ._blocks import cut, digest
from ._checked import Arrays, raise_different
from ._open import open_activations
from ._parts import HEAD, INDEX, find_part, part_path, read_index, write_head, write_index, write_part

PART_BYTES = 1 << 26  # of one part; writing one holds some four times as much in memory


class Folder:
    """Writes whole parts into a folder and goes on where an earlier reading with the same settings ended."""

    def __init__(self, path: str | Path, settings: dict[str, Any]) -> None:
        self.path, self.settings = Path(path), settings
        self.parts: list[int] = []
        self.marks: dict[int, str] = {}
        self.done = 0
        self.complete = False
        self.waiting: list[Arrays] = []
        self.first = ""
        self.layers: list[str] = []
        self.kinds: dict[str, list[Any]] = {}
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"cannot make the folder {path} ({error.strerror}); give another output=") from None
        self._resume()

    def _resume(self) -> None:
        index = read_index(self.path)
        if index is not None:
            self._check_settings(index["settings"])
        elif not part_path(self.path, 0).exists() and any(f.name[0] != "." for f in self.path.iterdir()):
            others = sorted(f.name for f in self.path.iterdir())
            if others != [HEAD]:
                raise BadInput(f"{self.path} holds other files ({others[0]}); give output= a folder of its own")
        while (path := part_path(self.path, len(self.parts))).exists():
            try:
                part = find_part(path)
            except _Damaged:
                break  # cut short: it is written again
            self._check_settings(part.body.get("settings"))
            self.marks[self.done] = str(part.body.get("first"))
            self.parts.append(part.rows)
            self.done += part.rows
            self.kinds, self.layers = part.kinds(), list(part.body.get("layers", []))
        self.complete = index is not None and self.parts == index["parts"]
        if not self.complete:
            (self.path / INDEX).unlink(missing_ok=True)

    def _check_settings(self, theirs: Any) -> None:
        if theirs == self.settings:
            return
        known = theirs if isinstance(theirs, dict) else {}
        name = next((n for n in self.settings if known.get(n) != self.settings[n]), "format")
        raise BadInput(
            f"{self.path} holds activations of other settings ({name} was {known.get(name)!r} and is now "
            f"{self.settings.get(name)!r}); give the same ones, or another output="
        )

    def add(self, start: int, x: Any, arrays: Arrays, head: Any) -> None:
        """One more block; a part is written when enough waits."""
        n = len(next(iter(arrays.values())))
        most = max(1, PART_BYTES * n // max(_size(arrays), 1))
        if n > most:
            for at in range(0, n, most):
                some = {name: value[at : at + most] for name, value in arrays.items()}
                self.add(start + at, cut(x, at, at + most), some, head)
            return
        if head is not None and not (self.path / HEAD).exists():
            write_head(self.path, head)
        if not self.waiting:
            self.first = digest(cut(x, 0, 1))
        self.layers = [name.removeprefix("layers.") for name in arrays if name.startswith("layers.")]
        stored = {_stored_name(name, self.layers): value for name, value in arrays.items()}
        kinds = {name: [str(value.dtype), *value.shape[1:]] for name, value in sorted(stored.items())}
        if self.kinds and kinds != self.kinds:
            raise_different(self.kinds, kinds, start)
        self.kinds = kinds
        self.waiting.append(stored)
        if sum(map(_size, self.waiting)) >= PART_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits as a part."""
        if not self.waiting:
            return
        whole = {name: np.concatenate([block[name] for block in self.waiting]) for name in self.waiting[0]}
        self.waiting = []
        body = {"settings": self.settings, "first": self.first, "layers": self.layers}
        write_part(self.path, len(self.parts), body, whole)
        self.parts.append(len(next(iter(whole.values()))))

    def finish(self, network: Any, inputs: Any) -> Activations:
        """Write the last part and then the index, and open it."""
        if not self.complete:
            self.flush()
            write_index(
                self.path,
                {"parts": self.parts, "layers": self.layers, "arrays": self.kinds, "settings": self.settings},
            )
        return open_activations(self.path, network, inputs)


def _stored_name(name: str, layers: list[str]) -> str:
    return f"layer.{layers.index(name.removeprefix('layers.'))}" if name.startswith("layers.") else name


def _size(arrays: Arrays) -> int:
    return sum(value.nbytes for value in arrays.values())
