"""Values over the chunks of a stream as inline SVG: lines, bands, a threshold, marks where something happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from ecotone.checkup.report import Scale, tick_labels
from ecotone.checkup.words import plain

Value = float | None
_HEIGHT = 96
#: Marks drawn at most; what is beyond is in the table.
MOST_MARKS = 60


@dataclass(frozen=True)
class Series:
    """One chart.

    Parameters
    ----------
    label : str
        For those who cannot see it.
    line : sequence of float or None, one a chunk
        None leaves a gap.
    band : sequence of (float, float) or None
        Around it.
    second : sequence of float or None
        Another line, in the reference's colour.
    level : float, optional
        A horizontal line.
    marks : sequence of float
        Places from 0 to the number of chunks, with a vertical line each.
    spans : sequence of (float, float)
        Shaded stretches of such places.
    low, high : float, optional
        Ends of the axis; by default those of what is drawn.
    """

    label: str
    line: Sequence[Value]
    band: Sequence[tuple[float, float] | None] = field(default_factory=tuple)
    second: Sequence[Value] = field(default_factory=tuple)
    level: float | None = None
    marks: Sequence[float] = field(default_factory=tuple)
    spans: Sequence[tuple[float, float]] = field(default_factory=tuple)
    low: float | None = None
    high: float | None = None

    def drawn(self, ends: tuple[str, str]) -> Markup:
        """The chart; ``ends`` are the words under its left and right ends."""
        n = len(self.line)
        scale = self._scale()
        paths = Markup().join(self._band(scale, n)) + _polyline(self.second, scale, n, "ref line")
        paths += _polyline(self.line, scale, n, "cur line")
        level, found = Markup(), scale.ticks(3)
        if self.level is not None:
            level = Markup('<line class="bad line" x1="0" x2="100" y1="{0:g}" y2="{0:g}"/>').format(
                _y(scale, self.level)
            )
        marks = Markup().join(self._vertical(n))
        ticks = Markup().join(
            Markup('<line class="g" x1="0" x2="100%" y1="{0:g}" y2="{0:g}"/><text x="0" y="{1:g}">{2}</text>').format(
                4 + _HEIGHT * y / 100, 1 + _HEIGHT * y / 100, label
            )
            for y, label in zip((_y(scale, t) for t in found), tick_labels(found))
        )
        return Markup(
            '<svg class="series" height="122" role="img" aria-label="{}">{}'
            '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="{}" y="4">{}{}{}</svg>'
            '<text x="0" y="118">{}</text><text x="100%" y="118" text-anchor="end">{}</text></svg>'
        ).format(plain(self.label, 200), ticks, _HEIGHT, marks, paths, level, plain(ends[0], 40), plain(ends[1], 40))

    def _vertical(self, n: int) -> list[Markup]:
        """Shaded stretches, and lines on top of them."""
        share = 100 / max(n, 1)
        shaded = Markup('<rect class="since" x="{:g}" y="0" width="{:g}" height="100"/>')
        line = Markup('<line class="mark" x1="{0:g}" x2="{0:g}" y1="0" y2="100"/>')
        spans = [(round(a * share, 2), round(max(b - a, 0.2) * share, 2)) for a, b in list(self.spans)[:MOST_MARKS]]
        return [shaded.format(*s) for s in spans] + [
            line.format(round(m * share, 2)) for m in list(self.marks)[:MOST_MARKS]
        ]

    def _scale(self) -> Scale:
        values = [v for v in (*self.line, *self.second, self.level) if v is not None]
        values += [v for b in self.band if b is not None for v in b]
        around = Scale.around(values or [0.0, 1.0], 0.08)
        return Scale(around.low if self.low is None else self.low, around.high if self.high is None else self.high)

    def _band(self, scale: Scale, n: int) -> list[Markup]:
        """A polygon for every stretch of chunks that have one."""
        made, start = [], 0
        for k in range(len(self.band) + 1):
            if k < len(self.band) and self.band[k] is not None:
                continue
            held = [(i, b) for i, b in enumerate(self.band[start:k], start) if b is not None]
            points = [f"{_x(i, n):g},{_y(scale, b[1]):g}" for i, b in held]
            points += [f"{_x(i, n):g},{_y(scale, b[0]):g}" for i, b in reversed(held)]
            if len(held) == 1:  # a chunk alone is as wide as itself
                (i, b), half = held[0], 50 / max(n, 1)
                x, y = _x(i, n), (_y(scale, b[0]), _y(scale, b[1]))
                points = [f"{x + s * half:g},{y[k]:g}" for s, k in ((-1, 0), (1, 0), (1, 1), (-1, 1))]
            if points:
                made.append(Markup('<polygon class="band cur" points="{}"/>').format(" ".join(points)))
            start = k + 1
        return made


def _polyline(values: Sequence[Value], scale: Scale, n: int, cls: str) -> Markup:
    made, run = Markup(), list[str]()
    for k, value in enumerate([*values, None]):
        if value is not None:
            run.append(f"{_x(k, n):g},{_y(scale, value):g}")
        elif run:
            run = run if len(run) > 1 else [run[0], run[0]]  # a value alone is a dot, by its round cap
            made += Markup('<polyline class="{}" points="{}"/>').format(cls, " ".join(run))
            run = []
    return made


def _x(k: float, n: int) -> float:
    return round(100 * (k + 0.5) / max(n, 1), 3)


def _y(scale: Scale, value: float) -> float:
    return round(100 - scale.at(value), 3)
