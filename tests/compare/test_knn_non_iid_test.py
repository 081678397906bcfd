"""The neighbour order test against scipy, exhaustive orders, and its stated blind spot."""

import itertools

import numpy as np
import pytest
from chance import most
from scipy import stats

from ecotone.compare.two_sample import knn_non_iid_scores, knn_non_iid_test
from ecotone.contracts import BadInput


def _graph(x, k):
    gaps = np.linalg.norm(x[:, None] - x[None], axis=2) + np.diag(np.full(len(x), np.inf))
    return np.argsort(gaps, axis=1)[:, :k]


def _statistic(graph, position):
    n = len(graph)
    near = [abs(position[i] - position[j]) for i in range(n) for j in graph[i]]
    every = [j - i for i, j in itertools.combinations(range(n), 2)]
    return stats.ks_2samp(near, every).statistic


@pytest.mark.oracle("knn_non_iid_test")
@pytest.mark.parametrize("n, k", [(7, 3), (40, 10), (200, 5)])
def test_statistic_is_two_sample_ks_of_the_gaps(n, k):
    x = np.random.default_rng(n).standard_normal((n, 2)) + np.linspace(0, 1, n)[:, None]
    assert knn_non_iid_test(x, k=k, permutations=1).statistic == pytest.approx(_statistic(_graph(x, k), np.arange(n)))


@pytest.mark.oracle("knn_non_iid_test")
def test_pvalue_is_the_exhaustive_one():
    x = np.array([0.0, 0.4, 0.3, 1.1, 1.6, 1.3])[:, None]
    graph = _graph(x, 2)
    every = np.array([_statistic(graph, order) for order in itertools.permutations(range(6))])
    exact = np.mean(every >= every[0] - 1e-12)
    assert knn_non_iid_test(x, k=2, permutations=720).pvalue == pytest.approx(exact, abs=1e-12)
    assert knn_non_iid_test(x, k=2, permutations=719).pvalue == pytest.approx(exact, abs=0.05)


def test_sees_drift_autocorrelation_and_blocks_but_not_regular_alternation():
    rng, n = np.random.default_rng(1), 300
    noise = rng.standard_normal((n, 2))
    walk = noise.copy()
    for t in range(1, n):
        walk[t] += 0.7 * walk[t - 1]
    blocks = noise + 2.5 * ((np.arange(n) // 25) % 2)[:, None]
    for x in (noise + np.linspace(0, 2, n)[:, None], walk, blocks):
        assert knn_non_iid_test(x, permutations=199).pvalue <= 0.01
    alternating = noise + 5.0 * (np.arange(n) % 2)[:, None]
    assert knn_non_iid_test(alternating, permutations=199).pvalue > 0.05, "documented blind spot"


def test_duplicates_are_not_taken_by_row_order():
    x = np.zeros((100, 1))
    p = np.array([knn_non_iid_test(x, permutations=39, seed=s).pvalue for s in range(60)])
    assert np.sum(p <= 0.1) <= most(60, 0.1)  # rounded rows with 2,000 replicates: benchmarks/levels


def test_scores_are_the_definition_and_find_the_foreign_run():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((300, 2))
    x[100:130] += 8  # a run of rows that are only like each other
    scores = knn_non_iid_scores(x)
    assert scores.shape == (300,) and (scores > 0).all() and (scores <= 1).all()
    assert scores[100:130].mean() < np.delete(scores, np.arange(100, 130)).mean() - 0.1
    i, graph = 110, _graph(x, 10)
    gaps, others = np.abs(graph[i] - i), np.abs(np.delete(np.arange(300), i) - i)
    area = sum(abs(np.mean(gaps <= g) - np.mean(others <= g)) for g in range(1, 300))
    assert scores[i] == pytest.approx(1 + np.tanh(-area / max(i, 300 - i)))


def test_metric_is_chosen_by_dimension():
    x = np.random.default_rng(3).standard_normal((60, 5))
    results = {m: knn_non_iid_test(x, permutations=1, metric=m).statistic for m in ("auto", "cosine", "euclidean")}
    assert results["auto"] == results["cosine"] != results["euclidean"]
    for words, match in (({"metric": "l1"}, "metric"), ({"k": 60}, "k must lie"), ({"k": 0}, "k must lie")):
        with pytest.raises(BadInput, match=match):
            knn_non_iid_test(x, **words)
