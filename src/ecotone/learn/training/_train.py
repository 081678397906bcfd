"""Train a network in place."""

from __future__ import annotations

from torch import Tensor, nn

from ecotone.contracts import BadInput
from ecotone.learn import Loss

from ._run import _Rows, _Run
from ._settings import Training


def train(
    module: nn.Module,
    loss: Loss,
    x: Tensor,
    *,
    given: Tensor | None = None,
    weight: Tensor | None = None,
    training: Training,
) -> list[dict[str, float | None]]:
    """Train ``module`` in place; it ends on the device with the best averaged weights, in evaluation mode.

    Parameters
    ----------
    module : nn.Module
    loss : callable ``(module, Batch) -> scalar``
    x : (n, ...) Tensor
    given : (n, ...) Tensor, optional
    weight : (n,) Tensor, optional
    training : Training

    Returns
    -------
    list of {"step", "loss", "held_out"}
        One entry for each look.

    Raises
    ------
    BadInput
        For settings out of range, a checkpoint of another run, or a loss that is no longer finite: the module then has
        the best weights so far.
    """
    _check(training, len(x))
    return _Run(module, loss, _Rows(x, given, weight), training).go()


def _check(t: Training, n: int) -> None:
    for name, low in (("steps", 1), ("batch_size", 1), ("eval_every", 1), ("patience", 0)):
        if getattr(t, name) < low:
            raise BadInput(f"Training.{name} must be at least {low}, got {getattr(t, name)!r}")
    if not t.max_minutes > 0:
        raise BadInput(f"Training.max_minutes must be above 0, got {t.max_minutes!r}")
    if not t.learning_rate > 0 or not t.max_grad_norm > 0 or not 0 <= t.ema < 1 or not 0 <= t.validation_fraction < 1:
        raise BadInput(
            "Training needs learning_rate > 0, max_grad_norm > 0, 0 <= ema < 1 and 0 <= validation_fraction < 1, got "
            f"{t.learning_rate!r}, {t.max_grad_norm!r}, {t.ema!r} and {t.validation_fraction!r}"
        )
    if t.optimizer not in ("adamw", "rmsprop"):
        raise BadInput(f"Training.optimizer must be 'adamw' or 'rmsprop', got {t.optimizer!r}")
    if n < 2:
        raise BadInput(f"training needs at least 2 rows, got {n}")
