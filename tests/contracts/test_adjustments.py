"""What adjustments, e-values, effects and margin tests owe: order, bounds, validity, clear errors."""

import importlib

import numpy as np
import pytest
from chance import most

from ecotone.cards import discover
from ecotone.contracts import BadInput
from ecotone.decide.multiple_testing import auc_effect, minimum_effect_test

CARDS = discover().values()
ADJUSTMENTS = [card for card in CARDS if card.contract == "Adjustment"]
VECTOR = [card for card in ADJUSTMENTS if card.reads in (("pvalues",), ("evalues",))]
EVALUES = [card for card in CARDS if card.contract == "EValue"]
EFFECTS = [card for card in CARDS if card.contract == "Effect"]
MARGINS = [card for card in CARDS if card.contract == "MarginTest"]


def _function(card):
    return getattr(importlib.import_module(card.module), card.name)


def _adjust(card, p):
    with np.errstate(divide="ignore"):
        return _function(card)(p if card.reads == ("pvalues",) else 1 / np.asarray(p, dtype=float))


def test_every_adjustment_is_covered_here():
    covered = {("pvalues",), ("evalues",), ("statistics",), ("selection",)}
    assert {card.reads for card in ADJUSTMENTS} <= covered


@pytest.mark.parametrize("card", VECTOR, ids=lambda card: card.name)
def test_bounds_order_and_permutation(card):
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.uniform(size=30), rng.uniform(size=10) * 0.001, [0.5, 0.5, 1.0]])
    adjusted = _adjust(card, p)
    assert adjusted.shape == p.shape and adjusted.dtype == np.float64
    assert (adjusted >= p * (1 - 1e-12)).all() and (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all(), "a smaller p-value must not adjust to a larger one"
    turned = rng.permutation(p.size)
    assert _adjust(card, p[turned]) == pytest.approx(adjusted[turned], rel=1e-12)
    assert (_adjust(card, p / 2) <= adjusted).all(), "stronger evidence must not weaken a rejection"
    assert _adjust(card, np.array([0.3])) == pytest.approx(0.3), "one hypothesis needs no adjustment"
    assert _adjust(card, np.array([])).shape == (0,)
    assert np.isfinite(_adjust(card, np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize("card", VECTOR + EVALUES, ids=lambda card: card.name)
@pytest.mark.parametrize("bad", [[0.1, np.nan], [-0.1], [[0.1]], ["a"]], ids=["NaN", "negative", "matrix", "text"])
def test_refuses_with_a_clear_error(card, bad):
    with pytest.raises(BadInput, match=card.reads[0]):
        _function(card)(bad)


@pytest.mark.parametrize("card", [card for card in VECTOR if card.name != "e_benjamini_hochberg"], ids=lambda c: c.name)
def test_names_something_under_no_signal_at_most_at_its_level(card):
    rng = np.random.default_rng(1)
    hits = sum(_adjust(card, rng.uniform(size=20)).min() <= 0.1 for _ in range(2000))
    assert hits <= most(2000, 0.1)  # dependent and discrete p-values, and other nulls: benchmarks/levels


@pytest.mark.parametrize("card", [c for c in ADJUSTMENTS if c.reads == ("statistics",)], ids=lambda card: card.name)
def test_permutation_adjustments(card):
    adjust, rng = _function(card), np.random.default_rng(2)
    t, null = rng.standard_normal(8) + np.array([3, 2, 1, 0, 0, 0, 0, 0]), rng.standard_normal((199, 8))
    adjusted = adjust(t, null)
    single = (1 + (null >= t).sum(axis=0)) / 200
    assert (adjusted >= single).all() and (adjusted <= 1).all() and adjusted.min() >= 1 / 200
    assert (np.diff(adjusted[np.argsort(-t)]) >= 0).all()
    hits = sum(adjust(*(lambda a: (a[0], a[1:]))(rng.standard_normal((40, 8)))).min() <= 0.1 for _ in range(1500))
    assert 0.07 * 1500 <= hits <= most(1500, 0.1)  # measured in benchmarks/levels
    for bad in ([np.nan] * 8, t[:5]):
        with pytest.raises(BadInput):
            adjust(bad, null)


@pytest.mark.parametrize("card", [c for c in ADJUSTMENTS if c.reads == ("selection",)], ids=lambda card: card.name)
def test_selection_levels(card):
    level = _function(card)
    levels = [level(r, 40, 0.1) for r in range(1, 41)]
    assert (np.diff(levels) > 0).all() and levels[-1] == pytest.approx(0.1) and level(0, 40, 0.1) > 0
    for bad in ((5, 4, 0.1), (-1, 4, 0.1), (0, 0, 0.1), (1, 2, 0.0)):
        with pytest.raises(BadInput):
            level(*bad)


@pytest.mark.parametrize("card", EVALUES, ids=lambda card: card.name)
def test_evalues_have_expectation_at_most_one(card):
    f = _function(card)
    u = (np.arange(200_000) + 0.5) / 200_000  # the uniform law, without noise
    if card.reads == ("pvalues",):
        e = f(u)
        assert (np.diff(e) <= 1e-9).all() and 0.7 < e.mean() <= 1 + 1e-6
    else:
        e = 0.5 / np.sqrt(u)  # an e-value
        p = f(e) if np.ndim(f(e)) else 1 / max(f(e), 1.0)
        for alpha in (0.01, 0.05, 0.2):
            assert np.mean(np.atleast_1d(p) <= alpha) <= alpha


@pytest.mark.parametrize("card", EFFECTS, ids=lambda card: card.name)
def test_effects_change_sign_with_the_samples_and_keep_their_error(card):
    effect, rng = _function(card), np.random.default_rng(3)
    x, y = rng.standard_normal(80), rng.standard_normal(60) + 0.4
    a, b = effect(x, y), effect(y, x)
    assert a.estimate == pytest.approx(-b.estimate) and a.se == pytest.approx(b.se) and a.se > 0
    assert effect(np.exp(x), np.exp(y)).estimate == pytest.approx(a.estimate)
    assert effect(x, x).estimate == pytest.approx(0, abs=1e-12)
    for bad in (([], y), ([1.0], y), (x, [1.0, np.nan]), (np.zeros((4, 2)), y)):
        with pytest.raises(BadInput):
            effect(*bad)


@pytest.mark.parametrize("card", MARGINS, ids=lambda card: card.name)
@pytest.mark.parametrize("margin", [0.0, 0.5, 1.0, 4.0])
def test_margin_tests_keep_their_level_at_the_boundary(card, margin):
    test, rng = _function(card), np.random.default_rng(4)
    p = np.array([test(e, 1.0, margin).pvalue for e in margin + rng.standard_normal(2000)])
    for alpha in (0.05, 0.2):  # with estimated effects: benchmarks/levels
        assert np.sum(p <= alpha) <= most(2000, alpha)
    assert test(margin + 5.0, 1.0, margin).pvalue < 1e-4
    assert test(0.0, 0.0, margin).pvalue == 1
    for bad in ((np.nan, 1, 0), (1, -1, 0), (1, 1, -1), (1, np.inf, 0)):
        with pytest.raises(BadInput):
            test(*bad)


def test_effect_and_margin_go_together():
    rng = np.random.default_rng(5)
    effect = auc_effect(rng.standard_normal(500), rng.standard_normal(500) + 1)
    assert minimum_effect_test(effect.estimate, effect.se, 0.02, dof=effect.dof).pvalue < 1e-6
