"""What every propagation of noise owes: shapes, both array libraries, both kinds of network, no noise, clear errors."""

import importlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from ecotone.cards import discover
from ecotone.contracts import BadInput

CARDS = [card for card in discover().values() if card.contract == "Propagation"]
pytestmark = pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
LAWS = ("gaussian", "cauchy")
FORMS = ("full", "marginal")


def _public(card):
    return getattr(importlib.import_module(card.module), card.name)


def _module():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        parts = nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 4)
        return nn.Sequential(*parts).double()


def _list(module):
    weights = [(m.weight.detach().numpy(), m.bias.detach().numpy()) for m in module if isinstance(m, nn.Linear)]
    return [weights[0], "relu", weights[1], "tanh", weights[2]]


def _rows(n=20):
    return np.random.default_rng(0).normal(size=(n, 3))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("form", FORMS)
def test_shapes_and_two_kinds_of_network(card, law, form):
    propagate, x, module = _public(card), _rows(), _module().train()
    found = propagate(_list(module), x, 0.1, distribution=law, form=form)
    assert found.location.shape == found.scale.shape == (20, 4) and found.scale.dtype == np.float64
    low, high = found.interval(0.8)
    assert (low < high).all() and np.allclose((low + high) / 2, found.location)
    p = found.pairwise_probability()
    assert p.shape == (20, 4, 4) and np.allclose(p + p.transpose(0, 2, 1), 1) and np.allclose(p[:, 0, 0], 0.5)
    ours = propagate(module, torch.as_tensor(x), 0.1, distribution=law, form=form)
    assert module.training, "the module is left as it was"
    assert isinstance(ours.scale, torch.Tensor) and ours.scale.dtype == torch.float64
    np.testing.assert_allclose(ours.scale.detach().numpy(), found.scale, rtol=1e-10)
    np.testing.assert_allclose(ours.pairwise_probability().detach().numpy(), p, atol=1e-10)
    both = propagate(_list(module), torch.as_tensor(x), 0.1, distribution=law, form=form)
    np.testing.assert_allclose(both.interval(0.5)[0].numpy(), found.interval(0.5)[0], rtol=1e-10)
    again = propagate(module, x, 0.1, distribution=law, form=form)
    assert isinstance(again.scale, np.ndarray)
    np.testing.assert_allclose(again.location, found.location, rtol=1e-12)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("form", FORMS)
def test_a_row_does_not_depend_on_the_others_and_noise_may_differ(card, law, form):
    propagate, x, layers = _public(card), _rows(), _list(_module())
    scale = np.abs(np.random.default_rng(1).normal(size=x.shape))
    whole = propagate(layers, x, scale, distribution=law, form=form)
    part = propagate(layers, x[5:7], scale[5:7], distribution=law, form=form)
    np.testing.assert_allclose(part.scale, whole.scale[5:7], rtol=1e-12)
    np.testing.assert_allclose(
        propagate(layers, x, 3 * scale, distribution=law, form=form).scale, 3 * whole.scale, rtol=1e-12
    )
    still = propagate(layers, x, 0.0, distribution=law, form=form)
    assert (still.scale == 0).all() and set(np.unique(still.pairwise_probability())) <= {0.0, 0.5, 1.0}


def test_bad_input_is_named(card):
    propagate, x, layers = _public(card), _rows(), _list(_module())
    bad = x.copy()
    bad[2, 1] = np.nan
    cases = [
        ((layers, bad), {}, "location"), ((layers, x[:0]), {}, "location"), ((layers, x[:, :2]), {}, "layer 0"),
        ((layers, x, -1.0), {}, "scale"), ((layers, x, np.ones(5)), {}, "scale"),
        ((layers, x), {"distribution": "levy"}, "cauchy"),
        ((["swish"], x), {}, "swish"), ((3, x), {}, "network"), (([5], x), {}, "layer 0"),
        ((layers, x), {"covariance": np.diag([1.0, 1.0, -1.0])}, "eigenvalue"),
        ((layers, x), {"covariance": np.eye(3), "distribution": "cauchy"}, "covariance"),
        ((nn.Sequential(nn.Linear(3, 2), nn.GELU()).double(), x), {"form": "marginal"}, "GELU"),
        ((nn.Identity(), x[:, :, None]), {}, r"\(n, k\)"),
    ]  # fmt: skip
    for arguments, settings, words in cases:
        with pytest.raises(BadInput, match=words):
            propagate(*arguments, **settings)
    found = propagate(layers, x, distribution="cauchy")
    for wrong in (lambda: found.interval(1.0), lambda: found.covariance):
        with pytest.raises(BadInput):
            wrong()


def test_a_list_of_layers_needs_no_torch(card):
    code = f"import sys, numpy as np; from {card.module} import {card.name} as f\n"
    code += "f([(np.eye(2), None), 'relu'], np.ones((1, 2))).interval(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
