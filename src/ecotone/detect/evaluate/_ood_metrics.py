"""AUROC, both areas under precision and recall, and both false positive rates that go by the name FPR95."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ecotone.contracts import BadInput, Floats, as_numpy, as_seed

FIGURES = ("auroc", "aupr_in", "aupr_out", "fpr_outside_positive", "fpr_inside_positive")


@dataclass(frozen=True)
class OODMetrics:
    """How well one score tells rows outside from rows inside; all are shares between 0 and 1.

    Parameters
    ----------
    auroc : float
        Probability that a row inside scores above a row outside, ties counted half.
    aupr_in, aupr_out : float
        Area under precision against recall, with the rows inside or outside as positives, by trapezoids.
    fpr_outside_positive : float
        Share of the rows *inside* that are flagged where at least ``level`` of the rows outside are: outside is the
        positive class, as in OpenOOD and pytorch-ood.
    fpr_inside_positive : float
        Share of the rows *outside* that are accepted where at least ``level`` of the rows inside are: inside is the
        positive class, as in ODIN's and many later papers.
    level : float
    sizes : (int, int)
        Rows inside and outside.
    intervals : mapping of str to (float, float)
        Percentile bootstrap, by figure; empty where none was asked for.
    """

    auroc: float
    aupr_in: float
    aupr_out: float
    fpr_outside_positive: float
    fpr_inside_positive: float
    level: float
    sizes: tuple[int, int]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def ood_metrics(
    inside: Any,
    outside: Any,
    *,
    level: float = 0.95,
    bootstrap: int = 0,
    confidence: float = 0.95,
    seed: int | np.random.Generator | None = 0,
) -> OODMetrics:
    r"""The field's figures of one score, which is higher inside.

    Parameters
    ----------
    inside, outside : (n,) and (m,) arrays
        Scores; higher means more typical of the reference.
    level : float
        Of the true positive rate at which the false positive rates are read.
    bootstrap : int
        Resamples of the rows inside and of the rows outside for the intervals; 0 for none.
    confidence : float
        Of the intervals.
    seed : int, Generator or None

    Raises
    ------
    BadInput
        For an empty side, a score that is NaN, or a level or confidence outside (0, 1).

    References
    ----------
    Hendrycks and Gimpel (2017), https://arxiv.org/abs/1610.02136; the two meanings of FPR95: Yang et al. (2022),
    https://arxiv.org/abs/2210.07242, and Liang, Li and Srikant (2018), https://arxiv.org/abs/1706.02690

    Examples
    --------
    >>> found = ood_metrics([3.0, 2.0, 1.0, 4.0], [0.0, 1.5])
    >>> found.auroc, found.fpr_outside_positive, found.fpr_inside_positive
    (0.875, 0.25, 0.5)
    """
    sides = [_scores(inside, "inside"), _scores(outside, "outside")]
    for name, value in (("level", level), ("confidence", confidence)):
        if not 0 < value < 1:
            raise BadInput(f"{name} must lie between 0 and 1, got {value!r}")
    place = np.unique(np.concatenate(sides), return_inverse=True)[1]
    n, m = len(sides[0]), len(sides[1])
    at = (place[:n], place[n:])
    values = int(place.max()) + 1
    found = _figures(np.bincount(at[0], minlength=values), np.bincount(at[1], minlength=values), level)
    intervals: dict[str, tuple[float, float]] = {}
    if bootstrap:
        rng = as_seed(seed)
        draws = np.array([
            _figures(_resampled(at[0], values, rng), _resampled(at[1], values, rng), level) for _ in range(bootstrap)
        ])  # fmt: skip
        ends = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
        intervals = {name: (float(a), float(b)) for name, a, b in zip(FIGURES, *ends, strict=True)}
    return OODMetrics(*found, level=level, sizes=(n, m), intervals=intervals)


def _scores(values: Any, name: str) -> Floats:
    scores = as_numpy(values).astype(np.float64)
    if scores.ndim != 1 or not len(scores):
        raise BadInput(f"{name} must be a vector of at least one score, got shape {scores.shape}")
    if np.isnan(scores).any():
        raise BadInput(f"{name} has NaN at row {int(np.isnan(scores).argmax())}; a score must be a number")
    return scores


def _resampled(at: Any, values: int, rng: np.random.Generator) -> Any:
    return np.bincount(at[rng.integers(0, len(at), len(at))], minlength=values)


def _figures(inside: Any, outside: Any, level: float) -> tuple[float, float, float, float, float]:
    """Of counts at each distinct score, ascending; in the order of ``FIGURES``."""
    n, m = inside.sum(), outside.sum()
    below_in, below_out = np.cumsum(inside), np.cumsum(outside)  # flagged at each threshold
    above_in, above_out = np.cumsum(inside[::-1]), np.cumsum(outside[::-1])  # accepted at each
    auroc = float((outside * (n - below_in + inside / 2)).sum() / (n * m))
    flagged = int(np.argmax(below_out >= level * m * (1 - 1e-12)))
    accepted = int(np.argmax(above_in >= level * n * (1 - 1e-12)))
    return (
        auroc,
        _area(above_in, above_out),
        _area(below_out, below_in),
        float(below_in[flagged] / n),
        float(above_out[accepted] / m),
    )


def _area(positives: Floats, negatives: Floats) -> float:
    """Under precision against recall, by trapezoids from recall 0 and precision 1."""
    kept = positives + negatives > 0
    positives, negatives = positives[kept], negatives[kept]
    precision = np.concatenate([[1.0], positives / (positives + negatives)])
    recall = np.concatenate([[0.0], positives / positives[-1]])
    return float(np.trapezoid(precision, recall))
