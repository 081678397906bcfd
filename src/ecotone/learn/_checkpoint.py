"""The state of a training run on disk, so that it can go on after it was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ecotone.contracts import BadInput
from ecotone.data import read_artefact, write_artefact

KIND, VERSION = "checkpoint", 1


def write_checkpoint(path: str | Path, digest: str, state: tuple[dict[str, Any], dict[str, Tensor]]) -> None:
    """Write whole or not at all; ``digest`` names the run that it belongs to."""
    body, tensors = state
    arrays = {name: t.detach().cpu().numpy() for name, t in tensors.items()}
    write_artefact(path, KIND, VERSION, {"run": digest, "state": body}, arrays)


def read_checkpoint(path: str | Path, digest: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read the state of this run.

    Raises
    ------
    BadInput
        For a file that is cut short, of another version, or of a run with other data, settings or network.
    """
    body, arrays = read_artefact(path, KIND, VERSION)
    if not isinstance(body, dict) or body.get("run") != digest:
        raise BadInput(
            f"{path} is the checkpoint of a run with other data, settings or network; delete it to begin again, or "
            "give another path"
        )
    return body["state"], {name: torch.from_numpy(a) for name, a in arrays.items()}
