"""What every statement about two models owes: parts that sum, the known divergence, clear errors."""

import importlib

import numpy as np
import pandas as pd
import pytest

from ecotone.cards import discover
from ecotone.contracts import BadInput
from ecotone.learn import GaussianMixture, TableModel, Training
from ecotone.learn.tables import MaskedPerceptron

CARDS = [card for card in discover().values() if card.contract == "ModelGap"]


def _function(card):
    return getattr(importlib.import_module(card.module), card.name)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
@pytest.mark.oracle("model_divergence")
def test_normal_laws_have_their_closed_form(card):
    gap = _function(card)
    a = GaussianMixture.of([1.0], [[0.0, 0.0]], [np.eye(2)])
    b = GaussianMixture.of([1.0], [[1.0, 0.0]], [np.diag([1.0, 4.0])])
    want = 0.5 * (1 + 0.25 - 1 + np.log(4))  # mean .5, spread (1/4 - 1 + log 4) / 2
    found = gap(a, b, n=20_000)
    assert found.total == pytest.approx(want, abs=0.03)
    assert found.intervals["total"][0] < want < found.intervals["total"][1]
    assert found.details["reverse"] == pytest.approx(0.5 * (1 + 4 - 1 - np.log(4)), abs=0.06)
    assert gap(a, a).total == pytest.approx(0, abs=1e-12)
    with pytest.raises(BadInput, match="no density"):
        gap(a, object())


def test_tables_say_which_column():
    rng = np.random.default_rng(0)

    def rows(shift):
        x = rng.normal(size=2500)
        return pd.DataFrame({"x": x, "y": rng.normal(size=2500), "z": x + shift + 0.5 * rng.normal(size=2500)})

    settings = Training(steps=300, eval_every=150, batch_size=256, learning_rate=4e-3, ema=0.99, device="cpu")
    a, b = (TableModel(MaskedPerceptron(width=48, depth=2), training=settings).fit(rows(s)) for s in (0.0, 1.0))
    found = _function(CARDS[0])(a, b, n=1500)
    assert list(found.parts) == ["x", "y", "z"] and found.total == pytest.approx(sum(found.parts.values()))
    assert found.parts["z"] > 0.7 and max(found.parts["x"], found.parts["y"]) < 0.15  # truth: 1 / (2 * .25) = 2 in z
    with pytest.raises(BadInput, match="other columns"):
        _function(CARDS[0])(a, GaussianMixture.of([1.0], [[0.0]], [[[1.0]]]))
