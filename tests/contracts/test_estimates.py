"""What every estimator of a metric owes: a number in range, an interval around it, its assumption, the seed, errors."""

import importlib
import math

import numpy as np
import pytest

from ecotone.cards import discover
from ecotone.compare.estimate import Predictions
from ecotone.contracts import BadInput, Estimate

ESTIMATORS = [card for card in discover().values() if card.contract == "Estimate" and card.room == "compare/estimate"]


def _function(card):
    return getattr(importlib.import_module(card.module), card.name)


def _numbers(n, rng, spread=1.0):
    x, x_new = rng.standard_normal((n, 2)), spread * rng.standard_normal((n, 2))
    x[0, 0] = x_new[0, 1] = np.nan
    y = np.nan_to_num(x[:, 0]) + rng.standard_normal(n)
    return Predictions(x, x_new, y, np.nan_to_num(x[:, 0]), np.nan_to_num(x_new[:, 0]))


def _classes(n, rng, k=2, spread=1.0, stated=True):
    x, x_new = rng.standard_normal((n, 2)), spread * rng.standard_normal((n, 2))
    slopes = np.linspace(-1.5, 1.5, k)

    def law(rows):
        odds = np.exp(rows[:, :1] * slopes + 0.3 * rows[:, 1:] * slopes**2)
        return odds / odds.sum(axis=1, keepdims=True)

    p, p_new = law(x), law(x_new)
    y = (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    x[0, 0] = x_new[0, 1] = np.nan
    given = {"p_reference": p, "p_current": p_new} if stated else {}
    classes = tuple(map(str, range(k)))
    return Predictions(x, x_new, y, p.argmax(axis=1), p_new.argmax(axis=1), classes=classes, **given)


def _given(card, n=300, seed=0):
    rng = np.random.default_rng(seed)
    return (_numbers(n, rng), "mae") if card.name == "dle" else (_classes(n, rng), "accuracy")


def test_all_are_found():
    names = {card.name for card in ESTIMATORS}
    assert names >= {"cbpe", "pape", "atc", "doc", "importance_weighted", "doubly_robust", "dle", "label_shift"}


@pytest.mark.parametrize("card", ESTIMATORS, ids=lambda card: card.name)
def test_estimate_contract(card):
    given, metric = _given(card)
    found = _function(card)(given, metric)
    assert isinstance(found, Estimate) and found.method == card.name and found.level == 0.9
    assert isinstance(found.value, float) and math.isfinite(found.value)
    assert found.interval[0] <= found.value <= found.interval[1]
    assert len(found.assumption) > 20, "the assumption is always stated"
    wide = _function(card)(given, metric, level=0.99)
    assert wide.interval[0] <= found.interval[0] and wide.interval[1] >= found.interval[1]


@pytest.mark.parametrize("card", ESTIMATORS, ids=lambda card: card.name)
def test_same_arguments_same_number(card):
    first, second = (_function(card)(*_given(card), seed=3) for _ in range(2))
    assert first.value == second.value and first.interval == second.interval


@pytest.mark.parametrize("card", ESTIMATORS, ids=lambda card: card.name)
def test_nothing_changed_gives_the_reference_value(card):
    given, metric = _given(card, n=1500, seed=1)
    found = _function(card)(given, metric)
    assert found.value == pytest.approx(found.details["reference"], rel=0.12)


@pytest.mark.parametrize("card", ESTIMATORS, ids=lambda card: card.name)
def test_refuses_what_it_cannot_use(card):
    given, metric = _given(card)
    with pytest.raises(BadInput, match="not known"):
        _function(card)(given, "acuracy")
    with pytest.raises(BadInput):
        _function(card)(given, "accuracy" if metric == "mae" else "mae")
    with pytest.raises(BadInput, match="level"):
        _function(card)(given, metric, level=1.5)


@pytest.mark.parametrize("metric", ["mae", "mse"])
@pytest.mark.parametrize("card", ESTIMATORS, ids=lambda card: card.name)
def test_what_reads_probabilities_refuses_a_regression(card, metric):
    given = _numbers(300, np.random.default_rng(0))
    if card.name in ("dle", "importance_weighted", "doubly_robust"):
        assert _function(card)(given, metric).method == card.name
    else:
        with pytest.raises(BadInput, match=r"use .*doubly_robust"):
            _function(card)(given, metric)


def test_predictions_refuse_bad_shapes():
    x = np.zeros((4, 1))
    with pytest.raises(BadInput, match="empty"):
        Predictions(x[:0], x, np.empty(0), np.empty(0), np.zeros(4))
    with pytest.raises(BadInput, match="3 rows and x_reference has 4"):
        Predictions(x, x, np.zeros(3), np.zeros(4), np.zeros(4))
    with pytest.raises(BadInput, match="1 columns and x_current has 2"):
        Predictions(x, np.zeros((4, 2)), np.zeros(4), np.zeros(4), np.zeros(4))
    with pytest.raises(BadInput, match="lacks labels"):
        Predictions(x, x, np.array([0, 1, np.nan, 0]), np.zeros(4), np.zeros(4))
    with pytest.raises(BadInput, match="both"):
        Predictions(x, x, np.zeros(4), np.zeros(4), np.zeros(4), np.full((4, 2), 0.5), classes=("a", "b"))
