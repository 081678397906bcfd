"""Names from the data and p-values inside a line of a page."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup, escape

from ecotone.checkup.words import plain, power


def name(value: Any, most: int = 70) -> Markup:
    """A name from the data: escaped, clipped, and unable to turn the direction of the text around it."""
    whole = plain(value)
    if len(whole) <= most:
        return Markup("<bdi>{}</bdi>").format(whole)
    return Markup('<bdi title="{}">{}</bdi>').format(plain(whole, 400), plain(whole, most))


def names(values: Sequence[Any], most: int = 3, clipped: int = 70) -> Markup:
    """Some names, and how many more."""
    shown = Markup(", ").join(name(v, clipped) for v in values[:most])
    return shown + (f" and {len(values) - most:,} more" if len(values) > most else "")


def p(value: float | None, log10: float | None = None, word: str = "p ") -> Markup:
    """A p-value, by default with its letter; ``word=""`` for a table's cell."""
    if value is None:
        return escape(f"{word}–")
    small = power(value, log10)
    if small is None:
        shown = escape(f"{word}= {value:.2g}" if word else f"{value:.2g}")
        return Markup('<span class="nw">{}</span>').format(shown) if word else shown
    mantissa, exponent = small
    ten = Markup("10<sup>−{}</sup>").format(-exponent)
    if not mantissa:
        return Markup('<span class="nw">{}{} {}</span>').format(word, "<", ten)
    shown = ten if mantissa == "1" else Markup("{}×{}").format(mantissa, ten)
    return Markup('<span class="nw">{}{}{}</span>').format(word, "= " if word else "", shown)


def isolated(words: str, found: Iterable[Any]) -> Markup:
    """Words in which names of scripts that run from right to left keep their own order."""
    shown = escape(words)
    for value in dict.fromkeys(plain(v, 40) for v in found):
        if any(unicodedata.bidirectional(c) in ("R", "AL") for c in value):
            shown = shown.replace(escape(value), Markup("<bdi>{}</bdi>").format(value))
    return shown
