"""Numbers, shares and levels as a person writes them."""

from __future__ import annotations

import math
import re

_LONG_DECIMAL = re.compile(r"-?\d{1,6}\.\d{8,}")  # what single or double precision adds to a short decimal


def number(value: float | int | None) -> str:
    """Whole numbers in full, others with three or four digits; thousands grouped.

    Examples
    --------
    >>> number(9999.0), number(84.721), number(100.04), number(0.00123), number(12345.6), number(None)
    ('9,999', '84.7', '100', '0.00123', '12,346', '–')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}" if abs(value) < 1e15 else f"{value:.6g}" if isinstance(value, float) else str(value)
    size = abs(value)
    if not 1e-4 <= size < 1e9:
        return f"{value:.3g}"
    if size >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(size)))
    shown = f"{value:.{digits}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def apart(first: float | int, second: float | int) -> tuple[str, str]:
    """Two numbers, with as many digits as show that they differ.

    Examples
    --------
    >>> apart(64.4, 100.04), apart(100.02, 100.04)
    (('64.4', '100'), ('100.02', '100.04'))
    """
    shown = number(first), number(second)
    digits = 4
    while shown[0] == shown[1] and first != second and digits <= 17:
        shown = f"{first:,.{digits}g}", f"{second:,.{digits}g}"
        digits += 1
    return shown


def share(value: float) -> str:
    """In per cent, two digits below ten; never rounded to none or all."""
    percent = 100 * value
    if percent in (0, 100):
        return f"{percent:.0f} %"
    if percent > 99.9:
        return "over 99.9 %"
    if percent >= 10:
        return f"{percent:.0f} %" if percent < 99 else f"{percent:.1f} %"
    return f"{float(f'{percent:.2g}'):g} %" if percent >= 0.001 else "under 0.001 %"


def rows(count: float) -> str:
    """So many rows."""
    return f"{round(count):,} row{'' if round(count) == 1 else 's'}"


def level(value: object) -> str:
    """A level's name on one line of at most 40 characters; of a number no more digits than single precision holds.

    Examples
    --------
    >>> level("71.05999755859375"), level("two  words"), level("0.1")
    ('71.06', 'two words', '0.1')
    """
    line = " ".join(str(value).split()) or "(blank)"
    if _LONG_DECIMAL.fullmatch(line):
        line = f"{float(line):.7g}"
    return line if len(line) <= 40 else line[:39] + "…"
