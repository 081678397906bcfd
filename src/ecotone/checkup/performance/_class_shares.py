"""Shares of the classes in both tables: counted where there are labels, else estimated if only they moved."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from ecotone.compare.estimate import Core, variance_of_mean
from ecotone.compare.estimate._mixture_fit import mixture_misfit
from ecotone.contracts import BadInput, Floats, Ints, as_seed
from ecotone.measure.ratios import BBSE, MLLS

from ._class_facts import ClassShares, Correction

LEVEL = 0.9
LEAST_LABELS = 50  # a share of fewer has a standard error of up to seven points
_REFUTED = 0.05
_FITTED_ROWS = 5000  # per table, for the fit of the mixture
_FITTED_COLUMNS = 40


def shares_of_labels(core: Core) -> ClassShares | None:
    """Counted shares, where at least 50 current rows have labels; their ``interval`` of the change holds jointly.

    ``correction``: log loss and accuracy on the labelled current rows of the calibrated probabilities as they are, and
    with the counted shares, where the log loss surely falls.
    """
    data, rows = core.data, core.data.labelled
    if len(rows) < LEAST_LABELS or data.y_current is None:
        return None
    units = data.units or (None, None)
    here, there = _hot(data.y_reference, core), _hot(data.y_current[rows], core)
    before, now = here.mean(axis=0), there.mean(axis=0)
    z = float(stats.norm.isf((1 - LEVEL) / (2 * len(before))))
    sides = ((here, units[0]), (there, None if units[1] is None else units[1][rows]))
    half = z * np.sqrt(sum(_variances(hot, of) for hot, of in sides))
    return ClassShares(
        source="labels",
        classes=tuple(data.classes),
        rows=(len(here), len(there)),
        reference=tuple(before.tolist()),
        current=tuple(now.tolist()),
        interval=_pairs(np.column_stack([now - before - half, now - before + half])),
        level=LEVEL,
        correction=_correction_by_labels(core, before, now),
        refused=None,
    )


def _pairs(ends: Floats) -> tuple[tuple[float, float], ...]:
    return tuple((float(low), float(high)) for low, high in ends)


def _hot(y: Any, core: Core) -> Floats:
    return np.eye(len(core.data.classes))[np.asarray(y, dtype=np.int64)]


def _variances(hot: Floats, units: Ints | None) -> Floats:
    """Of each class's share; a class that does not occur, or alone occurs, is given a row's room."""
    found = np.array([variance_of_mean(column, units) for column in hot.T])
    n = len(hot) if units is None else len(np.unique(units))
    share = (hot.sum(axis=0) + 1) / (len(hot) + 2)
    return np.asarray(np.where(found > 0, found, share * (1 - share) / n))


def _correction_by_labels(core: Core, before: Floats, now: Floats) -> Correction | None:
    data, rows = core.data, core.data.labelled
    if data.p_current is None or data.y_current is None or not (before > 0).all():
        return None
    q = core.shared.calibrated()[1][rows]
    new = q * (now / before)
    new /= np.maximum(new.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    y = np.asarray(data.y_current[rows], dtype=np.int64)
    at = np.arange(len(y)), y
    losses = [-np.log(np.maximum(p[at], 1e-6)) for p in (q, new)]
    gain = losses[0] - losses[1]
    error = float(np.sqrt(variance_of_mean(gain, None if data.units is None else data.units[1][rows])))
    if gain.mean() <= float(stats.norm.isf(0.05)) * error:
        return None
    right = [float((p.argmax(axis=1) == y).mean()) for p in (q, new)]
    return Correction((float(losses[0].mean()), float(losses[1].mean())), (right[0], right[1]))


def estimated_shares(core: Core, ref: Ints, cur: Ints) -> ClassShares | None:
    """Shares of the classes if p(x|y) held; ``interval`` of the change holds for all classes jointly, at 90 %.

    ``refused`` says why there are none: where the scores and columns of the current rows are no mixture of those of
    the reference's classes, and where the estimate lies on the boundary, a class having none of the rows.
    """
    data = core.data
    assert data.p_reference is not None and data.p_current is not None
    y = np.asarray(data.y_reference, dtype=np.int64)
    if len(np.unique(y[ref])) < len(data.classes):
        return None
    try:
        found = BBSE().fit(data.p_reference[ref], y[ref], data.p_current[cur])
    except BadInput:  # the model does not tell its classes apart: it can not tell their shares either
        return None
    correction, shares = _correction(*core.shared.calibrated(), y)
    least = min(float(found.current_priors_.min()), 1.0 if shares is None else float(shares.min()))
    refused = _refused(core, ref, cur, found.current_priors_, least)
    return ClassShares(
        source="probabilities",
        classes=tuple(data.classes),
        rows=(len(ref), len(cur)),
        reference=tuple(found.reference_priors_.tolist()),
        current=tuple(found.current_priors_.tolist()) if refused is None else None,
        interval=_pairs(found.change_interval(LEVEL)) if refused is None else None,
        level=LEVEL,
        correction=correction if refused is None else None,
        refused=refused,
    )


def _refused(core: Core, ref: Ints, cur: Ints, shares: Floats, least: float) -> str | None:
    """Why no shares are told."""
    if least * len(cur) < 1:
        return "the estimate leaves a class without any row, the end of what shares can be: more than shares moved"
    data, rng = core.data, as_seed(core.seed, 81)
    a, b = (rows if len(rows) <= _FITTED_ROWS else rng.choice(rows, _FITTED_ROWS, replace=False) for rows in (ref, cur))
    columns = slice(0, _FITTED_COLUMNS)
    pvalue = mixture_misfit(
        (core.shared.log_odds("reference")[a], core.shared.log_odds("current")[b]),
        (data.x_reference[a][:, columns], data.x_current[b][:, columns]),
        np.asarray(data.y_reference, dtype=np.int64)[a],
        shares,
        None if data.categorical is None else data.categorical[columns],
    )
    if pvalue > _REFUTED:
        return None
    return f"the current rows are no mixture of the reference's classes (p = {max(pvalue, 1e-300):.2g}): p(x|y) changed"


def _correction(reference: Floats, current: Floats, y: Ints) -> tuple[Correction | None, Floats | None]:
    """Log loss and accuracy of calibrated probabilities as they are, and corrected, on reweighted reference rows."""
    try:
        found = MLLS().fit(reference, y, current)
    except BadInput:
        return None, None
    w = found.predict(y)
    at = np.arange(len(y)), y
    both = reference, found.correct(reference)
    loss = [float(np.average(-np.log(np.maximum(p[at], 1e-6)), weights=w)) for p in both]
    right = [float(np.average(p.argmax(1) == y, weights=w)) for p in both]
    return Correction((loss[0], loss[1]), (right[0], right[1])), found.current_priors_
