"""Splits that a hash of each row's key decides, and digests that say which rows they were."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Ints


def hashed_split(keys: Sequence[Any], shares: Mapping[str, float], *, salt: str = "") -> dict[str, Ints]:
    """Positions of the rows of each part; a row's part depends on its key, the shares and the salt alone.

    Rows with the same key fall together, and adding rows moves none of the others.

    Parameters
    ----------
    keys : sequence of n
        Names or bytes of the rows, or arrays (images), which are hashed by content.
    shares : mapping of str to float
        Parts and their expected shares, which sum to 1 at most.
    salt : str
        Another salt is another split.

    Raises
    ------
    BadInput
        For shares that are not positive or sum to more than 1.

    Examples
    --------
    >>> parts = hashed_split([f"{i}.png" for i in range(1000)], {"fit": 0.8, "calibration": 0.2})
    >>> {name: len(rows) for name, rows in parts.items()}
    {'fit': 805, 'calibration': 195}
    """
    if not shares or min(shares.values()) <= 0 or sum(shares.values()) > 1 + 1e-9:
        raise BadInput(f"shares must be positive and sum to 1 at most, got {dict(shares)}")
    draw = np.array([int.from_bytes(_hash(key, salt)[:8], "big") / 2**64 for key in keys])
    ends = np.cumsum(list(shares.values()))
    part = np.searchsorted(ends, draw, side="right")
    return {name: np.flatnonzero(part == i) for i, name in enumerate(shares)}


def digest(keys: Iterable[Any]) -> str:
    """SHA-256 of the rows' keys in their order: the same digest means the same split.

    >>> digest(["a.png", "b.png"])[:12]
    '18cb2a4939a8'
    """
    whole = hashlib.sha256()
    for key in keys:
        whole.update(_hash(key, ""))
    return whole.hexdigest()


def _hash(key: Any, salt: str) -> bytes:
    data = key if isinstance(key, bytes) else key.encode() if isinstance(key, str) else None
    if data is None:
        array = np.ascontiguousarray(key)
        data = f"{array.dtype.str}{array.shape}".encode() + array.tobytes()
    return hashlib.sha256(hashlib.sha256(salt.encode()).digest() + data).digest()
