"""Hashes that are the same in every process, version and table layout."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Floats

Hashes: TypeAlias = NDArray[np.uint64]

GOLDEN = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio: multiples of it lie far apart (Knuth, volume 3, 6.4)
_SHIFT = np.uint64(33)


def mix(x: Hashes) -> Hashes:
    """MurmurHash3's 64-bit finaliser, a bijection: one bit in changes each bit out with probability one half."""
    x = x ^ (x >> _SHIFT)
    x *= np.uint64(0xFF51AFD7ED558CCD)
    x ^= x >> _SHIFT
    x *= np.uint64(0xC4CEB9FE1A85EC53)
    x ^= x >> _SHIFT
    return x


def hash_numbers(x: Floats) -> Hashes:
    """(n,) a hash of each number; 0.0 and -0.0 have the same."""
    return mix((x + 0.0).view(np.uint64))


def hash_strings(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> Hashes:
    """(n,) a hash of each string: its bytes weighed by a fixed random word per position, summed modulo 2**64."""
    lengths = np.diff(offsets)
    data = data[offsets[0] : offsets[-1]]
    position = np.arange(len(data)) - np.repeat(offsets[:-1] - offsets[0], lengths)
    words = mix(np.arange(1, int(lengths.max(initial=0)) + 1, dtype=np.uint64) * np.uint64(GOLDEN))
    total = np.zeros(len(data) + 1, np.uint64)
    np.cumsum((data.astype(np.uint64) + np.uint64(1)) * words[position], out=total[1:])
    ends = total[offsets - offsets[0]]
    return mix((ends[1:] - ends[:-1]) ^ (lengths.astype(np.uint64) * np.uint64(GOLDEN)))


def hash_key(*parts: Any) -> int:
    """A 64-bit number from anything with a stable ``repr``; for keys, not for rows."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "little")
