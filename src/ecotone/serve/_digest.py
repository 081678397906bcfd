"""A short name of a body."""

from __future__ import annotations

from hashlib import blake2b


def digest(body: bytes) -> str:
    """Sixteen hexadecimal digits that two bodies share by chance alone.

    Examples
    --------
    >>> digest(b"rows")
    '720fd7974ef65771'
    """
    return blake2b(body, digest_size=8).hexdigest()
