"""Photographs of textures and of things, from scikit-image's wheel, which is read and not installed."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from pictures import _fetched

WHEEL = ("scikit-image==0.26.0", "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af")
_PLATFORM = ["--only-binary", ":all:", "--python-version", "3.11", "--platform", "manylinux_2_28_x86_64"]


def photograph(name: str) -> np.ndarray:
    """One image of the wheel, ``(height, width)`` or ``(height, width, channels)`` bytes."""
    get = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *_PLATFORM, WHEEL[0]]
    with zipfile.ZipFile(_fetched("scikit_image", "*.whl", WHEEL[1], get)) as archive:
        return np.asarray(Image.open(io.BytesIO(archive.read(f"skimage/data/{name}"))))


def textures(rows: int, channels: int, side: int) -> np.ndarray:
    """Squares cut from brick, grass and gravel, ``(rows, channels, side, side)`` bytes."""
    rng = np.random.default_rng(0)
    photos = [photograph(f"{name}.png") for name in ("brick", "grass", "gravel")]
    made = []
    for i in range(rows):
        photo, size = photos[i % 3], int(rng.integers(side, 4 * side))
        top, left = (int(rng.integers(0, length - size)) for length in photo.shape)
        at = np.arange(side) * size // side
        made.append(photo[top : top + size, left : left + size][np.ix_(at, at)])
    return np.repeat(np.stack(made)[:, None], channels, axis=1)
