"""The AUC effect against scipy and the bootstrap; the margin test's size at its boundary."""

import itertools

import numpy as np
import pytest
from chance import most
from scipy import stats

from ecotone.contracts import BadInput
from ecotone.decide.multiple_testing import auc_effect, minimum_effect_test, smallest_detectable


@pytest.mark.oracle("auc_effect")
def test_estimate_is_mann_whitney_and_error_is_brunner_munzel():
    rng = np.random.default_rng(0)
    for x, y in (
        (rng.standard_normal(50), rng.standard_normal(70) * 2 + 0.3),
        (rng.poisson(2, 60).astype(float), rng.poisson(3, 40).astype(float)),
    ):
        effect = auc_effect(x, y)
        u = stats.mannwhitneyu(y, x).statistic
        assert effect.estimate == pytest.approx(u / (x.size * y.size) - 0.5)
        assert effect.estimate / effect.se == pytest.approx(-stats.brunnermunzel(y, x).statistic)
        p = minimum_effect_test(effect.estimate, effect.se, 0.0, dof=effect.dof).pvalue
        assert p == pytest.approx(stats.brunnermunzel(x, y).pvalue)


@pytest.mark.oracle("auc_effect")
def test_error_is_the_bootstrap_error_by_row_and_by_unit():
    rng = np.random.default_rng(1)
    g, size = 40, 5
    x, y = (rng.standard_normal((g, 1)) + 0.7 * rng.standard_normal((g, size)) for _ in range(2))

    def boot(a, b):
        draws = [auc_effect(a[rng.integers(0, len(a), len(a))].ravel(), b[rng.integers(0, len(b), len(b))].ravel())
                 for _ in range(600)]  # fmt: skip
        return np.std([draw.estimate for draw in draws])

    labels = np.repeat(np.arange(g), size)
    rows = auc_effect(x.ravel(), y.ravel())
    units = auc_effect(x.ravel(), y.ravel(), units=(labels, labels + g))
    assert rows.se == pytest.approx(boot(x.reshape(-1, 1), y.reshape(-1, 1)), rel=0.12)
    assert units.se == pytest.approx(boot(x, y), rel=0.12)
    assert units.se > 1.5 * rows.se and units.estimate == rows.estimate


def test_units_in_both_samples_are_one_unit():
    rng = np.random.default_rng(2)
    base = rng.standard_normal(300)
    x, y = base + 0.1 * rng.standard_normal(300), base + 0.1 * rng.standard_normal(300)
    who = np.arange(300)
    assert auc_effect(x, y, units=(who, who)).se < 0.3 * auc_effect(x, y).se
    with pytest.raises(BadInput, match="units"):
        auc_effect(x, y, units=(who, who[:5]))
    with pytest.raises(BadInput, match="one label"):
        auc_effect(x, y, units=(who * 0, who * 0))


def test_samples_that_do_not_overlap_are_not_certain():
    for n in (3, 5, 8):
        effect = auc_effect(np.arange(n), np.arange(n) + 100.0)
        p = minimum_effect_test(effect.estimate, effect.se, 0.0, dof=effect.dof).pvalue
        exact = 2 / len(list(itertools.combinations(range(2 * n), n)))
        assert effect.estimate == 0.5 and p > 0.5 * exact
    assert auc_effect([1.0, 1.0], [1.0, 1.0]).se == 0


@pytest.mark.oracle("minimum_effect_test")
def test_size_at_the_boundary():
    rng, margin, n = np.random.default_rng(3), 0.03, 1000
    shift = np.sqrt(2) * stats.norm.ppf(0.5 + margin)
    hits = plain = 0
    for _ in range(1000):
        effect = auc_effect(rng.standard_normal(n), rng.standard_normal(n) + shift)
        hits += minimum_effect_test(effect.estimate, effect.se, margin, dof=effect.dof).pvalue <= 0.05
        plain += minimum_effect_test(effect.estimate, effect.se, 0.0, dof=effect.dof).pvalue <= 0.05
    assert 30 <= hits <= most(1000, 0.05)  # measured in benchmarks/levels, minimum_effect_test
    assert plain / 1000 > 0.4


@pytest.mark.oracle("minimum_effect_test")
@pytest.mark.parametrize("margin", [0.0, 0.3, 2.0])
def test_pvalue_is_the_boundary_probability(margin):
    draws = np.abs(margin + stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000))
    for estimate in (-2.5, 1.0):
        assert minimum_effect_test(estimate, 1.0, margin).pvalue == pytest.approx(
            np.mean(draws >= abs(estimate)), abs=1e-5
        )


def test_logarithm_goes_beyond_the_smallest_float():
    result = minimum_effect_test(100.0, 1.0, 0.0)
    assert result.pvalue == 1e-300 and result.log10_pvalue == pytest.approx(-2173.87, abs=0.3)
    assert minimum_effect_test(1.0, 0.0, 2.0).pvalue == 1


def test_smallest_detectable_has_its_power():
    for margin in (0.0, 0.5, 2.0):
        theta = smallest_detectable(1.0, margin, power=0.8)
        estimates = theta + stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
        power = np.mean([minimum_effect_test(e, 1.0, margin).pvalue <= 0.05 for e in estimates[::10]])
        assert power == pytest.approx(0.8, abs=0.01)
    assert smallest_detectable(0.0, 0.1) == 0.1
    with pytest.raises(BadInput, match="power"):
        smallest_detectable(1.0, 0.0, power=1.0)


@pytest.mark.oracle("auc_effect")
def test_error_by_unit_is_obuchowskis_sum_and_without_overlap_half_a_misplaced_row():
    rng = np.random.default_rng(8)
    x, y, unit_x, unit_y = (rng.integers(0, 9, n) for n in (11, 14, 11, 14))
    unit_x, unit_y = unit_x % 4, unit_y % 4
    wins = (x[:, None] < y) + 0.5 * (x[:, None] == y)
    parts = [
        (wins.mean(1)[unit_x == k] - wins.mean()).sum() / len(x)
        + (wins.mean(0)[unit_y == k] - wins.mean()).sum() / len(y)
        for k in range(4)
    ]
    effect = auc_effect(x, y, units=(unit_x, unit_y))
    assert effect.estimate == pytest.approx(wins.mean() - 0.5) and effect.dof == 3
    assert effect.se**2 == pytest.approx(4 / 3 * np.sum(np.square(parts)))
    for apart, q in (
        (auc_effect(np.arange(5), np.arange(7) + 9), 0.5 / 5),
        (auc_effect(np.arange(4), np.arange(6) + 9, units=([0, 0, 1, 1], [2, 2, 2, 3, 3, 3])), 0.5 / 2),
    ):
        assert apart.estimate == 0.5
        assert apart.se**2 == pytest.approx(2 * q**2 * (1 - q))
