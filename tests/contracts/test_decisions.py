"""What every decision owes: an action and a finite score a row, row-wise answers, clear errors."""

import importlib
import json

import numpy as np
import pytest

from ecotone.cards import discover
from ecotone.contracts import Decision

DECISIONS = [card for card in discover().values() if card.contract == "Decision"]


@pytest.mark.parametrize("card", DECISIONS, ids=lambda card: card.name)
def test_decision_contract(card):
    rng = np.random.default_rng(0)
    p, y = rng.dirichlet([0.4, 0.4, 0.4], 150), rng.integers(3, size=150)
    y = np.where(rng.random(150) < 0.8, p.argmax(1), y)
    rule = getattr(importlib.import_module(card.module), card.name)()
    assert rule.fit(p, y) is rule
    new = rng.dirichlet([0.4, 0.4, 0.4], 40)
    decision = rule.decide(new)
    assert isinstance(decision, Decision) and decision.method == card.name
    assert decision.action.shape == (40,) and set(decision.action) <= {"accept", "defer"}
    assert decision.score.shape == (40,) and np.isfinite(decision.score).all()
    json.dumps(dict(decision.details))
    part = rule.decide(new[5:9])
    np.testing.assert_array_equal(part.action, decision.action[5:9])
    np.testing.assert_allclose(part.score, decision.score[5:9])
    sure = rule.decide(np.eye(3)).score
    assert sure.min() > rule.decide(np.full((1, 3), 1 / 3)).score[0], "a larger score must mean surer"
    bad = new.copy()
    bad[2, 0] = np.nan
    for wrong in (bad, new[:0], new[:, :2]):
        with pytest.raises(ValueError):
            rule.decide(wrong)
    with pytest.raises(ValueError):
        rule.fit(p, y[:-1])


CONFORMAL = [card for card in discover().values() if card.contract == "Conformal"]


class _First:
    def score_samples(self, X):
        return np.asarray(X)[:, 0]


def _conformal(card):
    maker = getattr(importlib.import_module(card.module), card.name)
    return maker(_First(), lambda X: np.ones(len(X))) if card.name == "WeightedConformal" else maker(_First())


@pytest.mark.parametrize("card", CONFORMAL, ids=lambda card: card.name)
def test_conformal_contract(card):
    rng = np.random.default_rng(1)
    judge = _conformal(card)
    assert judge.calibrate(rng.standard_normal((199, 2))) is judge and judge.calibrated_
    new = rng.standard_normal((2000, 2))
    p = judge.pvalues(new)
    assert p.shape == (2000,) and p.dtype == np.float64 and (p > 0).all() and (p <= 1).all()
    np.testing.assert_array_equal(judge.pvalues(new[3:8]), p[3:8])
    np.testing.assert_array_equal(judge.predict(new, alpha=0.05), p <= 0.05)
    assert judge.pvalues(new[:0]).shape == (0,)
    assert judge.pvalues(np.full((1, 2), -9.0))[0] <= 1 / 200 + 1e-12 < judge.pvalues(np.full((1, 2), 9.0))[0]
    levels = []
    for _ in range(200):
        levels.append(
            _conformal(card).calibrate(rng.standard_normal((59, 2))).pvalues(rng.standard_normal((200, 2))) <= 0.1
        )
    assert np.mean(levels) < 0.1 + 0.012  # sd of a calibration set's level is .039
    assert not _conformal(card).calibrate(new, held_out=False).calibrated_
    bad = new[:4].copy()
    bad[2, 0] = np.nan
    with pytest.raises(ValueError, match="row 2"):
        judge.pvalues(bad)
