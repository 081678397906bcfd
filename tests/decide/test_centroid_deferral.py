"""Deferral by centroids against a plain loop."""

import numpy as np
import pytest

from ecotone.contracts import BadInput
from ecotone.decide.actions import CentroidDeferral


def _calibration(n=200, K=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(K, size=n)
    return rng.dirichlet(0.3 * np.ones(K), n) * 0.4 + 0.6 * np.eye(K)[np.where(rng.random(n) < 0.85, labels, 0)], labels


@pytest.mark.oracle("CentroidDeferral")
def test_equals_a_plain_loop():
    p, y = _calibration()
    rule = CentroidDeferral().fit(p, y)
    for c in range(3):
        right = [row for row, label in zip(p, y) if np.argmax(row) == c == label]
        centre = sum(right) / len(right)
        far = [np.sqrt(sum((row - centre) ** 2)) for row, label in zip(p, y) if np.argmax(row) == c != label]
        np.testing.assert_allclose(rule.centroids_[c], centre)
        assert rule.thresholds_[c] == pytest.approx(min(far, default=np.inf))


@pytest.mark.oracle("CentroidDeferral")
def test_no_wrong_calibration_prediction_is_accepted():
    p, y = _calibration(seed=1)
    action = CentroidDeferral().fit(p, y).decide(p).action
    assert (action[p.argmax(1) != y] == "defer").all(), "the row that sets the threshold must be deferred too"
    assert (action == "accept").any()
    wide = CentroidDeferral(scale=3.0).fit(p, y).decide(p).action
    assert (wide[action == "accept"] == "accept").all() and (wide == "accept").sum() > (action == "accept").sum()


def test_classes_without_right_or_wrong_predictions():
    p = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1]])
    rule = CentroidDeferral().fit(p, [0, 0, 2])
    assert rule.thresholds_.tolist() == [np.inf, 0.0, 0.0]
    decision = rule.decide(np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.0, 0.1, 0.9]]))
    assert decision.action.tolist() == ["accept", "defer", "defer"]
    assert decision.score[1] == decision.score[2] == -np.sqrt(2)


def test_clear_errors():
    p, y = _calibration(20)
    with pytest.raises(BadInput, match="fit"):
        CentroidDeferral().decide(p)
    with pytest.raises(BadInput, match="sum to 1"):
        CentroidDeferral().fit(p * 2, y)
    with pytest.raises(BadInput, match="labels must have"):
        CentroidDeferral().fit(p, y[:-1])
    with pytest.raises(BadInput, match="0 to 2"):
        CentroidDeferral().fit(p, y + 5)
    with pytest.raises(BadInput, match="scale"):
        CentroidDeferral(scale=0).fit(p, y)
    with pytest.raises(BadInput, match="2 classes"):
        CentroidDeferral().fit(p, y).decide(np.array([[0.5, 0.5]]))
