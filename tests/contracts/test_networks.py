"""What every network and objective owes: shapes, conditions that matter, a finite loss that training lowers."""

import importlib

import pytest
import torch

from ecotone.cards import discover
from ecotone.contracts import BadInput
from ecotone.learn import Batch, GaussianMixture, RowRandom
from ecotone.learn.denoisers import NetworkDenoiser
from ecotone.learn.networks import MLP
from ecotone.learn.processes import EDMProcess

NETWORKS = [card for card in discover().values() if card.contract == "Network"]
LOSSES = [card for card in discover().values() if card.contract == "Loss"]
SHAPES = {"MLP": (3,), "UNet": (1, 8, 8), "DiT": (1, 8, 8)}


def _made(card, **arguments):
    return getattr(importlib.import_module(card.module), card.name)(**arguments)


@pytest.mark.parametrize("card", NETWORKS, ids=lambda card: card.name)
def test_network_contract(card):
    network, shape = _made(card), SHAPES[card.name]
    torch.manual_seed(0)
    module = network.build(shape, 4)
    x, time, given = torch.randn(5, *shape), torch.rand(5), torch.eye(4)[[0, 1, 2, 3, 0]]
    out = module(x, time, given)
    assert out.shape == x.shape and torch.isfinite(out).all()
    out.sum().backward()
    for p in module.parameters():  # away from the start at zero, time and condition matter
        torch.nn.init.normal_(p, std=0.2) if p.ndim > 1 else None
    module, x, time, given = module.double(), x.double(), time.double(), given.double()  # rounding is no cross-talk
    out = module(x, time, given)
    assert torch.allclose(module(x[2:], time[2:], given[2:]), out[2:], atol=1e-4), "rows do not see each other"
    assert not torch.allclose(module(x, time + 0.5, given), out) and not torch.allclose(module(x, time, 0 * given), out)
    assert network.build(shape)(x.float(), time.float()).shape == x.shape
    with pytest.raises(BadInput, match="rows of shape"):
        network.build((2, 3, 4, 5))


@pytest.mark.parametrize("card", LOSSES, ids=lambda card: card.name)
def test_loss_contract(card):
    loss, exact = _made(card), GaussianMixture.random(dim=3, components=2, seed=0)
    x = torch.as_tensor(exact.sample(256, seed=1)).float()
    torch.manual_seed(0)
    denoiser = NetworkDenoiser(MLP(32, 2).build((3,)), EDMProcess(), (3,), data_std=3.0)

    def value(weight=None):
        return loss(denoiser, Batch(x, None, weight, RowRandom(5, 256, dtype=torch.float32)))

    before = value()
    assert before.ndim == 0 and torch.isfinite(before) and torch.equal(before, value()), "the same noise, the same loss"
    assert torch.allclose(value(torch.ones(256)), before)
    optimiser = torch.optim.Adam(denoiser.parameters(), 3e-3)
    for _ in range(30):
        optimiser.zero_grad()
        value().backward()
        optimiser.step()
    with torch.no_grad():
        assert float(value()) < float(before)


@pytest.mark.oracle("MLP")
def test_perceptron_starts_at_zero_and_is_residual():
    module = MLP(width=8, depth=3).build((2,))
    assert not module(torch.randn(4, 2), torch.rand(4)).any()
    for block in module.blocks:  # blocks that add nothing leave a linear map of the row
        torch.nn.init.zeros_(block.outer.weight)
        torch.nn.init.zeros_(block.outer.bias)
    torch.nn.init.normal_(module.last.weight)
    x = torch.randn(4, 2)
    want = module.last(torch.nn.functional.silu(module.first(x)))
    assert torch.allclose(module(x, torch.rand(4)), want)


@pytest.mark.oracle("Denoising")
def test_denoising_loss_of_the_exact_denoiser_is_the_posterior_variance():
    from ecotone.learn.objectives import Denoising

    normal = GaussianMixture.of([1.0], [[0.0]], [[[4.0]]])
    n, process = 200_000, EDMProcess()
    x = torch.as_tensor(normal.sample(n, seed=0))
    loss = Denoising(mean=0.0, std=0.0, data_std=2.0)  # all at ratio 1: weight (1 + 4) / 4, variance 4 / 5
    found = loss(normal.denoiser(process), Batch(x, None, None, RowRandom(1, n)))
    assert float(found) == pytest.approx(5 / 4 * 4 / 5, rel=0.01)
