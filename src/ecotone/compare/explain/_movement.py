"""How one column moved, in words and numbers of its own unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ecotone.compare.explain._many_level_words import has_many, many_level_words
from ecotone.compare.explain._sparse_transport import fewest_moves, quantiles, weighted_distance
from ecotone.contracts import Floats
from ecotone.data._table import CODED, NAMED, ORDERED, Column

# A weighted Kolmogorov-Smirnov distance of this size, or a rate that many standard errors away, is beyond noise.
_FLOOR = 3.4
_RATE_FLOOR = 3.0
_CHANCE = 0.002  # of "all the most extreme rows come from one table" under exchangeability
_LEAST = 0.01  # change of share from which on one level among many is told by name
_GRID = 512
_MOST = 50_000
_LARGEST = 1e100  # squares and ratios of larger values are no doubles


@dataclass(frozen=True)
class Movement:
    """What moved in a column.

    Parameters
    ----------
    name : str
    sentence : str
        Plain text; names of levels appear as they are in the data and need escaping in a document.
    facts : mapping
        JSON-ready numbers behind the sentence; only what exceeds the noise floor. Keys, where present: ``missing``
        (rate before, rate after), ``displacement`` and ``share`` (of the rows that moved), ``opposite`` (the same
        two numbers for rows that moved the other way), ``factor`` and ``spread`` (ratios), ``beyond`` (side, share,
        limit, far), ``median`` (level before and after), ``levels`` (level to share before and after), ``flow`` (from,
        to, share), ``unseen`` (share of the rows, expected share, codes) and ``gone`` (codes, expected codes).
    """

    name: str
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: ``sentence`` and the facts."""
        return {"sentence": self.sentence, **self.facts}


def movement(reference: Column, current: Column, *, sizes: tuple[float, float] | None = None) -> Movement:
    r"""How a column moved from reference to current, by the simplest transport that explains it.

    Ordered columns: with the quantile functions :math:`Q_R, Q_C` the monotone map moves the row at level :math:`u`
    by :math:`Q_C(u) - Q_R(u)`. The first of these maps that leaves no difference beyond noise is told: none; all
    rows by one amount; all by one factor; one change of spread; both. Otherwise the map is sparse: the fewest rows
    whose move turns one distribution into the other, all mass common to both standing still. Noise is a weighted
    Kolmogorov-Smirnov distance,

    .. math:: \sup_x \frac{|F_R(x) - F_C(x)|}{\sqrt{\bar F(x)(1 - \bar F(x))(1/n_R + 1/n_C)}} \le 3.4.

    Current rows far beyond all reference rows are told apart from the map, so that a few wrong units do not become
    "an average". Coded columns: the least share of rows that must change level. No p-value is attached: call it
    for columns that a test has named.

    Parameters
    ----------
    reference, current : Column
        Of one kind, with shared levels; NaN is missing.
    sizes : (float, float), optional
        Numbers of independent units behind the rows, where fewer than the rows.

    Returns
    -------
    Movement

    Examples
    --------
    >>> x = np.linspace(0, 10, 2000)
    >>> movement(Column("speed", "numeric", x), Column("speed", "numeric", x + 3)).sentence
    '+3 on average, in all rows'
    """
    n = sizes or (float(len(reference.values)), float(len(current.values)))
    if not len(reference.values) or not len(current.values):
        return Movement(reference.name, "nothing to compare: one of the tables has no rows")
    facts: dict[str, Any] = {}
    words: list[str] = []
    rates = float(reference.missing.mean()), float(current.missing.mean())
    if _rates_differ(rates, n):
        facts["missing"] = rates
        words.append(f"missing {_percent(rates[0])} -> {_percent(rates[1])}")
    left = n[0] * (1 - rates[0]), n[1] * (1 - rates[1])
    if min(left) >= 1 and reference.kind in NAMED:
        words += _middle(reference, current, facts) if reference.kind not in CODED else []
        many = has_many(reference)
        if many:
            words += many_level_words(reference, current, units=sizes is not None, facts=facts)
        words += _levels(reference, current, left, facts, least=_LEAST if many else 0.0)
        if many and not words:
            words.append("the shares of its codes changed, of each by less than 1 % of the rows")
    elif min(left) >= 1 and reference.kind in ORDERED:
        r, c = (np.sort(v[np.isfinite(v)]) for v in (reference.values, current.values))
        if len(r) and len(c):
            size = max(abs(float(v)) for v in (r[0], r[-1], c[0], c[-1]))
            if size < _LARGEST:
                words += _ordered(r, c, left, facts)
            else:
                words.append(f"values as large as {_number(size)} leave nothing to measure")
    return Movement(reference.name, "; ".join(words) or "no movement beyond noise in this column by itself", facts)


def _rates_differ(rates: tuple[float, float], n: tuple[float, float]) -> bool:
    pooled = (rates[0] * n[0] + rates[1] * n[1]) / sum(n)
    error = math.sqrt(max(pooled * (1 - pooled), 0) * (1 / n[0] + 1 / n[1]))
    slack = 0.5 * (1 / n[0] + 1 / n[1])  # continuity
    return bool(abs(rates[1] - rates[0]) - slack > _RATE_FLOOR * error) and error > 0


def _middle(reference: Column, current: Column, facts: dict[str, Any]) -> list[str]:
    """The median level of an ordinal column, where it moved."""
    before, after = (int(np.sort(c.codes[~c.missing])[(~c.missing).sum() // 2]) for c in (reference, current))
    if before == after:
        return []
    facts["median"] = (reference.levels[before], reference.levels[after])
    return [f"median {_short(reference.levels[before])} -> {_short(reference.levels[after])}"]


def _levels(
    reference: Column, current: Column, n: tuple[float, float], facts: dict[str, Any], *, least: float = 0.0
) -> list[str]:
    """Shares of levels that differ beyond noise, and by ``least``; a flow where one level lost to one other."""
    width = 1 + int(max(reference.codes.max(initial=0), current.codes.max(initial=0)))
    shares = [
        np.bincount(c.codes[~c.missing], minlength=width) / max(1, int((~c.missing).sum()))
        for c in (reference, current)
    ]
    before, after = shares
    name = [_short(reference.levels[i]) if i < len(reference.levels) else f"level {i}" for i in range(width)]
    named = np.abs(after - before) >= least
    if reference.every is not None:
        named[len(reference.levels) - 1 :] = False  # the merged ones are no level
    moved = [i for i in np.flatnonzero(named).tolist() if _rates_differ((float(before[i]), float(after[i])), n)]
    if not moved:
        return []
    moved.sort(key=lambda i: -abs(after[i] - before[i]))
    facts["levels"] = {
        reference.levels[i] if i < len(reference.levels) else str(i): (float(before[i]), float(after[i])) for i in moved
    }
    if (
        len(moved) == 1 and not least
    ):  # what one level gained, another lost: name it where one alone accounts for most of it
        change = (after - before) * -np.sign(after[moved[0]] - before[moved[0]])
        partner = int(np.argmax(change))
        moved += [partner] if change[partner] > -0.6 * change[moved[0]] else []
    gain, loss = [i for i in moved if after[i] > before[i]], [i for i in moved if after[i] < before[i]]
    if len(gain) == 1 and len(loss) == 1 and before[gain[0]] > 0:
        share = float(min(after[gain[0]] - before[gain[0]], before[loss[0]] - after[loss[0]]))
        facts["flow"] = (reference.levels[loss[0]], reference.levels[gain[0]], share)
        return [f"a {_percent(share)} share moved from {name[loss[0]]} to {name[gain[0]]}"]
    words = []
    for i in moved[:4]:
        if before[i] == 0:
            words.append(f"{name[i]} is new, in {_percent(float(after[i]))} of the rows")
        elif after[i] == 0:
            words.append(f"{name[i]} is gone, it was in {_percent(float(before[i]))} of the rows")
        else:
            words.append(f"{name[i]} {_percent(float(before[i]))} -> {_percent(float(after[i]))}")
    if len(moved) > 4:
        words.append(f"and {len(moved) - 4} more levels")
    return words


def _ordered(r: Floats, c: Floats, n: tuple[float, float], facts: dict[str, Any]) -> list[str]:
    """Rows beyond the reference's range, then the simplest map that explains the rest. Both arrays sorted."""
    far, near, c = _beyond(r, c, n, facts)
    if max(len(r), len(c)) > _MOST:  # evenly spaced quantiles; ``n`` keeps the noise of all rows
        r, c = (x if len(x) <= _MOST else quantiles(x, (np.arange(_MOST) + 0.5) / _MOST) for x in (r, c))
    if len(c) == 0 or weighted_distance(r, c, n) <= _FLOOR:
        return far + near
    grid = (np.arange(_GRID) + 0.5) / _GRID
    q_r, q_c = quantiles(r, grid), quantiles(c, grid)
    inner = slice(_GRID // 20, _GRID - _GRID // 20)
    shift = float(np.mean((q_c - q_r)[inner]))
    mid_r = float(np.mean(q_r[inner]))
    wide_r, wide_c = float(np.std(q_r[inner])), float(np.std(q_c[inner]))
    if weighted_distance(r + shift, c, n) <= _FLOOR:
        facts.update(displacement=shift, share=1.0)
        return [f"{_signed(shift)} on average, in all rows", *far]
    if r[0] > 0 and c[0] > 0:
        factor = math.exp(float(np.mean(np.log(q_c[inner]) - np.log(q_r[inner]))))
        if weighted_distance(r * factor, c, n) <= _FLOOR:
            facts.update(factor=factor, displacement=float(np.mean(c) - np.mean(r)), share=1.0)
            return [f"x{_number(factor)} in all rows", *far]
    if wide_r > 0 and wide_c > 0:
        ratio = wide_c / wide_r
        for move in (0.0, shift):
            if weighted_distance(mid_r + move + (r - mid_r) * ratio, c, n) <= _FLOOR:
                facts["spread"] = ratio
                words = [f"spread x{_number(ratio)}"]
                if move:
                    facts.update(displacement=shift, share=1.0)
                    words.insert(0, f"{_signed(shift)} on average, in all rows")
                return words + far
    sides = fewest_moves(r, c, n)
    if not sides:
        return ["the shape changed, in too few rows to say how", *far]
    facts.update(displacement=sides[0][0], share=sides[0][1])
    if len(sides) > 1:
        facts["opposite"] = sides[1]
    told = " and ".join(f"{_signed(gone)} on average, in {_percent(share)} of the rows" for gone, share in sides)
    return [told, *far]


def _beyond(r: Floats, c: Floats, n: tuple[float, float], facts: dict[str, Any]) -> tuple[list[str], list[str], Floats]:
    """Words on far and on other rows of ``c`` outside the range of ``r``, and ``c`` without the far ones."""
    words: list[str] = []
    near: list[str] = []
    share = n[1] / sum(n)
    scale = n[1] / len(c)
    found = []
    for side, sign in (("above", 1.0), ("below", -1.0)):
        edge = float(r[-1] if sign > 0 else r[0])
        out = sign * (c - edge) > 0
        count = int(out.sum())
        if count == 0 or math.log(share) * count * scale > math.log(_CHANCE):
            continue
        reach = sign * (edge - float(np.median(r)))
        distant = out & (sign * (c - edge) > 2 * reach) if reach > 0 else out
        many = int(distant.sum())
        is_far = many >= 3 and many >= 0.5 * count and many < 0.3 * len(c)
        part = (many if is_far else count) / len(c)
        limit = _number(edge)
        found.append({"side": side, "share": part, "limit": edge, "far": is_far})
        if is_far:
            words.append(f"{_percent(part)} of the rows lie far {side} anything seen before ({limit})")
            c = c[~distant]
        else:
            near.append(f"{_percent(part)} of the rows lie {side} anything seen before ({limit})")
    if found:
        facts["beyond"] = found
    return words, near, c


def _short(level: str) -> str:
    """A level's name on one line of at most 40 characters."""
    line = " ".join(str(level).split()) or "(blank)"
    return line if len(line) <= 40 else line[:39] + "…"


def _number(x: float) -> str:
    """Three significant digits, plain where readable."""
    if x != 0 and not 1e-4 <= abs(x) < 1e7:
        return f"{x:.3g}"
    digits = max(0, 2 - math.floor(math.log10(abs(x)))) if x else 0
    text = f"{x:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _signed(x: float) -> str:
    return ("+" if x >= 0 else "") + _number(x)


def _percent(share: float) -> str:
    """A share in per cent, two significant digits below ten."""
    value = 100 * share
    if value == 0 or value == 100:
        return f"{value:.0f} %"
    if value > 99.9:
        return "over 99.9 %"
    return f"{value:.0f} %" if 10 <= value < 99 else f"{float(f'{value:.2g}' if value < 10 else f'{value:.1f}'):g} %"
