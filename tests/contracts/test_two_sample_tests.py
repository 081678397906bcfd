"""What tests of two samples (and of one ordered sample) owe: level, power, p-values above 0, seeds, units, errors."""

import functools
import importlib
import inspect
import json
from dataclasses import asdict

import numpy as np
import pytest
from chance import most

from ecotone.cards import discover
from ecotone.contracts import BadInput, TestResult
from ecotone.measure.distances import energy_distance

PAIRS = [card for card in discover().values() if card.contract == "TwoSampleTest"]
ORDERS = [card for card in discover().values() if card.contract == "OrderTest"]


def _function(card):
    """The test; one that takes a statistic is given one."""
    test = getattr(importlib.import_module(card.module), card.name)
    return (
        functools.partial(test, energy_distance)
        if next(iter(inspect.signature(test).parameters)) == "statistic"
        else test
    )


def _same_result(a, b):
    return json.dumps(asdict(a)) == json.dumps(asdict(b))


@pytest.mark.parametrize("card", PAIRS, ids=lambda card: card.name)
def test_result_power_and_seed(card):
    test, rng = _function(card), np.random.default_rng(0)
    x, y = rng.standard_normal((90, 3)), rng.standard_normal((80, 3)) + 0.9
    result = test(x, y, permutations=199, seed=1)
    assert isinstance(result, TestResult) and result.method == card.name and result.sizes == (90, 80)
    assert result.pvalue <= 0.02 and result.effect > 0
    json.dumps(asdict(result), allow_nan=False)
    assert _same_result(result, test(x, y, permutations=199, seed=1))
    shifted = test(x * 3 + 5, y * 3 + 5, permutations=199, seed=1)
    assert shifted.pvalue == pytest.approx(result.pvalue), "unit and origin must not matter"


@pytest.mark.parametrize("card", PAIRS, ids=lambda card: card.name)
@pytest.mark.parametrize("law", ["normal", "ties"])
def test_level(card, law):
    test, rng = _function(card), np.random.default_rng(2)
    replicates, p = 60 if card.name == "c2st" else 150, []
    for i in range(replicates):
        x, y = rng.standard_normal((24, 2)), rng.standard_normal((36, 2))
        if law == "ties":
            x, y = np.round(x), np.round(y)
        p.append(test(x, y, permutations=49, seed=i).pvalue)
    p = np.array(p)
    assert p.min() > 0
    for alpha in (0.05, 0.2):  # measured with 2,000 replicates: benchmarks/levels
        assert np.sum(p <= alpha) <= most(replicates, alpha)


@pytest.mark.parametrize("card", PAIRS, ids=lambda card: card.name)
def test_units_keep_the_level_that_rows_lose(card):
    test, rng = _function(card), np.random.default_rng(3)
    labels = np.repeat(np.arange(12), 8)
    with_units, without = [], []
    replicates = 24 if card.name == "c2st" else 60
    for i in range(replicates):
        x, y = (np.repeat(rng.standard_normal((12, 2)), 8, axis=0) + 0.1 * rng.standard_normal((96, 2)) for _ in "xy")
        with_units.append(test(x, y, permutations=39, seed=i, units=(labels, labels + 12)).pvalue <= 0.1)
        without.append(test(x, y, permutations=39, seed=i).pvalue <= 0.1)
    assert np.sum(with_units) <= most(replicates, 0.1)  # measured in benchmarks/levels, cells with units
    assert np.mean(without) > 0.3, "the scenario must be one in which ignoring units fails"


@pytest.mark.parametrize("card", [card for card in PAIRS if card.name != "c2st"], ids=lambda card: card.name)
def test_units_in_both_samples_are_compared_with_themselves(card):
    rng, who = np.random.default_rng(4), np.arange(150)
    base = 3 * rng.standard_normal((150, 1))
    x, y = base + 0.1 * rng.standard_normal((150, 1)), base + 0.4 + 0.1 * rng.standard_normal((150, 1))
    test = _function(card)
    assert test(x, y, permutations=199).pvalue > 0.2
    assert test(x, y, permutations=199, units=(who, who)).pvalue <= 0.01


@pytest.mark.parametrize("card", PAIRS, ids=lambda card: card.name)
def test_pvalues_are_never_zero(card):
    test = _function(card)
    x, y, who = np.linspace(0, 1, 60)[:, None], np.linspace(9, 10, 60)[:, None], np.arange(60)
    assert test(x, y, permutations=19).pvalue > 0
    assert test(x, y, permutations=19, units=(who, who + 60)).pvalue >= 1 / 20
    assert test(np.ones((8, 2)), np.ones((9, 2)), permutations=19).pvalue == 1, "one value everywhere is no evidence"


@pytest.mark.parametrize("card", PAIRS, ids=lambda card: card.name)
def test_refuses_with_a_clear_error(card):
    test, x = _function(card), np.random.default_rng(5).standard_normal((20, 2))
    for arguments, words, match in (
        ((x, x[:, :1]), {}, "columns"),
        ((x[:0], x), {}, "x must be"),
        ((x, np.where(x > 1, np.nan, x)), {}, "y has nan"),
        ((x[:1], x), {}, "rows"),
        ((x, x), {"permutations": 0}, "permutations"),
        ((x, x), {"units": (np.arange(3), np.arange(20))}, "units"),
        ((x, x), {"units": np.arange(40)}, "units"),
    ):
        with pytest.raises(BadInput, match=match):
            test(*arguments, **words)


@pytest.mark.parametrize("card", ORDERS, ids=lambda card: card.name)
def test_order_tests(card):
    test, rng = _function(card), np.random.default_rng(6)
    drifting = rng.standard_normal((150, 2)) + np.linspace(0, 3, 150)[:, None]
    result = test(drifting, permutations=99, seed=3)
    assert result.pvalue == 0.01 and result.sizes == (150,) and result.method == card.name
    json.dumps(asdict(result), allow_nan=False)
    assert _same_result(result, test(drifting, permutations=99, seed=3))
    for law in (lambda z: z, np.round):
        p = np.array([test(law(rng.standard_normal((40, 2))), permutations=39, seed=i).pvalue for i in range(200)])
        for alpha in (0.05, 0.2):  # measured in benchmarks/levels
            assert np.sum(p <= alpha) <= most(200, alpha)
        assert np.mean(p <= 0.5) > 0.3, "the test should spend its level"
    for bad, match in ((drifting[:2], "three rows"), (drifting * np.nan, "nan"), ([], "x must be")):
        with pytest.raises(BadInput, match=match):
            test(bad)
    with pytest.raises(BadInput, match="permutations"):
        test(drifting, permutations=0)
