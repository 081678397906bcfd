"""The result of a claim that compares two figures over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats


def paired(
    claim: str, metric: str, ours: Sequence[float], baseline: Sequence[float], *, notes: str, higher: bool = False
) -> dict[str, Any]:
    """Both figures by seed, their mean difference with a 95 % t interval, and whether it excludes no gain.

    Parameters
    ----------
    ours, baseline : sequences of one figure a seed, on the same data
    higher : bool
        Whether more is better.
    """
    gap = np.asarray(ours, dtype=float) - np.asarray(baseline, dtype=float)
    half = float(stats.t.ppf(0.975, len(gap) - 1) * gap.std(ddof=1) / np.sqrt(len(gap)))
    interval = [float(gap.mean() - half), float(gap.mean() + half)]
    return {
        "claim": claim,
        "metric": f"{metric} ({'higher' if higher else 'lower'} is better)",
        "ours": [float(v) for v in ours],
        "baseline": [float(v) for v in baseline],
        "difference": float(gap.mean()),
        "interval": interval,
        "holds": bool(interval[0] > 0 if higher else interval[1] < 0),
        "notes": notes,
    }
