"""The k-th nearest row of a bank, exactly, most of the work in single precision."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Floats, Ints

GROUP = 16  # bank rows whose largest inner product stands for them
SPARE = 32  # groups beyond k that are looked at
CHUNK = 4096  # bank rows prepared at once
TILE = 2**24  # inner products held at once, 64 MiB
ROUNDING = 4 * float(np.finfo(np.float32).eps) / 2
FAR = -1e30  # closeness of the rows that fill up the last group


class Index(NamedTuple):
    """A bank as one matrix product needs it: ``closeness = [query, 1] @ keys``, larger for nearer rows."""

    keys: NDArray[np.float32]  # (d + 1, padded rows), scaled so that no row is longer than 1
    centre: Floats  # (d,)
    scale: float


def index_of(bank: Floats) -> Index:
    """The bank, centred and scaled, and minus half its squared lengths."""
    n, d = bank.shape
    centre = bank.mean(axis=0)
    squares = _squares(bank, centre)
    scale = float(np.sqrt(squares.max())) or 1.0
    keys = np.zeros((d + 1, -(-n // GROUP) * GROUP), np.float32)
    for i in range(0, n, CHUNK):
        keys[:d, i : i + CHUNK][:, : n - i] = ((bank[i : i + CHUNK] - centre) / scale).T
    keys[d, :n] = -squares / scale**2 / 2
    keys[d, n:] = FAR
    return Index(keys, centre, scale)


def _squares(bank: Floats, centre: Floats) -> Floats:
    """Squared distances of the bank's rows from a centre, ``(n,)``."""
    return np.concatenate([((bank[i : i + CHUNK] - centre) ** 2).sum(axis=1) for i in range(0, len(bank), CHUNK)])


def kth_neighbours(queries: Floats, bank: Floats, k: int, index: Index | None = None) -> Ints:
    """Position in the bank ``(n, d)`` of each query's k-th nearest row by Euclidean distance, ``(m,)``.

    Closeness is first computed in single precision. Only rows within its rounding error of the k-th place are measured
    in double precision, and the few queries for which that could miss a row are searched in double precision, where
    rows count as equally near if their distances differ by less than 1e-8 of the bank's radius.
    """
    index = index_of(bank) if index is None else index
    found = np.empty(len(queries), np.int64)
    rows = int(np.clip(TILE // index.keys.shape[1], 1, 1024))
    for start in range(0, len(queries), rows):
        part = queries[start : start + rows]
        where, sure = _search(part, bank, k, index)
        if not sure.all():
            where[~sure] = _exhaustive(part[~sure], bank, k, index.centre)
        found[start : start + rows] = where
    return found


def _search(part: Floats, bank: Floats, k: int, index: Index) -> tuple[Ints, NDArray[np.bool_]]:
    m, d = part.shape
    q = np.ones((m, d + 1), np.float32)
    q[:, :d] = (part - index.centre) / index.scale
    closeness = q @ index.keys
    values, where, bound = _candidates(closeness, k)
    kth = np.partition(values, values.shape[1] - k, axis=1)[:, -k][:, None]
    length = np.sqrt(((part - index.centre) ** 2).sum(axis=1))[:, None] / index.scale
    error = ROUNDING * (2 + np.sqrt(d)) * (length + 0.5)
    ahead = (values > kth + 2 * error).sum(axis=1)
    sure = (bound[:, None] < kth - 2 * error)[:, 0]
    row, column = np.nonzero((np.abs(values - kth) <= 2 * error) & sure[:, None])
    near = where[row, column]
    distance = ((part[row] - bank[near]) ** 2).sum(axis=1)
    order = np.lexsort((distance, row))
    place = np.searchsorted(row, np.flatnonzero(sure)) + (k - 1 - ahead[sure])
    found = np.zeros(m, np.int64)
    found[sure] = near[order[place]]
    return found, sure


def _candidates(closeness: NDArray[np.float32], k: int) -> tuple[NDArray[Any], Ints, NDArray[Any]]:
    """Values and positions of all rows of the groups with the largest maxima, and a bound on all others' values."""
    m, n = closeness.shape
    groups = n // GROUP
    wanted = min(k + SPARE, groups)
    if wanted == groups:
        return closeness, np.broadcast_to(np.arange(n), (m, n)), np.full(m, -np.inf)
    tops = closeness.reshape(m, GROUP, groups).max(axis=1)
    best = np.argpartition(tops, groups - wanted, axis=1)[:, groups - wanted :]
    where = (best[:, :, None] + groups * np.arange(GROUP)).reshape(m, -1)
    return np.take_along_axis(closeness, where, 1), where, np.take_along_axis(tops, best, 1).min(axis=1)


def _exhaustive(part: Floats, bank: Floats, k: int, centre: Floats) -> Ints:
    half = _squares(bank, centre) / 2
    rows = int(np.clip(TILE // 2 // len(bank), 1, 1024))
    tiles = [part[i : i + rows] - centre for i in range(0, len(part), rows)]
    return np.concatenate([np.argpartition(half - tile @ bank.T, k - 1, axis=1)[:, k - 1] for tile in tiles])
