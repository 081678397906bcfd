"""What the user says that columns are for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from ecotone.contracts import BadInput

Told = Literal["", "id", "ordinal"]
#: Roles whose columns take no part in the comparison of columns.
_NEVER_COMPARED = ("target", "prediction", "probability", "entity", "time", "id", "given")
_SEVERAL = ("probability", "id", "ordinal", "ignore", "given", "embedding")


@dataclass(frozen=True)
class Roles:
    """Columns by the role that the user gave them.

    Parameters
    ----------
    target : str, optional
        Labels; the current table may lack it.
    prediction : str, optional
        A model's predictions.
    probability : tuple of str
        Predicted probabilities, a column for each class.
    entity : str, optional
        Equal values mark rows of one unit.
    time : str, optional
        Orders the rows.
    groups : str, optional
        Groups for which performance is given apart; compared like any other column, unless it has another role.
    id : tuple of str
        Identifiers: never compared; whether rows that share one are alike is still looked at.
    ordinal : tuple of str
        Columns whose order matters: compared by ranks, whatever their values look like.
    columns : tuple of str, optional
        The only columns to compare; by default all that both tables have.
    ignore : tuple of str
        Columns not to compare.
    given : tuple of str
        Columns, or parts of date-times (``when:month``), at equal values of which rows are compared; not compared
        themselves.
    embedding : tuple of str
        How names begin whose columns are one embedding, compared as one.

    Examples
    --------
    >>> roles = Roles.of(target="late", id="order", ignore=["note", "page"])
    >>> roles.id, roles.by_role, roles.compares("note"), roles.compares("price")
    (('order',), {'target': 'late'}, False, True)
    """

    target: str | None = None
    prediction: str | None = None
    probability: tuple[str, ...] = ()
    entity: str | None = None
    time: str | None = None
    groups: str | None = None
    id: tuple[str, ...] = ()
    ordinal: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    embedding: tuple[str, ...] = ()

    @classmethod
    def of(cls, **given: Any) -> Roles:
        """Roles from a user's arguments: where several names may stand, one may stand alone.

        Raises
        ------
        BadInput
            For a name that is no text, or one column in two roles that contradict each other.
        """
        names = {key: names_of(given.pop(key), key) for key in (*_SEVERAL, "columns") if key in given}
        for key in _SEVERAL:
            names[key] = names.get(key) or ()
        roles = replace(cls(**given), **names)  # type: ignore[arg-type]
        roles._check()
        return roles

    @property
    def by_role(self) -> dict[str, str]:
        """Column by role, for roles with values of their own; ``probability:<column>`` for each of those."""
        single = ("target", "prediction", "entity", "time", "groups")
        found = {role: name for role in single if (name := getattr(self, role)) is not None}
        return {**found, **{f"probability:{name}": name for name in self.probability}}

    @property
    def not_compared(self) -> frozenset[str]:
        """Columns that are left out without a word: asked to be ignored, or with a role that speaks for itself."""
        held = (name for role, name in self._named() if role in _NEVER_COMPARED and role != "id")
        return frozenset((*held, *self.ignore))

    def compares(self, name: str) -> bool:
        """Whether a column that both tables have is looked at; an identifier is, and set aside with the reason."""
        return name not in self.not_compared and (self.columns is None or name in self.columns or name in self.id)

    def told(self, name: str) -> Told:
        """What the user says that a column's values are."""
        return "id" if name in self.id else "ordinal" if name in self.ordinal else ""

    def _named(self) -> Iterator[tuple[str, str]]:
        for part in fields(self):
            value = getattr(self, part.name)
            for name in (value,) if isinstance(value, str) else value or ():
                yield part.name, name

    def _check(self) -> None:
        for role, name in self._named():
            against = {"ordinal": (*_NEVER_COMPARED, "ignore"), "id": ("target", "prediction", "probability", "ignore")}
            opposed = against.get(role, ())
            for other, same in self._named():
                if same == name and other in opposed:
                    raise BadInput(f"{role}: column {name!r} is also in {other}, which is not compared; choose one")


#: No column has a role, and all are compared.
EVERYTHING = Roles()


def names_of(value: str | Sequence[str] | None, argument: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    try:
        names = (value,) if isinstance(value, str) else tuple(value)
    except TypeError:
        raise BadInput(f"{argument} must be a column name or a list of them, got {value!r}") from None
    for name in names:
        if not isinstance(name, str):
            raise BadInput(f"{argument} must hold column names, got {name!r}")
    return names
