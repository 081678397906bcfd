"""Models from artefacts. Loading one can not run code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ecotone.contracts import BadInput
from ecotone.data import read_artefact

from ._bounded import Bounded
from ._distribution import Generator
from ._saving import KIND, VERSION, build


def load(path: str | Path) -> Any:
    """Read a model that ``save`` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    The model, as it was.

    Raises
    ------
    BadInput
        For a file that is missing, cut short, of another kind or version, that names anything but parts of
        ``ecotone.learn``, or parts far larger than its arrays.
    """
    body, arrays = read_artefact(path, KIND, VERSION)
    tensors = {name: torch.from_numpy(a) for name, a in arrays.items()}
    try:
        with Bounded(sum(a.size for a in arrays.values()), len(arrays)):
            model = build(body["model"])
            if not isinstance(model, Generator):
                raise ValueError("it describes no model")
            model._restore(body["state"], tensors)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RuntimeError, MemoryError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{path} is not a usable model artefact: {error}; save the model again") from None
    return model
