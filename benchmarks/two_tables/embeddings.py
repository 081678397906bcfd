"""Two samples of an embedding, alone: nothing, one direction, one coordinate or one relation changes."""

from __future__ import annotations

import numpy as np

from ecotone.data import Column, Pair, Table


def embedding_pair(seed: int, kind: str, n: int, d: int, *, m: int = 0, decay: float = 0.0, size: int = 1) -> Pair:
    """Normal rows.

    Parameters
    ----------
    kind : {"null", "direction", "coordinate", "relation"}
        Half a standard deviation along a random direction, .3 of one coordinate, or a correlation from 0 to .8.
    decay : float
        The k-th direction has variance k to the power of -decay; 0: all are alike.
    size : int
        Rows of an entity, which share half of their variance.
    """
    rng = np.random.default_rng(seed)
    sides = []
    for rows in (n, m or n):
        own, tie = rng.standard_normal((rows, d)), np.repeat(rng.standard_normal((-(-rows // size), d)), size, 0)[:rows]
        sides.append(own if size == 1 else np.sqrt(0.5) * (own + tie))
    if kind == "direction":
        along = rng.standard_normal(d)
        sides[1] += 0.5 * along / np.linalg.norm(along)
    elif kind == "coordinate":
        sides[1][:, 0] += 0.3
    elif kind == "relation":
        sides[1][:, 1] = 0.8 * sides[1][:, 0] + 0.6 * sides[1][:, 1]
    if decay:
        turned = np.linalg.qr(rng.standard_normal((d, d)))[0]
        sides = [(s * np.arange(1, d + 1) ** (-decay / 2)) @ turned for s in sides]
    names = tuple(f"e_{j}" for j in range(d))
    tables = [Table({k: Column(k, "numeric", v) for k, v in zip(names, s.T)}, len(s)) for s in sides]
    units = None if size == 1 else tuple(np.arange(len(s)) // size for s in sides)
    return Pair(tables[0], tables[1], embeddings={"e_": names}, units=units)
