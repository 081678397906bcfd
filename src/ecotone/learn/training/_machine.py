"""Where a run takes place: the device, its precision, and the bar on the screen."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
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


def _bar(t: Training, start: int) -> Callable[[int | None, list[dict[str, float | None]]], None]:
    if not t.progress:
        return lambda step, history: None
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(TextColumn("training"), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    bar.start()
    task = bar.add_task("", total=t.steps, completed=start)

    def show(step: int | None, history: list[dict[str, float | None]]) -> None:
        if step is None:
            bar.stop()
            return
        held = history[-1]["held_out"] if history else None
        said = f"step {step} of {t.steps}" + ("" if held is None else f", held-out loss {held:.4g}")
        bar.update(task, completed=step, description=said)

    return show
