"""Images as PNG in a page, without an imaging library."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_SIDE = 96  # pixels of a thumbnail


def is_image(row: Any) -> bool:
    """Whether one row of inputs can be drawn: (1 or 3 or 4, height, width), or the channels last."""
    shape = np.shape(row)
    return len(shape) == 3 and (shape[0] in (1, 3, 4) or shape[2] in (1, 3, 4)) and min(sorted(shape)[1:]) >= 4


def data_uri(row: Any) -> str:
    """A thumbnail of one row of inputs as a ``data:`` address; other values than bytes are stretched to their range."""
    pixels = _pixels(np.asarray(row))
    step = -(-max(pixels.shape[:2]) // MOST_SIDE)
    pixels = np.ascontiguousarray(pixels[::step, ::step])
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode("ascii")


def png(pixels: NDArray[np.uint8]) -> bytes:
    """The bytes of a PNG file of ``(height, width, 1 or 3)`` pixels."""
    height, width, channels = pixels.shape
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(lines, 9)) + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pixels(row: NDArray[Any]) -> NDArray[np.uint8]:
    if row.shape[0] in (1, 3, 4):
        row = row.transpose(1, 2, 0)
    row = row[..., :3] if row.shape[2] > 1 else row
    if row.dtype == np.uint8:
        return row
    low, high = float(row.min()), float(row.max())
    return np.asarray((row - low) / ((high - low) or 1.0) * 255).round().astype(np.uint8)
