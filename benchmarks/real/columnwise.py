"""The usual recipe: Kolmogorov-Smirnov for numbers, chi-square for categories, Bonferroni over the columns."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
from scipy import stats

LEVELS = 200  # beyond, a chi-square of counts as low as these has no meaning


def bonferroni(reference: pd.DataFrame, current: pd.DataFrame, alpha: float = 0.05) -> dict[str, Any]:
    """Whether any column is below its share of alpha, which are, and the processor's seconds."""
    start, pvalues = time.process_time(), {}
    for name in reference:
        a, b = reference[name].dropna(), current[name].dropna()
        if a.dtype.kind in "ifuM":
            if len(a) and len(b):
                pvalues[name] = stats.ks_2samp(_numbers(a), _numbers(b)).pvalue
        elif 2 <= pd.concat([a, b]).nunique() <= LEVELS:
            counts = pd.DataFrame({"a": a.value_counts(), "b": b.value_counts()}).fillna(0)
            pvalues[name] = stats.chi2_contingency(counts[counts.sum(axis=1) > 0]).pvalue
    named = [name for name, p in pvalues.items() if p * len(pvalues) <= alpha]
    return {"alarm": bool(named), "named": named, "tested": len(pvalues), "seconds": time.process_time() - start}


def _numbers(column: pd.Series) -> Any:
    return column.astype("int64") if column.dtype.kind == "M" else column
