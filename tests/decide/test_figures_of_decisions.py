"""Ends that adjustments and deferrals are asked for: weights of nothing, errors of nothing, infinite evidence."""

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from ecotone.contracts import BadInput
from ecotone.decide.actions import CentroidDeferral, ConfidenceDeferral, rows_to_label
from ecotone.decide.multiple_testing import merge_evalues, minimum_effect_test, weighted_bonferroni
from ecotone.decide.sequential import RiskSequence, risk_limit
from ecotone.decide.sequential._bets import _normal_ratios
from ecotone.decide.uncertainty import propagate_stable_distribution


@pytest.mark.oracle("weighted_bonferroni")
def test_a_hypothesis_without_weight_is_never_rejected():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert weighted_bonferroni([0.0, 0.3, 0.0], [0.0, 0.6, 0.4]).tolist() == [1.0, 0.5, 0.0]


@pytest.mark.oracle("merge_evalues")
def test_infinite_evidence_without_weight_counts_for_nothing():
    assert merge_evalues([math.inf, 2.0, 4.0], weights=[0.0, 0.5, 0.5]) == 3.0
    assert merge_evalues([math.inf, 2.0], weights=[0.5, 0.5]) == math.inf


@pytest.mark.oracle("minimum_effect_test")
def test_an_estimate_without_error_is_beyond_the_margin_or_is_not():
    beyond, at, within = (minimum_effect_test(e, 0.0, 0.1) for e in (-0.5, 0.1, 0.02))
    assert (beyond.pvalue, beyond.log10_pvalue, beyond.statistic) == (1e-300, -300.0, math.inf)
    assert (at.pvalue, at.log10_pvalue, at.statistic) == (1.0, 0.0, 0.0)
    assert (within.pvalue, within.statistic, within.interval) == (1.0, -math.inf, (0.02, 0.02))
    some = minimum_effect_test(0.3, 0.1, 0.1, level=0.9)
    assert some.interval == pytest.approx((0.3 - 1.6448536 * 0.1, 0.3 + 1.6448536 * 0.1))


@pytest.mark.oracle("CentroidDeferral")
def test_the_first_row_that_is_no_distribution_is_named():
    p = np.tile([0.25, 0.75], (6, 1))
    p[2], p[4] = [0.5, 0.6], [-0.1, 1.1]
    with pytest.raises(BadInput, match=r"at row 2 are \[0.5, 0.6\]"):
        CentroidDeferral().fit(p, np.ones(6, int))


@pytest.mark.oracle("propagate_stable_distribution")
def test_which_output_is_larger_under_cauchy_inputs_and_where_a_unit_is_at_rest():
    # two outputs of one input each: differences of independent Cauchy variables are Cauchy, their scales add up
    layers = [(np.diag([2.0, 1.0]), np.array([0.5, 0.0]))]
    found = propagate_stable_distribution(layers, np.array([[0.0, 0.0]]), 1.0, distribution="cauchy")
    assert found.pairwise_probability()[0, 0, 1] == pytest.approx(0.5 + math.atan(0.5 / 3) / math.pi)
    rest = propagate_stable_distribution(["relu", *layers], np.array([[0.0, 1.0]]), 1.0, distribution="gaussian")
    assert rest.location.tolist() == [[0.5, 1.0]]


@pytest.mark.oracle("EDetectors")
@pytest.mark.parametrize(("mean", "sd"), [(-0.25, 1.0), (0.6, 1.0), (0.0, 1.25)])
def test_bets_on_normal_scores_are_shares_of_cells_under_the_other_distribution(mean, sd):
    ratios = _normal_ratios(8, mean, sd)
    draws = np.random.default_rng(0).normal(mean, sd, 200_000)
    cells = np.clip((stats.norm.cdf(draws) * 8).astype(int), 0, 7)
    np.testing.assert_allclose(ratios, np.bincount(cells, minlength=8) / len(draws) * 8, atol=0.02)
    assert ratios.mean() == pytest.approx(1.0), "a fair bet"


@pytest.mark.oracle("RiskDetector")
@pytest.mark.parametrize("wrong", [0, 3, 9])
def test_the_limit_of_a_risk_is_the_one_sided_bound_of_clopper_and_pearson(wrong):
    losses = np.r_[np.ones(wrong), np.zeros(30 - wrong)]
    exact = stats.binomtest(wrong, 30, alternative="less").proportion_ci(0.95, "exact").high
    assert risk_limit(losses) == pytest.approx(exact)
    assert risk_limit(losses, level=0.2, tolerance=0.01) == pytest.approx(
        0.01 + stats.binomtest(wrong, 30, alternative="less").proportion_ci(0.8, "exact").high
    )


@pytest.mark.oracle("RiskDetector")
def test_the_limit_of_partial_losses_is_one_side_of_the_sequences_interval():
    losses = np.random.default_rng(1).uniform(0, 0.4, 300)
    sequence = RiskSequence(0.1)
    sequence.update(losses)
    assert risk_limit(losses, level=0.05) == pytest.approx(sequence.interval[1]) and risk_limit(losses) < 1
    assert risk_limit(np.full(9, 0.9), tolerance=0.5) == 1.0


@pytest.mark.oracle("ConfidenceDeferral")
def test_what_is_deferred_and_how_accurate_the_rest_is():
    rng = np.random.default_rng(2)
    p = rng.dirichlet([1.0, 1.0, 1.0], 200)
    y = np.where(rng.random(200) < p.max(1), p.argmax(1), rng.integers(0, 3, 200))
    fitted = ConfidenceDeferral(share=0.25).fit(p, y)
    right, order = p.argmax(1) == y, np.argsort(p.max(1))
    assert fitted.accuracy_ == pytest.approx(right.mean())
    assert fitted.accepted_accuracy_ == pytest.approx(right[order[50:]].mean())
    decision = fitted.decide(p)
    assert set(np.flatnonzero(decision.action == "defer").tolist()) == set(order[:50].tolist())


@pytest.mark.oracle("rows_to_label")
def test_strata_get_the_rows_that_neyman_gives_them_rounded_up():
    correct = np.repeat([0.5, 0.9], 500)
    plan = rows_to_label(correct, half_width=0.05, level=0.9, strata=2, seed=0)
    z, share, spread = stats.norm.isf(0.05), np.array([0.5, 0.5]), np.array([0.5, 0.3])
    wanted = (z * (share @ spread) / 0.05) ** 2 * share * spread / (share @ spread)
    assert [(plan.rows < 500).sum(), (plan.rows >= 500).sum()] == np.ceil(wanted).tolist()
