"""NADE against enumeration, quadrature and its own recursion."""

import itertools

import numpy as np
import pytest
import torch
from scipy import integrate

from ecotone.contracts import BadInput
from ecotone.learn import NADE, GaussianMixture, Training

STATES = np.array(list(itertools.product((0, 1), repeat=10)))


def _binary(n=300):
    rng = np.random.default_rng(0)
    first = rng.integers(0, 2, (n, 1))
    return np.where(rng.uniform(size=(n, 10)) < 0.8, first, 1 - first)


def _settings(steps=150, **others):
    return Training(
        steps=steps,
        eval_every=steps,
        batch_size=64,
        learning_rate=0.01,
        device="cpu",
        ema=0.9,
        validation_fraction=0.0,
        **others,
    )


@pytest.mark.oracle("NADE")
@pytest.mark.parametrize("orders", [0, 1, 3])
def test_probabilities_of_all_states_sum_to_one(orders):
    model = NADE("binary", hidden=8, orders=orders, training=_settings()).fit(_binary())
    p = np.exp(model.log_prob(STATES))
    assert p.sum() == pytest.approx(1, abs=1e-4) and p.max() > 2 / 1024
    code = model.sample(20_000, seed=0).astype(int) @ (1 << np.arange(9, -1, -1))
    assert 0.5 * np.abs(np.bincount(code, minlength=1024) / 20_000 - p).sum() < 0.1


def test_shared_hidden_units_are_the_naive_ones():
    model = NADE("binary", hidden=8, training=_settings(precision="64-true")).fit(_binary())
    net, x = model.density_, torch.as_tensor(STATES[:40]).double()
    total = torch.zeros(40, dtype=torch.float64)
    for i in range(10):  # each conditional from the start
        h = torch.sigmoid(net.c + x[:, :i] @ net.w[:i])
        p = torch.sigmoid(h @ net.v[i, :, 0] + net.b[i, 0])
        total = total + torch.log(torch.where(x[:, i] > 0, p, 1 - p))
    assert np.allclose(model.log_prob(STATES[:40]), total.detach().numpy(), atol=1e-10)


@pytest.mark.parametrize("orders", [0, 2])
def test_real_rows_integrate_to_one_and_are_learned(orders):
    exact = GaussianMixture.random(dim=2, components=3, seed=2)
    x = exact.sample(2000, seed=0)
    model = NADE("real", hidden=32, components=5, orders=orders, training=_settings(250)).fit(x)
    at = np.linspace(-12, 12, 160)
    grid = np.stack(np.meshgrid(at, at, indexing="ij"), -1).reshape(-1, 2)
    mass = np.exp(model.log_prob(grid)).reshape(160, 160)
    assert integrate.trapezoid(integrate.trapezoid(mass, at), at) == pytest.approx(1, abs=0.02)
    fresh = exact.sample(1000, seed=1)
    assert model.log_prob(fresh).mean() > exact.log_prob(fresh).mean() - 0.5
    drawn = model.sample(3000, seed=0)
    assert np.allclose(drawn.mean(0), x.mean(0), atol=0.4) and np.allclose(drawn.std(0), x.std(0), rtol=0.2)


def test_subset_loss_is_unbiased_for_the_mean_over_orders():
    model = NADE("binary", hidden=8, orders=1, training=_settings(precision="64-true")).fit(_binary()[:, :3])
    net, x = model.density_, torch.tensor([[1.0, 0.0, 1.0]], dtype=torch.float64)
    each = []
    for order in itertools.permutations(range(3)):
        net.orders = torch.tensor([order])
        each.append(float(net.log_prob(x, None)))
    from ecotone.learn import RowRandom

    with torch.no_grad():
        found = net.subset_loss(x.expand(40_000, -1), RowRandom(0, 40_000), None)
    assert float(found.mean()) == pytest.approx(-np.mean(each), abs=4 * float(found.std()) / 200)


def test_rows_that_are_not_binary():
    with pytest.raises(BadInput, match="row 1, column 2"):
        NADE("binary").fit([[0, 1, 0], [0, 1, 2]])
    model = NADE("binary", hidden=4, training=_settings(2)).fit(_binary()[:, :3])
    with pytest.raises(BadInput, match="0 and 1"):
        model.log_prob([[0.5, 1, 0]])
    with pytest.raises(BadInput, match="kind"):
        NADE("integer").fit(_binary())
