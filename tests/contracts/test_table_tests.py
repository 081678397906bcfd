"""What every family of the two-table verdict owes: a valid level under ties, seeds, units, reasons."""

import importlib
import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from chance import most
from scenario_tables import grouped, mixed_pair, numeric_pair, numeric_table

from ecotone.cards import discover
from ecotone.contracts import TestResult
from ecotone.data import Column, Pair, Table

FAMILIES = [card for card in discover().values() if card.contract == "TestResult"]


def _everything(z):
    """A change of place, of dependence of order two and three, and of support."""
    z[:, 0] += 1.0
    z[:, 4] = 0.2 * z[:, 4] + np.abs(z[:, 3]) * np.sign(z[:, 1])
    z[:, 5] = np.abs(z[:, 5]) * np.sign(z[:, 3] * z[:, 4])
    z[:25, 2] *= 1000


def _test(card):
    return getattr(importlib.import_module(card.module), card.name)


@pytest.mark.parametrize("card", FAMILIES, ids=lambda card: card.name)
def test_power_seed_and_json(card):
    test = _test(card)
    pair = numeric_pair(300, 6, 1, _everything)
    found = test(pair, seed=3)
    assert isinstance(found, TestResult) and found.method == card.name and found.sizes == (300, 300)
    assert 0 < found.pvalue <= 0.01
    assert found.log10_pvalue == pytest.approx(np.log10(found.pvalue))
    assert json.dumps(asdict(found), allow_nan=False) == json.dumps(asdict(test(pair, seed=3)))


@pytest.mark.parametrize("card", FAMILIES, ids=lambda card: card.name)
def test_level_on_mixed_columns(card):
    test = _test(card)
    replicates = 40 if card.name == "trees_test" else 100
    p = np.array([test(mixed_pair(90, 5, k), seed=k).pvalue for k in range(replicates)])
    assert p.min() > 0
    for alpha in (0.05, 0.2):  # measured with 2,000 replicates: benchmarks/levels
        assert np.sum(p <= alpha) <= most(replicates, alpha)


@pytest.mark.parametrize("card", FAMILIES, ids=lambda card: card.name)
def test_units_keep_the_level(card):
    test, p = _test(card), []
    replicates = 25 if card.name == "trees_test" else 60
    for k in range(replicates):
        rng = np.random.default_rng([1000 + k, 5])
        (x, u), (y, v) = grouped(25, 8, 3, rng, 0.7), grouped(25, 8, 3, rng, 0.7)
        p.append(test(replace(Pair(numeric_table(x), numeric_table(y)), units=(u, v)), seed=k).pvalue)
    assert np.sum(np.array(p) <= 0.1) <= most(replicates, 0.1)  # measured in benchmarks/levels, cells with units


@pytest.mark.parametrize("card", FAMILIES, ids=lambda card: card.name)
def test_nothing_to_test_is_no_evidence_and_says_why(card):
    empty = Table({"a": Column("a", "numeric", np.full(20, 3.0)), "b": Column("b", "numeric", np.full(20, np.nan))}, 20)
    found = _test(card)(Pair(empty, empty))
    assert found.pvalue == 1 and found.details["reason"]
