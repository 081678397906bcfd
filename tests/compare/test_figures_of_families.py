"""Families of tests against a plain loop over rows, pairs and triples."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from ecotone.compare.two_sample import knn_non_iid_scores
from ecotone.compare.two_sample._embedded import Embedded
from ecotone.compare.two_sample._pairwise_test import allowed
from ecotone.compare.two_sample._products import Sample
from ecotone.compare.two_sample._threeway_test import _by_matrix_products
from ecotone.compare.two_sample._trees import Step


@pytest.mark.oracle("knn_non_iid_test")
def test_scores_of_rows_by_a_loop_over_gaps():
    rng = np.random.default_rng(0)
    x, n, k = np.sort(rng.normal(size=(14, 1)), axis=0) + rng.normal(0, 0.1, (14, 1)), 14, 3
    apart = np.abs(x - x.T)
    np.fill_diagonal(apart, np.inf)
    expected = []
    for i in range(n):
        near = np.abs(np.argsort(apart[i])[:k] - i)
        every = np.abs(np.delete(np.arange(n), i) - i)
        area = sum(abs((near <= g).mean() - (every <= g).mean()) for g in range(1, n))
        expected.append(1 + math.tanh(-area / max(i, n - i)))
    np.testing.assert_allclose(knn_non_iid_scores(x, k=k, metric="euclidean"), expected)


@pytest.mark.oracle("marginal_test")
def test_area_of_an_embedding_is_that_of_its_steps_by_squared_weights():
    steps = [Step(weight, 0.0, auc, se) for weight, auc, se in ((1.0, 0.6, 0.05), (2.0, 0.7, 0.04))]
    held = Embedded("e", 3, -1.0, {"classifier": -1.0}, steps, (0.0, 0.0))
    assert held.auc == pytest.approx((0.2 * 0.6 + 0.8 * 0.7, math.hypot(0.2 * 0.05, 0.8 * 0.04)))
    assert all(map(math.isnan, Embedded("e", 3, -1.0, {"classifier": -1.0}, [], (0.0, 0.0)).auc))


@pytest.mark.oracle("pairwise_test")
def test_pairs_are_of_two_columns_and_tails_meet_tails_alone():
    what = ("normal", "up", "normal", "low")
    scores = SimpleNamespace(column=np.array([0, 0, 1, 1]), what=what, largest=lambda: np.ones(4), cap=2.0)
    found = {(i, j) for i, j in np.argwhere(allowed(scores)).tolist() if i < j}
    assert found == {(0, 2), (1, 3)}
    scores.largest = lambda: np.array([1.0, 2.0, 1.0, 2.0])
    assert {(i, j) for i, j in np.argwhere(allowed(scores)).tolist() if i < j} == {(0, 2)}


@pytest.mark.oracle("threeway_test")
def test_the_largest_of_all_triples_by_a_loop():
    rng = np.random.default_rng(1)
    n_ref, n_cur, k = 60, 40, 5
    x = rng.choice([-1.0, 1.0], size=(n_ref + n_cur, k)).astype(np.float32)
    x[n_ref:, 4] = x[n_ref:, 1] * x[n_ref:, 2] * np.where(rng.random(n_cur) < 0.9, 1, -1)
    sample = Sample(x, np.arange(k), ("normal",) * k, None, (n_ref, n_cur), np.arange(n_ref + n_cur))
    design = SimpleNamespace(columns=[SimpleNamespace(name=f"c{j}") for j in range(k)], pair=None)
    best, where = 0.0, None
    for triple in itertools.combinations(range(k), 3):
        product = x[:, triple].astype(float).prod(axis=1)
        gap = product[n_ref:].mean() - product[:n_ref].mean()
        z = abs(gap) / math.sqrt((product**2).mean() * (1 / n_ref + 1 / n_cur))
        best, where = max((best, where), (z, triple))
    found = _by_matrix_products(design, sample)
    assert where == (1, 2, 4) and found.details["columns"] == ["c1", "c2", "c4"]
    assert found.logp == pytest.approx(math.log(10 * 2 * stats.norm.sf(best)), rel=1e-3)
