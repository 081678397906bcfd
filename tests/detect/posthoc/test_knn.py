import numpy as np
import pytest
import torch
from networks import inside, reference
from sklearn.neighbors import NearestNeighbors

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import KNN, _kth


def unit(z):
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def exact(bank, z, k):
    return -NearestNeighbors(n_neighbors=k, algorithm="brute").fit(bank).kneighbors(z)[0][:, -1]


@pytest.mark.oracle("KNN")
@pytest.mark.parametrize("k", [1, 50, 800])
@pytest.mark.parametrize("normalise", [True, False])
def test_it_is_sklearns_kth_distance(k, normalise):
    change = unit if normalise else np.asarray
    expected = exact(change(reference().features.astype(float)), change(inside().features.astype(float)), k)
    ours = KNN(k=k, normalise=normalise).fit(reference()).score_samples(inside())
    np.testing.assert_allclose(ours, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "case", ["plain", "far from the origin", "closer than single precision", "duplicates", "far rows", "one row"]
)
@pytest.mark.parametrize("k", [1, 5, 40])
def test_the_search_is_exact_where_single_precision_is_not(case, k, monkeypatch):
    monkeypatch.setattr(_kth, "TILE", 5 * 1600)  # several tiles
    g = np.random.default_rng(0)
    bank, queries = g.normal(size=(1600, 8)), g.normal(size=(30, 8))
    if case == "far from the origin":
        bank, queries = bank + 1e4, queries + 1e4
    if case == "closer than single precision":
        bank[:400] = bank[0] + g.normal(size=(400, 8)) * 1e-7
        queries[:10] = bank[0] + g.normal(size=(10, 8)) * 1e-7
    if case == "duplicates":
        bank[:1500] = bank[0]
        queries[:10] = bank[0]
    if case == "far rows":
        queries[:10] *= 1e5
    if case == "one row":
        queries = bank[7:8]
    where = _kth.kth_neighbours(queries, bank, k)
    distance = np.linalg.norm(queries[:, None] - bank, axis=2)
    ours = distance[np.arange(len(queries)), where]
    np.testing.assert_allclose(ours, np.sort(distance, axis=1)[:, k - 1], rtol=1e-6, atol=1e-8)


def test_few_queries_are_searched_in_double_precision(monkeypatch):
    searched = []
    monkeypatch.setattr(_kth, "_exhaustive", lambda *given: searched.append(given))
    g = np.random.default_rng(0)
    _kth.kth_neighbours(unit(g.normal(size=(200, 32))), unit(g.normal(size=(5000, 32))), 50)
    assert not searched


def test_a_smaller_bank_is_drawn_by_seed():
    some = KNN(k=3, bank=100, random_state=1).fit(reference())
    z = unit(reference().features.astype(float))
    assert some.bank_.shape == (100, 16)
    assert (np.abs(some.bank_[:, None] - z).max(2).min(1) < 1e-12).all()
    np.testing.assert_array_equal(KNN(bank=100, random_state=1).fit(reference()).bank_, some.bank_)
    assert not np.array_equal(KNN(bank=100, random_state=2).fit(reference()).bank_, some.bank_)
    np.testing.assert_allclose(
        some.score_samples(inside()), exact(some.bank_, unit(inside().features.astype(float)), 3), rtol=1e-7
    )
    KNN.block_rows, kept = 37, KNN.block_rows
    try:
        np.testing.assert_array_equal(KNN(bank=100, random_state=1).fit(reference()).bank_, some.bank_)
    finally:
        KNN.block_rows = kept


def test_k_is_at_most_the_bank():
    with pytest.raises(BadInput, match="bank has 10 rows"):
        KNN(k=11).fit(reference()[:10])
    with pytest.raises(BadInput, match="bank has 5 rows"):
        KNN(k=6, bank=5).fit(reference())
    with pytest.raises(BadInput, match="k is 0"):
        KNN(k=0).fit(reference())
    with pytest.raises(BadInput, match="at least 1 row"):
        KNN(bank=0).fit(reference())
    assert KNN().fit(reference()[:10]).k_ == 10 and KNN().fit(reference()).k_ == 50


def test_rows_of_zeros_are_finite_and_the_score_is_differentiable():
    acts = Activations(features=np.vstack([np.zeros((2, 4)), np.eye(4)]))
    assert KNN(k=1).fit(acts).score_samples(acts).tolist() == [0.0] * 6
    z = torch.tensor(inside().features[:5], requires_grad=True)
    KNN(k=3, normalise=False).fit(reference()).score_samples(Activations.unchecked(features=z)).sum().backward()
    np.testing.assert_allclose(np.linalg.norm(z.grad.numpy(), axis=1), 1, rtol=1e-5)
