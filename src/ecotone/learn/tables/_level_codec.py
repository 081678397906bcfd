"""Levels of one column: texts, truth values, and what a category holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import special

from ecotone.contracts import BadInput, Bools, Floats, Ints

from ._encoded import CONTINUOUS, Encoded
from ._keys import Key, array_of, from_json, key_of
from ._types import is_text, type_of

MOST_LEVELS = 1000


@dataclass(frozen=True)
class LevelCodec:
    """Token of levels: 0 for missing, 1 … m for the levels; beyond 1 000 the rarest share the last token.

    Parameters
    ----------
    name : str
    type : str or dict
        The stored type, as ``_types.word`` says it.
    levels : tuple of Key
        By falling count.
    rare : tuple of Key
        Levels that share the last token, and
    rare_share : tuple of float
        their shares of it.
    categories : tuple of Key
        Of a category, all of its levels in their order, seen or not.
    gaps : bool
        Whether a value can be missing.
    """

    name: str
    type: Any
    levels: tuple[Key, ...]
    rare: tuple[Key, ...] = ()
    rare_share: tuple[float, ...] = ()
    categories: tuple[Key, ...] = ()
    gaps: bool = True
    kind: str = field(default="level", init=False)
    unit: float = field(default=0.0, init=False)
    reach: float = field(default=0.0, init=False)
    continuous: bool = field(default=False, init=False)

    @property
    def tokens(self) -> int:
        """How many tokens the column has."""
        return len(self.levels) + 1 + bool(self.rare)

    def encode(self, values: list[Any]) -> Encoded:
        """Of values, None where missing."""
        place = {level: i + 1 for i, level in enumerate(self.levels)} | {None: 0}
        last = len(self.levels) + 1
        share = {level: (last, np.log(s)) for level, s in zip(self.rare, self.rare_share, strict=True)}
        token = np.fromiter((place.get(v, share.get(v, (CONTINUOUS,))[0]) for v in values), np.int64, len(values))
        found = Encoded.of_tokens(token)
        if not self.rare:
            return found
        rate = np.array([share[v][1] if v in share else 0.0 for v in values])
        middle = dict(zip(self.rare, np.cumsum(self.rare_share) - np.array(self.rare_share) / 2, strict=True))
        z = special.ndtri([middle.get(v, 0.5) for v in values])  # tells rare levels apart: see decode
        return Encoded(token, z, found.low, found.high, rate)

    def decode(self, token: Any, z: Floats) -> list[Any]:
        """Values, None where missing; ``z`` chooses among the rare levels."""
        condition: list[Any] = [None, *self.levels]
        if not self.rare:
            found: list[Any] = np.array(condition, dtype=object)[token].tolist()
            return found
        pick = self.rare_place(z)
        return [condition[t] if t < len(condition) else self.rare[p] for t, p in zip(token, pick, strict=True)]

    def rare_place(self, z: Floats) -> Ints:
        """(n,) which of the rare levels ``z`` chooses."""
        ends = np.cumsum(self.rare_share)
        return np.asarray(np.minimum(np.searchsorted(ends, special.ndtr(z) * ends[-1]), len(self.rare) - 1))

    def known(self, value: Any) -> Key:
        """The level that a user's ``value`` means, None for missing; ``BadInput`` for one never seen."""
        if value is None:
            return None
        found = {_word(level): level for level in (*self.levels, *self.rare)}
        try:
            asked = value if _word(value) in found else key_of(value, self.values)
            known = _word(asked) in found
        except (ValueError, TypeError):  # no value of the kind, or none that can be a level
            known = False
        if not known:
            some = ", ".join(map(repr, self.shown(self.levels[:6])))
            raise BadInput(f"given {self.name!r} = {value!r} was never seen; its levels are {some} …")
        return found[_word(asked)]

    @property
    def values(self) -> Any:
        """The Arrow type of the levels."""
        kind = type_of(self.type)
        return kind.value_type if pa.types.is_dictionary(kind) else kind

    def shown(self, keys: tuple[Key, ...]) -> list[Any]:
        """Levels as a user knows them."""
        kind = self.values
        if is_text(kind):
            return list(keys)
        levels = array_of(keys, kind)
        try:
            found: list[Any] = levels.to_pylist()
        except (OverflowError, ValueError):  # dates beyond Python's
            found = levels.cast(pa.string()).to_pylist()
        return found

    def event(self, wanted: set[Any]) -> Bools:
        """Tokens ``(tokens,)`` of some levels; None is missing. Raises ``BadInput`` for a rare level among them."""
        if together := wanted & set(self.rare):
            raise BadInput(
                f"given {self.name!r}: {min(together, key=str)!r} is one of {len(self.rare)} rare levels that are held "
                "together; give it alone, not in a set"
            )
        return np.array([level in wanted for level in (None, *self.levels)] + [False] * bool(self.rare))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        own = {k: list(getattr(self, k)) for k in ("levels", "rare", "rare_share", "categories")}
        return {"kind": self.kind, "name": self.name, "type": self.type, "gaps": self.gaps, **own}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> LevelCodec:
        """What :meth:`to_dict` gave."""
        levels, rare, categories = (from_json(d[k]) for k in ("levels", "rare", "categories"))
        return cls(d["name"], d["type"], levels, rare, tuple(d["rare_share"]), categories, d["gaps"])


def fit_levels(name: str, kind: Any, values: list[Key], categories: tuple[Key, ...] = ()) -> LevelCodec:
    """The codec of a column's keys, None where missing."""
    counts = Counter(v for v in values if v is not None)
    ordered = sorted(counts, key=lambda level: (-counts[level], str(level)))
    rare = tuple(ordered[MOST_LEVELS:]) if len(ordered) > MOST_LEVELS + 1 else ()
    kept = tuple(ordered[: len(ordered) - len(rare)])
    total = sum(counts[level] for level in rare)
    shares = tuple(counts[level] / total for level in rare)
    return LevelCodec(name, kind, kept, rare, shares, categories, None in values)


def _word(value: Any) -> Any:
    """What a level is compared by: truth values also by their words."""
    text = str(value).lower()
    return text if text in ("true", "false") else value
