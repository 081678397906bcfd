import tracemalloc

import numpy as np
import pytest
import torch
from networks import inside, reference
from scipy.special import logsumexp

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import NNGuide
from ecotone.detect.posthoc import _nearest as nearest


def _unit(z):
    return z / np.linalg.norm(z, axis=1, keepdims=True)


@pytest.mark.oracle("NNGuide")
@pytest.mark.parametrize("k", [1, 10, 5000])
def test_energy_times_the_mean_of_the_largest_products_by_full_sort(k):
    z, new = reference().features.astype(float), inside().features.astype(float)
    bank = _unit(z) * logsumexp(reference().logits.astype(float), axis=1)[:, None]
    products = np.sort(_unit(new) @ bank.T, axis=1)[:, ::-1][:, :k]
    expected = logsumexp(inside().logits.astype(float), axis=1) * products.mean(1)
    np.testing.assert_allclose(NNGuide(k=k).fit(reference()).score_samples(inside()), expected, rtol=1e-9)


@pytest.mark.parametrize("library", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_tiles_change_nothing(monkeypatch, library):
    g = np.random.default_rng(0)
    queries, bank = g.normal(size=(50, 3)), g.normal(size=(70, 3))
    expected = np.sort(queries @ bank.T, axis=1)[:, -9:]
    monkeypatch.setattr(nearest, "QUERIES", 7)
    monkeypatch.setattr(nearest, "BANK", 8)
    found = np.sort(np.asarray(nearest.largest_products(library(queries), bank, 9)), axis=1)
    np.testing.assert_allclose(found, expected)


def test_memory_is_bounded_by_the_tiles():
    g = np.random.default_rng(0)
    queries, bank = g.normal(size=(2000, 4)), g.normal(size=(40_000, 4))
    tracemalloc.start()
    nearest.largest_products(queries, bank, 5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120e6  # all products would take 640 MB


def test_share_zeros_and_energies():
    assert len(NNGuide(share=0.1).fit(reference()).bank_) == 80
    zero = Activations(features=np.zeros((2, 16)), logits=inside().logits[:2])
    np.testing.assert_array_equal(NNGuide().fit(reference()).score_samples(zero), 0)
    low = reference().replace(logits=reference().logits - 100, head=None)
    with pytest.raises(BadInput, match="constant"):
        NNGuide().fit(low)
    for wrong in ({"k": 0}, {"share": 0.0}, {"share": 1.5}):
        with pytest.raises(BadInput, match=next(iter(wrong))):
            NNGuide(**wrong).fit(reference())
