"""The page about rows outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from ecotone.checkup.report import _svg, name, page, render
from ecotone.checkup.words import number, percent, plain

from ._outside_content import OutsideContent
from ._outside_rows import rows_outside

if TYPE_CHECKING:
    from ._outside_result import OutsideResult

_BINS = 40
_HEATED = 14  # scores at most in the table of agreement
_STYLE = (
    ".shots{display:flex;gap:.6rem;margin:.3rem 0}.shot{position:relative;width:96px;height:96px;flex:none}"
    ".shot img{width:96px;height:96px;image-rendering:pixelated;border-radius:.25rem;display:block}"
    ".shot svg{position:absolute;inset:0;width:96px;height:96px}.shots figure{margin:0}"
    ".shots figcaption{font-size:.75rem;color:var(--soft)}.word.low{background:var(--tint);color:var(--bad)}"
    "table.scores td{min-width:0}table.scores td:first-child,table.scores td:nth-child(4){white-space:nowrap}"
    ".tall{writing-mode:vertical-rl;transform:rotate(180deg);max-height:9rem}"
)


@dataclass(frozen=True)
class _Tile:
    what: str
    value: str | Markup
    more: str
    alarm: bool


def outside_report(result: OutsideResult, *, redact: bool = False) -> str:
    """One HTML page that needs nothing else; ``redact`` leaves out rows' names, texts, pictures and classes."""
    content = result.found
    sections = [
        _lead(content),
        rows_outside(result, redact=redact),
        _spread(result),
        _scores(content),
        _agreement(content),
        _not_had(content),
        render("outside/certainty.html", sizes=content.sizes, fdr=content.fdr),
    ]
    return page("outside/page.html", _STYLE, sections=sections)


def _lead(content: OutsideContent) -> Markup:
    found, sizes = content.found, content.sizes
    low, count = found.interval[0], len(found.rows)
    if count:
        said = f"{count:,} of {sizes.live:,} rows lie outside what the network knows"
    elif low > 0:
        said = "Some rows lie outside, but none can be named at this false discovery rate"
    else:
        said = f"No row of {sizes.live:,} lies outside by more than chance explains"
    tiles = [
        _Tile("Rows named outside", f"{count:,}", f"false discovery rate {number(content.fdr)}", bool(count)),
        _Tile("Share outside", percent(found.share), f"at least {percent(low)}", low > 0),
        _Tile("Score", name(content.recommended), _why_chosen(content), False),
        _Tile("P-values", "calibrated" if content.calibrated else "uncalibrated",
              f"by {sizes.calibration:,} rows set aside", not content.calibrated),
    ]  # fmt: skip
    return render(
        "outside/lead.html", sizes=sizes, headline=said, tiles=tiles, alarm=bool(count or low > 0),
        share_said=found.share_said, calibrated=content.calibrated,
    )  # fmt: skip


def _why_chosen(content: OutsideContent) -> str:
    if content.sizes.choosing == 0:
        return "the one asked for"
    return f"best of {len(content.scores)} against pseudo-outliers"


def _spread(result: OutsideResult) -> Markup:
    """The recommended score of calibration and live rows."""
    best = result.found.recommended
    held, live = result.held, result.scores[best]
    low, high = np.quantile(np.concatenate([held, live]), [0.002, 1.0])
    if not high > low:
        return Markup()
    edges = np.linspace(low, high, _BINS + 1)
    shares = [np.histogram(np.clip(values, low, high), edges)[0] / len(values) for values in (held, live)]
    picture = {
        "reference": shares[0].tolist(),
        "current": shares[1].tolist(),
        "edges": edges.tolist(),
        "scale": "linear",
    }
    drawn = _svg.histogram(picture, f"{best} of calibration and live rows")
    return render("outside/spread.html", score=best, drawn=drawn)


def _scores(content: OutsideContent) -> Markup:
    entries = sorted(content.scores, key=lambda e: -(e.worth or 0.0))
    return render("outside/scores.html", scores=entries, recommended=content.recommended)


def _agreement(content: OutsideContent) -> Markup:
    names, matrix = content.agreement.names, content.agreement.spearman
    if len(names) < 2:
        return Markup()
    order = sorted(range(len(names)), key=lambda i: -(content.scores[i].worth or 0.0))[:_HEATED]
    lines = [(names[i], [_cell(matrix[i][j]) for j in order]) for i in order]
    return render("outside/agreement.html", lines=lines, most=_HEATED if len(names) > _HEATED else 0)


def _cell(value: float | None) -> str | Markup:
    return "–" if value is None else _svg.cell(value, 1.0, f"{value:.2f}".replace("-", "−"))


def _not_had(content: OutsideContent) -> Markup:
    lacking = [Markup("{}: {}").format(name(entry.name), plain(entry.reason, 300)) for entry in content.unusable]
    return render("outside/not_had.html", lacking=lacking) if lacking else Markup()
