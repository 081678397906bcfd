"""Small signs that stand alone: in the key of colours, and over a picture."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

_SWATCH = {
    "ref": Markup('<rect class="ref" width="15" height="11" opacity=".75"/>'),
    "cur": Markup('<rect class="cur" width="15" height="11"/>'),
    "line": Markup('<line class="cur line" x1="0" x2="15" y1="6" y2="6"/>'),
    "band": Markup('<rect class="band" width="15" height="11"/>'),
    "refdot": Markup('<circle class="ref" cx="7" cy="6" r="3.5"/>'),
    "curdot": Markup('<circle class="cur" cx="7" cy="6" r="3.5"/>'),
    "out": Markup('<circle cx="7" cy="6" r="4" fill="none" stroke="var(--bad)" stroke-width="1.6"/>'),
    "point": Markup('<circle class="cur" cx="7" cy="6" r="4.5"/>'),
    "none": Markup('<circle class="none" cx="7" cy="6" r="4.5"/>'),
}


def swatch(sign: str) -> Markup:
    """A sign of the key, as the plots draw it."""
    return Markup('<svg aria-hidden="true">{}</svg>').format(_SWATCH[sign])


def regions(found: Sequence[tuple[int, int, float]], side: int) -> Markup:
    """Squares (column, row, opacity) of a grid of ``side`` by ``side``, to be laid over a picture."""
    square = Markup('<rect x="{}" y="{}" width="1" height="1" fill="var(--bad)" opacity="{:.2f}"/>')
    drawn = Markup('<svg viewBox="0 0 {0} {0}" preserveAspectRatio="none" aria-hidden="true">{1}</svg>')
    return drawn.format(side, Markup().join(square.format(*place) for place in found))
