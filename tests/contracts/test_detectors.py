"""What every detector owes: scikit-learn's checks, higher is more typical, seeds, row-wise answers, clear errors."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from ecotone.cards import discover
from ecotone.contracts import Detector
from ecotone.decide.conformal import Calibrated

DETECTORS = [card for card in discover().values() if card.contract == "Detector"]
pytestmark = [
    pytest.mark.parametrize("card", DETECTORS, ids=lambda card: card.name),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
]


def _new(card):
    return getattr(importlib.import_module(card.module), card.name)(**_quick(card.name))


def _quick(name):
    """Arguments of detectors that train a network for longer than a test should."""
    if name not in ("MSMA", "NonlinearInvariants"):
        return {}
    from ecotone.learn import Training
    from ecotone.learn.networks import MLP

    training = Training(
        steps=40, eval_every=40, batch_size=64, learning_rate=3e-3, ema=0.9, validation_fraction=0.0, device="cpu"
    )
    if name == "NonlinearInvariants":
        return {"blocks": 1, "training": replace(training, steps=10, eval_every=10)}
    return {"network": MLP(width=16, depth=1), "training": training, "components": (1,)}


def _rows(n, seed):
    """Two correlated columns and one on its own."""
    g = np.random.default_rng(seed).standard_normal((n, 3))
    g[:, 1] = 0.9 * g[:, 0] + np.sqrt(1 - 0.81) * g[:, 1]
    return g


def test_scikit_learn_accepts_it(card):
    check_estimator(_new(card))


def test_contract(card):
    x, new = _rows(400, 0), _rows(50, 1)
    detector = _new(card)
    assert isinstance(detector, Detector)
    assert detector.fit(x) is detector
    scores = detector.score_samples(new)
    assert scores.shape == (50,) and scores.dtype == np.float64 and np.isfinite(scores).all()
    np.testing.assert_array_equal(_new(card).fit(x).score_samples(new), scores)
    np.testing.assert_allclose(detector.score_samples(new[7:9]), scores[7:9], rtol=1e-9)
    far = detector.score_samples(np.full((1, 3), 9.0))
    assert far[0] < scores.min(), "higher must mean more typical"
    bad = new.copy()
    bad[3, 1] = np.nan
    for wrong in (bad, new[:0], new[:, :2]):
        with pytest.raises(ValueError):
            detector.score_samples(wrong)


def test_constant_columns_do_not_break_it(card):
    x = np.column_stack([_rows(200, 2), np.full(200, 3.0)])
    assert np.isfinite(_new(card).fit(x).score_samples(x[:5])).all()


def test_null_calibration_and_power(card):
    low, found = [], []
    for seed in range(6):
        x = _rows(600, 10 + seed)
        judge = Calibrated(_new(card).fit(x[:300])).calibrate(x[300:])
        low.append(judge.pvalues(_rows(400, 50 + seed)) <= 0.1)
        found.append(judge.pvalues(_rows(40, 90 + seed) + 6) <= 0.05)
    # 0.1 +- 4 standard errors of six calibration sets of 300 and 2 400 rows
    assert 0.06 < np.mean(low) < 0.14
    assert np.mean(found) > 0.95
