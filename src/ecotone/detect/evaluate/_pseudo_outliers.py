"""Rows that are surely not of the reference, made of rows that are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Activations, BadInput, as_numpy, as_seed
from ecotone.contracts.arrays import apply_head
from ecotone.data.activations import read_activations

_GRID = 4


def pseudo_outliers(inside: Activations, *, seed: int | np.random.Generator | None = 0) -> dict[str, Activations]:
    """Sets of as many rows made by breaking rows inside; no real outlier is needed.

    Where the network can run again on numeric inputs: ``mixed`` (the mean of two rows of different predicted
    classes), ``shuffled`` (an image's 16 regions in another order; a table's columns each from another row),
    ``noise`` (an image with as much noise as it has contrast; a table's row scaled twice as far from the mean) and
    ``inverted`` (images alone). Of tables with columns of any kind ``mixed`` takes each column from one of two rows, of
    texts it joins halves of two, and ``shuffled`` draws a text's words from all texts.

    Without such a network, and beside the others for tables and texts, whose broken rows may look like any row:
    ``mixed`` and ``shuffled`` features, or logits where there are no features, with the logits that the head makes of
    them.

    Parameters
    ----------
    inside : Activations
        Held-out rows of the reference.
    seed : int, Generator or None

    Raises
    ------
    BadInput
        For fewer than two rows, or neither features nor logits.

    Examples
    --------
    >>> acts = Activations(features=4 * np.eye(4), head=(np.eye(4), np.zeros(4)))
    >>> sorted(pseudo_outliers(acts))
    ['mixed', 'shuffled']
    """
    if len(inside) < 2:
        raise BadInput(f"pseudo-outliers are made of pairs of rows; give at least two, got {len(inside)}")
    rng = as_seed(seed)
    other = _partners(inside, rng)
    made = _of_inputs(inside.inputs[: len(inside)], other, rng) if "second_pass" in inside.have() else {}
    if made:
        sets = {name: read_activations(inside.network, rows) for name, rows in made.items()}
        if _images(inside.inputs[:1]) or (inside.features is None and inside.logits is None):
            return sets
        return sets | {f"{name} features": acts for name, acts in _activations(inside, other, rng).items()}
    return _activations(inside, other, rng)


def _partners(inside: Activations, rng: np.random.Generator) -> NDArray[np.int64]:
    """For each row another, of another predicted class where there is one."""
    n = len(inside)
    order = rng.permutation(n)
    if inside.logits is None:
        return np.asarray(order[(np.argsort(order) + 1) % n])
    classes = as_numpy(inside.logits).argmax(1)
    sorted_ = order[np.argsort(classes[order], kind="stable")]
    step = max(1, int(np.bincount(classes).max()) % n)  # past the largest class
    found = np.empty(n, dtype=np.int64)
    found[sorted_] = np.roll(sorted_, -step)
    return found


def _images(x: Any) -> bool:
    return not hasattr(x, "column_names") and np.ndim(x) == 4


def _of_inputs(x: Any, other: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Any]:
    if hasattr(x, "column_names"):
        return _tables(x, other, rng)
    if isinstance(x, list) and isinstance(x[0], str):
        return _texts(x, other, rng)
    x = as_numpy(x)
    return dict(_inputs(x, other, rng)) if x.ndim in (2, 4) and x.dtype.kind in "iuf" else {}


def _tables(x: Any, other: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Any]:
    """Arrow tables as lists of one block."""
    import pyarrow as pa

    n = x.num_rows
    mixed = {name: np.where(rng.random(n) < 0.5, np.arange(n), other) for name in x.column_names}
    shuffled = {name: rng.permutation(n) for name in x.column_names}
    return {
        kind: [pa.table({name: x[name].take(pa.array(at)) for name, at in rows.items()})]
        for kind, rows in (("mixed", mixed), ("shuffled", shuffled))
    }


def _texts(x: list[str], other: NDArray[np.int64], rng: np.random.Generator) -> dict[str, list[str]]:
    words = [text.split() for text in x]
    pool = np.array([word for text in words for word in text] or [""])
    mixed = [
        " ".join(words[i][: len(words[i]) // 2] + words[j][len(words[j]) // 2 :]) for i, j in enumerate(other.tolist())
    ]
    return {"mixed": mixed, "shuffled": [" ".join(rng.choice(pool, len(text))) for text in words]}


def _inputs(x: NDArray[Any], other: NDArray[np.int64], rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    real = x.astype(np.float64)
    made = {"mixed": (real + real[other]) / 2}
    if x.ndim == 2:
        made["shuffled"] = _shuffled(real, rng)
        made["noise"] = real.mean(0) + 2 * (real - real.mean(0)) * rng.choice([-1.0, 1.0], real.shape)
    else:
        made["shuffled"] = _regions(real, rng)
        made["noise"] = real + rng.normal(size=real.shape) * real.std((1, 2, 3), keepdims=True)
        made["inverted"] = real.max() + real.min() - real
    if np.issubdtype(x.dtype, np.integer):
        ends = np.iinfo(x.dtype)
        made = {name: values.round().clip(ends.min, ends.max) for name, values in made.items()}
    return {name: values.astype(x.dtype) for name, values in made.items()}


def _regions(x: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Images whose regions are in another order; what the grid does not divide stays."""
    n, c, h, w = x.shape
    a, b = max(h // _GRID, 1), max(w // _GRID, 1)
    rows, columns = h // a, w // b
    cut = x[:, :, : rows * a, : columns * b].reshape(n, c, rows, a, columns, b).transpose(0, 2, 4, 1, 3, 5)
    cut = cut.reshape(n, rows * columns, c, a, b)
    order = np.argsort(rng.random((n, rows * columns)), axis=1)
    cut = np.take_along_axis(cut, order[:, :, None, None, None], axis=1).reshape(n, rows, columns, c, a, b)
    made = x.copy()
    made[:, :, : rows * a, : columns * b] = cut.transpose(0, 3, 1, 4, 2, 5).reshape(n, c, rows * a, columns * b)
    return made


def _shuffled(x: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Each column from another row."""
    return np.take_along_axis(x, np.argsort(rng.random(x.shape), axis=0), axis=0)


def _activations(inside: Activations, other: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Activations]:
    whole = {"features": inside.features, "logits": inside.logits}
    parts = {name: as_numpy(value[: len(inside)]).astype(float) for name, value in whole.items() if value is not None}
    layers = {name: as_numpy(value[: len(inside)]).astype(float) for name, value in inside.layers.items()}
    if not parts:
        raise BadInput("pseudo-outliers need features, logits, or inputs and a network that runs again")
    made = {}
    for name in ("mixed", "shuffled"):

        def broken(x: NDArray[Any], name: str = name) -> NDArray[Any]:
            return (x + x[other]) / 2 if name == "mixed" else _shuffled(x, rng)

        new = {part: broken(value) for part, value in parts.items()}
        if "features" in new and inside.head is not None:
            new["logits"] = apply_head(new["features"], inside.head)
        made[name] = Activations.unchecked(
            **new, layers={layer: broken(value) for layer, value in layers.items()}, head=inside.head
        )
    return made
