"""What is known of two tables before any test: their columns, every column's facts, and what broke."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ecotone.data import Frame, Pair, Profile, Roles, Untested

from ._contract import Contract
from ._contract_check import Kept, keeps
from ._quality import Quality, Summaries, quality, read_alike, summaries, summaries_of_profile
from ._schema import Schema, schema


@dataclass(frozen=True)
class Facts:
    """What needs no test.

    Parameters
    ----------
    schema : Schema
    quality : Quality
    contract : Kept or None
        How current keeps the contract, where there is one.
    """

    schema: Schema = field(default_factory=Schema)
    quality: Quality = field(default_factory=Quality)
    contract: Kept | None = None


def facts_of_tables(
    profiles: tuple[Profile | None, Profile | None],
    frames: tuple[Frame, Frame],
    both: Pair,
    contract: Contract | None,
    roles: Roles,
) -> Facts:
    """The facts of two tables that were read; of profiles those of every row that they counted."""
    a, b = (summaries(frame, profile) for frame, profile in zip(frames, profiles))
    read_alike(a, b, frames)
    return _facts(
        a, b, both.untested, contract, roles, {name for columns in both.embeddings.values() for name in columns}
    )


def facts_of_profiles(
    sides: tuple[Profile, Profile], untested: Sequence[Untested], contract: Contract | None, roles: Roles
) -> Facts:
    """The same from counts alone."""
    return _facts(summaries_of_profile(sides[0]), summaries_of_profile(sides[1]), untested, contract, roles)


def _facts(
    a: Summaries,
    b: Summaries,
    untested: Sequence[Untested],
    contract: Contract | None,
    roles: Roles,
    inside: Collection[str] = (),
) -> Facts:
    """``inside`` are the columns of embeddings, of which none has a fact of its own."""
    kept = None if contract is None else keeps(contract, b)
    for side in (a, b):
        for name in [n for n in side if not _asked(n, roles)]:
            del side[name]
    columns = schema(a, b, untested=untested, without=roles.not_compared)
    a, b = ({name: c for name, c in side.items() if name not in inside} for side in (a, b))
    return Facts(columns, quality(a, b, labels=roles.target), kept)


def _asked(name: str, roles: Roles) -> bool:
    """Whether a column is to be looked at: it is compared, or has a role."""
    return roles.compares(name) or (name in roles.not_compared and name not in roles.ignore)
