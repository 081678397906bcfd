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
