"""The contract that a profile suggests."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection

from ecotone.data import Profile

from ._contract import Contract, Rules
from ._quality import summaries_of_profile
from ._summary import ColumnSummary
from ._tail import FEWEST, tail_index

_MOST_LEVELS = 200
_MOST_POWER = 300.0  # exp of it is a float64
_EXPECTED = 0.05  # rows beyond the new end of a range, in a table of the same size
_LEAST = 1.2  # times as far from the median as the old end, at least
_HARD = 5  # rows at an end that make it one by nature: a month's 12, an hour's 0
_SIGMAS = 5.0  # by chance alone once in 3.5 million columns: a contract is held against every table to come
_CENTURIES = ("1900-01-01", -2_208_988_800), ("2100-01-01", 4_102_444_800)


def contract_of(profile: Profile, unique: Collection[str] = ()) -> Contract:
    """What later tables shall be if they are to be like this one.

    Ranges end where the profiled one does if five rows or more hold that value. Otherwise they end farther out, on a
    round number, where the tail continued as a power law leads one to expect a twentieth of a row, and at zero if they
    would cross it. Dates shall lie between 1900 and 2100 if they do. Levels are
    listed up to 200 of them. The share missing may grow by five standard errors.

    Parameters
    ----------
    profile : Profile
    unique : collection of str
        Columns known to hold no value twice; a profile alone only estimates that.

    Examples
    --------
    >>> from ecotone.data import profile
    >>> rules = contract_of(profile({"month": [1, 12] * 30, "city": ["Ulm", "Bonn"] * 30})).columns
    >>> rules["month"].to_dict()
    {'type': 'number', 'min': 1, 'max': 12, 'whole': True, 'missing': 0.0}
    >>> rules["city"].to_dict()
    {'type': 'text', 'levels': ['Bonn', 'Ulm'], 'missing': 0.0}
    """
    found = summaries_of_profile(profile)
    return Contract({name: _rules(column, name in unique) for name, column in found.items()})


def _rules(c: ColumnSummary, unique: bool) -> Rules:
    if not c.present:
        return Rules()
    low: float | int | str | None = None
    high: float | int | str | None = None
    if c.family == "number" and not unique and c.low is not None and c.high is not None:
        low, high = _end(c, -1), _end(c, 1)
    elif c.family == "time" and c.low is not None and c.high is not None:
        low, high = (text if fits else None for (text, _), fits in zip(_CENTURIES, _of_our_time(c)))
    return Rules(
        type=c.family,
        min=low,
        max=high,
        whole=True if c.family == "number" and c.whole else None,
        levels=None if unique else _levels(c),
        unique=True if unique else None,
        missing=_missing(c),
    )


def _of_our_time(c: ColumnSummary) -> tuple[bool, bool]:
    assert c.low is not None and c.high is not None
    return c.low >= _CENTURIES[0][1], c.high <= _CENTURIES[1][1]


def _end(c: ColumnSummary, sign: int) -> float | int:
    """A limit for new values: the end itself where it is one by nature, else farther out."""
    assert c.low is not None and c.high is not None
    edge = c.high if sign > 0 else c.low
    if c.distribution.equal(float(edge)) >= _HARD or c.low == c.high or not math.isfinite(float(c.high) - float(c.low)):
        return int(edge) if c.whole else float(edge)
    distribution = c.distribution if sign > 0 else c.distribution.mirrored()
    power = min(tail_index(distribution) * math.log(1 / _EXPECTED), _MOST_POWER)
    farther = max(_LEAST, math.exp(power))  # the largest of n values is where one row is expected
    middle = c.distribution.median
    limit = _outward(middle + (float(edge) - middle) * farther, sign)
    if not math.isfinite(limit):  # farther out than numbers go
        limit = math.copysign(sys.float_info.max, limit)
    if sign * float(edge) <= 0 <= sign * limit:
        limit = 0.0
    if c.whole:
        return int(math.ceil(limit) if sign > 0 else math.floor(limit))
    return limit


def _outward(value: float, sign: int) -> float:
    """The next number of two digits, away from the data."""
    if value == 0 or not math.isfinite(value):
        return value
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    if unit == 0:  # too near zero for two digits
        return value
    rounded = float(f"{(math.ceil if sign > 0 else math.floor)(value / unit) * unit:.2g}")
    return rounded if math.isfinite(rounded) else value


def _levels(c: ColumnSummary) -> tuple[str, ...] | None:
    """The levels of a category; none of a column whose values hardly repeat."""
    if c.family != "text" or c.levels is None or len(c.levels) > _MOST_LEVELS:
        return None
    if c.present >= FEWEST and len(c.levels) > 0.5 * c.present:
        return None
    return tuple(sorted(c.levels))


def _missing(c: ColumnSummary) -> float:
    part = c.missing / c.rows
    if part in (0, 1):
        return part
    most = part + _SIGMAS * math.sqrt(part * (1 - part) / c.rows)
    return min(1.0, math.ceil(1000 * most) / 1000)
