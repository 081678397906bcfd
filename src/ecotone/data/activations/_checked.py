"""The arrays of one block: converted, checked, named."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Activations, BadInput, as_numpy

Arrays = dict[str, NDArray[Any]]


def arrays_of(acts: Activations, labels: Any, dtype: str, start: int, first: bool) -> Arrays:
    """The arrays of one block by name, in the precision asked for and checked; ``start`` is its row in the data."""
    named: dict[str, Any] = {"features": acts.features, "logits": acts.logits}
    named |= {f"layers.{name}": value for name, value in acts.layers.items()}
    found = {name: _finite(name, value, dtype, start) for name, value in named.items() if value is not None}
    if not found:
        raise BadInput("the network left neither features nor logits nor layers; name layers=")
    n = len(next(iter(found.values())))
    wrong = next((name for name, value in found.items() if len(value) != n), None)
    if wrong is not None:
        raise BadInput(f"{wrong} has {len(found[wrong])} rows for a block of {n}; the first axis must be the rows")
    if labels is not None:
        found["labels"] = _labels(labels, n, found.get("logits"), start)
    if first:  # shapes, the head against the logits, and logits that are probabilities
        Activations(features=found.get("features"), logits=found.get("logits"), head=single_head(acts))
    return found


def single_head(acts: Activations) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """The head as numpy, in single precision."""
    return None if acts.head is None else (_float(acts.head[0], "float32"), _float(acts.head[1], "float32"))


def _float(value: Any, dtype: str) -> NDArray[Any]:
    with np.errstate(over="ignore"):  # what is too large is found by the check of finite values
        return np.ascontiguousarray(as_numpy(value), dtype=dtype)


def _finite(name: str, value: Any, dtype: str, start: int) -> NDArray[Any]:
    kept = _float(value, dtype)
    if np.isfinite(kept).all():
        return kept
    at = tuple(np.argwhere(~np.isfinite(kept))[0].tolist())
    before = float(as_numpy(value)[at])
    if np.isfinite(before):
        raise BadInput(
            f"{name} has {before:.6g} at row {start + at[0]}, too large for dtype={dtype!r}; use a wider one"
        )
    raise BadInput(
        f"{name} has {before} at row {start + at[0]}, position {list(at[1:])}; leave the row out, or run the network "
        "in a wider precision"
    )


def _labels(labels: Any, n: int, logits: Any, start: int) -> NDArray[np.int64]:
    values = as_numpy(labels)
    if values.shape != (n,) or not np.issubdtype(values.dtype, np.integer):
        raise BadInput(
            f"labels of rows {start} to {start + n - 1} are {values.dtype} {values.shape}; give ({n},) integers"
        )
    classes = None if logits is None else logits.shape[1]
    wrong = (values < -1) | (values >= classes) if classes else values < -1
    if wrong.any():
        raise BadInput(
            f"labels has {values[wrong][0]} at row {start + np.flatnonzero(wrong)[0]}, with {classes} columns of "
            "logits; number classes from 0, and give -1 where unknown"
        )
    return values.astype(np.int64)


def check_same(first: Arrays, arrays: Arrays, start: int) -> None:
    """Raise ``BadInput`` unless a block has the parts and the widths of the first."""
    kinds = [{name: [value.shape[1:]] for name, value in block.items()} for block in (first, arrays)]
    if kinds[0] != kinds[1]:
        raise_different(kinds[0], kinds[1], start)


def raise_different(before: dict[str, list[Any]], now: dict[str, list[Any]], start: int) -> None:
    name = next(n for n in [*before, *now] if before.get(n) != now.get(n))
    raise BadInput(
        f"{name} is {now.get(name, 'absent')} from row {start} on and was {before.get(name, 'absent')} before; give "
        "every block the same shape, and labels to all or none"
    )
