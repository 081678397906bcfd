"""Population stability index: a description, not a test."""

from __future__ import annotations

import numpy as np

from ecotone.contracts import Floats

from ._scored_column import ScoredColumn

BINS = 10  # deciles of the reference, as the index is used where its .1 and .25 are quoted


def population_stability_index(column: ScoredColumn) -> float:
    r"""PSI :math:`\sum_b (q_b - p_b) \log(q_b / p_b)` over the reference's deciles, or the levels, and "missing".

    Shares are floored at 1e-4, so that an empty bin counts for much and not for ever. Its size under no change depends
    on the number of rows: never read it as a test.
    """
    counts = column.counts
    if column.ordered and column.size > BINS:
        below = np.cumsum(counts[0, :-1]) - counts[0, :-1] / 2
        decile = np.minimum((below / max(int(counts[0, :-1].sum()), 1) * BINS).astype(int), BINS - 1)
        counts = np.stack([np.bincount(np.append(decile, BINS), c, minlength=BINS + 1) for c in counts])
    share: Floats = np.maximum(counts / np.maximum(counts.sum(1, keepdims=True), 1), 1e-4)
    return float(((share[1] - share[0]) * np.log(share[1] / share[0])).sum())
