"""What every confidence sequence keeps, whatever its formula."""

import importlib

import numpy as np
import pytest

from ecotone.cards import discover
from ecotone.contracts import BadInput

CARDS = [card for card in discover().values() if card.contract == "ConfidenceSequence"]


@pytest.fixture(params=CARDS, ids=lambda card: card.name)
def sequence(request):
    return getattr(importlib.import_module(request.param.module), request.param.name)


def test_the_interval_narrows_inside_the_unit_interval_whatever_the_pieces(sequence):
    x = np.random.default_rng(0).beta(1, 3, 1000)
    whole, pieces = sequence(0.05), sequence(0.05)
    assert whole.interval == (0.0, 1.0)
    whole.update(x)
    widths = []
    for part in np.array_split(x, 13):
        pieces.update(part)
        low, high = pieces.interval
        assert 0 <= low <= high <= 1
        widths.append(high - low)
    assert pieces.interval == whole.interval and widths[-1] < 0.15 < widths[0]
    assert low < x.mean() < high


def test_a_smaller_error_gives_a_wider_interval(sequence):
    x = np.random.default_rng(1).random(300)
    wide, narrow = sequence(0.01), sequence(0.2)
    wide.update(x)
    narrow.update(x)
    assert wide.interval[0] < narrow.interval[0] < narrow.interval[1] < wide.interval[1]


def test_no_values_and_bad_ones(sequence):
    empty = sequence(0.05)
    empty.update(np.empty(0))
    assert empty.interval == (0.0, 1.0)
    for bad in (np.nan, -0.1, 1.1):
        with pytest.raises(BadInput):
            empty.update(np.array([0.5, bad]))
    for alpha in (0.0, 1.0, 2.0):
        with pytest.raises(BadInput):
            sequence(alpha)
