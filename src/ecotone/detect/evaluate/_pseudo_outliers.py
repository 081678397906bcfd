"""Rows that are surely not of the reference, made of rows that are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Activations, BadInput, as_numpy, as_seed
from ecotone.contracts.arrays import apply_head
from ecotone.data.activations import read_activations

_GRID = 4  # 16 regions: each still shows a part of the object, their order no longer does; chosen, not tuned


def pseudo_outliers(inside: Activations, *, seed: int | np.random.Generator | None = 0) -> dict[str, Activations]:
    """Sets of as many rows made by breaking rows inside; no real outlier is needed.

    Of images that the network can see again: ``mixed`` (the mean of two of different predicted classes), ``shuffled``
    (the 16 regions in another order), ``noise`` (as much of it as the image has contrast) and ``inverted``. Of texts:
    ``mixed`` (halves of two), ``shuffled`` (words drawn from all texts) and ``uniform features``, as below. Of tables,
    and of arrays with a row for each case: ``uniform``. Each column is drawn on its own: numbers most of which differ
    uniformly between their ends, and from other columns every value with the same probability, a missing one too, so
    that what is rare is as common as the rest.

    Without such a network ``uniform`` is made of the features, or of the logits where there are none, in the same way,
    with the logits that the head makes of the features. Columns taken from different rows, and means of two rows, are
    no such sets: where columns hardly depend on each other they look like any row, and means lie where rows are dense.

    Parameters
    ----------
    inside : Activations
        Held-out rows of the reference.
    seed : int, Generator or None

    Raises
    ------
    BadInput
        For fewer than two rows, or neither features nor logits.

    References
    ----------
    After Shi and Horvath (2006), https://doi.org/10.1198/106186006X94072, whose contrast to real rows is uniform
    between the ends of each column.

    Examples
    --------
    >>> acts = Activations(features=4 * np.eye(4), head=(np.eye(4), np.zeros(4)))
    >>> sorted(pseudo_outliers(acts))
    ['uniform']
    """
    if len(inside) < 2:
        raise BadInput(f"pseudo-outliers are made of pairs of rows; give at least two, got {len(inside)}")
    rng = as_seed(seed)
    x = inside.inputs[: len(inside)] if "second_pass" in inside.have() else None
    made = {} if x is None else _of_inputs(x, inside, rng)
    sets = {name: read_activations(inside.network, rows) for name, rows in made.items()}
    if not made:
        sets["uniform"] = _activations(inside, rng)
    elif _texts(x) and not (inside.features is None and inside.logits is None):
        sets["uniform features"] = _activations(inside, rng)
    return sets


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


def _texts(x: Any) -> bool:
    return isinstance(x, list) and isinstance(x[0], str)


def _of_inputs(x: Any, inside: Activations, rng: np.random.Generator) -> dict[str, Any]:
    if hasattr(x, "column_names"):
        import pyarrow as pa

        return {"uniform": [pa.table({name: _any_value(x[name], rng) for name in x.column_names})]}  # one block
    if _texts(x):
        return _of_texts(x, _partners(inside, rng), rng)
    x = as_numpy(x)
    if x.dtype.kind not in "iuf" or x.ndim not in (2, 4):
        return {}
    return {"uniform": _uniform(x, rng)} if x.ndim == 2 else _of_images(x, _partners(inside, rng), rng)


def _any_value(column: Any, rng: np.random.Generator) -> Any:
    """An Arrow column like :func:`_uniform`'s."""
    import pyarrow as pa

    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        numbers = _finite(column.drop_null().to_numpy())
        if _differ(numbers):
            return pa.array(_between(numbers, len(column), rng), column.type)
    values = column.unique()
    return values.take(pa.array(rng.integers(0, len(values), len(column))))


def _uniform(x: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Each column between its ends where most values differ, else any of its values."""

    def drawn(column: NDArray[Any]) -> NDArray[Any]:
        numbers = _finite(column)
        return _between(numbers, len(x), rng) if _differ(numbers) else rng.choice(np.unique(column), len(x))

    return np.column_stack([drawn(column) for column in x.T])


def _finite(numbers: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(numbers[np.isfinite(numbers)])


def _differ(numbers: NDArray[Any]) -> bool:
    return 2 * len(np.unique(numbers)) > len(numbers) > 0


def _between(numbers: NDArray[Any], n: int, rng: np.random.Generator) -> NDArray[Any]:
    """Uniform from the least to the largest, whole numbers of whole numbers."""
    low, high = numbers.min(), numbers.max()
    if numbers.dtype.kind in "iu":
        return rng.integers(low, high, n, dtype=numbers.dtype, endpoint=True)
    return rng.uniform(float(low), float(high), n).astype(numbers.dtype)


def _of_texts(x: list[str], other: NDArray[np.int64], rng: np.random.Generator) -> dict[str, list[str]]:
    words = [text.split() for text in x]
    pool = np.array([word for text in words for word in text] or [""])
    mixed = [
        " ".join(words[i][: len(words[i]) // 2] + words[j][len(words[j]) // 2 :]) for i, j in enumerate(other.tolist())
    ]
    return {"mixed": mixed, "shuffled": [" ".join(rng.choice(pool, len(text))) for text in words]}


def _of_images(x: NDArray[Any], other: NDArray[np.int64], rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    real = x.astype(np.float64)
    made = {
        "mixed": (real + real[other]) / 2,
        "shuffled": _regions(real, rng),
        "noise": real + rng.normal(size=real.shape) * real.std((1, 2, 3), keepdims=True),
        "inverted": real.max() + real.min() - real,
    }
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


def _activations(inside: Activations, rng: np.random.Generator) -> Activations:
    """Uniform features, or logits where there are none, and layers."""
    whole = {"features": inside.features, "logits": inside.logits}
    parts = {name: value for name, value in whole.items() if value is not None}
    if not parts:
        raise BadInput("pseudo-outliers need features, logits, or inputs and a network that runs again")

    def broken(x: Any) -> NDArray[Any]:
        rows = as_numpy(x[: len(inside)]).astype(float)
        return _uniform(rows.reshape(len(rows), -1), rng).reshape(rows.shape)

    made = {part: broken(value) for part, value in parts.items()}
    if "features" in made and inside.head is not None:
        made["logits"] = apply_head(made["features"], inside.head)
    layers = {layer: broken(value) for layer, value in inside.layers.items()}
    return Activations.unchecked(**made, layers=layers, head=inside.head)
