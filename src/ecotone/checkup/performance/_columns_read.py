"""The columns that estimates, weights, attribution and retraining rest on: those that the model reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ecotone.checkup.as_json import Keys
from ecotone.contracts import BadInput, Floats
from ecotone.data import CODED, ORDERED, ModelColumns, Pair

_TOLD = 8


@dataclass(frozen=True)
class Leak:
    """A column that nearly determines the target, how nearly, and whether the model reads it."""

    name: str
    how: str
    read: bool


@dataclass(frozen=True)
class ColumnsRead:
    """Features of a pair that the model reads, and why these.

    Parameters
    ----------
    used : tuple of str
        Names of features of the pair that trees can read.
    source : str
        ``feature_names_in_`` and the like, ``features``, ``order`` (a model without names got every column), or
        ``unknown`` (every column is used).
    missing : tuple of str
        Columns that the model reads and that could not be used.
    leaks : mapping of str to str
        Columns that nearly determine the target, and how nearly.
    leaks_read : tuple of str
        Those of ``leaks`` that are used, since the model reads them.
    constant : tuple of str
        Columns left out because they do not vary in one of the tables, such as a year: not known to be read, they
        would only tell the tables apart.
    """

    used: tuple[str, ...]
    source: str
    missing: tuple[str, ...]
    leaks: Mapping[str, str]
    leaks_read: tuple[str, ...]
    constant: tuple[str, ...] = ()

    JSON: ClassVar[Keys] = ("used", "source", "missing", "constant", ("leaks", "leaks_found"))

    @property
    def leaks_found(self) -> tuple[Leak, ...]:
        """The columns of ``leaks``, one by one."""
        return tuple(Leak(name, how, name in self.leaks_read) for name, how in self.leaks.items())

    def notes(self, target: str) -> list[str]:
        """What a reader must know of it, in sentences."""
        found = [self._rest()]
        if self.missing:
            found.append(
                f"the model also reads {listed(self.missing)}, which took no part here (texts, identifiers, dates, "
                "columns left out, or of one table only)"
            )
        for name, how in self.leaks.items():
            read = "the model reads it" if name in self.leaks_read else "estimates and attribution do not use it"
            found.append(
                f"column {name!r} nearly determines the target {target!r} ({how}): a leak, if it is made from the "
                f"target or known only after it; {read}"
            )
        return found

    def _rest(self) -> str:
        what = "estimates, weights, attribution and retraining rest on"
        if self.source == "unknown":
            left = ["those that nearly determine the target"] if self.leaks else []
            left += [f"{listed(self.constant)}, the same in all rows of a table"] if self.constant else []
            but = f" (left out: {' and '.join(left)})" if left else ""
            return (
                f"{what} all {len(self.used)} columns{but}: which ones the model reads is not known; name them with "
                "features="
            )
        how = {"features": "named by you", "order": "in the order of the table, for the model keeps no names"}
        columns = listed(self.used) if self.used else "no column"
        return f"{what} the columns that the model reads ({how.get(self.source, self.source)}): {columns}"


def columns_read(pair: Pair, reads: Sequence[str] | None, source: str, leaks: Mapping[str, str]) -> ColumnsRead:
    """The features to use; with ``reads`` None every one but leaks, for a model that read one would be as sure."""
    features = [(c.name, c.derived_from or c.name) for c in pair.reference if c.kind in ORDERED | CODED]
    if reads is None:
        lone = {c.name for c in pair.reference if _constant(c.values) or _constant(pair.current[c.name].values)}
        used = tuple(name for name, whose in features if whose not in leaks and name not in lone)
        left = tuple(name for name, whose in features if whose not in leaks and name in lone)
        return ColumnsRead(used, "unknown", (), leaks, (), left)
    used = tuple(name for name, whose in features if whose in set(reads))
    there = {whose for _, whose in features}
    return ColumnsRead(used, source, tuple(r for r in reads if r not in there), leaks,
                       tuple(name for name in leaks if name in set(reads)))  # fmt: skip


def _constant(values: Floats) -> bool:
    missing = np.isnan(values)
    return bool(missing.all() or (not missing.any() and values.min() == values.max()))


def named_by_user(features: Sequence[str], named: ModelColumns | None, columns: Sequence[str], target: str) -> None:
    """Raise ``BadInput`` for features that cannot be what the model reads."""
    for name in features:
        if name == target:
            raise BadInput(f"features: {name!r} is the target; name the columns that the model reads")
        if name not in columns:
            raise BadInput(f"features: the reference has no column {name!r}; name the columns that the model reads")
        if named is not None and named.sure and name not in named.given:
            raise BadInput(f"features: the model was not fitted on {name!r}; its columns are {listed(named.given)}")


def listed(names: Sequence[str]) -> str:
    """Names in quotes, the first eight of many."""
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(map(repr, names[:_TOLD])) + more
