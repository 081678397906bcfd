"""Numbers, shares and levels in the words of a movement."""

from __future__ import annotations

import math


def short(level: str) -> str:
    """A level's name on one line of at most 40 characters."""
    line = " ".join(str(level).split()) or "(blank)"
    return line if len(line) <= 40 else line[:39] + "…"


def number(x: float) -> str:
    """Three significant digits, plain where readable."""
    if x != 0 and not 1e-4 <= abs(x) < 1e7:
        return f"{x:.3g}"
    digits = max(0, 2 - math.floor(math.log10(abs(x)))) if x else 0
    text = f"{x:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed(x: float) -> str:
    return ("+" if x >= 0 else "") + number(x)


def percent(share: float) -> str:
    """A share in per cent, two significant digits below ten."""
    value = 100 * share
    if value == 0 or value == 100:
        return f"{value:.0f} %"
    if value > 99.9:
        return "over 99.9 %"
    return f"{value:.0f} %" if 10 <= value < 99 else f"{float(f'{value:.2g}' if value < 10 else f'{value:.1f}'):g} %"


def change(before: float, after: float) -> str:
    """``before → after`` with three digits, or as many as show that they differ.

    Examples
    --------
    >>> change(50.02, 55.13), change(1000.2, 1000.4), change(3, 3)
    ('50 → 55.1', '1000.2 → 1000.4', '3 → 3')
    """
    shown = number(before), number(after)
    digits = 4
    while shown[0] == shown[1] and before != after and digits <= 9:
        shown = f"{before:.{digits}g}", f"{after:.{digits}g}"
        digits += 1
    return f"{shown[0]} → {shown[1]}"
