"""What a classifier's probabilities say of themselves, and of the shares of the classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecotone.compare.estimate import Predictions
from ecotone.compare.estimate._core import Core
from ecotone.contracts import BadInput, Floats, Ints, as_seed
from ecotone.decide.calibration import calibration_error
from ecotone.measure.ratios import BBSE, MLLS

_MOST_ROWS = 20_000
_LEAST_ROWS = 100
_LEVEL = 0.9


def class_probabilities(core: Core) -> dict[str, Any]:
    """``calibration`` on the reference rows and ``label_shift`` between the tables, where there are probabilities."""
    data = core.data
    if data.p_reference is None or data.p_current is None:
        return {}
    ref = _independent(len(data.p_reference), data.units and data.units[0], as_seed(core.seed, 21))
    cur = _independent(len(data.p_current), data.units and data.units[1], as_seed(core.seed, 22))
    if min(len(ref), len(cur)) < _LEAST_ROWS:
        return {}
    return {"calibration": _calibration(data, ref, core.seed), "label_shift": _label_shift(core, ref, cur)}


def _independent(n: int, units: Ints | None, rng: np.random.Generator) -> Ints:
    """At most 20 000 rows at random, of each unit one: the p-value and the interval are for independent rows."""
    rows = rng.permutation(n)
    if units is not None:
        rows = rows[np.unique(units[rows], return_index=True)[1]]
        rows = rng.permutation(rows)
    return np.sort(rows[:_MOST_ROWS])


def _calibration(data: Predictions, rows: Ints, seed: int) -> dict[str, Any]:
    assert data.p_reference is not None
    p, y = data.p_reference[rows], np.asarray(data.y_reference, dtype=np.int64)[rows]
    found = calibration_error(p[:, 1] if p.shape[1] == 2 else p, y, seed=seed)
    return {"error": found.error, "pvalue": found.pvalue, "after": found.after, "rows": found.rows}


def _label_shift(core: Core, ref: Ints, cur: Ints) -> dict[str, Any] | None:
    """Shares of the classes if p(x|y) held; ``interval`` of the change holds for all classes jointly, at 90 %."""
    data = core.data
    assert data.p_reference is not None and data.p_current is not None
    y = np.asarray(data.y_reference, dtype=np.int64)
    if len(np.unique(y[ref])) < len(data.classes):
        return None
    try:
        found = BBSE().fit(data.p_reference[ref], y[ref], data.p_current[cur])
    except BadInput:  # the model does not tell its classes apart: it can not tell their shares either
        return None
    return {
        "classes": list(data.classes),
        "reference": found.reference_priors_.tolist(),
        "current": found.current_priors_.tolist(),
        "interval": found.change_interval(_LEVEL).tolist(),
        "level": _LEVEL,
        "correction": _correction(*core.shared.calibrated(), y),
    }


def _correction(reference: Floats, current: Floats, y: Ints) -> dict[str, list[float]] | None:
    """Log loss and accuracy of calibrated probabilities as they are, and corrected, on reweighted reference rows."""
    try:
        found = MLLS().fit(reference, y, current)
    except BadInput:
        return None
    w = found.predict(y)
    at = np.arange(len(y)), y
    both = reference, found.correct(reference)
    return {
        "log_loss": [float(np.average(-np.log(np.maximum(p[at], 1e-6)), weights=w)) for p in both],
        "accuracy": [float(np.average(p.argmax(1) == y, weights=w)) for p in both],
    }
