"""What every distance owes: symmetry, zero on itself, the caller's array library, clear errors."""

import importlib

import numpy as np
import pytest

from ecotone.cards import discover

DISTANCES = [card for card in discover().values() if card.contract == "Distance"]


def _function(card):
    return getattr(importlib.import_module(card.module), card.name)


@pytest.mark.parametrize("card", DISTANCES, ids=lambda card: card.name)
def test_distance_contract(card):
    distance = _function(card)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 2)), rng.standard_normal((50, 2)) + 1
    apart = distance(x, y)
    assert isinstance(apart, float) and apart > 0
    assert distance(y, x) == pytest.approx(apart, rel=1e-9)
    assert distance(x, x) == pytest.approx(0, abs=1e-6)
    assert distance(x, y) == apart, "the same arguments must give the same number"
    with pytest.raises(ValueError):
        distance(x, y[:, :1])
    with pytest.raises(ValueError):
        distance(x[:0], y)


@pytest.mark.parametrize("card", DISTANCES, ids=lambda card: card.name)
def test_distance_takes_torch(card):
    torch = pytest.importorskip("torch", reason="pip install torch==2.13.0 to test the torch doors")
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((40, 2)), rng.standard_normal((40, 2)) + 0.5
    distance = _function(card)
    assert distance(torch.as_tensor(x), torch.as_tensor(y)) == pytest.approx(distance(x, y), rel=1e-6)
