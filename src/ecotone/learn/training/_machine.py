"""Where a run takes place: the device and its precision."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import torch

from ._settings import Training


def _fabric(t: Training) -> tuple[Any, torch.device]:
    from lightning_fabric import Fabric

    precision: Any = _precision(t.device) if t.precision == "auto" else t.precision
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it tells users what they did not ask
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hints of the package to its own users
        fabric = Fabric(accelerator=t.device, devices=1, precision=precision)
    return fabric, fabric.device


def _precision(device: str) -> str:
    """The fastest precision of matrix products that training bears on this machine."""
    if device in ("auto", "cuda", "gpu") and torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"
    can: Any = getattr(torch.cpu, "get_capabilities", dict)()
    return "bf16-mixed" if device != "mps" and (can.get("avx512_bf16") or can.get("amx_bf16")) else "32-true"
