"""What a classifier's probabilities say of themselves, and of the shares of the classes."""

from __future__ import annotations

import numpy as np

from ecotone.compare.estimate import Core, Predictions
from ecotone.contracts import Ints, as_seed
from ecotone.decide.calibration import calibration_error

from ._class_facts import Calibration, ClassShares
from ._class_shares import estimated_shares, shares_of_labels

_MOST_ROWS = 20_000
_LEAST_ROWS = 100


def class_probabilities(core: Core) -> tuple[Calibration | None, ClassShares | None]:
    """How far a classifier is off on the reference rows, and the shares of the classes in both tables."""
    data = core.data
    if data.p_reference is None or data.p_current is None:
        return None, shares_of_labels(core)
    ref = _independent(len(data.p_reference), data.units and data.units[0], as_seed(core.seed, 21))
    cur = _independent(len(data.p_current), data.units and data.units[1], as_seed(core.seed, 22))
    known = shares_of_labels(core)
    if min(len(ref), len(cur)) < _LEAST_ROWS:
        return None, known
    return _calibration(data, ref, core.seed), estimated_shares(core, ref, cur) if known is None else known


def _independent(n: int, units: Ints | None, rng: np.random.Generator) -> Ints:
    """At most 20 000 rows at random, of each unit one: the p-value and the interval are for independent rows."""
    rows = rng.permutation(n)
    if units is not None:
        rows = rows[np.unique(units[rows], return_index=True)[1]]
        rows = rng.permutation(rows)
    return np.sort(rows[:_MOST_ROWS])


def _calibration(data: Predictions, rows: Ints, seed: int) -> Calibration:
    assert data.p_reference is not None
    p, y = data.p_reference[rows], np.asarray(data.y_reference, dtype=np.int64)[rows]
    found = calibration_error(p[:, 1] if p.shape[1] == 2 else p, y, seed=seed)
    return Calibration(found.error, found.pvalue, found.after, found.rows)
