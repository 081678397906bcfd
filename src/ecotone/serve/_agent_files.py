"""Where an agent may write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ecotone.contracts import BadInput, write_whole


@dataclass(frozen=True)
class Folder:
    """One folder, or none.

    Parameters
    ----------
    path : Path or None
        Resolved; None: nothing may be written.
    """

    path: Path | None = None

    @classmethod
    def of(cls, path: Path | None) -> Folder:
        """A folder that is there.

        Raises
        ------
        BadInput
            Where it is not.
        """
        if path is not None and not path.is_dir():
            raise BadInput(f"--allow-write {path} is no folder that is there; make it first")
        return cls(None if path is None else path.resolve())

    def place(self, name: str) -> Path:
        """Where a file of that name goes.

        Raises
        ------
        BadInput
            Where nothing may be written, the name leads out of the folder, also by a link, or a file is there already.
        """
        if self.path is None:
            raise BadInput("nothing may be written here; start the server with --allow-write DIR")
        found = (self.path / name).resolve()
        if found.parent != self.path or found.name.startswith("."):
            raise BadInput(f"{name!r} is no plain file name in {self.path}; give one without folders")
        if found.exists():
            raise BadInput(f"{name!r} is there already; give another name")
        return found

    def write(self, name: str, data: bytes) -> str:
        """Write a new file; its path."""
        path = self.place(name)
        write_whole([(path, data)])
        return str(path)
