"""Small plots as inline SVG. Widths are in per cent, so that text keeps its size; colours come from the style sheet.

Every function returns ``Markup``; what it is given as words is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ecotone.checkup.words import number, plain

# ("point", class, value), ("line", class, from, to), ("bar", class, from, to), ("rule", class, value)
Mark = tuple[Any, ...]


@dataclass(frozen=True)
class Scale:
    """Values to per cent of the width.

    Parameters
    ----------
    low, high : float
        Ends, in the values' unit.
    log : bool
        Equal ratios take equal room; ``low`` is then positive.
    """

    low: float
    high: float
    log: bool = False

    @classmethod
    def around(cls, values: Sequence[float], room: float = 0.05) -> Scale:
        """The range of the values and a little room, never empty."""
        low, high = min(values), max(values)
        wide = (high - low) or abs(high) or 1.0
        return cls(low - room * wide, high + room * wide)

    def at(self, value: float) -> float:
        """Per cent from the left, cut at the ends."""
        if self.log:
            share = _log(max(value, self.low), self.low) / _log(self.high, self.low)
        else:
            share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    def ticks(self, most: int = 5) -> list[float]:
        """Round values inside the ends."""
        return _powers(self.low, self.high, most) if self.log else ticks(self.low, self.high, most)


def _log(value: float, low: float) -> float:
    return math.log(value) - math.log(low)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """At most ``most`` multiples of 1, 2 or 5 times a power of ten from low to high."""
    if not math.isfinite(high - low) or high - low <= 1e-12 * max(abs(low), abs(high), 1e-290):
        return [low] if math.isfinite(low) else []
    rough = (high - low) / most
    base = 10.0 ** math.floor(math.log10(rough))
    for step in (base, 2 * base, 5 * base, 10 * base, 20 * base):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [round(k * step, 12) + 0.0 if abs(step) > 1e-9 else k * step for k in range(first, last + 1)]
    return [low, high]


def _powers(low: float, high: float, most: int) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    found = [10.0**k for k in range(first, last + 1)]
    if len(found) < 3:
        found = [m * 10.0**k for k in range(first - 1, last + 1) for m in (1, 2, 5) if low <= m * 10.0**k <= high]
    return found[:: max(1, math.ceil(len(found) / most))]


def tick_labels(values: Sequence[float]) -> list[str]:
    """Short enough to stand under an axis, and no two alike."""
    shown = [_tick_label(v) for v in values]
    for digits in range(7, 18):
        if len(set(shown)) == len(shown):
            break
        shown = [f"{v:.{digits}g}" for v in values]
    return shown


def _tick_label(value: float) -> str:
    size = abs(value)
    for unit, sign in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        part = value / (1e3 if sign == "k" else unit)
        if unit <= size < 1e12:
            return f"{part:g}{sign}" if float(f"{part:.4g}") == part else f"{value:,.0f}"
    return f"{value:g}" if size == 0 or 1e-4 <= size < 1e12 else f"{value:.3g}"


def _tick_texts(scale: Scale, y: float, names: Sequence[tuple[float, str]]) -> Markup:
    drawn = Markup('<text x="{:g}%" y="{:g}" text-anchor="{}">{}</text>')
    anchors = ("start" if at < 5 else "end" if at > 95 else "middle" for at, _ in names)
    return Markup().join(drawn.format(at, y, anchor, plain(name)) for anchor, (at, name) in zip(anchors, names))


def axis(scale: Scale) -> Markup:
    """Tick labels under a stack of tracks."""
    found = scale.ticks()
    names = list(zip(map(scale.at, found), tick_labels(found)))
    return Markup('<svg class="axis" height="16" aria-hidden="true">{}</svg>').format(_tick_texts(scale, 12, names))


def track(scale: Scale, marks: Sequence[Mark], *, band: float | None = None, grid: bool = True) -> Markup:
    """One row of a forest, interval or waterfall plot; ``band`` shades values within it of 0."""
    body = Markup()
    if band is not None:
        left, right = scale.at(-band), scale.at(band)
        drawn = Markup('<rect class="band" x="{:g}%" y="0" width="{:g}%" height="100%"/>')
        body += drawn.format(left, right - left)
    if grid:
        line = Markup('<line class="g" x1="{0:g}%" x2="{0:g}%" y1="0" y2="100%"/>')
        body += Markup().join(line.format(x) for x in map(scale.at, scale.ticks()))
    body += Markup().join(_mark(scale, m) for m in marks)
    return Markup('<svg class="track" height="26" aria-hidden="true">{}</svg>').format(body)


def _mark(scale: Scale, mark: Mark) -> Markup:
    kind, cls = mark[0], mark[1]
    x = scale.at(mark[2])
    if kind == "point":
        return Markup('<circle class="{}" cx="{:g}%" cy="13" r="4.5"/>').format(cls, x)
    if kind == "rule":
        return Markup('<line class="{0} rule" x1="{1:g}%" x2="{1:g}%" y1="3" y2="23"/>').format(cls, x)
    left, right = sorted((x, scale.at(mark[3])))
    if kind == "bar":
        drawn = Markup('<rect class="{}" x="{:g}%" y="5" width="{:g}%" height="16"/>')
        return drawn.format(cls, left, max(right - left, 0.3))
    return Markup('<line class="{} line" x1="{:g}%" x2="{:g}%" y1="13" y2="13"/>').format(cls, left, right)


def shares(reference: float, current: float, top: float) -> Markup:
    """A pair of bars for the shares of one level."""
    drawn = Markup('<rect class="{}" x="0" y="{}" width="{:.2f}%" height="7"/>')
    bars = Markup().join(
        drawn.format(cls, y, 100 * share / (top or 1.0))
        for cls, share, y in (("ref", reference, 3), ("cur", current, 11))
    )
    return Markup('<svg class="bars" height="21" aria-hidden="true">{}</svg>').format(bars)


def bar(share: float) -> Markup:
    """One bar, of a share of the width."""
    return Markup(
        '<svg class="bars" height="14" aria-hidden="true"><rect class="cur" y="2" width="{:.1f}%" height="9"/></svg>'
    ).format(100 * share)


def histogram(picture: dict[str, Any], label: str, *, redact: bool = False) -> Markup:
    """Two distributions over the same bins: the reference filled, the current table as a line.

    Parameters
    ----------
    picture : dict
        ``reference`` and ``current`` (k shares), with ``edges`` (k + 1) on a ``linear`` or ``log`` ``scale``, or with
        ``values`` (k) that take equal room.
    label : str
        For those who cannot see it.
    redact : bool
        No value under the axis.
    """
    reference, current = picture["reference"], picture["current"]
    if picture["scale"] == "values":
        scale = Scale(0.0, float(len(picture["values"])))
        edges: Sequence[float] = range(len(picture["values"]) + 1)
        some = ticks(0, len(picture["values"]) - 1, 5)
        names = [(scale.at(k + 0.5), number(picture["values"][int(k)])) for k in some if k == int(k)]
    else:
        edges = picture["edges"]
        scale = Scale(edges[0], edges[-1], picture["scale"] == "log")
        found = scale.ticks()
        names = list(zip(map(scale.at, found), tick_labels(found)))
    if redact:
        names = [(0.0, "low"), (100.0, "high")]
    top = max(*reference, *current, 1e-12)
    filled, line = (_outline(scale, edges, s, top) for s in (reference, current))
    drawn = Markup(
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="112" y="2">'
        '<polygon class="ref" points="{}"/><polyline class="cur line" points="{}"/></svg>'
    ).format(filled, line)
    tick = Markup('<line class="tick" x1="{0:g}%" x2="{0:g}%" y1="115" y2="119"/>')
    return Markup(
        '<svg class="hist" height="134" role="img" aria-label="{}">{}'
        '<line class="tick" x1="0" x2="100%" y1="115" y2="115"/>{}{}</svg>'
    ).format(plain(label, 200), drawn, Markup().join(tick.format(x) for x, _ in names), _tick_texts(scale, 131, names))


def _outline(scale: Scale, edges: Sequence[float], values: Sequence[float], top: float) -> str:
    points = [f"{scale.at(edges[0]):g},100"]
    for left, right, share in zip(edges[:-1], edges[1:], values, strict=True):
        y = f"{100 - 97 * share / top:.1f}"
        points += [f"{scale.at(left):g},{y}", f"{scale.at(right):g},{y}"]
    return " ".join([*points, f"{scale.at(edges[-1]):g},100"])


def cell(value: float, top: float, shown: str) -> Markup:
    """One cell of a heat map: more now in one colour, fewer in the other, the stronger the more."""
    strength = min(abs(value) / top, 1.0) if top > 0 else 0.0
    return Markup(
        '<svg class="cell" height="26" aria-hidden="true"><rect class="{}" width="100%" height="100%" '
        'opacity="{:.2f}"/><text x="50%" y="17" text-anchor="middle">{}</text></svg>'
    ).format("cur" if value > 0 else "ref", 0.62 * strength, plain(shown))


def scatter(groups: Sequence[tuple[str, Sequence[Sequence[float]]]], label: str) -> Markup:
    """Points of several groups (class, coordinates); the range is that of nearly all, the rest lies on the rim."""
    found = [(cls, points) for cls, points in groups if points]
    if not found:
        return Markup()
    across, up = (_reach([[p[k] for p in points] for _, points in found]) for k in (0, 1))
    high, body = 300, Markup()
    dot = Markup('<circle cx="{:.1f}%" cy="{:.0f}" r="{}"/>')
    for cls, points in found:
        size = 3.2 if cls == "out" else 1.8
        dots = (dot.format(1 + 0.98 * across.at(x), high - 6 - (high - 12) * up.at(y) / 100, size) for x, y in points)
        body += Markup('<g class="{}">{}</g>').format(cls, Markup().join(dots))
    drawn = Markup('<svg class="map" height="{}" role="img" aria-label="{}">{}</svg>')
    return drawn.format(high, plain(label, 200), body)


def _reach(groups: Sequence[Sequence[float]]) -> Scale:
    lows, highs = [], []
    for values in groups:
        ordered = sorted(values)
        cut = len(ordered) // 100
        lows.append(ordered[cut])
        highs.append(ordered[-1 - cut])
    return Scale.around([*lows, *highs], 0.03)
