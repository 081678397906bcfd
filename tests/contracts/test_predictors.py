"""What every predictor owes: labels it was shown, probabilities that sum to one, rows on their own, clear errors."""

import importlib

import numpy as np
import pytest

from ecotone.cards import discover
from ecotone.contracts import BadInput

PREDICTORS = [card for card in discover().values() if card.contract == "Predictor"]
X = np.random.default_rng(0).normal(size=(400, 2))
Y = np.where(np.arange(400) % 2 == 0, "low", "high")
X[Y == "high"] += 3


def _diffusion_classifier(method):
    from ecotone.learn import EDM, Training
    from ecotone.learn.networks import MLP

    training = Training(steps=150, eval_every=75, batch_size=128, learning_rate=5e-3, ema=0.9, device="cpu")
    return method(EDM(MLP(width=32, depth=1), training=training).fit(X, given=Y))


SMALL = {"diffusion_classifier": _diffusion_classifier}


@pytest.fixture(scope="module")
def fitted():
    made = {}

    def get(card):
        if card.name not in made:
            made[card.name] = SMALL[card.name](getattr(importlib.import_module(card.module), card.name))
        return made[card.name]

    return get


@pytest.mark.parametrize("card", PREDICTORS, ids=lambda card: card.name)
def test_contract(card, fitted):
    predictor = fitted(card)
    rows, labels = X[:60] + 0.01, Y[:60]
    proba = predictor.predict_proba(rows)
    assert proba.shape == (60, 2) and proba.dtype == np.float64 and list(predictor.classes_) == ["high", "low"]
    assert (proba >= 0).all() and np.allclose(proba.sum(1), 1)
    found = predictor.predict(rows)
    assert (found == labels).mean() > 0.9
    assert np.array_equal(found, predictor.classes_[proba.argmax(1)])
    assert np.allclose(predictor.predict_proba(rows[7:9]), proba[7:9], atol=1e-6), "rows on their own"
    hole = rows.copy()
    hole[3, 1] = np.nan
    with pytest.raises(BadInput, match="row 3"):
        predictor.predict(hole)
    with pytest.raises(BadInput, match="shape"):
        predictor.predict(rows[:, :1])


def test_every_predictor_is_tried():
    assert {card.name for card in PREDICTORS} == set(SMALL)
