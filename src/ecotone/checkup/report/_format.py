"""Names, numbers and findings in words: what the page, the notebook cell and the terminal share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

from ecotone.compare.explain._movement_levels import level_words
from ecotone.compare.explain._movement_words import change

from ._model_words import undefined

FLOOR = -300.0  # log10 of the smallest p-value that is told as a number
_SCORES = {"L1": "position of", "L2": "spread of", "up": "upper tail of", "low": "lower tail of"}
UNKNOWN, TAKES_LABELS = "unknown", "takes labels"  # an answer, and what stands in the place of its p-value
_LITTLE = "changed, by too little to say how"
_DIRECTIONS = {
    "auc": ("higher values", "lower values"),
    "spread": ("more spread", "less spread"),
    "total variation": ("other shares of its values", "other shares of its values"),
    "missing": ("more often missing", "less often missing"),
}
EFFECTS = {
    "auc": "position",
    "spread": "spread",
    "total variation": "levels",
    "missing": "missing rate",
    "classifier": "linear classifier",
}


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


def effect(marginal: dict[str, Any]) -> tuple[str, str]:
    """What a column's effect is called, and its value with the interval; both empty where there is none."""
    if marginal["effect"] is None:
        return "", ""
    found = between(marginal["interval"], lambda end: small(end, plus=True))
    name = EFFECTS.get(marginal["effect_name"], marginal["effect_name"])
    return plain(name), f"{small(marginal['effect'], plus=True)} {found}".rstrip()


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


def between(interval: Sequence[float] | None, show: Callable[[float], str] = number) -> str:
    """An interval in brackets, or nothing."""
    found = ends(interval)
    return f"[{show(found[0])}, {show(found[1])}]" if found else ""


def ends(interval: Sequence[float] | None) -> tuple[float, float] | None:
    """Both ends, or None where one is not known."""
    return None if not interval or None in interval else (float(interval[0]), float(interval[1]))


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


def said_of(column: dict[str, Any], pairs: Sequence[dict[str, Any]], *, redact: bool = False) -> str:
    """How a named column moved, or what of its relation to the others changed."""
    if column["role"] == "relation":
        return _relation(column, pairs)
    if column["kind"] == "embedding":
        return str(column["sentence"])
    facts = column.get("movement") or {}
    told = _without_values(facts) if redact else str(column.get("sentence") or "")
    if told and not told.startswith("no movement beyond noise"):
        wide = _slight(column) if _middle_alone(column["marginal"], facts) else _LITTLE
        return told if wide == _LITTLE else f"{told}; {wide}"
    return _slight(column) if redact else "; ".join([*_figures(facts), _slight(column)])


def _middle_alone(marginal: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Whether the spread moved, and the words say mean and median only, which need not have moved at all."""
    told = facts.keys() & {"factor", "spread", "beyond"} or ("share" in facts and "opposite" not in facts)
    return marginal["effect_name"] == "spread" and not told


def _figures(facts: dict[str, Any]) -> list[str]:
    """Mean and median, or the levels that changed most: true of the tables, whether or not beyond noise."""
    found = []
    if facts.get("mean") and facts.get("median"):
        found.append(f"mean {change(*facts['mean'])}, median {change(*facts['median'])}")
    if facts.get("most"):
        found.append("most " + ", ".join(level_words(facts["most"])))
    return found


def _slight(column: dict[str, Any]) -> str:
    """A direction, where that is all that can be said."""
    marginal = column["marginal"]
    found, name = ends(marginal["interval"]), marginal["effect_name"]
    if not found or marginal["effect"] is None or name not in _DIRECTIONS:
        return _LITTLE
    if name != "total variation" and found[0] <= 0 <= found[1]:
        return _LITTLE
    words = _DIRECTIONS[name][marginal["effect"] < 0]
    return f"slightly {words}" if abs(marginal["effect"]) < 0.05 else words


def _relation(column: dict[str, Any], pairs: Sequence[dict[str, Any]]) -> str:
    name = column["name"]
    partners = [
        b if a == name else a for a, b in (p["columns"] for p in pairs if p["pvalue"] <= 0.01) if name in (a, b)
    ]
    partners = list(dict.fromkeys(p for p in partners if p != name))[:3]
    told = "by itself no change is shown, but its relation to the other columns changed"
    return told + (f", most with {', '.join(partners)}" if partners else "")


def _without_values(facts: dict[str, Any]) -> str:
    """Directions and shares only: no value of a row, no name of a level."""
    words = []
    if facts.get("missing"):
        words.append(f"missing {percent(facts['missing'][0])} → {percent(facts['missing'][1])}")
    if facts.get("displacement") and facts.get("share"):
        up = "up" if facts["displacement"] > 0 else "down"
        share = facts["share"]
        words.append(f"{up} in {'all rows' if share >= 1 else f'{percent(share)} of the rows'}")
    if facts.get("opposite"):
        words.append(f"the other way in {percent(facts['opposite'][1])}")
    if facts.get("spread"):
        words.append("more spread" if facts["spread"] > 1 else "less spread")
    for part in facts.get("beyond") or []:
        words.append(f"{percent(part['share'])} of the rows {part['side']} anything seen before")
    if facts.get("levels"):
        words.append(f"the shares of {len(facts['levels'])} levels changed")
    return "; ".join(words)


def _two(value: float) -> str:
    return f"{float(f'{value:.2g}'):g}"


def detectable(verdict: dict[str, Any]) -> list[str]:
    """The smallest effects that these sizes show with probability .8."""
    found = verdict["smallest_detectable"]
    words = []
    if (value := found.get("auc")) is not None:
        shift = f", about {_two(2**0.5 * NormalDist().inv_cdf(min(0.5 + value, 0.99)))} standard deviations"
        words.append(f"a column that shifts by {_two(value)} on the AUC scale{shift if value < 0.49 else ''}")
    if (value := found.get("spread")) is not None:
        words.append(f"a column whose spread changes by {_two(value)} on the AUC scale")
    if (value := found.get("level")) is not None:
        words.append(f"a category that gains or loses {_two(100 * value)} percentage points")
    if (value := found.get("missing")) is not None:
        words.append(f"a missing rate that changes by {_two(100 * value)} percentage points")
    if (value := found.get("pairs")) is not None:
        words.append(f"two columns whose rank correlation changes by {_two(12**0.5 * value)}")
    return words


def pair_words(pair: dict[str, Any], *, redact: bool = False) -> str:
    """Which scores of the two columns go together otherwise than before."""
    what = pair.get("what") or ""
    for at in range(len(what)):
        if what.startswith(" x ", at):
            halves = [_score(w, redact) for w in (what[:at], what[at + 3 :])]
            if None not in halves:
                return " with ".join(f"{half} {name}".strip() for half, name in zip(halves, pair["columns"]))
    return ""


def _score(what: str, redact: bool) -> str | None:
    if what.startswith("level:"):
        return "a level of" if redact else f"{what[6:]} in"
    if what == "missing":
        return "missing in"
    return _SCORES.get(what)


def sizes(content: dict[str, Any]) -> str:
    """How many rows were compared."""
    data = content["data"]
    return f"{data['reference']['rows_kept']:,} reference rows, {data['current']['rows_kept']:,} current rows"


def answers(content: dict[str, Any]) -> list[tuple[str, bool, str, tuple[float | None, float | None]]]:
    """The parts of the headline: name, alarm, answer in a word or two, p-value with its log10."""
    verdict, rows, quality = content["verdict"], content["rows"], content["performance"]
    alarms = content["headline"]["alarms"]
    material = verdict["material_pvalue"], verdict.get("material_log10_pvalue")
    found = []
    for what, pvalues in (("material", material), ("changed", (verdict["pvalue"], verdict["log10_pvalue"]))):
        found.append((what, what in alarms, "yes" if what in alarms else "not shown", pvalues))
    if quality is not None:
        unseen = quality.get("unknown") and not quality.get("actual")
        word = "worse" if "performance" in alarms else UNKNOWN if unseen else "no drop shown"
        if undefined(quality):
            word = "undefined"
        told = None if word == UNKNOWN else quality["pvalue"]  # without an answer its 1 would read as "no drop"
        found.append(("performance", "performance" in alarms, word, (told, None)))
    word = f"{len(rows['index']):,} named" if rows["index"] else "yes, none named"
    raised = "outliers" in alarms
    word = word if raised else "not tested" if rows.get("reason") else "not shown"
    found.append(("rows outside", raised, word, (rows["global_pvalue"], None)))
    return found
