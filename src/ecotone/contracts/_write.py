"""The one writer of whole files."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ._bad_input import BadInput


def write_whole(files: Sequence[tuple[str | Path, bytes]]) -> None:
    """Write files so that each is either complete or as it was; none is touched before all can be written.

    A link is followed, and the file that it names replaced; a device, a pipe, and a link to one or to a stream of
    this process (``/dev/stdout``) is written to, and stays what it is. A file that was there keeps its permissions.

    Raises
    ------
    BadInput
        A path that cannot be written.
    """
    staged: list[tuple[str, str]] = []
    streams: list[tuple[Path, bytes]] = []
    path = Path()
    try:
        for path, content in ((Path(p), c) for p, c in files):
            if is_stream(path):
                streams.append((path, content))
            else:
                staged.append(_staged(os.path.realpath(path), content))
        for path, content in streams:
            _write_to(path, content)
        while staged:
            temporary, place = staged[0]
            path = Path(place)
            os.replace(temporary, place)
            staged.pop(0)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"cannot write {path}: {reason}; choose a folder that exists and is writable") from None
    finally:
        for temporary, _ in staged:
            Path(temporary).unlink(missing_ok=True)


def is_stream(path: str | Path) -> bool:
    """Whether a path is written to and never replaced: no regular file, or one that this process prints into."""
    try:
        found = os.stat(path)
    except OSError:
        return False
    if not stat.S_ISREG(found.st_mode):
        return True
    place = os.path.realpath(path)
    if not os.path.lexists(place) or not os.path.samestat(found, os.stat(place)):
        return True  # a link to an open file that has no name any more
    return os.path.islink(path) and _own(found) is not None


def _own(found: os.stat_result) -> int | None:
    """Which of the standard streams goes into a file."""
    for number in (1, 2):
        try:
            if os.path.samestat(found, os.fstat(number)):
                return number
        except OSError:  # closed
            continue
    return None


def _write_to(path: Path, content: bytes) -> None:
    number = _own(os.stat(path))
    if number is None:
        with open(path, "wb", buffering=0) as file:
            _all(file.fileno(), content)
        return
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    _all(number, content)


def _all(number: int, content: bytes) -> None:
    left = memoryview(content)
    while len(left):
        left = left[os.write(number, left) :]


def _staged(place: str, content: bytes) -> tuple[str, str]:
    """A complete file beside a place, with the permissions that it is to have."""
    folder, name = os.path.split(place)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, _mode(place))
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return temporary, place


def _mode(place: str) -> int:
    try:
        return stat.S_IMODE(os.stat(place).st_mode)
    except FileNotFoundError:
        umask = os.umask(0o022)
        os.umask(umask)
        return 0o666 & ~umask
