from itertools import pairwise

import numpy as np
import pytest
import torch
from networks import inside, network, reference
from scipy.special import expit, softmax
from torch import nn

from ecotone.contracts import Activations, BadInput
from ecotone.data.activations import TorchNetwork, read_activations
from ecotone.detect.posthoc import NAC
from ecotone.detect.posthoc._neuron_states import bin_edges


def _states(acts, alpha):
    """By automatic differentiation of the divergence itself, not by its closed slope."""
    z = torch.tensor(acts.features, dtype=torch.float64, requires_grad=True)
    weight, bias = (torch.tensor(part, dtype=torch.float64) for part in acts.head)
    p = torch.softmax(z @ weight.T + bias, 1)
    uniform = torch.full_like(p, 1 / p.shape[1])
    (uniform * (uniform / p).log()).sum().backward()
    return expit(alpha * acts.features.astype(float) * z.grad.numpy())


def _coverage(states, edges, full):
    """(bins, neurons); the last interval of numpy's histogram is closed above, which nothing reaches."""
    return np.stack([np.minimum(np.histogram(column, edges)[0] / full, 1) for column in states.T], axis=1)


def _looked_up(states, phi, edges):
    found = np.zeros_like(states)
    for b, (low, high) in enumerate(pairwise(edges)):
        found += np.where((states >= low) & (states < high), phi[b], 0)
    return found.mean(1)


@pytest.mark.oracle("NAC")
@pytest.mark.parametrize("alpha", [0.5, 100.0])
def test_counts_of_states_in_the_same_uneven_bins(alpha):
    edges = bin_edges(50)
    phi = _coverage(_states(reference(), alpha), edges, 30)
    acts = inside().replace(logits=None)  # the head's, in double precision
    detector = NAC(alpha=alpha, full=30, rows=None).fit(reference().replace(logits=None))
    np.testing.assert_array_equal(detector.coverage_["penultimate"], phi)
    np.testing.assert_allclose(detector.score_samples(acts), _looked_up(_states(acts, alpha), phi, edges), rtol=1e-9)
    assert detector.model_coverage_ == pytest.approx(phi.sum(0).mean() / 50)


def test_features_need_no_second_pass_and_slope_is_closed():
    acts = inside()
    weight, bias = (part.astype(float) for part in acts.head)
    z = acts.features.astype(float)
    slope = (softmax(z @ weight.T + bias, axis=1) - 0.25) @ weight
    np.testing.assert_allclose(_states(acts, 3.0), expit(3 * z * slope), rtol=1e-9, atol=1e-12)
    assert NAC().reads() == {"features", "logits", "head"}
    assert "gradient" in NAC(layers=["penultimate", "0"]).reads()
    assert NAC(layers=["0"]).reads() == {"gradient"}


def test_edges_are_dense_about_a_half_and_nothing_reaches_the_last_bin():
    edges = bin_edges(500)
    assert len(edges) == 500 and edges[0] == 0 and edges[249] == 0.5 and edges[-2:].tolist() == [1.01, 1.2]
    np.testing.assert_allclose(edges[1:249] + edges[250:498][::-1], 1)
    assert (np.diff(edges[:250])[1:] < np.diff(edges[:250])[:-1]).all()
    np.testing.assert_allclose(1000.0 ** edges[:250], np.linspace(1, np.sqrt(1000), 250))


def test_maps_and_slopes_are_summed_over_places_before_they_are_multiplied():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(3 * 16, 4))
    x = np.random.default_rng(0).normal(size=(60, 1, 6, 6)).astype(np.float32)
    acts = read_activations(TorchNetwork(module, ["0"]), x)
    z = module[0](torch.tensor(x)).detach().requires_grad_()
    (-torch.log_softmax(module[1:](z), 1).mean(1).sum()).backward()
    states = expit(200 * (z.sum((2, 3)) * z.grad.sum((2, 3))).detach().numpy().astype(float))
    edges = bin_edges(10)
    phi = _coverage(states, edges, 20)
    detector = NAC(["0"], alpha=200, edges=10, full=20).fit(acts)
    assert np.abs(detector.coverage_["0"] - phi).max() <= 1 / 20  # single precision may move a state over an edge
    np.testing.assert_allclose(detector.score_samples(acts), _looked_up(states, phi, edges), atol=0.05)
    pooled_first = expit(200 * (z * z.grad).sum((2, 3)).detach().numpy().astype(float))
    assert np.abs(_coverage(pooled_first, edges, 20) - phi).max() > 0.2


def test_layers_are_averaged_with_their_own_settings():
    alpha, full = {"penultimate": 100, "0": 1.0}, {"penultimate": 50, "0": 10}
    both = NAC(["penultimate", "0"], alpha=alpha, full=full).fit(reference())
    parts = [NAC([name], alpha=alpha, full=full).fit(reference()) for name in both.layers]
    mean = np.mean([part.score_samples(inside()) for part in parts], axis=0)
    np.testing.assert_allclose(both.score_samples(inside()), mean, rtol=1e-9)
    assert both.model_coverage_ == pytest.approx(np.mean([part.model_coverage_ for part in parts]))


def test_a_network_that_uses_few_states_covers_less():
    g = np.random.default_rng(0)
    head = (np.eye(2, 3), np.zeros(2))
    wide = Activations(features=g.normal(0, 1, (800, 3)), head=head)
    narrow = Activations(features=np.full((800, 3), 0.3) + g.normal(0, 0.01, (800, 3)), head=head)
    assert NAC(alpha=5).fit(wide).model_coverage_ > 2 * NAC(alpha=5).fit(narrow).model_coverage_


def test_rows_are_of_every_class():
    acts = reference()
    order = np.argsort(acts.labels, kind="stable")
    detector = NAC(rows=40, full=1e9)
    picked = acts.labels[order][detector._chosen(acts[order])]
    assert np.bincount(picked).tolist() == [10, 10, 10, 10]
    assert len(detector._chosen(acts.replace(labels=None))) == 40


def test_settings_and_layers_are_checked():
    for wrong, word in (
        ({"layers": "penultimate"}, "sequence"), ({"layers": ["9"]}, "keeps no layer '9'"), ({"edges": 7}, "even"),
        ({"full": 0}, "full"), ({"alpha": {"0": 1.0}}, "no value for layer 'penultimate'"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=word):
            NAC(**wrong).fit(reference())
    beside = TorchNetwork(_Beside(network().module), ["side"])
    with pytest.raises(BadInput, match="do not depend"):
        NAC(["side"]).fit(read_activations(beside, inside().inputs))


class _Beside(nn.Module):
    """A network with a layer that its output does not use."""

    def __init__(self, main):
        super().__init__()
        self.main, self.side = main, nn.Linear(6, 3)

    def forward(self, x):
        self.side(x)
        return self.main(x)
