"""OpenOOD's image lists: one image a line, its path and its label, -1 outside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ecotone.contracts import BadInput, Ints


class ImageList(NamedTuple):
    """Images of one data set.

    Parameters
    ----------
    paths : tuple of Path
        Under the root that was given.
    labels : (n,) integers
        Positions of classes; -1 outside.
    """

    paths: tuple[Path, ...]
    labels: Ints


def read_image_list(path: str | Path, root: str | Path = ".") -> ImageList:
    """Read a list as the benchmark OpenOOD has them: ``path label`` a line.

    Parameters
    ----------
    path : str or Path
        The list.
    root : str or Path
        The folder that the list's paths start from.

    Raises
    ------
    BadInput
        For a line without an integer label; names the line.

    References
    ----------
    Zhang et al. (2023), https://arxiv.org/abs/2306.09301
    """
    paths, labels = [], []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        name, _, label = line.strip().rpartition(" ")
        try:
            labels.append(int(label))
        except ValueError:
            raise BadInput(
                f"{path} line {number} is {line[:80]!r}; each line needs a path and an integer label"
            ) from None
        if not name:
            raise BadInput(f"{path} line {number} has no path; each line needs a path and an integer label")
        paths.append(Path(root) / name)
    return ImageList(tuple(paths), np.array(labels, dtype=np.int64))


def write_image_list(path: str | Path, names: Sequence[str | Path], labels: Sequence[int] | Ints | None = None) -> None:
    """Write a list in OpenOOD's form.

    Parameters
    ----------
    names : sequence of n
        Paths from the root.
    labels : (n,) integers, optional
        -1, outside, where absent.

    Raises
    ------
    BadInput
        For as many labels as there are not names, or a name with a line break.
    """
    codes = [-1] * len(names) if labels is None else [int(label) for label in labels]
    if len(codes) != len(names):
        raise BadInput(f"labels has {len(codes)} entries for {len(names)} names; give one for each")
    for name in names:
        if "\n" in str(name):
            raise BadInput(f"the name {str(name)[:60]!r} has a line break, which a list cannot hold; rename the file")
    text = "".join(f"{Path(name).as_posix()} {code}\n" for name, code in zip(names, codes, strict=True))
    Path(path).write_text(text, encoding="utf-8")
