"""What one pass of a trained network leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ._bad_input import BadInput
from ._head import _as_head
from .arrays import Array, apply_head, as_array, as_numpy, check_finite, check_not_probabilities, in_memory, take

BLOCK_ROWS = 8192  # of 2,048 numbers in double precision: 134 MB
_LOOK = 256  # rows on which logits are compared with the head's


@runtime_checkable
class Network(Protocol):
    """A network that can be run again, for methods that read ``gradient`` or ``second_pass``."""

    differentiable: bool

    def __call__(self, inputs: Array, *, maps: bool = False) -> Activations:
        """Run it on one block of inputs; with ``maps`` the layers keep their places ``(n, c, *space)``.

        A differentiable network answers with torch tensors that hang on the graph of ``inputs``.
        """
        ...


@dataclass(frozen=True, eq=False)
class Activations:
    """What one pass of a trained network over n rows left; every field but one may be absent.

    Parameters
    ----------
    features : (n, d) array
        What enters the last linear layer.
    logits : (n, classes) array
        Before the softmax; computed from ``features`` and ``head`` where absent.
    labels : (n,) integers
        Positions of the true classes, -1 where unknown.
    head : (weight, bias)
        Of the last linear layer, ``(classes, d)`` and ``(classes,)``.
    layers : mapping of str to (n, c) or (n, c, *space) array
        Other layers in order of depth.
    inputs : sequence of n rows
        Anything with a length and slices; for what runs the network again and for reports.
    network : Network
        For methods that read ``gradient`` or ``second_pass``.
    groups, weights : (n,) arrays

    Raises
    ------
    BadInput
        For lengths that disagree, a head that does not fit the features or does not give the logits, logits that are
        probabilities, labels that are no classes, or a value that is not finite (of arrays in memory; stored ones
        were checked when written).

    Examples
    --------
    >>> acts = Activations(features=np.eye(3), head=(np.eye(2, 3), np.zeros(2)), labels=[0, 1, 1])
    >>> acts.logits.shape, len(acts[:2])
    ((3, 2), 2)
    """

    features: Array = None
    logits: Array = None
    labels: Array = None
    head: Any = None
    layers: Mapping[str, Array] = field(default_factory=dict)
    inputs: Any = None
    network: Network | None = None
    groups: Array = None
    weights: Array = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        for name in ("features", "logits", "labels", "groups", "weights"):
            put(self, name, as_array(getattr(self, name)))
        put(self, "layers", {name: as_array(value) for name, value in self.layers.items()})
        if self.head is not None:
            put(self, "head", _as_head(self.head))
        self._check_lengths()
        self._check_head()
        self._check_values()

    @classmethod
    def unchecked(cls, **parts: Any) -> Activations:
        """The same without looking at any value: for blocks of what has been checked."""
        made = object.__new__(cls)
        for part in fields(cls):
            object.__setattr__(made, part.name, parts.get(part.name, {} if part.name == "layers" else None))
        return made

    def __len__(self) -> int:
        for value in self._rows().values():
            return len(value)
        raise BadInput("Activations needs at least one of features, logits, layers and inputs")

    def __getitem__(self, rows: Any) -> Activations:
        """The same of some rows: a slice, positions, or a mask."""
        if isinstance(rows, int | np.integer):
            rows = slice(int(rows), int(rows) + 1 or None)
        if not isinstance(rows, slice):
            rows = np.asarray(rows)
            rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        cut = {name: take(value, rows) for name, value in self._rows().items() if not name.startswith("layers.")}
        layers = {name: take(value, rows) for name, value in self.layers.items()}
        return Activations.unchecked(**cut, layers=layers, head=self.head, network=self.network)

    def replace(self, **parts: Any) -> Activations:
        """A copy with some parts exchanged, checked again."""
        return replace(self, **parts)

    def map(self, function: Callable[[Activations], Activations]) -> Activations:
        """The same activations with ``function`` applied to every block or selection that is read of them."""
        return Mapped(self, function)

    def blocks(self, rows: int = BLOCK_ROWS) -> Iterator[Activations]:
        """Consecutive blocks of at most so many rows, which bound what a method holds in memory."""
        for start in range(0, len(self), rows):
            yield self[start : start + rows]

    def gather(self, name: str) -> NDArray[Any]:
        """A whole field as one numpy array, such as ``"features"`` or ``"layers.conv2"``."""
        return np.concatenate([as_numpy(block._rows()[name]) for block in self.blocks()])

    @property
    def classes(self) -> int:
        """How many classes the network tells apart."""
        if self.logits is not None:
            return int(self.logits.shape[1])
        if self.head is not None:
            return len(self.head[1])
        if self.labels is None:
            raise BadInput("the number of classes is unknown; give logits, head or labels")
        return int(self.gather("labels").max()) + 1

    def have(self) -> frozenset[str]:
        """What can be read, in the words of cards: ``features``, ``logits``, ``gradient`` and so on."""
        found = {part for part in ("features", "logits", "labels", "head", "inputs") if getattr(self, part) is not None}
        if self.layers:
            found.add("layers")
        if self.network is not None and self.inputs is not None:
            found |= {"second_pass"} | ({"gradient"} if self.network.differentiable else set())
        return frozenset(found)

    def _rows(self) -> dict[str, Any]:
        named = {name: getattr(self, name) for name in ("features", "logits", "labels", "inputs", "groups", "weights")}
        named |= {f"layers.{name}": value for name, value in self.layers.items()}
        return {name: value for name, value in named.items() if value is not None}

    def _check_lengths(self) -> None:
        sizes = {name: len(value) for name, value in self._rows().items()}
        if not sizes:
            raise BadInput("Activations needs at least one of features, logits, layers and inputs")
        if len(set(sizes.values())) > 1:
            listed = ", ".join(f"{name} {size}" for name, size in sizes.items())
            raise BadInput(f"the parts have different numbers of rows ({listed}); give the same rows to each")
        for name in ("features", "logits"):
            value = getattr(self, name)
            if value is not None and len(value.shape) != 2:
                raise BadInput(f"{name} must be (n, d), got shape {tuple(value.shape)}; average maps over their places")

    def _check_head(self) -> None:
        if self.head is None:
            return
        weight, bias = self.head
        if self.features is None:
            return
        if weight.shape[1] != self.features.shape[1]:
            raise BadInput(
                f"head has a weight of shape {tuple(weight.shape)}, which takes {weight.shape[1]} features, and "
                f"features has {self.features.shape[1]} columns; give weight as (classes, features)"
            )
        if self.logits is None:
            object.__setattr__(self, "logits", apply_head(self.features, self.head))
            return
        if self.logits.shape[1] != len(bias):
            raise BadInput(f"head gives {len(bias)} classes and logits {self.logits.shape[1]}; give those of one head")
        ours = as_numpy(apply_head(self.features[:_LOOK], self.head)).astype(np.float64)
        theirs = as_numpy(self.logits[:_LOOK]).astype(np.float64)
        gap = np.abs(ours - theirs).max(initial=0.0)
        if gap > 0.05 * max(float(theirs.std()), 1e-6):
            raise BadInput(
                f"logits are not features @ weight.T + bias: they differ by up to {gap:.3g}; give the features that "
                "enter the head, and the logits before any softmax or temperature"
            )

    def _check_values(self) -> None:
        for name, value in self._rows().items():
            if name == "inputs" or not in_memory(value):
                continue
            check_finite(name, value)
        if self.logits is not None and in_memory(self.logits):
            check_not_probabilities(as_numpy(self.logits[:_LOOK]))
        if self.labels is not None and in_memory(self.labels):
            self._check_labels(as_numpy(self.labels))

    def _check_labels(self, labels: NDArray[Any]) -> None:
        if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
            raise BadInput(f"labels must be (n,) integers, positions of classes; got {labels.dtype} {labels.shape}")
        if self.logits is not None and len(labels) and not -1 <= labels.min() <= labels.max() < self.logits.shape[1]:
            wrong = labels[(labels < -1) | (labels >= self.logits.shape[1])][0]
            raise BadInput(f"labels has {wrong} with {self.logits.shape[1]} columns of logits; number classes from 0")


class Mapped(Activations):
    """Activations of which every part that is read goes through a function first."""

    _base: Activations
    _function: Callable[[Activations], Activations]

    def __init__(self, base: Activations, function: Callable[[Activations], Activations]) -> None:
        look = function(base[:1])
        for part in fields(Activations):
            object.__setattr__(self, part.name, getattr(look, part.name))
        object.__setattr__(self, "_base", base)
        object.__setattr__(self, "_function", function)

    def __len__(self) -> int:
        return len(self._base)

    def __getitem__(self, rows: Any) -> Activations:
        return self._function(self._base[rows])


def concatenate(parts: Sequence[Activations]) -> Activations:
    """The rows of several, one after another; parts that not all have are left out, the network is the first's."""
    shared = set.intersection(*({*part._rows()} for part in parts))
    joined = {name: np.concatenate([as_numpy(part._rows()[name]) for part in parts]) for name in shared}
    layers = {name.removeprefix("layers."): joined.pop(name) for name in sorted(shared) if name.startswith("layers.")}
    ordered = {name: layers[name] for name in parts[0].layers if name in layers}
    return Activations(**joined, layers=ordered, head=parts[0].head, network=parts[0].network)
