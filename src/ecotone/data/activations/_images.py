"""Pictures in folders, decoded when they are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import BadInput

from ._rows import Rows, labelled_files

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".pbm")


class ImageFolder(Rows):
    """Pictures of a folder as bytes ``(n, channels, height, width)``; subfolders are classes.

    A picture is decoded when its row is read: turned as its camera says, without transparency, 16 bits as 8.

    Parameters
    ----------
    path : path
        A folder of pictures, or of one subfolder for each class.
    size : int or (int, int), optional
        Height and width to scale every picture to; by default they must all have the size of the first.
    channels : {3, 1}
        Colour or grey.
    classes : sequence of str, optional
        Names of the subfolders in order of position, for folders that are to be labelled as another is; by default
        sorted.

    Raises
    ------
    BadInput
        Pillow is missing, the folder holds no pictures, or, when its row is read, a picture cannot be decoded or has
        another size; names the file.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cat", "dog"):
    ...         (Path(folder) / name).mkdir()
    ...         Image.new("RGB", (8, 6)).save(f"{folder}/{name}/1.png")
    ...     pictures = ImageFolder(folder)
    ...     pictures.shape, pictures[:1].shape, pictures.labels.tolist(), pictures.classes
    ((2, 3, 6, 8), (1, 3, 6, 8), [0, 1], ('cat', 'dog'))
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        path: str | Path,
        size: int | tuple[int, int] | None = None,
        channels: Literal[1, 3] = 3,
        classes: Sequence[str] | None = None,
    ) -> None:
        if channels not in (1, 3):
            raise BadInput(f"channels must be 3 (colour) or 1 (grey), got {channels!r}")
        folder = Path(path)
        if not folder.is_dir():
            raise BadInput(f"there is no folder {folder}; check the path")
        _pillow()
        self.size = (size, size) if isinstance(size, int) else size
        if self.size is not None and (len(self.size) != 2 or min(self.size) < 1):
            raise BadInput(f"size must be one or two positive numbers of pixels, got {size!r}")
        self.channels = channels
        self.files, labels = labelled_files(folder, ENDINGS)
        self._label(labels, classes, str(folder))
        self.shape = (len(self.files), *self._decoded(self.files[0]).shape)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, rows: Any) -> NDArray[np.uint8]:
        if isinstance(rows, int | np.integer):
            return self._one(self.files[int(rows)])
        at = np.arange(len(self.files))[rows]
        out = np.empty((len(at), *self.shape[1:]), np.uint8)
        for i, row in enumerate(at.tolist()):
            out[i] = self._one(self.files[row])
        return out

    def where(self, row: int) -> str:
        """The picture's file."""
        return str(self.files[row])

    def _one(self, file: Path) -> NDArray[np.uint8]:
        picture = self._decoded(file)
        if picture.shape != self.shape[1:]:
            sizes = [f"{shape[2]} x {shape[1]}" for shape in (picture.shape, self.shape[1:])]
            raise BadInput(
                f"{file} has {sizes[0]} pixels and {self.files[0]} has {sizes[1]}; give size=(height, width)"
            )
        return picture

    def _decoded(self, file: Path) -> NDArray[np.uint8]:
        Image, ImageOps = _pillow()
        try:
            with Image.open(file) as opened:
                picture = ImageOps.exif_transpose(opened)
                if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
                    picture = Image.fromarray(_eight_bits(np.asarray(picture)))
                picture = picture.convert("RGB" if self.channels == 3 else "L")
                if self.size is not None and picture.size != self.size[::-1]:
                    picture = picture.resize(self.size[::-1], Image.Resampling.BILINEAR)
                values = np.asarray(picture, np.uint8)
        except Exception as error:  # decoders raise what they like
            line = str(error).split("\n")[0][:200] or type(error).__name__
            raise BadInput(f"{file} cannot be read as a picture ({line}); repair it or take it out") from None
        return np.ascontiguousarray(values.transpose(2, 0, 1)) if self.channels == 3 else values[None]


def _eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey values of 16 bits as 8; of floats in [0, 1] as bytes."""
    if values.dtype.kind == "f":
        return np.asarray(np.clip(values * 255, 0, 255), np.uint8)
    return np.asarray(np.clip(values, 0, 65535) // 257, np.uint8)


def _pillow() -> tuple[Any, Any]:
    try:
        from PIL import Image, ImageOps
    except ModuleNotFoundError:
        raise BadInput(
            "pictures are decoded by Pillow; install it with pip install '.[images]' -c constraints.txt, from a clone"
        ) from None
    return Image, ImageOps
