"""Chow's rule against every other rule on a small table, and the curve against a closed form."""

from itertools import combinations

import numpy as np
import pytest

from ecotone.contracts import BadInput
from ecotone.decide.actions import ConfidenceDeferral, deferral_curve


@pytest.mark.oracle("ConfidenceDeferral")
def test_no_other_rule_is_right_more_often_at_the_same_share():
    p = np.array([0.97, 0.51, 0.6, 0.88, 0.72, 0.55, 0.93, 0.66])
    rule = ConfidenceDeferral(share=3 / 8).fit(np.column_stack([p, 1 - p]), np.zeros(8, int))
    kept = rule.decide(np.column_stack([p, 1 - p])).action == "accept"
    best = max(p[list(keep)].mean() for keep in combinations(range(8), 5))  # every rule that keeps five
    assert kept.sum() == 5 and p[kept].mean() == pytest.approx(best)
    assert deferral_curve(p)[3] == pytest.approx(best)


@pytest.mark.oracle("ConfidenceDeferral")
def test_curve_of_uniform_confidence_is_the_closed_form():
    rng = np.random.default_rng(0)
    c = rng.uniform(0.5, 1, 40_000)
    right = rng.random(40_000) < c
    at = np.array([0, 10_000, 20_000, 30_000])
    truth = (1 + 0.5 + 0.5 * at / 40_000) / 2  # mean of U(0.5 + s / 2, 1) after deferring a share s
    np.testing.assert_allclose(deferral_curve(c)[at], truth, atol=0.005)
    np.testing.assert_allclose(deferral_curve(c, right)[at], truth, atol=0.015)


def test_share_is_kept_with_ties_and_bad_input_is_refused():
    tied = np.tile([0.5, 0.5], (10, 1))
    assert (ConfidenceDeferral(0.3).fit(tied, np.zeros(10, int)).decide(tied).action == "accept").all()
    with pytest.raises(BadInput, match="share"):
        ConfidenceDeferral(1.0).fit(tied, np.zeros(10, int))
    for bad in ([], [1.2], [np.nan]):
        with pytest.raises(BadInput, match="correct"):
            deferral_curve(bad)
    with pytest.raises(BadInput, match="right"):
        deferral_curve([0.5, 0.6], [1])
