"""What retraining on the labelled current rows would bring."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from ecotone.cards import Card
from ecotone.contracts import AnswersChanged, BadInput, Estimate, Expectation, Floats, Ints, as_seed, part_of_loss
from ecotone.measure import binnable
from ecotone.measure.scores import Metric, SoftSample, metric_named

from ._errors import multiplicity, spread_of, variance_of_mean
from ._learners import deal
from ._predictions import Predictions

CARD = Card(
    name="retraining_gain",
    summary="How much better a model trained on the labelled current rows is, by cross-validation, paired by unit.",
    contract="Gain",
    title="Inference for the Generalization Error",
    authors=("Nadeau, Claude", "Bengio, Yoshua"),
    year=2003,
    venue="Machine Learning 52(3)",
    link="https://doi.org/10.1023/A:1024068626366",
    reads=("rows", "labels"),
    remedy_for=("concept",),
    advice="Retrain on the labelled current rows.",
    tier="stable",
)

LEAST_UNITS = 50  # labelled units below which the gain is called unknown
_ROWS = 10_000  # that the rival is fitted on, for two classes: a bound on time; chosen, not tuned
_FEW = 4000  # labels up to which half of them are tried as well
_DRAWS = 100  # bootstrap draws, of which a standard error is wanted and no tail; chosen, not tuned


def retraining_gain(
    predictions: Predictions, metric: str = "accuracy", *, level: float = 0.9, folds: int = 5, seed: int = 0
) -> Estimate:
    r"""Metric of boosted trees trained on the labelled current rows, less that of the present model on the same rows.

    Every labelled row is scored by trees that were trained on the other folds; units stay together. With
    :math:`d_i` the score of row i under the new model less that under the old one (positive is better),

    .. math:: \hat G = \frac1n \sum_i d_i, \qquad
        \hat G \pm t\; \sqrt{\Big(1 + \tfrac{K}{K-1}\Big)\,\widehat{\mathrm{Var}}(\bar d)}

    where the factor is Nadeau and Bengio's for training sets that overlap: with K folds a test part is 1 / (K - 1) of
    its training part. The variance is by unit; for metrics that are no mean over rows it is a bootstrap's. The folds
    train on (K - 1) / K of the labels, so the number is rather too small for a model trained on all of them, where
    more labels help.

    Parameters
    ----------
    predictions : Predictions
        With ``y_current`` for at least two units; at most 10 000 labelled rows are used, fewer
        where there are more than two classes.
    metric : str
    level : float
        Of the interval.
    folds : int
        K.
    seed : int

    Returns
    -------
    Estimate
        In the metric's unit, positive where the new model is better. ``details``: ``present`` and ``retrained``
        metric, ``labels`` used, ``curve``: gain and interval with the number of labels trained on.

    Raises
    ------
    BadInput
        Without labelled current rows, and for a metric that these predictions do not have.

    References
    ----------
    Nadeau and Bengio (2003), https://doi.org/10.1023/A:1024068626366

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, x_new = rng.integers(0, 2, (400, 1)), rng.integers(0, 2, (400, 1))
    >>> y_new = np.where(rng.random(400) < 0.9, 1 - x_new[:, 0], x_new[:, 0])  # the answer flipped
    >>> given = Predictions(x, x_new, x[:, 0], x[:, 0], x_new[:, 0], y_current=y_new, classes=("no", "yes"))
    >>> found = retraining_gain(given)
    >>> found.interval[0] < 0.8 < found.interval[1]
    True
    """
    if not 0 < level < 1:
        raise BadInput(f"level must lie between 0 and 1, got {level!r}; try 0.9")
    if folds < 2:
        raise BadInput(f"folds must be at least 2, got {folds!r}; try 5")
    what = metric_named(metric)
    predictions.check(what)
    rows = predictions.labelled
    most = max(_FEW, 2 * _ROWS // max(2, len(predictions.classes)))  # a tree is grown for every class
    if len(rows) > most:
        rows = np.sort(as_seed(seed, 51).choice(rows, most, replace=False))
    units = None if predictions.units is None else predictions.units[1][rows]
    count = len(rows) if units is None else len(np.unique(units))
    if count < 2:
        raise BadInput(f"y_current has labels of {count} units; a gain needs at least 2: label more current rows")
    folds = min(folds, count)
    part = deal(len(rows), folds, as_seed(seed, 52), units)
    shares = (0.5, 1.0) if len(rows) <= _FEW else (1.0,)
    curve = [_point(predictions, what, rows, units, part, share, level, seed) for share in shares]
    last = curve[-1]
    unknown = None
    if not np.isfinite(last["gain"]):
        unknown = f"{what.name} is undefined on the labelled rows for the present model or the retrained one"
    elif count < LEAST_UNITS:
        unknown = f"only {count} labelled units; {LEAST_UNITS} are needed: label more rows"
    return Estimate(
        last["gain"],
        last["interval"],
        CARD.name,
        f"the labelled rows are a random sample of the rows to come; boosted trees with {last['labels']:,} labels",
        level,
        unknown,
        {"metric": metric, "present": last.pop("present"), "retrained": last.pop("retrained"), "labels": len(rows),
         "units": count, "folds": folds, "curve": [{k: p[k] for k in ("labels", "gain", "interval")} for p in curve]},
    )  # fmt: skip


def _point(
    data: Predictions, metric: Metric, rows: Ints, units: Ints | None, part: Ints, share: float, level: float, seed: int
) -> dict[str, Any]:
    """Gain with a share of each fold's training rows."""
    new, trained = _out_of_fold(data, metric, rows, part, share, seed)
    y = np.asarray(data.y_current)[rows]
    old = data.predicted_current[rows] if data.is_regression else data.sample("current", rows=rows)
    sign = 1.0 if metric.greater_is_better else -1.0
    present, retrained = _value(metric, y, old), _value(metric, y, new)
    if metric.row_mean:
        variance = _variance(sign * (_each(metric, y, new) - _each(metric, y, old)), units, metric.bounds == (0, 1))
    else:
        rng = as_seed(seed, 53)
        draws = [multiplicity(len(rows), units, rng) for _ in range(_DRAWS)]
        gains = [_value(metric, y, new, w) - _value(metric, y, old, w) for w in draws]
        variance = spread_of(gains) ** 2
    k = int(part.max()) + 1
    count = len(rows) if units is None else len(np.unique(units))
    half = float(stats.t.isf((1 - level) / 2, count - 1)) * math.sqrt(variance * (1 + k / (k - 1)))
    gain = sign * (retrained - present)
    return {"labels": trained, "gain": gain, "interval": (gain - half, gain + half), "present": present,
            "retrained": retrained}  # fmt: skip


def _variance(d: Floats, units: Ints | None, share: bool) -> float:
    """Of the mean. Shares get one row of either sign more: equal differences do not mean that nothing is left open."""
    if not share:
        return variance_of_mean(d, units)
    top = None if units is None else int(units.max())
    more = None if units is None or top is None else np.concatenate([units, [top + 1, top + 2]])
    return variance_of_mean(np.concatenate([d, [1.0, -1.0]]), more)


def _value(metric: Metric, y: Any, said: Any, weight: Floats | None = None) -> float:
    if not isinstance(said, SoftSample):
        return metric.of_numbers(y, said, weight)
    return metric.of(said if weight is None else said.weighted(weight))


def _each(metric: Metric, y: Any, said: Any) -> Floats:
    if not isinstance(said, SoftSample):
        return metric.moments_of(y, said)[:, 0]
    assert metric.rows is not None
    return np.asarray((said.mass * metric.rows(said)).sum(axis=1))


def _out_of_fold(data: Predictions, metric: Metric, rows: Ints, part: Ints, share: float, seed: int) -> tuple[Any, int]:
    """What trees trained on the other folds say of each row, and on how few rows any of them was trained."""
    x, y = data.x_current[rows], np.asarray(data.y_current)[rows]
    k, least = len(data.classes), len(rows)
    said = np.zeros(len(rows)) if data.is_regression else np.zeros((len(rows), k))
    for fold in range(int(part.max()) + 1):
        train, test = np.flatnonzero(part != fold), part == fold
        if share < 1:
            train = as_seed(seed, 54, fold).permutation(train)[: max(1, round(share * len(train)))]
        least = min(least, len(train))
        if data.is_regression:
            said[test] = _regressor(data, metric, seed).fit(binnable(x[train]), y[train]).predict(x[test])
            continue
        seen = np.unique(y[train]).astype(int)
        p = np.zeros((int(test.sum()), k))
        p[:, seen] = (
            1.0 if len(seen) == 1 else _classifier(data, seed).fit(binnable(x[train]), y[train]).predict_proba(x[test])
        )
        said[test] = (len(train) * p + 1) / (len(train) + k)  # a class not seen yet is rare, not impossible
    if data.is_regression:
        return said, least
    mass = data.sample("current", rows=rows).mass
    return SoftSample(mass, said.argmax(axis=1), said, data.positive), least


def _settings(data: Predictions, seed: int) -> dict[str, Any]:
    mask = data.categorical if data.categorical is not None and data.categorical.any() else None
    return {"max_iter": 80, "max_leaf_nodes": 15, "max_bins": 63, "l2_regularization": 1.0, "early_stopping": False,
            "categorical_features": mask, "random_state": seed}  # fmt: skip


def _classifier(data: Predictions, seed: int) -> Any:
    return HistGradientBoostingClassifier(**_settings(data, seed))


def _regressor(data: Predictions, metric: Metric, seed: int) -> Any:
    loss = "absolute_error" if metric.name in ("mae", "mape") else "squared_error"
    return HistGradientBoostingRegressor(loss=loss, **_settings(data, seed))


def expected_for_concept(case: AnswersChanged) -> Expectation:
    """The gain by cross-validation, where it was measured; it leads only where its interval is above 0."""
    found = case.retrained
    if found is None:
        return Expectation(f"Can win back up to {case.lost:.3g} of {case.metric}.", 3.0, {"lost": case.lost})
    low, high = found.interval
    told = f"{found.gain:+.3g} [{low:+.3g}, {high:+.3g}] by cross-validation on {found.labels:,} labelled rows"
    if low <= 0:
        return Expectation(f"No gain is shown yet: {told}; more labels may show one.", 1.2, {"lost": case.lost})
    words = f"Improves {case.metric} by {told}; with {found.trained_on:,} labels: at least {low:.3g}."
    words += f" Not sure: {found.unknown}." if found.unknown else ""
    return Expectation(words, 3.0 + part_of_loss(found.gain, case.loss), {"lost": case.lost})
