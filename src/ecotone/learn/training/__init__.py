"""The one training loop: moving averages, held-out loss, early stopping, checkpoints and resuming, devices."""

from typing import TYPE_CHECKING

from ecotone._lazy import attach

if TYPE_CHECKING:
    from ._settings import Progress as Progress
    from ._settings import Training as Training
    from ._train import train as train

__getattr__, __dir__ = attach(__name__, __file__)
