"""What every detector of a stream keeps, whatever it reads: budget, pieces, resets, bad settings."""

import importlib

import numpy as np
import pytest

from ecotone.cards import discover
from ecotone.contracts import BadInput
from ecotone.decide.sequential import CellTable, column_bets, thresholds

CARDS = [card for card in discover().values() if card.contract == "Sequential"]


def _e_detectors(public, rng, n, moved, **budget):
    """A detector and its rows; those from the middle on have moved."""
    reference = rng.normal(size=(400, 1))
    table = CellTable.of(reference, rng.random(reference.shape))
    rows = rng.normal(size=(n, 1)) + moved * (np.arange(n) >= n // 2)[:, None]
    limits = thresholds(np.ones(1), **budget)
    return public(table.column_gaps, column_bets(), limits, "ever" in budget), table.find(rows, rng.random(rows.shape))[
        0
    ]


def _risk_detector(public, rng, n, moved, **budget):
    """A detector and losses of 0 and 1 whose mean is the limit; from the middle on three times that."""
    risk = np.where(np.arange(n) >= n // 2, 0.2 + 0.4 * moved, 0.2)
    threshold = float(thresholds(np.ones(1), **budget)[0])
    return public(0.2, threshold, "ever" in budget), (rng.random(n) < risk).astype(float)


#: Detectors read different things; each says here what a stream of it is.
STREAMS = {"EDetectors": _e_detectors, "RiskDetector": _risk_detector}


@pytest.fixture(params=CARDS, ids=lambda card: card.name)
def stream(request):
    public = getattr(importlib.import_module(request.param.module), request.param.name)
    return lambda *given, **budget: STREAMS[request.param.name](public, *given, **budget)


def test_alarms_after_a_change_and_whatever_the_pieces(stream):
    whole, rows = stream(np.random.default_rng(0), 1200, 1.0, arl=20_000)
    alarms = whole.update(rows)
    assert alarms and 600 < np.ravel(alarms[0])[0] < 800
    again, rows = stream(np.random.default_rng(0), 1200, 1.0, arl=20_000)
    assert [a for part in np.array_split(rows, 37) for a in again.update(part)] == alarms
    assert again.rows == whole.rows == 1200


@pytest.mark.parametrize("budget", [{"ever": 0.05}, {"arl": 2000}])
def test_unchanged_streams_keep_the_budget(stream, budget):
    first = []
    for seed in range(40):
        detector, rows = stream(np.random.default_rng((7, seed)), 1000, 0.0, **budget)
        first.append(bool(detector.update(rows)))
    # P(alarm by t) <= t / (2 arl) at twice the threshold, and <= ever; the .999 quantile of 40 draws at .05 or .25
    assert sum(first) <= (7 if "ever" in budget else 19)


def test_no_rows_and_bad_budgets(stream):
    detector, rows = stream(np.random.default_rng(1), 10, 0.0, ever=0.1)
    assert detector.update(rows[:0]) == [] and detector.rows == 0
    with pytest.raises(BadInput):
        stream(np.random.default_rng(1), 10, 0.0, ever=2.0)
