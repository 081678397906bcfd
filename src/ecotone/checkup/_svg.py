"""Small plots as inline SVG. Colours come from the page's style sheet, so that they follow light and dark."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any


def text(value: Any) -> str:
    """Escaped, with control characters shown as spaces."""
    return html.escape("".join(c if c.isprintable() else " " for c in str(value)))


def number(value: float) -> str:
    """Three significant digits, thousands grouped, no needless exponent."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size != 0 and (size < 1e-3 or size >= 1e7):
        return f"{value:.2e}"
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _frame(width: float, height: float, body: str, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{text(label)}" '
        f'xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    )


def _label(x: float, y: float, value: str, anchor: str = "middle", kind: str = "tick") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{text(value)}</text>'


def histogram(edges: Sequence[float], reference: Sequence[float], current: Sequence[float], label: str) -> str:
    """Two densities over the same bins: the reference filled, the current as a line.

    Parameters
    ----------
    edges : (k + 1,) bin edges in the column's unit
    reference, current : (k,) shares of each table's rows
    """
    width, height, base = 360.0, 150.0, 126.0
    top = max(max(reference, default=0.0), max(current, default=0.0)) or 1.0
    low, high = float(edges[0]), float(edges[-1])
    scale = (width - 20) / ((high - low) or 1.0)

    def x(value: float) -> float:
        return 10 + (value - low) * scale

    def outline(shares: Sequence[float]) -> str:
        points = [f"{x(low):.1f},{base}"]
        for left, right, share in zip(edges[:-1], edges[1:], shares, strict=True):
            y = base - 112 * share / top
            points += [f"{x(left):.1f},{y:.1f}", f"{x(right):.1f},{y:.1f}"]
        return " ".join([*points, f"{x(high):.1f},{base}"])

    ticks = [low, (low + high) / 2, high]
    anchors = ["start", "middle", "end"]
    marks = "".join(_label(x(t), base + 16, number(t), a) for t, a in zip(ticks, anchors, strict=True))
    body = (
        f'<polygon class="ref fill" points="{outline(reference)}"/>'
        f'<polyline class="cur line" points="{outline(current)}"/>'
        f'<line class="axis" x1="10" y1="{base}" x2="{width - 10:g}" y2="{base}"/>{marks}'
    )
    return _frame(width, height, body, label)


def bars(levels: Sequence[str], reference: Sequence[float], current: Sequence[float], label: str) -> str:
    """Shares of levels, a pair of bars each."""
    row, left, width = 26.0, 110.0, 360.0
    top = max([*reference, *current, 1e-12])
    body = []
    for i, (level, ref, cur) in enumerate(zip(levels, reference, current, strict=True)):
        y = 4 + i * row
        name = level if len(level) <= 16 else level[:15] + "…"
        body.append(_label(left - 8, y + 14, name, "end"))
        for share, cls, dy in ((ref, "ref fill", 0), (cur, "cur fill", 10)):
            body.append(
                f'<rect class="{cls}" x="{left}" y="{y + dy:.1f}" height="9" '
                f'width="{(width - left - 60) * share / top:.1f}"/>'
            )
        body.append(_label(width - 2, y + 14, f"{ref:.1%} → {cur:.1%}", "end"))
    return _frame(width, 8 + row * len(levels), "".join(body), label)


def heatmap(counts: Sequence[Sequence[float]], label: str, x_name: str, y_name: str) -> str:
    """A grid of shares, signed: more in the current table one colour, fewer the other."""
    rows, cells = len(counts), len(counts[0])
    size = 240.0 / max(rows, cells)
    top = max((abs(v) for line in counts for v in line), default=0.0) or 1.0
    body = []
    for i, line in enumerate(counts):
        for j, value in enumerate(line):
            cls = "cur" if value > 0 else "ref"
            body.append(
                f'<rect class="{cls} fill" opacity="{abs(value) / top:.2f}" x="{24 + j * size:.1f}" '
                f'y="{(rows - 1 - i) * size:.1f}" width="{size + 0.3:.1f}" height="{size + 0.3:.1f}"/>'
            )
    wide, high = cells * size, rows * size
    body.append(f'<rect class="axis" fill="none" x="24" y="0" width="{wide:.1f}" height="{high:.1f}"/>')
    body.append(_label(24 + wide / 2, high + 16, x_name))
    body.append(f'<g transform="translate(14,{high / 2:.1f}) rotate(-90)">{_label(0, 0, y_name)}</g>')
    return _frame(28 + wide, high + 22, "".join(body), label)


def scatter(groups: Sequence[tuple[str, Sequence[Sequence[float]]]], label: str) -> str:
    """Points of several groups: class name and (n, 2) coordinates."""
    points = [p for _, group in groups for p in group]
    if not points:
        return ""
    xs, ys = sorted(p[0] for p in points), sorted(p[1] for p in points)
    x0, x1, y0, y1 = xs[0], xs[-1], ys[0], ys[-1]
    wide, high = 360.0, 260.0
    body = []
    for cls, group in groups:
        for x, y in group:
            body.append(
                f'<circle class="{cls}" r="{3 if "out" in cls else 1.6}" '
                f'cx="{8 + (wide - 16) * (x - x0) / ((x1 - x0) or 1):.1f}" '
                f'cy="{high - 8 - (high - 16) * (y - y0) / ((y1 - y0) or 1):.1f}"/>'
            )
    body.append(f'<rect class="axis" fill="none" x=".5" y=".5" width="{wide - 1}" height="{high - 1}"/>')
    return _frame(wide, high, "".join(body), label)


def intervals(
    rows: Sequence[tuple[str, float, tuple[float, float] | None, str]], label: str, band: float | None = None
) -> str:
    """A forest plot: name, value, interval or none, class; ``band`` shades values within it of 0."""
    values = [v for _, value, ends, _ in rows for v in (value, *(ends or ()))]
    values += [-band, band] if band is not None else []
    low, high = min(values), max(values)
    room = 0.06 * ((high - low) or 1.0)
    low, high = low - room, high + room
    left, width, row = 130.0, 420.0, 22.0
    height = row * len(rows) + 24

    def x(value: float) -> float:
        return float(left + (width - left - 10) * (value - low) / ((high - low) or 1.0))

    body = []
    if band is not None:
        body.append(
            f'<rect class="band" x="{x(-band):.1f}" y="0" width="{x(band) - x(-band):.1f}" height="{height - 20:g}"/>'
        )
    for i, (name, value, ends, cls) in enumerate(rows):
        y = 12 + i * row
        short = name if len(name) <= 18 else name[:17] + "…"
        body.append(_label(left - 8, y + 4, short, "end"))
        if ends is not None:
            body.append(f'<line class="{cls} line" x1="{x(ends[0]):.1f}" x2="{x(ends[1]):.1f}" y1="{y}" y2="{y}"/>')
        body.append(f'<circle class="{cls} fill" cx="{x(value):.1f}" cy="{y}" r="4"/>')
    for tick in (low + room, (low + high) / 2, high - room):
        body.append(_label(x(tick), height - 4, number(tick)))
    return _frame(width, height, "".join(body), label)


def waterfall(start: float, parts: Sequence[tuple[str, float]], label: str, ends: tuple[str, str]) -> str:
    """From one number to another, a step for each part; the parts sum to the whole way."""
    steps, level = [], start
    for name, part in parts:
        steps.append((name, level, level + part))
        level += part
    rows = [(ends[0], start, start), *steps, (ends[1], level, level)]
    values = [v for _, a, b in rows for v in (a, b)]
    low, high = min(values), max(values)
    room = 0.12 * ((high - low) or abs(high) or 1.0)
    low, high = low - room, high + room
    left, width, row = 150.0, 460.0, 26.0

    def x(value: float) -> float:
        return left + (width - left - 70) * (value - low) / (high - low)

    body = []
    for i, (name, a, b) in enumerate(rows):
        y = 6 + i * row
        short = name if len(name) <= 22 else name[:21] + "…"
        body.append(_label(left - 8, y + 12, short, "end"))
        if a == b and i in (0, len(rows) - 1):
            cls = "ref" if i == 0 else "cur"
            body.append(f'<line class="{cls} line" x1="{x(a):.1f}" x2="{x(a):.1f}" y1="{y}" y2="{y + 16}"/>')
            body.append(_label(x(a) + 6, y + 12, number(a), "start"))
        else:
            cls = "worse" if b < a else "better"
            body.append(
                f'<rect class="{cls} fill" x="{x(min(a, b)):.1f}" y="{y}" width="{max(abs(x(b) - x(a)), 1):.1f}" '
                f'height="16"/>'
            )
            body.append(_label(max(x(a), x(b)) + 6, y + 12, f"{b - a:+.3g}", "start"))
    return _frame(width, row * len(rows) + 8, "".join(body), label)
