"""What a table's columns shall be: a JSON file that a profile writes and a person edits."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ecotone.contracts import BadInput

FORMAT = "ecotone.contract/1"
TYPES = ("number", "boolean", "time", "text", "nested")
_MOST_BYTES = 64_000_000


@dataclass(frozen=True)
class Rules:
    """What one column shall be; a rule that is None asks for nothing.

    Parameters
    ----------
    type : str or None
        Of ``number``, ``boolean``, ``time``, ``text``, ``nested``.
    min, max : float, int, str or None
        Smallest and largest value allowed: numbers, or dates in ISO 8601.
    whole : bool or None
        True: whole numbers only.
    levels : tuple of str or None
        The only values allowed.
    unique : bool or None
        True: no value twice.
    missing : float or None
        Largest share of missing values, from 0 to 1.
    """

    type: str | None = None
    min: float | int | str | None = None
    max: float | int | str | None = None
    whole: bool | None = None
    levels: tuple[str, ...] | None = None
    unique: bool | None = None
    missing: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The rules that ask for something."""
        values = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values if v is not None}


@dataclass(frozen=True)
class Contract:
    """What a table shall hold.

    Parameters
    ----------
    columns : mapping of str to Rules
        Every column here must be there.
    others : bool
        Whether other columns are allowed.

    Examples
    --------
    >>> contract = Contract.of({"format": "ecotone.contract/1", "columns": {"age": {"type": "number", "min": 0}}})
    >>> contract.columns["age"].min, contract.others
    (0, True)
    """

    columns: Mapping[str, Rules] = field(default_factory=dict)
    others: bool = True

    @classmethod
    def of(cls, given: Any, name: str = "contract") -> Contract:
        """A contract from its JSON document.

        Raises
        ------
        BadInput
            Naming the column, the rule, its value and what it may be.
        """
        if not isinstance(given, dict) or given.get("format") != FORMAT:
            found = given.get("format") if isinstance(given, dict) else None
            what = f'its "format" is {found!r}' if found is not None else 'it has no "format"'
            raise BadInput(f'{name} is not a usable contract: {what}; it must be "{FORMAT}"')
        _known(given, ("format", "columns", "others"), name)
        columns = given.get("columns")
        if not isinstance(columns, dict):
            raise BadInput(f'{name}: "columns" must be an object with a column\'s rules under its name')
        others = given.get("others", True)
        if not isinstance(others, bool):
            raise BadInput(f'{name}: "others" must be true or false, got {others!r}')
        return cls({column: _rules(rules, f"{name}: column {column!r}") for column, rules in columns.items()}, others)

    @classmethod
    def given(cls, contract: Contract | Mapping[str, Any] | str | Path | None) -> Contract | None:
        """A contract from what a user gives: a path, a document, a Contract, or nothing."""
        if contract is None or isinstance(contract, Contract):
            return contract
        if isinstance(contract, str | Path):
            return cls.load(contract)
        if isinstance(contract, Mapping):
            return cls.of(dict(contract))
        raise BadInput(f"contract must be a path, a dictionary or a Contract, got {type(contract).__name__}")

    @classmethod
    def load(cls, path: str | Path) -> Contract:
        """Read a contract; raises ``BadInput`` for a file that is not exactly one."""
        try:
            size = Path(path).stat().st_size
            if size > _MOST_BYTES:
                raise BadInput(f"{path} is too large for a contract ({size:,} bytes); name the contract's file")
            text = Path(path).read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            if isinstance(error, BadInput):
                raise
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise BadInput(f"cannot read the contract {str(path)[:300]}: {reason}; check the path") from None
        try:
            given = json.loads(text, object_pairs_hook=_distinct)
        except _Twice as twice:
            raise BadInput(f"{path} is not a usable contract: {twice} stands in it twice; keep one") from None
        except (ValueError, RecursionError) as error:
            what = f"line {error.lineno}, {error.msg}" if isinstance(error, json.JSONDecodeError) else "nested too deep"
            raise BadInput(f"{path} is not a usable contract: it is not JSON ({what}); mend it there") from None
        return cls.of(given, str(path))

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        columns = {name: rules.to_dict() for name, rules in self.columns.items()}
        return {"format": FORMAT, "others": self.others, "columns": columns}

    def to_json(self) -> str:
        """The JSON document, a line for each rule, as a person edits it."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


class _Twice(ValueError):
    pass


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(repr(next(n for n in names if names.count(n) > 1)))
    return found


def _known(given: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it may have {', '.join(known)}"
            raise BadInput(f"{where} has {key!r}, which no contract has; {hint}")


def _rules(given: Any, where: str) -> Rules:
    if not isinstance(given, dict):
        raise BadInput(f"{where} must have an object with its rules, got {str(given)[:60]!r}")
    _known(given, tuple(f.name for f in fields(Rules)), where)
    for key, need, holds in _SHAPES:
        value = given.get(key)
        if value is not None and not holds(value):
            raise BadInput(f"{where}: {key!r} must be {need}, got {str(value)[:60]!r}")
    levels = given.get("levels")
    rules = Rules(**{**given, "levels": None if levels is None else tuple(levels)})
    ends = (bound(rules.min), bound(rules.max))
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        raise BadInput(f"{where}: 'min' {rules.min} lies above 'max' {rules.max}; exchange them")
    dated = [isinstance(end, str) for end in (rules.min, rules.max) if end is not None]
    if dated and rules.type in ("number", "time") and any(d != (rules.type == "time") for d in dated):
        need = "dates such as '2024-01-31'" if rules.type == "time" else "numbers"
        raise BadInput(f"{where}: 'min' and 'max' of type {rules.type!r} must be {need}")
    return rules


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _end(value: Any) -> bool:
    return _finite(value) or (isinstance(value, str) and bound(value) is not None)


_END = "a number, or a date such as '2024-01-31'"
_SHAPES: tuple[tuple[str, str, Any], ...] = (
    ("type", f"one of {', '.join(TYPES)}", lambda v: isinstance(v, str) and v in TYPES),
    ("min", _END, _end),
    ("max", _END, _end),
    ("whole", "true or false", lambda v: isinstance(v, bool)),
    ("levels", "a list of texts", lambda v: isinstance(v, list) and all(isinstance(e, str) for e in v)),
    ("unique", "true or false", lambda v: isinstance(v, bool)),
    ("missing", "a share from 0 to 1", lambda v: _finite(v) and 0 <= v <= 1),
)


def bound(end: float | int | str | None) -> float | int | None:
    """An end of a range as a number; dates in seconds since 1970; None for what is none."""
    if not isinstance(end, str):
        return end
    try:
        at = datetime.fromisoformat(end)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
