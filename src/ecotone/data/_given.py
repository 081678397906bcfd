"""Columns to compare at equal values of: what they name, and the stratum of each row."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Floats, Ints

from ._pooled_column import PooledColumn

LEVELS = 50  # different numbers up to which each is a stratum of its own
BINS, ROWS_OF_BIN = 20, 50  # of a column of more numbers: most bins, and pooled rows that one should have

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _since(when: NDArray[Any], unit: str, parent: str) -> Ints:
    return np.asarray(
        (when.astype(f"M8[{unit}]") - when.astype(f"M8[{parent}]").astype(f"M8[{unit}]")).astype(np.int64)
    )


#: What a date-time (in seconds) can be compared at equal values of.
PARTS: Mapping[str, Callable[[NDArray[Any]], Ints]] = {
    "year": lambda t: np.asarray(t.astype("M8[Y]").astype(np.int64) + 1970),
    "quarter": lambda t: _since(t, "M", "Y") // 3 + 1,
    "month": lambda t: _since(t, "M", "Y") + 1,
    "day": lambda t: _since(t, "D", "M") + 1,
    "dayofyear": lambda t: _since(t, "D", "Y") + 1,
    "weekday": lambda t: np.asarray((t.astype("M8[D]").astype(np.int64) + 3) % 7),
    "hour": lambda t: _since(t, "h", "D"),
    "minute": lambda t: _since(t, "m", "h"),
}


@dataclass(frozen=True)
class Condition:
    """A column, or a part of a date-time, at equal values of which rows are compared.

    Parameters
    ----------
    name : str
        As asked for.
    column : str
        The table's column.
    codes : (n_ref + n_cur,) int64
        Position in ``levels``; one that is missing has the last.
    levels : tuple of str
    cut : bool
        Whether the levels are bins between quantiles of both tables' values.
    """

    name: str
    column: str
    codes: Ints
    levels: tuple[str, ...]
    cut: bool = False


def conditions(given: Sequence[str], raws: Mapping[str, PooledColumn]) -> tuple[Condition, ...]:
    """Every condition asked for, from both tables' values together.

    Raises
    ------
    BadInput
        For a name that is no column of both tables and no part of a date-time, and for values that cannot be matched.
    """
    return tuple(_condition(name, raws) for name in dict.fromkeys(given))


def _condition(name: str, raws: Mapping[str, PooledColumn]) -> Condition:
    column, part = _named(name, raws)
    raw = raws[column]
    if raw.family in ("nested", "mismatch", "null"):
        why = raw.note or ("it has no value" if raw.family == "null" else f"values of type {raw.types[0]}")
        raise BadInput(f"given: rows cannot be matched on column {column!r}: {why}; name another")
    if part:
        codes, levels = _levels(_part(raw, part), part)
        return Condition(name, column, codes, levels)
    if raw.family == "time":
        raise BadInput(
            f"given: column {column!r} holds date-times, which hardly repeat; name a part of it, such as "
            f"{column}:month (there are {', '.join(PARTS)})"
        )
    if raw.family == "text":
        used, codes = np.unique(raw.codes, return_inverse=True)
        words = [raw.dictionary[int(k)].as_py() if k >= 0 else "missing" for k in used]
        return Condition(name, column, codes.astype(np.int64), tuple(words))
    values = raw.values if raw.whole is None else raw.whole.astype(np.float64)
    if len(np.unique(values[~np.isnan(values)])) > LEVELS:
        codes, levels = _bins(values)
        return Condition(name, column, codes, levels, cut=True)
    codes, levels = _levels(values, "boolean" if raw.family == "boolean" else "")
    return Condition(name, column, codes, levels)


def _named(name: str, raws: Mapping[str, PooledColumn]) -> tuple[str, str]:
    """The column and the part of it that a name stands for."""
    if name in raws:
        return name, ""
    column, _, part = name.rpartition(":")
    times = [n for n, raw in raws.items() if raw.family == "time"]
    if column in raws:
        if part not in PARTS:
            raise BadInput(f"given: {name!r} asks for the {part!r} of {column!r}; there are {', '.join(PARTS)}")
        if raws[column].family != "time":
            raise BadInput(f"given: {name!r}: column {column!r} holds no date-times; name the column alone")
        return column, part
    if name in PARTS:
        if len(times) == 1:
            return times[0], name
        found = f"{len(times)} date-time columns ({', '.join(times[:4])})" if times else "no date-time column"
        remedy = f"; write {times[0]}:{name}" if times else "; name a column"
        raise BadInput(f"given: {name!r} is no column, and both tables have {found} that it could be a part of{remedy}")
    known = ", ".join(list(raws)[:5]) + (" …" if len(raws) > 5 else "")
    raise BadInput(
        f"given: {name!r} is not a column of both tables (they share {known}), nor part of a date-time as in when:month"
    )


def _part(raw: PooledColumn, part: str) -> Floats:
    out = np.full(len(raw.values), np.nan)
    there = np.isfinite(raw.values)
    out[there] = PARTS[part](np.floor(raw.values[there]).astype("M8[s]"))
    return out


def _levels(values: Floats, what: str) -> tuple[Ints, tuple[str, ...]]:
    """Each different number as a level, and missing as the last."""
    distinct, codes = np.unique(values, return_inverse=True)  # NaN comes last, as one
    return codes.astype(np.int64), tuple("missing" if np.isnan(v) else _word(float(v), what) for v in distinct)


def _word(value: float, what: str) -> str:
    if what == "weekday":
        return _DAYS[int(value)]
    if what == "boolean":
        return "true" if value else "false"
    return f"{value:.15g}"


def _bins(values: Floats) -> tuple[Ints, tuple[str, ...]]:
    """Bins between quantiles of the pooled values, which do not depend on who is in which table."""
    gone = np.isnan(values)
    seen = values[~gone]
    count = int(np.clip(len(seen) // ROWS_OF_BIN, 2, BINS))
    cuts = np.unique(np.quantile(seen, np.arange(1, count) / count, method="lower"))
    codes = np.searchsorted(cuts, values, side="left")  # a cut point is the largest value of its bin
    ends = [f"{c:.6g}" for c in cuts]
    words = [f"up to {ends[0]}", *(f"{a} to {b}" for a, b in pairwise(ends)), f"above {ends[-1]}"]
    codes[gone] = len(words)
    used, codes = np.unique(codes, return_inverse=True)
    return codes.astype(np.int64), tuple([*words, "missing"][k] for k in used)


def label(condition: Condition, code: int) -> str:
    """A level with its column, as a sentence has it."""
    what = re.sub(r"^.*:", "", condition.name) if condition.name != condition.column else condition.name
    return f"{what} {condition.levels[code]}"
