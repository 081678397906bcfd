"""Why an estimate should not be acted on."""

from __future__ import annotations

import numpy as np

from ecotone.contracts import Floats

from ._core import Core
from ._predictions import Predictions

LEAST_ROWS = 30  # effective, below which a standard error by normal theory is not to be trusted; chosen, not tuned
MOST_BEYOND = 0.05  # share of the current rows
MOST_MISCALIBRATED = 0.1  # beyond its noise, in the worst of ten bins; chosen, not tuned


def thin(core: Core) -> str | None:
    """Why the reference cannot stand for the current rows, if it cannot."""
    rows, kept, beyond = len(core.shared.rows), core.shared.effective, core.shared.beyond
    if beyond > MOST_BEYOND:
        return (
            f"{beyond:.1%} of the current rows lie where one reference row would have to stand for more than "
            f"{core.shared.row_ratio.most:.0f} of them (above {MOST_BEYOND:.0%} nothing is said): label current rows"
        )
    if rows * kept < LEAST_ROWS:
        return (
            f"only {rows * kept:.0f} reference rows count (effective sample size; below {LEAST_ROWS} nothing can be "
            "said): label more rows"
        )
    return None


def miscalibrated(core: Core) -> str | None:
    """Why the model's probabilities cannot be repaired on the reference, if they cannot."""
    if core.data.is_regression:
        return None
    worst = _worst_bin(core.shared.calibrated()[0], core.data)
    if worst <= MOST_MISCALIBRATED:
        return None
    return (
        f"on the reference the model's probabilities miss by {worst:.2f} where they miss most, even after calibration "
        f"(above {MOST_MISCALIBRATED:.2f} they say too little): label current rows"
    )


def _worst_bin(q: Floats, data: Predictions) -> float:
    """Largest gap in ten bins of confidence between being right and the calibrated probability, beyond its noise."""
    rows = np.arange(len(q))
    said = q[rows, np.asarray(data.predicted_reference, dtype=np.int64)]
    right = np.asarray(data.y_reference == data.predicted_reference, dtype=np.float64)
    bins = np.array_split(np.argsort(said, kind="stable"), 10)
    gaps = [abs((right - said)[b].mean()) - 3 * np.sqrt(0.25 / len(b)) for b in bins if len(b)]
    return float(max(gaps, default=0.0))
