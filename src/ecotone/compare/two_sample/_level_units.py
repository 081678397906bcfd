"""The test of many levels on a design: analytic for rows, relabelled where rows belong to units."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ._many_levels import many_levels
from ._permutation_pvalues import sequential_pvalue
from ._scored_column import Every
from ._scores import Design

DRAWS = 1999  # relabellings at most: each takes milliseconds


def levels_logp(design: Design, every: Every) -> float:
    """Log p of "all levels have the same shares"; whole units are relabelled, with the analytic log p as statistic."""
    observed = many_levels(every.counts).logp
    if design.unit is None or not len(every.codes):
        return observed
    seen = every.codes >= 0
    cells = (design.unit[seen], every.codes[seen])
    shape = (sum(design.units), every.counts.shape[1])
    counts = sparse.csr_matrix((np.ones(len(cells[0])), cells), shape=shape)
    return math.log(sequential_pvalue(_hits(design, counts, every, observed)))


def _hits(design: Design, counts: sparse.csr_matrix, every: Every, observed: float) -> Iterator[NDArray[np.bool_]]:
    total, drawn = every.counts.sum(0), 0
    for batch in design.batches:
        for labels in batch:
            current = np.rint(labels @ counts).astype(np.int64)
            yield np.array([many_levels(np.stack([total - current, current])).logp <= observed + 1e-9])
            drawn += 1
            if drawn == DRAWS:
                return
