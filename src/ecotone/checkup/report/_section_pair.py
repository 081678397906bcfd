"""The report's section on the pair of columns whose dependence changed most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ecotone.checkup.document import CheckContent, convincing

from . import _svg
from ._markup import name
from ._templates import render
from ._verdict_words import pair_words


@dataclass(frozen=True)
class _Heat:
    """A heat map: the columns across and down, their labels, and the lines of cells from the top."""

    across: str
    down: str
    across_labels: list[str | Markup]
    lines: list[tuple[str | Markup, list[Markup]]]


def pair(content: CheckContent, pictures: dict[str, Any], *, redact: bool) -> Markup:
    """The pair that changed most, where its own test holds."""
    found, picture = convincing(content.verdict), pictures.get("pair")
    if not found or not (picture or content.rows.reason):
        return Markup()
    others = [
        other
        for other in content.verdict.pairs
        if other is not found and other.pvalue <= min(found.pvalue * 1e6, 0.001)
    ]
    a, b = found.columns
    return render(
        "check/pair.html", a=a, b=b, words=pair_words(found, redact=redact), pvalue=found.pvalue, others=others[:4],
        heat=_heat(picture, redact=redact) if picture else None,
    )  # fmt: skip


def _heat(picture: dict[str, Any], *, redact: bool) -> _Heat:
    grid = picture["difference"]
    across, down = (_axis(side, redact=redact) for side in picture["axes"])
    top = max((abs(v) for line in grid for v in line), default=0.0)
    lines = [(label, [_svg.cell(v, top, _points(v)) for v in line]) for label, line in zip(down, grid)]
    a, b = picture["columns"]
    return _Heat(a, b, across, lines[::-1])


def _points(value: float) -> str:
    return "" if abs(value) < 0.0005 else f"{'+' if value > 0 else '−'}{100 * abs(value):.1f}"


def _axis(side: dict[str, Any], *, redact: bool) -> list[str | Markup]:
    names = side["names"]
    if not redact:
        return [name(n if str(n).strip() else "(blank)", 24) for n in names]
    last = len(names) - (2 if names[-1] == "(missing)" else 1)
    if side["kind"] == "ranges":
        told = ["low" if i == 0 else "high" if i == last else "·" for i in range(last + 1)]
    else:
        told = [f"level {i + 1}" for i in range(last + 1)]
    return [*told, "(missing)"][: len(names)]
