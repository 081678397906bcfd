"""What is printed is no part of an answer: a reader that has gone away, or a full disk, changes no exit code."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO


class _Lossy(io.FileIO):
    """A file that takes everything and keeps what it can."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except OSError:
            return len(memoryview(data).cast("B"))


def open_streams() -> None:
    """Give the process its three streams: closed ones go nowhere, and none of them can fail."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # the lowest free number is this one; a file opened later must not get it
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = _stream(sys.stdout, 1)
    sys.stderr = _stream(sys.stderr, 2)


def _stream(old: TextIO | None, number: int) -> TextIO:
    raw = _Lossy(number, "w", closefd=False)
    encoding = getattr(old, "encoding", None) or "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=encoding, errors="backslashreplace", line_buffering=number == 2 or raw.isatty()
    )
