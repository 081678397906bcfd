"""What every estimate of a remedy's gain owes: an interval around it, its assumption, the seed, clear errors."""

import importlib
import json

import numpy as np
import pytest

from ecotone.cards import discover
from ecotone.compare.estimate import Predictions
from ecotone.contracts import BadInput, Estimate

GAINS = [card for card in discover().values() if card.contract == "Gain"]


def _given(n=200, labels=True):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, 2))
    x[0, 0] = np.nan
    y = (np.nan_to_num(x[:, 0]) + rng.logistic(size=n) > 0).astype(int)
    now = np.where(rng.random(n) < 0.7, 1 - y, -1) if labels else None
    return Predictions(x, x, y, y, y, y_current=now, classes=("no", "yes"))


@pytest.mark.parametrize("card", GAINS, ids=lambda card: card.name)
def test_gain_contract(card):
    gain = getattr(importlib.import_module(card.module), card.name)
    found = gain(_given(), seed=1)
    assert isinstance(found, Estimate) and found.method == card.name and len(found.assumption) > 20
    assert found.interval[0] <= found.value <= found.interval[1]
    assert found.value > 0, "the present model is wrong on every labelled row"
    again, wide = gain(_given(), seed=1), gain(_given(), seed=1, level=0.99)
    assert found.value == again.value and found.interval == again.interval
    assert wide.interval[0] <= found.interval[0] and wide.interval[1] >= found.interval[1]
    json.dumps(dict(found.details))
    assert card.remedy_for and card.advice
    for bad in (lambda: gain(_given(labels=False)), lambda: gain(_given(), level=2.0), lambda: gain(_given(), "mae")):
        with pytest.raises(BadInput):
            bad()
