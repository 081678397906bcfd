"""What changes a predictor: the loss that it is trained on, and the recipe that trains it."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

from ._activations import Activations, Network
from .arrays import Array


@runtime_checkable
class PredictorLoss(Protocol):
    r"""``(Activations) -> scalar``: what the training of a predictor minimises.

    .. math:: L = \sum_i w_i\, \ell_i \Big/ \sum_i w_i

    It reads what one pass over a batch left (logits, features, layers, labels, groups, ``weights``), which in training
    hangs on the graph of the network's weights, and runs nothing again. The scalar is of the logits' array library and
    device, does not depend on the order of the rows, and leaves out rows of weight 0; without ``weights`` all are 1.
    Rows whose label is -1 are unlabelled: a loss says what it does of them, or refuses them.
    """

    def __call__(self, activations: Activations, /) -> Array:
        """The loss of a batch.

        Raises
        ------
        BadInput
            Where the activations lack a part that it reads.
        """
        ...


@runtime_checkable
class Recipe(Protocol):
    """``fit(network, x, y, ...) -> network``: how a predictor is trained, or trained further.

    The network given stays as it is; the one returned reads the same inputs and tells the same classes apart, unless
    the recipe's purpose is to change them. The same arguments give the same network.
    """

    def fit(
        self,
        network: Network,
        x: Any,
        y: Any,
        *,
        groups: Any = None,
        sample_weight: Any = None,
        seed: int | np.random.Generator | None = None,
    ) -> Network:
        """Train a copy of ``network``.

        Parameters
        ----------
        network : Network
            Differentiable.
        x : sequence of n rows
            As the network takes them.
        y : (n,) integers
            Positions of the classes, -1 where unknown.
        groups : (n,) array, optional
            Domains, environments or protected groups, for recipes that read them; others refuse them.
        sample_weight : (n,) array, not negative, optional
            A row of weight 0 is none.
        seed : int, optional

        Raises
        ------
        BadInput
            For lengths that disagree, labels that are no classes, or a network that is not differentiable.
        """
        ...
