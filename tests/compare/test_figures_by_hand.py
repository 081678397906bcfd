"""What two-sample tests and estimators say, number by number, where a figure can be had another way."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from ecotone.compare.estimate import Predictions, atc
from ecotone.compare.estimate._doubly_robust import A_MANY, A, reach
from ecotone.compare.estimate._learners import log_odds
from ecotone.compare.explain import feature_shift_test, model_divergence
from ecotone.compare.explain._conditional_change import _pooled
from ecotone.compare.explain._feature_shift_test import _results
from ecotone.compare.two_sample import energy_test, ks_test
from ecotone.compare.two_sample._coverage_test import _extremes
from ecotone.compare.two_sample._scores import Design
from ecotone.compare.two_sample._trees import FEATURES, _screened, _step
from ecotone.contracts import as_seed
from ecotone.data import Column, Pair, Table


def pair(reference: dict, current: dict, units=None) -> Pair:
    sides = []
    for values in (reference, current):
        n = len(next(iter(values.values())))
        columns = {name: Column(name, "numeric", np.asarray(v, float)) for name, v in values.items()}
        sides.append(Table(columns, n, rows=np.arange(n)))
    return Pair(*sides, units=units)


@pytest.mark.oracle("energy_test")
def test_energy_test_says_its_distance_and_its_permutations():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 2)), rng.normal(5, 1, size=(9, 2))
    found = energy_test(x, y, permutations=99, standardise=False)
    assert found.pvalue == 1 / 100, "no relabelling is as far apart as the tables"
    assert found.effect == pytest.approx(2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean())
    assert found.statistic == pytest.approx(found.effect * 12 * 9 / 21)
    assert found.details == {"permutations": 99, "rows_used": [12, 9]}


@pytest.mark.oracle("ks_test")
def test_ks_test_gives_each_column_its_pvalue_and_none_to_a_constant_one():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(30, 4)), rng.normal(0.4, 1, size=(25, 4))
    x[:, 1] = y[:, 1] = 7.0
    adjusted = ks_test(x, y).details["adjusted"]
    raw = sorted((stats.ks_2samp(x[:, j], y[:, j]).pvalue, j) for j in (0, 2, 3))
    expected, largest = [None] * 4, 0.0
    for place, (p, j) in enumerate(raw):
        largest = max(largest, min(1.0, p * (3 - place)))
        expected[j] = largest
    assert adjusted[1] is None and len(adjusted) == 4
    assert [a for a in adjusted if a is not None] == pytest.approx([e for e in expected if e is not None])


@pytest.mark.oracle("atc")
def test_atc_orders_rows_of_three_classes_by_entropy():
    rng = np.random.default_rng(2)
    ref, cur = (rng.dirichlet([0.4, 0.4, 0.4], 500) for _ in range(2))
    y = np.where(rng.random(500) < 0.6, ref.argmax(1), rng.integers(0, 3, 500))
    x = np.zeros((500, 1))
    given = Predictions(x, x, y, ref.argmax(1), cur.argmax(1), ref, cur, classes=("a", "b", "c"))
    threshold = np.quantile(stats.entropy(ref, axis=1), (y == ref.argmax(1)).mean())
    assert atc(given).value == pytest.approx((stats.entropy(cur, axis=1) <= threshold).mean(), abs=1 / 500)


@pytest.mark.oracle("doubly_robust")
def test_the_interval_reaches_further_where_there_are_many_classes():
    core = [SimpleNamespace(data=SimpleNamespace(classes=("a", "b", "c")[:k])) for k in (2, 3)]
    assert (reach(core[0]), reach(core[1])) == (A, A_MANY) and A != A_MANY


@pytest.mark.oracle("conditional_change")
def test_units_of_the_two_tables_are_never_the_same():
    rng = np.random.default_rng(3)
    units = np.repeat(np.arange(6), 5), np.repeat(np.arange(4), 5)
    both = pair({"a": rng.normal(size=30)}, {"a": rng.normal(size=20)}, units=units)
    label, found, columns = _pooled(both, 1000, as_seed(0))
    assert len(np.unique(found)) == found.max() + 1 == 10
    assert [len(set(found[label > 0])), len(set(found[label < 0]))] == [4, 6]
    assert set(found[label > 0]).isdisjoint(found[label < 0]) and len(columns[0].values) == 50


@pytest.mark.oracle("feature_shift_test")
def test_the_largest_shift_is_taken_in_units_of_each_column():
    rng = np.random.default_rng(4)
    drawn = rng.exponential(size=(200, 3)) * [1.0, 1e-3, 1e3]
    drawn[0] = [1.0, 0.02, 1e3]  # twenty times its usual size, in the column of the smallest numbers
    found = _results(drawn, (10, 10))
    assert found.statistic == pytest.approx(0.02 / drawn[:, 1].mean())
    assert found.pvalue == 1 / 200
    assert found.features[1].effect == pytest.approx((0.02 - drawn[1:, 1].mean()) / drawn[1:, 1].std())
    assert feature_shift_test(rng.normal(size=(80, 2)), rng.normal((0, 2), size=(80, 2))).top() == (1,)


@pytest.mark.oracle("coverage_test")
def test_extremes_are_the_rows_with_the_largest_and_smallest_values():
    rng = np.random.default_rng(5)
    both = pair({"a": rng.normal(size=400)}, {"a": rng.normal(size=300)})
    design = Design(both)
    values = np.concatenate([t["a"].values for t in (both.reference, both.current)])
    order = np.argsort(values)
    marks = dict(_extremes(design, design.columns[0]))
    assert len(marks) >= 3
    for what, rows in marks.items():
        side, k = what.split(" ")
        if side != "farthest":
            expected = order[-int(k) :] if side == "largest" else order[: int(k)]
            assert set(rows.tolist()) == set(expected.tolist()), what
    assert {what.split(" ")[0] for what in marks} == {"largest", "smallest", "farthest"}


@pytest.mark.oracle("trees_test")
def test_of_many_columns_trees_read_those_that_differ():
    rng = np.random.default_rng(6)
    label = np.arange(400) >= 200
    x = rng.normal(size=(400, FEATURES + 20))
    x[label, -1] += 2  # a shift
    x[label, -2] *= 4  # a spread
    x[:, 0] = 3.0
    chosen = _screened(x, label)
    assert len(chosen) == FEATURES and {FEATURES + 19, FEATURES + 18} <= set(chosen) and 0 not in chosen


@pytest.mark.oracle("trees_test")
def test_a_step_of_the_trees_is_mann_whitney_with_delongs_error():
    rng = np.random.default_rng(7)
    score = np.r_[rng.normal(size=14), rng.normal(0.8, 1, 11)].round(1)
    label = np.arange(25) >= 14
    found = _step(score, label, 1.0)
    wins = (score[label][:, None] > score[~label]) + 0.5 * (score[label][:, None] == score[~label])
    assert found.auc == pytest.approx(wins.mean())
    delong = math.sqrt(wins.mean(0).var(ddof=1) / 14 + wins.mean(1).var(ddof=1) / 11)
    assert found.se == pytest.approx(delong)
    pooled = stats.mannwhitneyu(score[label], score[~label], use_continuity=False, method="asymptotic").pvalue
    assert 2 * stats.norm.sf(abs(found.z)) == pytest.approx(pooled)


class _Normal:
    """A distribution of one column whose divergences are known; beyond ``high`` it gives no probability."""

    def __init__(self, mean: float, high: float = math.inf):
        self.mean, self.high = mean, high

    def sample(self, n, *, given=None, seed=None):
        return np.minimum(np.random.default_rng(seed).normal(self.mean, 1, (n, 1)), self.high)

    def log_prob(self, x, *, given=None):
        return np.where(x[:, 0] <= self.high, stats.norm.logpdf(x[:, 0], self.mean), -np.inf)


@pytest.mark.oracle("model_divergence")
def test_divergence_of_normals_both_ways_and_of_rows_that_cannot_be():
    found = model_divergence(_Normal(0.0), _Normal(1.0), n=20_000, seed=0)
    assert found.total == pytest.approx(0.5, abs=0.03) and list(found.parts) == ["joint"]
    assert found.details["reverse"] == pytest.approx(0.5, abs=0.03)
    assert (found.details["impossible"], found.details["reverse_impossible"]) == (0.0, 0.0)
    again = model_divergence(_Normal(0.0), _Normal(1.0), n=500, seed=3)
    assert again.total == model_divergence(_Normal(0.0), _Normal(1.0), n=500, seed=3).total
    cut = model_divergence(_Normal(0.0), _Normal(0.0, high=1.0), n=20_000, seed=0)
    assert cut.details["impossible"] == pytest.approx(stats.norm.sf(1.0), abs=0.01)


@pytest.mark.oracle("retraining_gain")
def test_log_odds_of_two_classes_and_log_probabilities_of_more():
    two, three = np.array([[0.2, 0.8], [0.0, 1.0]]), np.array([[0.2, 0.3, 0.5]])
    assert log_odds(two)[:, 0] == pytest.approx([math.log(4), math.log((1 - 1e-6) / 1e-6)])
    assert log_odds(three)[0] == pytest.approx(np.log([0.2, 0.3, 0.5]))
