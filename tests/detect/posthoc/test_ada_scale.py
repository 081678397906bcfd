import numpy as np
import pytest
import torch
from networks import inside, network, reference
from scipy.special import logsumexp
from scipy.stats import rankdata

from ecotone.contracts import Activations, BadInput
from ecotone.data.activations import TorchNetwork, read_activations
from ecotone.detect.posthoc import SCALE, AdaSCALE
from ecotone.detect.posthoc._post_hoc import in_double

SETTINGS = {"share": 0.4, "k1": 20, "k2": 50}  # of 6 inputs and 16 features: 2 elements, 3 and 8 features


def by_hand(acts, eps=0.5, lam=10.0):
    """Q' one row after another."""
    module = network().module
    found = []
    for row in acts.inputs:
        x = torch.tensor(row)[None].requires_grad_()
        module(x).max().backward()
        g = x.grad[0].numpy()
        moved = row.copy()
        for i in np.argsort(np.abs(g))[:2]:
            moved[i] += eps * np.sign(g[i])
        with torch.no_grad():
            a, b = (module[:-1](torch.tensor(v)[None])[0].double().numpy() for v in (row, moved))
        order = np.argsort(-a)
        found.append(lam * np.abs(b - a)[order[:3]].sum() + np.maximum(b, 0)[order[:8]].sum())
    return np.array(found)


@pytest.mark.oracle("AdaSCALE")
@pytest.mark.parametrize("variant", ["A", "L"])
def test_ada_scale_row_by_row(variant):
    some = inside()[:80]
    detector = AdaSCALE(variant, p_min=40, p_max=90, **SETTINGS).fit(reference())
    known, shifts = by_hand(reference()), by_hand(some)
    np.testing.assert_allclose(detector.shifts_, np.sort(known), rtol=1e-4)
    share = (known[None] <= shifts[:, None]).mean(1)
    z, logits = some.features.astype(float), some.logits.astype(float)
    scores = []
    for row, y, f in zip(z, logits, share, strict=True):
        k = 16 - round(16 * (40 + (1 - f) * 50) / 100)
        r = row.sum() / np.sort(row)[::-1][:k].sum()
        weight, bias = some.head
        scores.append(logsumexp(y * r**2 if variant == "L" else weight @ (row * np.exp(r)) + bias))
    ours = detector.score_samples(some)
    close = np.isclose(ours, scores, rtol=1e-5)
    assert close.mean() > 0.95, close.mean()  # a shift that rounds to the other side of a known one moves a rank


def test_one_percentile_is_scale():
    ours = AdaSCALE(p_min=70, p_max=70).fit(reference()).score_samples(inside())
    np.testing.assert_allclose(ours, SCALE(70).score_samples(inside()), rtol=1e-12)


def test_shares_of_the_reference_are_its_ranks():
    detector = AdaSCALE(**SETTINGS).fit(reference())
    ranks = rankdata(detector.shifts_, method="max") / len(reference())
    own = 1 - (np.sort(detector._percentile(in_double(reference())))[::-1] - 75) / 10
    np.testing.assert_allclose(own, ranks, atol=1e-12)


def test_without_a_step_only_the_correction_is_left():
    detector = AdaSCALE(eps=0.0, **SETTINGS).fit(reference())
    np.testing.assert_allclose(detector.shifts_, np.sort(np.sort(reference().features)[:, -8:].sum(1)), rtol=1e-4)
    assert np.ptp(detector._percentile(in_double(inside()))) > 5  # so that the percentile still varies


def test_a_part_of_the_reference_is_enough():
    detector = AdaSCALE(rows=100).fit(reference())
    assert detector.shifts_.shape == (100,)
    assert np.isin(detector.shifts_, AdaSCALE().fit(reference()).shifts_).mean() > 0.9


def test_elements_of_no_gradient_do_not_move():
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    module[0].weight.data = torch.tensor([[0.0, 0, 1, 2], [0, 0, 2, 3], [0, 0, 3, 4]])
    module[0].bias.data[:] = 0
    module[2].weight.data = torch.tensor([[1.0, 1, 1], [0, 0, 0]])
    module[2].bias.data[:] = 0
    acts = read_activations(module, np.ones((5, 4), np.float32))
    still = AdaSCALE(share=0.5).fit(acts).shifts_  # the two that nothing hangs on
    np.testing.assert_array_equal(still, np.full(5, 7.0))  # the largest of the features 3, 5 and 7, and no shift
    moved = AdaSCALE(share=0.75).fit(acts).shifts_  # the third by a half: 8.5 of the largest, 1.5 of shift
    np.testing.assert_allclose(moved, np.full(5, 8.5 + 10 * 1.5))


def test_zero_features_are_finite():
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    module[0].bias.data[:] = -100
    acts = read_activations(module, np.ones((5, 4), np.float32))
    assert np.isfinite(AdaSCALE().fit(acts).score_samples(acts)).all()


def test_settings_and_inputs_are_checked():
    wrong = ({"variant": "B"}, {"p_min": 90}, {"p_max": 100}, {"share": 0}, {"k1": 0}, {"k2": 101}, {"rows": 0})
    for settings in wrong:
        with pytest.raises(BadInput, match=next(iter(settings))):
            AdaSCALE(**settings).fit(reference())
    module = torch.nn.Sequential(torch.nn.Embedding(5, 4), torch.nn.Flatten(), torch.nn.Linear(8, 2))
    net = TorchNetwork(module)
    tokens = np.array([[0, 1], [2, 3], [4, 0]])
    acts = read_activations(net, tokens)
    assert isinstance(acts, Activations)
    with pytest.raises(BadInput, match="floats"):
        AdaSCALE().fit(acts)
