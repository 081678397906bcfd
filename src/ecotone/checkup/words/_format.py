"""Names and numbers in words: what the page, the notebook cell and the terminal share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

FLOOR = -300.0  # log10 of the smallest p-value that is told as a number


def plain(value: Any, most: int | None = None) -> str:
    """One line of printable characters; what could hide or reorder text is shown as a replacement sign."""
    whole = str(value)
    line = "".join(
        c if c.isprintable() or _joins(whole, i) else " " if c.isspace() else "\ufffd" for i, c in enumerate(whole)
    )
    return line if most is None or len(line) <= most else line[: most - 1] + "…"


def _joins(whole: str, at: int) -> bool:
    """A joiner inside an emoji or a word of a script that needs it."""
    return whole[at] in "\u200c\u200d" and 0 < at < len(whole) - 1 and min(whole[at - 1], whole[at + 1]) > "\u02ff"


def number(value: float | None) -> str:
    """Three significant digits, thousands grouped, no needless exponent."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size != 0 and (size < 1e-4 or size >= 1e7):
        return f"{value:.2e}"
    if size >= 100:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(size))) if size else 0
    shown = f"{value:.{digits}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def signed(value: float | None) -> str:
    """With its sign."""
    shown = number(value)
    return shown if value is None or value < 0 or shown == "–" else f"+{shown}"


def precise(value: float | None, *, plus: bool = False) -> str:
    """Three decimals for what lies near 0 and 1, as most metrics do; three digits for the rest."""
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) >= 2 or 0 < abs(value) < 5e-4:
        return signed(value) if plus else number(value)
    return small(value, plus=plus)


def small(value: float, *, plus: bool = False) -> str:
    """Three decimals, as suits the AUC scale."""
    value = round(value, 3) + 0.0
    return f"{value:{'+' if plus and value else ''}.3f}"


def percent(share: float | None) -> str:
    """A share in per cent, two significant digits below ten."""
    if share is None or not math.isfinite(share):
        return "–"
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 or value == 0 else f"{float(f'{value:.2g}'):g} %"


def between(interval: Sequence[float | None] | None, show: Callable[[float], str] = number) -> str:
    """An interval in brackets, or nothing."""
    found = ends(interval)
    return f"[{show(found[0])}, {show(found[1])}]" if found else ""


def ends(interval: Sequence[float | None] | None) -> tuple[float, float] | None:
    """Both ends, or None where one is not known."""
    known = [float(end) for end in interval or () if end is not None]
    return (known[0], known[1]) if len(known) == 2 else None


def power(value: float | None, log10: float | None = None) -> tuple[str, int] | None:
    """Mantissa and exponent of a p-value below .001; None for the others."""
    if value is None or value >= 1e-3:
        return None
    exact = log10 if log10 is not None else math.log10(max(value, 1e-300))
    if exact <= FLOOR + 1e-9:
        return "", int(FLOOR)
    whole = math.floor(exact)
    mantissa = round(10 ** (exact - whole))
    return ("1", whole + 1) if mantissa == 10 else (str(mantissa), whole)


def pvalue(value: float | None, log10: float | None = None) -> str:
    """``p = 0.0052`` and the like, in plain text."""
    if value is None:
        return "p –"
    small = power(value, log10)
    if small is None:
        return f"p = {value:.2g}"
    return f"p < 1e{small[1]}" if not small[0] else f"p = {small[0]}e{small[1]}"
