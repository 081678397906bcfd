"""What every score of a trained network's activations shares."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from array_api_compat import array_namespace, is_torch_array
from sklearn.base import BaseEstimator

from ecotone.cards import Card
from ecotone.contracts import Activations, BadInput, Head
from ecotone.contracts._activations import BLOCK_ROWS
from ecotone.contracts.arrays import Array, apply_head

REMEDY = {
    "features": "give features=, what enters the last linear layer",
    "logits": "give logits=, or features= and head=",
    "labels": "give labels=, the positions of the true classes",
    "head": "give head=(weight, bias) of the last linear layer",
    "layers": "read more layers of the network, layers=[...]",
    "inputs": "keep the inputs, inputs=",
    "gradient": "give inputs= and a torch network=, which runs again with gradients",
    "second_pass": "give inputs= and network=, which runs again",
}


class PostHoc(BaseEstimator):
    """A score of activations: higher means more typical of the reference.

    A method gives ``card``, ``_score`` (a block of activations in double precision to one number a row) and, where it
    learns from the reference, ``_fit``. Everything is read in blocks of ``block_rows`` rows, which bounds the memory.
    Arrays of torch give scores of torch, on their device and, for what is differentiable, on their graph; the rest
    gives numpy.
    """

    card: ClassVar[Card]
    block_rows: ClassVar[int] = BLOCK_ROWS
    fit_only: ClassVar[frozenset[str]] = frozenset({"labels"})  # of what the card reads, what scoring does not need

    def reads(self) -> frozenset[str]:
        """What these settings need of activations, in the words of the card."""
        return frozenset(self.card.reads)

    def fit(self, activations: Activations, y: Any = None) -> Self:
        """Learn from activations of the reference.

        Parameters
        ----------
        activations : Activations
            Of rows of the reference; with ``labels`` where the card reads them.
        y : (n,) integers, optional
            Labels, in place of those of the activations.
        """
        activations = _checked(activations)
        if y is not None:
            activations = activations.replace(labels=np.asarray(y))
        check_reads(self, activations, self.reads())
        if not len(activations):
            raise BadInput("fit needs activations of at least one row, got 0")
        self.shapes_ = _shapes(activations)
        self._fit(activations.map(in_double))
        return self

    def score_samples(self, activations: Activations) -> Array:
        """One number a row, ``(n,)`` in double precision; higher is more typical."""
        activations = _checked(activations)
        if type(self)._fit is not PostHoc._fit and not hasattr(self, "shapes_"):
            raise BadInput(f"{type(self).__name__} learns from a reference; call fit with its activations first")
        check_reads(self, activations, self.reads() - self.fit_only)
        self._check_shapes(activations)
        if not len(activations):
            return np.empty(0)
        return _joined([self._score(block) for block in activations.map(in_double).blocks(self.block_rows)])

    def _fit(self, activations: Activations) -> None:
        """Learn from the reference; nothing by default."""

    @abstractmethod
    def _score(self, block: Activations) -> Array:
        """One number a row of a block whose arrays are in double precision."""

    def _check_shapes(self, activations: Activations) -> None:
        theirs = _shapes(activations)
        for name, shape in getattr(self, "shapes_", {}).items():
            if name in theirs and theirs[name] != shape:
                raise BadInput(
                    f"{name} has shape (n, {', '.join(map(str, theirs[name]))}) and the reference had "
                    f"(n, {', '.join(map(str, shape))}); read both from the same network and layers"
                )


def in_double(block: Activations) -> Activations:
    """A block in double precision (single where the device has no double), with the logits that its head gives."""
    parts = {name: double(getattr(block, name)) for name in ("features", "logits", "weights")}
    layers = {name: double(value) for name, value in block.layers.items()}
    head = None if block.head is None else Head(*(double(part) for part in block.head))
    made = Activations.unchecked(
        **parts, layers=layers, head=head, labels=block.labels, inputs=block.inputs, network=block.network,
        groups=block.groups,
    )  # fmt: skip
    if made.logits is None and made.features is not None and head is not None:
        object.__setattr__(made, "logits", apply_head(made.features, head))
    return made


def double(values: Array | None) -> Array | None:
    """In double precision, or in single on a device that has no double."""
    if values is None:
        return None
    xp = array_namespace(values)
    if is_torch_array(values):
        return values.to(xp.float32 if values.device.type == "mps" else xp.float64)
    return xp.asarray(values, dtype=xp.float64)


def missing(method: PostHoc, activations: Activations, need: frozenset[str] | None = None) -> list[str]:
    """What a method reads and the activations do not have."""
    return sorted((method.reads() if need is None else need) - activations.have())


def check_reads(method: PostHoc, activations: Activations, need: frozenset[str]) -> None:
    """Raise ``BadInput`` unless the activations have all that is needed."""
    lacking = missing(method, activations, need)
    if lacking:
        remedies = "; ".join(REMEDY.get(part, f"give {part}") for part in lacking)
        raise BadInput(f"{type(method).__name__} reads {', '.join(lacking)}, which the activations lack: {remedies}")


def _checked(activations: Any) -> Activations:
    if not isinstance(activations, Activations):
        raise BadInput(
            f"a score of activations reads ecotone.contracts.Activations, got {type(activations).__name__}; wrap "
            "arrays as Activations(features=..., logits=...)"
        )
    return activations


def _shapes(activations: Activations) -> dict[str, tuple[int, ...]]:
    named = {"features": activations.features, "logits": activations.logits}
    named |= {f"layers.{name}": value for name, value in activations.layers.items()}
    return {name: tuple(value.shape[1:]) for name, value in named.items() if value is not None}


def _joined(scores: list[Array]) -> Array:
    if len(scores) == 1:
        return scores[0]
    return array_namespace(scores[0]).concat(scores)
