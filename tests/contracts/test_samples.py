"""What a plan of rows to label owes: rows once each, weights that sum to the table, seeds, clear errors."""

import importlib

import numpy as np
import pytest

from ecotone.cards import discover
from ecotone.contracts import BadInput

SAMPLES = [card for card in discover().values() if card.contract == "Sample"]


@pytest.mark.parametrize("card", SAMPLES, ids=lambda card: card.name)
def test_sample_contract(card):
    draw = getattr(importlib.import_module(card.module), card.name)
    correct = np.random.default_rng(0).uniform(0.4, 1, 3000)
    plan = draw(correct, half_width=0.03, seed=1)
    assert plan.rows.dtype == np.int64 and len(np.unique(plan.rows)) == len(plan.rows)
    assert plan.rows.min() >= 0 and plan.rows.max() < 3000
    assert plan.weight.sum() == pytest.approx(3000)
    again = draw(correct, half_width=0.03, seed=1)
    np.testing.assert_array_equal(plan.rows, again.rows)
    assert not np.array_equal(plan.rows, draw(correct, half_width=0.03, seed=2).rows)
    for bad in ([], [0.5, np.nan], [1.5], [[0.5]]):
        with pytest.raises(BadInput):
            draw(bad)
    with pytest.raises(BadInput, match="half_width"):
        draw(correct, half_width=0)
