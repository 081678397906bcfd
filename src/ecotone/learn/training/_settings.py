"""How to train, and what those who watch are told."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ecotone.contracts import ProgressListener, unwatched


@dataclass(frozen=True)
class Progress:
    """What a callback is told every ``Training.eval_every`` steps."""

    step: int
    steps: int
    loss: float
    held_out: float | None


@dataclass(frozen=True)
class Training:
    """How to train.

    Parameters
    ----------
    steps : int
        At most so many steps of the optimiser.
    batch_size : int
    learning_rate : float
        After ``warmup`` steps; it falls to 0 along a cosine.
    warmup : int
    weight_decay : float
    ema : float
        Decay of the moving average of the weights, which is what is kept; 0 keeps the weights themselves.
    max_grad_norm : float
        Largest norm of the gradient.
    validation_fraction : float
        Share of the rows on which the loss is watched; 0 watches nothing.
    eval_every : int
        Steps between two looks at the held-out loss, and between two checkpoints.
    patience : int
        Looks without improvement before training stops; the best weights are kept.
    max_minutes : float
        Training stops after so long, the learning rate falling with the clock where that is nearer its end than the
        steps are; the minutes before a checkpoint are not counted.
    precision : str
        ``"32-true"``, ``"64-true"``, ``"bf16-mixed"``, ``"16-mixed"``: Lightning Fabric's words; ``"auto"`` is
        ``"bf16-mixed"`` on processors that multiply bfloat16 (several times faster), ``"32-true"`` elsewhere.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"mps"``.
    seed : int
    checkpoint : path, optional
        Where to write the state every ``eval_every`` steps; training goes on from there if it exists.
    optimizer : {"adamw", "rmsprop"}
        RMSprop follows gradients that shrink by orders of magnitude, which AdamW is slow to forget.
    progress : callable
        Told the held-out loss and the share that is done; ``contracts.progress_bar`` gives one that draws.
    callbacks : sequence of callable
        Each is told a :class:`Progress`.
    """

    steps: int = 4000
    batch_size: int = 256
    learning_rate: float = 1e-3
    warmup: int = 100
    weight_decay: float = 0.0
    ema: float = 0.999
    max_grad_norm: float = 1.0
    validation_fraction: float = 0.1
    eval_every: int = 200
    patience: int = 10
    max_minutes: float = math.inf
    precision: str = "32-true"
    device: str = "auto"
    seed: int = 0
    optimizer: Literal["adamw", "rmsprop"] = "adamw"
    checkpoint: str | Path | None = field(default=None, metadata={"saved": False})
    progress: ProgressListener = field(default=unwatched, metadata={"saved": False})
    callbacks: tuple[Callable[[Progress], None], ...] = field(default=(), metadata={"saved": False})
