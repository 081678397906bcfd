"""Files that a visible column orders: is what neighbours share explained by that column?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ecotone.contracts import Floats, Ints
from ecotone.data import ORDERED, Pair

from ._grouped_sums import Groups
from ._row_scores import RowScores
from ._serial_dependence import Axis, serial

MOST_KEYS = 3  # columns by which a file is sorted, each within those before; chosen, not tuned
WINDOW_VALUES, WINDOW_ROWS = 5, 20  # of a key whose values hardly repeat
IN_BOTH = 0.5  # share of each table's rows whose level of the key is in the other table too


@dataclass(frozen=True)
class Key:
    """A column by which both files are sorted or grouped.

    ``value`` numbers its pooled values within those of the keys before it, ``level`` the same or windows of them.
    """

    name: str
    level: Ints
    value: Ints


def ordering_keys(pair: Pair, scores: RowScores) -> tuple[Key, ...]:
    """Up to three columns by which both files are ordered, each within those before it; the coarsest first."""
    codes = {
        c.name: (np.asarray(c.codes if c.every is None else c.every.codes + 1, np.int64), c.kind in ORDERED)
        for c in scores.columns
    }
    for name, (a, b) in pair.aside.items():
        values = np.concatenate([a.values, b.values])
        codes.setdefault(name, (np.unique(values, return_inverse=True)[1].astype(np.int64), a.kind == "datetime"))
    keys: list[Key] = []
    within = np.zeros(sum(pair.n), np.int64)
    while len(keys) < MOST_KEYS:
        found = []
        for name, (code, ordered) in codes.items():
            if _orders(code, within, pair.n[0], ordered):
                joint = _joint(within, code)
                level = _joint(within, _coarse(joint)) if ordered else joint
                if level.max() > within.max() and _in_both(level, pair.n[0]):
                    found.append((int(level.max()), name, level, joint))
        if not found:
            break
        _, name, within, joint = min(found, key=lambda f: f[:2])
        keys.append(Key(name, within, joint))
        del codes[name]
        if within.max() < joint.max():  # within its windows nothing else can be in order
            break
    return tuple(keys)


def explained(pair: Pair, scores: RowScores, keys: tuple[Key, ...]) -> bool:
    """Whether nothing is found once rows are compared at equal values of the keys.

    Rows of equal values lie at one place, however wide the windows are in which the scores are centred: neighbours that
    are alike for their value's sake are then as alike across the tables, and add nothing to their difference.
    """
    named = {k.name for k in keys}
    rest = replace(scores, plan=tuple(s for s in scores.plan if s.name not in named))
    last = keys[-1]
    found = serial(rest, Axis.of(pair.n, _places(last.value, pair.n[0])), keyed=True, centre=Groups.of(last.level))
    return found is None or not found.detected


def _orders(code: Ints, within: Ints, split: int, ordered: bool) -> bool:
    return all(_in_order(code[h], within[h], ordered) for h in (slice(None, split), slice(split, None)))


def _joint(within: Ints, code: Ints) -> Ints:
    """Codes of the earlier levels and this column together, in their order."""
    return np.asarray(np.unique(within * (int(code.max()) + 1) + code, return_inverse=True)[1], np.int64)


def _in_order(code: Ints, within: Ints, ordered: bool) -> bool:
    step, same = np.diff(code), np.diff(within) == 0
    inside = step[same]
    if ordered and inside.any() and (not (inside < 0).any() or not (inside > 0).any()):
        return True
    runs = 1 + int(((step != 0) | ~same).sum())
    if runs > 0.51 * len(code) + 1:
        return False
    levels = len(np.unique(within * (int(code.max()) + 1) + code))
    return levels > len(np.unique(within)) and levels <= len(code) / 2 and runs <= 1.02 * levels + 1


def _coarse(code: Ints) -> Ints:
    """Windows of consecutive values where these hardly repeat; otherwise the values."""
    count = np.bincount(code)
    if len(code) >= WINDOW_ROWS * len(count):
        return code
    return np.asarray(windows(count, WINDOW_VALUES, WINDOW_ROWS)[code])


def windows(count: Ints, values: int, rows: int) -> Ints:
    """(codes,) the window of each code: consecutive ones that hold so many values and rows; the last takes the rest."""
    held = np.flatnonzero(count)
    cumulated = np.concatenate([[0], np.cumsum(count[held])])
    values = max(values, len(held) // 2000)
    cuts, at = [0], 0
    while at < len(held):
        at = max(at + values, int(np.searchsorted(cumulated, cumulated[at] + rows)))
        cuts.append(at)
    if len(cuts) > 2 and (cuts[-2] + values > len(held) or cumulated[-1] - cumulated[cuts[-2]] < rows):
        cuts.pop(-2)  # what is left is too short for a window of its own
    out = np.zeros(len(count), np.int64)
    out[held] = np.searchsorted(np.array(cuts[1:]), np.arange(len(held)), side="right")
    return out


def _in_both(level: Ints, split: int) -> bool:
    counts = np.stack([np.bincount(part, minlength=int(level.max()) + 1) for part in (level[:split], level[split:])])
    shared = counts.min(0) > 0
    return bool((counts[:, shared].sum(1) >= IN_BOTH * counts.sum(1)).all())


def _places(level: Ints, split: int) -> tuple[Floats, Floats]:
    """Each row's place on the axis of levels: a level has its mean share, and a table's rows fill it in file order."""
    size = int(level.max()) + 1
    halves = level[:split], level[split:]
    counts = np.stack([np.bincount(h, minlength=size) for h in halves])
    width = (counts / counts.sum(1, keepdims=True)).mean(0)
    start = np.cumsum(width) - width
    places = []
    for part, count in zip(halves, counts):
        order = np.argsort(part, kind="stable")
        rank = np.empty(len(part))
        rank[order] = np.arange(len(part)) - np.repeat(np.cumsum(count) - count, count)
        places.append(start[part] + width[part] * (rank + 0.5) / count[part])
    return places[0], places[1]
