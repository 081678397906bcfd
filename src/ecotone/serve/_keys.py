"""Idempotency keys: the latest ones of a monitor, kept in its file with the rows that they stand for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import NamedTuple

from ecotone.watch import MonitorStore

from ._refused import Refused

#: Transactions whose keys are remembered: one key each at least.
MOST = 1_000


class Key(NamedTuple):
    """A key that was used.

    Parameters
    ----------
    key, digest : str
        The key, and the digest of its body.
    first, rows : int
        Number of the first row that was kept under it, and how many.
    """

    key: str
    digest: str
    first: int
    rows: int


@dataclass
class Keys:
    """A ring of places in the monitor's file.

    The keys of a transaction are the mark of a source of its own, kept in that same transaction; the oldest gives way.

    Parameters
    ----------
    store : MonitorStore
    """

    store: MonitorStore
    next: int = 0
    rings: dict[int, list[Key]] = field(default_factory=dict)
    found: dict[str, Key] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for slot in range(MOST):  # places are filled in order
            place = self.store.place(_name(slot))
            if place is None:
                break
            number, keys = json.loads(place[1])
            self._remember(number, [Key(*key) for key in keys])

    def seen(self, key: str, digest: str) -> Key | None:
        """What was kept under a key; None for a new one.

        Raises
        ------
        Refused
            422 where it was used for another body.
        """
        before = self.found.get(key)
        if before is not None and before.digest != digest:
            raise Refused(422, f"Idempotency-Key {key!r} was used for another body; give each body a key of its own")
        return before

    def put(self, keys: list[Key]) -> tuple[str, str]:
        """The source and the mark under which the rows of new keys are to be kept."""
        number = self.next
        self._remember(number, keys)
        return _name(number % MOST), json.dumps([number, keys])

    def _remember(self, number: int, keys: list[Key]) -> None:
        for old in self.rings.pop(number % MOST, ()):
            self.found.pop(old.key, None)
        self.rings[number % MOST] = keys
        self.found.update((key.key, key) for key in keys)
        self.next = max(self.next, number + 1)


def _name(slot: int) -> str:
    return f"idempotency keys {slot}"
