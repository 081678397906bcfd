"""What every attribution of a game owes: efficiency, symmetry, the null player, seeds."""

import importlib

import numpy as np
import pytest

from ecotone.cards import discover

ATTRIBUTIONS = [card for card in discover().values() if card.contract == "Attribution"]


def _game(coalition):
    # players 0 and 1 are alike, player 3 does nothing
    return float(
        len(coalition & {0, 1}) ** 2 + 3 * (2 in coalition) + (2 in coalition and 0 in coalition and 1 in coalition)
    )


@pytest.mark.parametrize("samples", [None, 40])
@pytest.mark.parametrize("card", ATTRIBUTIONS, ids=lambda card: card.name)
def test_attribution_contract(card, samples):
    attribute = getattr(importlib.import_module(card.module), card.name)
    found = attribute(_game, 4, samples=samples, seed=0)
    everyone = frozenset(range(4))
    assert found.values.sum() == pytest.approx(_game(everyone) - _game(frozenset()))
    assert found.values[3] == pytest.approx(0)
    if samples is None:
        assert found.values[0] == pytest.approx(found.values[1])
        assert np.all(found.standard_errors == 0)
    again = attribute(_game, 4, samples=samples, seed=0)
    np.testing.assert_array_equal(found.values, again.values)
