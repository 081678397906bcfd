"""What every imputer owes: observed entries unchanged, no holes left, the seed, scikit-learn's checks."""

import importlib

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from ecotone.cards import discover
from ecotone.learn import Training

IMPUTERS = [card for card in discover().values() if card.contract == "Imputer"]


def _made(card, steps=30, seed=0):
    training = Training(steps=steps, eval_every=steps, batch_size=32, validation_fraction=0.0, device="cpu", seed=seed)
    return getattr(importlib.import_module(card.module), card.name)(training=training)


def _table():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 3)) * [1, 10, 100] + 5
    return np.where(rng.random(x.shape) < 0.2, np.nan, x)


def test_all_are_found():
    assert {card.name for card in IMPUTERS} >= {"TDMImputer"}


@pytest.mark.parametrize("card", IMPUTERS, ids=lambda card: card.name)
def test_imputer_contract(card):
    x = _table()
    found = _made(card).fit_transform(x)
    seen = ~np.isnan(x)
    assert found.shape == x.shape and found.dtype == np.float64 and np.isfinite(found).all()
    assert np.array_equal(found[seen], x[seen]), "what was observed is unchanged"
    model = _made(card).fit(x)
    assert np.array_equal(model.transform(x), found) and np.array_equal(_made(card).fit_transform(x), found)
    assert not np.array_equal(_made(card, seed=1).fit_transform(x), found)
    other = model.transform(x[:20])
    assert np.isfinite(other).all() and np.array_equal(other[seen[:20]], x[:20][seen[:20]])
    whole = found + 0.0
    assert np.array_equal(_made(card).fit_transform(whole), whole), "nothing missing, nothing changed"
    assert _made(card).fit_transform(x.astype(np.float32)).shape == x.shape
    assert list(model.get_feature_names_out()) == ["x0", "x1", "x2"]


@pytest.mark.parametrize("card", IMPUTERS, ids=lambda card: card.name)
def test_scikit_learns_checks(card):
    check_estimator(_made(card, steps=4))
