"""What the verdict could have found, and which pair of columns shows the change, in words."""

from __future__ import annotations

from statistics import NormalDist

from ecotone.checkup.document import PairOfColumns, Verdict

_SCORES = {"L1": "position of", "L2": "spread of", "up": "upper tail of", "low": "lower tail of"}


def detectable(verdict: Verdict) -> list[str]:
    """The smallest effects that these sizes show with probability .8."""
    found = verdict.smallest_detectable
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


def pair_words(pair: PairOfColumns, *, redact: bool = False) -> str:
    """Which scores of the two columns go together otherwise than before."""
    what = pair.what
    for at in range(len(what)):
        if what.startswith(" x ", at):
            halves = [_score(w, redact) for w in (what[:at], what[at + 3 :])]
            if None not in halves:
                return " with ".join(f"{half} {name}".strip() for half, name in zip(halves, pair.columns))
    return ""


def _score(what: str, redact: bool) -> str | None:
    if what.startswith("level:"):
        return "a level of" if redact else f"{what[6:]} in"
    if what == "missing":
        return "missing in"
    return _SCORES.get(what)


def _two(value: float) -> str:
    return f"{float(f'{value:.2g}'):g}"
