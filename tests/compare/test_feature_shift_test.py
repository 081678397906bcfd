"""FeatureShiftTest against the definition of its statistic, and against what permutation promises."""

import numpy as np
import pytest
from scipy import stats

from ecotone.compare.explain import feature_shift_test
from ecotone.compare.explain._feature_shift_test import fisher_divergences
from ecotone.contracts import BadInput


def _laws(rng, d=4):
    a, b = rng.standard_normal((2, d, 2 * d))
    return rng.standard_normal(d), a @ a.T / d, rng.standard_normal(d), b @ b.T / d


@pytest.mark.oracle("feature_shift_test")
def test_statistic_is_the_mean_squared_difference_of_numerical_scores():
    rng = np.random.default_rng(0)
    m_p, s_p, m_q, s_q = _laws(rng)
    p, q = stats.multivariate_normal(m_p, s_p), stats.multivariate_normal(m_q, s_q)
    total = np.zeros(4)
    for law in (p, q):
        x, h = law.rvs(60_000, random_state=1), 1e-4
        for j, step in enumerate(h * np.eye(4)):
            slope = [(f.logpdf(x + step) - f.logpdf(x - step)) / (2 * h) for f in (p, q)]
            total[j] += 0.5 * np.mean((slope[0] - slope[1]) ** 2)
    np.testing.assert_allclose(fisher_divergences(m_p, s_p, m_q, s_q), total, rtol=0.03)


@pytest.mark.oracle("feature_shift_test")
def test_statistic_by_quadrature_in_one_dimension():
    grid = np.linspace(-30, 30, 200_001)
    p, q = stats.norm(0.3, 1.2), stats.norm(-0.4, 2.0)
    gap = -(grid - 0.3) / 1.2**2 + (grid + 0.4) / 2.0**2
    want = np.trapezoid(0.5 * (p.pdf(grid) + q.pdf(grid)) * gap**2, grid)
    got = fisher_divergences(np.array([0.3]), np.array([[1.44]]), np.array([-0.4]), np.array([[4.0]]))
    assert got[0] == pytest.approx(want, rel=1e-8)


@pytest.mark.oracle("feature_shift_test")
def test_pvalue_equals_full_enumeration():
    from itertools import combinations

    from ecotone.compare.explain._feature_shift_test import _statistics

    rng = np.random.default_rng(1)
    pooled = rng.standard_normal((10, 2))
    pooled[5:, 0] += 1.5
    z = (pooled - pooled.mean(0)) / pooled.std(0)
    every = [
        _statistics(z[list(rows)], z[[i for i in range(10) if i not in rows]]) for rows in combinations(range(10), 5)
    ]
    exact = np.mean(np.array(every) >= every[0] * (1 - 1e-9), axis=0)  # the first is the observed labelling
    shown = [f.pvalue for f in feature_shift_test(pooled[:5], pooled[5:], permutations=3999).features]
    np.testing.assert_allclose(shown, exact, atol=0.03)


def test_every_feature_keeps_its_level_and_none_is_wasted():
    rng = np.random.default_rng(2)
    p = []
    for seed in range(150):
        z = rng.standard_normal((2, 60, 3)) @ np.array([[1, 0.8, 0], [0, 0.6, 0.5], [0, 0, 1]])
        p += [f.pvalue for f in feature_shift_test(z[0], z[1], permutations=49, seed=seed).features]
    p = np.array(p)
    for alpha in (0.1, 0.5):  # neither wasted; small levels, ties and units with 2,000 replicates: benchmarks/levels
        assert np.mean(p <= alpha) == pytest.approx(alpha, abs=4 * np.sqrt(alpha * (1 - alpha) / 450))


def test_a_shuffled_column_is_found_where_margins_are_equal():
    rng = np.random.default_rng(3)
    z = np.sqrt(0.4) * rng.standard_normal((2, 500, 5)) + np.sqrt(0.6) * rng.standard_normal((2, 500, 1))
    z[1, :, 3] = rng.permutation(z[1, :, 3])
    result = feature_shift_test(z[0], z[1], permutations=99)
    assert result.pvalue == 0.01 and result.top() == (3,)
    assert len(result.features) == 5 and {f.method for f in result.features} == {"feature_shift_test"}
    assert result.features[3].effect > 3 * result.features[0].effect


def test_bootstrap_null_and_arguments():
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((2, 80, 2))
    bootstrap = feature_shift_test(x, y + np.array([0, 1]), permutations=99, null="bootstrap")
    assert bootstrap.top() == (1,) and bootstrap.features[1].pvalue == 0.01
    with pytest.raises(BadInput, match="null must be"):
        feature_shift_test(x, y, null="none")
    with pytest.raises(BadInput, match="without units"):
        feature_shift_test(x, y, null="bootstrap", units=(np.arange(80), np.arange(80)))
    constant = feature_shift_test(np.c_[x, np.ones(80)], np.c_[y, np.ones(80)], permutations=19)
    assert constant.features[2].pvalue == 1
