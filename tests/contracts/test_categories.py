"""What every categoriser of doubtful rows owes: words, rows on their own, arrays or activations, clear errors."""

import importlib
import json
from dataclasses import asdict

import numpy as np
import pytest
from networks import inside, outside, reference, rows

from ecotone.cards import discover
from ecotone.contracts import BadInput, Explanation

CARDS = [card for card in discover().values() if card.contract == "Categories"]
pytestmark = pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
WORDS = {"OOD", "Bnd", "IDM", "B&I", "Other"}


def _public(card):
    return getattr(importlib.import_module(card.module), card.name)


def _fitted(card):
    return _public(card)(share=0.1).fit(reference()[:400], reference()[400:])


def test_words_and_rows(card):
    judge = _fitted(card)
    found = judge.categorise(inside())
    assert found.shape == (300,) and set(found) <= WORDS
    assert (judge.categorise(outside()) == "OOD").mean() > 0.9 > 0.1 > (found == "OOD").mean()
    np.testing.assert_array_equal(judge.categorise(inside()[40:60]), found[40:60])
    flagged = np.arange(300) % 3 == 0
    some = judge.categorise(inside(), flagged=flagged)
    assert set(some[~flagged]) == {""}
    np.testing.assert_array_equal(some[flagged], found[flagged])


def test_arrays_are_as_good_as_activations(card):
    held, new = reference()[400:], inside()
    arrays = _public(card)(share=0.1).fit(
        reference().features[:400], held.features, held.labels, held.logits.argmax(1)
    )  # fmt: skip
    np.testing.assert_array_equal(
        arrays.categorise(new.features, new.logits.argmax(1)), _fitted(card).categorise(new)
    )  # fmt: skip


def test_explanations_sum_and_are_json(card):
    judge = _fitted(card)
    told = judge.explain(inside()[:5])
    assert len(told) == 5
    for one in told:
        assert isinstance(one, Explanation) and one.method == card.name and one.total == pytest.approx(1)
        json.dumps(asdict(one), allow_nan=False)


def test_bad_input_is_named(card):
    x, y = rows(60, 5)
    spoilt = x.copy()
    spoilt[3, 2] = np.nan
    new = _public(card)
    cases = [
        ((spoilt, x, y, y), "reference"), ((x, spoilt, y, y), "held_out"), ((x, x[:, :3], y, y), "columns"),
        ((x, x, None, y), "labels"), ((x, x, y, None), "predictions"), ((x, x, y[:-1], y), "labels"),
        ((x, x, y - 1, y), "labels"), ((x[:1], x, y, y), "reference"), ((x, x[:0], y[:0], y[:0]), "held_out"),
    ]  # fmt: skip
    for arguments, words in cases:
        with pytest.raises(BadInput, match=words):
            new().fit(*arguments)
    for settings in ({"bandwidth": 0.0}, {"share": 2.0}, {"thresholds": "none"}):
        with pytest.raises(BadInput, match=next(iter(settings))):
            new(**settings).fit(x, x, y, y)
    with pytest.raises(BadInput, match="call fit"):
        new().categorise(x, y)
    judge = new().fit(x, x, y, y)
    for arguments, words in [((x[:, :2], y), "columns"), ((x, y + 9), "13|12|classes"), ((spoilt, y), "latents")]:
        with pytest.raises(BadInput, match=words):
            judge.categorise(*arguments)
    with pytest.raises(BadInput, match="flagged"):
        judge.categorise(x, y, flagged=np.ones(60))
