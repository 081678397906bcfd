"""Where a command writes: checked before any work is done, so that a bad path costs nothing and ruins nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ecotone.contracts import BadInput, is_stream


def check_outputs(outputs: Mapping[str, Path | None], inputs: Sequence[str | Path | None] = ()) -> None:
    """Raise ``BadInput`` for a path that cannot be written, that is read too, or that two options share."""
    taken = {os.path.realpath(p): "it is read" for p in inputs if p is not None and "\0" not in str(p)}
    for option, path in outputs.items():
        if path is None:
            continue
        _writable(option, path)
        place = os.path.realpath(path)
        if place in taken and not is_stream(path):
            raise BadInput(f"{option} {path} would be overwritten: {taken[place]}; give another file")
        taken[place] = f"{option} writes it too"


def check_redact(report: Path | None, *, redact: bool) -> None:
    """Raise ``BadInput`` where values are to be left out of a report that nobody asked for."""
    if redact and report is None:
        raise BadInput("--redact is about the report; give --report too, or leave it out")


def _writable(option: str, path: Path) -> None:
    start = f"cannot write {option} {path}"
    if not str(path).isprintable():
        raise BadInput(f"cannot write {option} {str(path)!r}: it holds control characters; give another name")
    try:
        if path.is_dir():
            raise BadInput(f"{start}: it is a folder; give a file name in it")
        if not path.parent.is_dir():
            raise BadInput(f"{start}: the folder {path.parent} does not exist; make it first")
        if is_stream(path):
            return
        path = Path(os.path.realpath(path))  # a link is followed
        if not path.parent.is_dir():
            raise BadInput(f"{start}: it is a link into the folder {path.parent}, which does not exist; make it first")
    except OSError as error:
        raise BadInput(f"{start}: {error.strerror}; give another name") from None
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise BadInput(f"{start}: the folder {path.parent} is not writable; choose another")
    if path.exists() and not os.access(path, os.W_OK):
        raise BadInput(f"{start}: the file is write-protected; choose another name")
