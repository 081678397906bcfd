"""What explanations owe: parts that sum, the same answer twice, JSON, clear errors. And tests column by column."""

import importlib
import json
from dataclasses import asdict

import numpy as np
import pytest

from ecotone.cards import discover
from ecotone.contracts import Activations, BadInput, Explanation
from ecotone.data import Column, Pair, Table

CARDS = [card for card in discover().values() if card.contract == "Explanation"]
COLUMN_TESTS = [card for card in discover().values() if card.contract == "ColumnTest"]
NAMES = ("a", "b", "c")


def _transport(public, x, y, seed):
    return public(k=2, random_state=seed).fit(x, y).explain(NAMES)


def _attribution(public, x, y, seed):
    before, after = (dict(zip(NAMES, np.round(z.T))) for z in (x, y))
    graph = {"a": (), "b": (), "c": ()}
    return public(graph, ratio="table", random_state=seed, draws=20).explain(
        before, after, before["a"] ** 2, after["a"] ** 2
    )


def _concepts(public, x, y, seed):
    both = [Activations(features=z, head=(np.eye(3), np.zeros(3))) for z in (x, y)]
    return public(concepts=np.eye(3), recovery="transpose", random_state=seed).fit(*both).explain(*both, NAMES)


# Explanations start from different things; each says here how two samples become one.
EXPLAIN = {
    "TransportExplanation": _transport,
    "PerformanceShiftAttribution": _attribution,
    "ConceptCompleteness": _concepts,
}


def _public(card):
    return getattr(importlib.import_module(card.module), card.name)


def _samples():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((80, 3)), rng.standard_normal((80, 3))
    return x, y + np.array([0.8, 0, 0])


def test_every_explanation_is_checked():
    assert {card.name for card in CARDS} == set(EXPLAIN)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_explanation_contract(card):
    explain, public = EXPLAIN[card.name], _public(card)
    x, y = _samples()
    found = explain(public, x, y, 3)
    assert isinstance(found, Explanation) and found.method == card.name
    assert set(found.parts) == set(NAMES) and np.isfinite(list(found.parts.values())).all()
    assert sum(found.parts.values()) == pytest.approx(found.total, abs=1e-9)
    assert set(found.intervals) <= set(NAMES) and all(low <= high for low, high in found.intervals.values())
    assert max(found.parts, key=lambda name: abs(found.parts[name])) == "a", "only a moved"
    text = json.dumps(asdict(found), allow_nan=False)
    assert text == json.dumps(asdict(explain(public, x.copy(), y.copy(), 3)), allow_nan=False)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_nothing_moved_is_nearly_nothing_explained(card):
    x, _ = _samples()
    found = EXPLAIN[card.name](_public(card), x, x.copy(), 0)
    assert found.total == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
@pytest.mark.parametrize("spoil", ["nan", "infinite", "empty"])
def test_explanation_refuses_bad_rows(card, spoil):
    x, y = _samples()
    if spoil == "empty":
        y = y[:0]
    else:
        y[3, 0] = {"nan": np.nan, "infinite": np.inf}[spoil]
    with pytest.raises(ValueError if spoil == "empty" else BadInput):
        EXPLAIN[card.name](_public(card), x, y, 0)


def _pair(x, y):
    tables = [Table({n: Column(n, "numeric", z[:, j]) for j, n in enumerate(NAMES)}, len(z)) for z in (x, y)]
    return Pair(*tables)


@pytest.mark.parametrize("card", COLUMN_TESTS, ids=lambda card: card.name)
def test_column_test_contract(card):
    test = _public(card)
    x, y = _samples()
    found = test(_pair(x, y), seed=1)
    assert tuple(c.name for c in found) == NAMES
    assert all(0 < c.pvalue <= 1 and c.log10_pvalue == pytest.approx(np.log10(c.pvalue)) for c in found)
    assert found[0].pvalue < 0.01
    json.dumps([asdict(c) for c in found], allow_nan=False)
    assert found == test(_pair(x.copy(), y.copy()), seed=1)
    swapped = test(_pair(y, x), seed=1)
    assert [c.pvalue for c in swapped] == pytest.approx([c.pvalue for c in found], rel=1e-6)
    holes = x.copy()
    holes[::4, 1] = np.nan
    assert len(test(_pair(holes, y))) == 3
