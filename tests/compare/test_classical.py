"""Two-sample tests against exhaustive relabelling, scipy and simple counting."""

import itertools

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import rbf_kernel

from ecotone.compare.two_sample import c2st, energy_test, ks_test, mmd_test
from ecotone.compare.two_sample._relabel import pool
from ecotone.contracts import BadInput
from ecotone.measure.distances import energy_distance, maximum_mean_discrepancy


def _splits(n, m):
    for first in itertools.combinations(range(n + m), n):
        mask = np.zeros(n + m, dtype=bool)
        mask[list(first)] = True
        yield mask


@pytest.mark.oracle("energy_test")
def test_energy_pvalue_is_the_exhaustive_one():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, 2)), rng.standard_normal((4, 2)) + 1.0
    z = np.concatenate([x, y])
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    every = np.array([energy_distance(z[mask], z[~mask]) for mask in _splits(5, 4)])
    found = energy_test(x, y, permutations=20_000)
    assert found.effect == pytest.approx(every[0]) and found.statistic == pytest.approx(every[0] * 20 / 9)
    assert found.pvalue == pytest.approx(np.mean(every >= every[0] - 1e-12), abs=0.01)


@pytest.mark.oracle("mmd_test")
def test_mmd_pvalue_is_the_exhaustive_one():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((5, 1)), rng.standard_normal((5, 1)) * 0.3 + 0.7
    z = np.concatenate([x, y])
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    h = np.median(np.abs(z - z.T)[np.triu_indices(10, 1)])
    values = []
    for factor in (0.5, 2.0):
        k = rbf_kernel(z, gamma=1 / (2 * (factor * h) ** 2))
        values.append([(w := np.where(mask, 0.2, -0.2)) @ k @ w for mask in _splits(5, 5)])
    p = np.array([[np.mean(np.array(v) >= one - 1e-9) for one in v] for v in values])
    exact = np.mean(p.min(axis=0) <= p[:, 0].min() + 1e-9)
    found = mmd_test(x, y, permutations=20_000, factors=(0.5, 2.0))
    assert found.pvalue == pytest.approx(exact, abs=0.012)
    assert found.details["uncorrected"] == pytest.approx(p[:, 0].tolist(), abs=0.012)
    best = (0.5, 2.0)[int(np.argmin(found.details["uncorrected"]))]
    assert found.effect == pytest.approx(maximum_mean_discrepancy(z[:5], z[5:], bandwidth=best * h))
    with pytest.raises(BadInput, match="factors"):
        mmd_test(x, y, factors=())


@pytest.mark.oracle("ks_test")
def test_ks_is_scipy_by_column_with_holm():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((80, 3)), rng.standard_normal((60, 3)) + np.array([0.6, 0.0, 0.3])
    raw = np.array([stats.ks_2samp(x[:, j], y[:, j]).pvalue for j in range(3)])
    order, adjusted, largest = np.argsort(raw), np.empty(3), 0.0
    for k, j in enumerate(order):
        largest = max(largest, min(1.0, (3 - k) * raw[j]))
        adjusted[j] = largest
    constant = np.ones((80, 1)), np.ones((60, 1))
    found = ks_test(np.hstack([x, constant[0]]), np.hstack([y, constant[1]]))
    assert found.details["adjusted"][:3] == pytest.approx(adjusted.tolist()) and found.details["adjusted"][3] is None
    assert found.pvalue == pytest.approx(adjusted.min())


@pytest.mark.oracle("ks_test")
def test_ks_by_units_is_the_exhaustive_permutation():
    rng = np.random.default_rng(3)
    x, y = np.round(rng.standard_normal((5, 1)), 1), np.round(rng.standard_normal((5, 1)) + 1, 1)
    z = np.concatenate([x, y])[:, 0]
    every = np.array([stats.ks_2samp(z[mask], z[~mask]).statistic for mask in _splits(5, 5)])
    found = ks_test(x, y, permutations=20_000, units=(range(5), range(5, 10)))
    assert found.statistic == pytest.approx(every[0])
    assert found.pvalue == pytest.approx(np.mean(every >= every[0] - 1e-12), abs=0.012)


@pytest.mark.oracle("c2st")
def test_c2st_is_the_held_out_auc_and_its_binomial_accuracy():
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((400, 2)), rng.standard_normal((400, 2)) + 0.35

    class Known(LogisticRegression):
        """The best linear rule, known beforehand, which remembers what it was asked."""

        def fit(self, X, y):
            self.classes_ = np.array([False, True])
            return self

        def predict_proba(self, X):
            Known.asked = X
            p = 1 / (1 + np.exp(-0.35 * (X.sum(axis=1) - 0.35)))
            return np.stack([1 - p, p], axis=1)

    found = c2st(x, y, classifier=Known(), seed=5)
    from_y = np.isin(Known.asked[:, 0], y[:, 0])
    assert from_y.sum() == 200 and from_y.size == 400, "half of each sample is held out"
    assert found.statistic == pytest.approx(roc_auc_score(from_y, Known.asked.sum(axis=1)))
    assert found.effect == pytest.approx(found.statistic - 0.5)
    assert found.interval[0] < stats.norm.cdf(0.35) - 0.5 < found.interval[1], "the population AUC is Phi(shift)"
    right = c2st(x, y, classifier=Known(), seed=5, statistic="accuracy", permutations=9999)
    hits = ((Known.asked.sum(axis=1) > 0.35) == from_y).sum()
    assert right.statistic == pytest.approx(hits / 400)
    # for equal sizes a relabelled accuracy is hypergeometric: exact, and close to the paper's binomial
    said = int((Known.asked.sum(axis=1) > 0.35).sum())
    true_positives = int(((Known.asked.sum(axis=1) > 0.35) & from_y).sum())
    exact = stats.hypergeom.sf(true_positives - 1, 400, 200, said)
    assert right.pvalue == pytest.approx(exact, abs=3 * np.sqrt(exact / 10_000) + 2e-4)
    with pytest.raises(BadInput, match="statistic"):
        c2st(x, y, statistic="loss")


def test_c2st_sees_a_pure_dependence_that_ks_can_not():
    rng = np.random.default_rng(6)
    x, y = rng.standard_normal((400, 2)), rng.standard_normal((400, 2))
    y[:, 1] = 0.9 * y[:, 0] + np.sqrt(0.19) * y[:, 1]
    assert c2st(x, y).pvalue <= 0.01 and energy_test(x, y, max_rows=200).pvalue <= 0.05
    assert ks_test(x, y).pvalue > 0.05


def test_c2st_needs_both_samples_in_both_halves():
    x = np.random.default_rng(7).standard_normal((12, 1))
    with pytest.raises(BadInput, match="too few"):
        c2st(x[:3], x)
    with pytest.raises(BadInput, match="too few"):
        c2st(x, x, units=(np.zeros(12), np.arange(1, 13)))


def test_relabellings_move_whole_units_and_keep_their_number():
    rng = np.random.default_rng(8)
    who = (np.repeat([0, 1, 2], 4), np.repeat([2, 3, 4, 5], 3))
    made = pool(np.zeros((12, 1)), np.zeros((12, 1)), who, 1)
    labels = np.concatenate(list(made.relabellings(400, rng)))
    single = np.array([u for u in range(6) if u != 2])
    by_unit = np.stack([labels[:, made.unit == u].mean(axis=1) for u in single], axis=1)
    assert set(np.unique(by_unit)) == {0.0, 1.0} and (by_unit.sum(axis=1) == 2).all()
    assert len({tuple(row) for row in by_unit}) == 10, "all ways to choose 2 of 5 units"
    both = labels[:, made.unit == 2]
    assert {tuple(row) for row in both.astype(int)} == {(1, 1, 1, 1, 0, 0, 0), (0, 0, 0, 0, 1, 1, 1)}


def test_thinning_keeps_whole_units_and_about_the_rows():
    rng = np.random.default_rng(9)
    made = pool(np.zeros((500, 1)), np.zeros((300, 1)), (np.arange(500) // 5, 1000 + np.arange(300) // 5), 1)
    thin = made.thinned(100, rng)
    assert thin.sizes == (100, 100) and (np.bincount(thin.unit) == 5).all()
    assert made.thinned(None, rng) is made and made.thinned(500, rng) is made
