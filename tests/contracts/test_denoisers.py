"""What every transform of denoisers owes: a Denoiser of the same shape, rows on their own, a time for each row."""

import importlib

import pytest
import torch

from ecotone.cards import discover
from ecotone.learn import Denoiser, GaussianMixture
from ecotone.learn._condition import Condition
from ecotone.learn.denoisers import NetworkDenoiser
from ecotone.learn.networks import MLP
from ecotone.learn.processes import VP
from ecotone.learn.samplers import Heun
from ecotone.learn.schedules import Uniform

CARDS = [card for card in discover().values() if card.contract == "DenoiserTransform"]
DATA = GaussianMixture.random(dim=3, components=2, seed=0)


def _network(seed):
    torch.manual_seed(seed)
    module = MLP(16, 1).build((3,), 2)
    torch.nn.init.normal_(module.last.weight, std=0.1)
    return NetworkDenoiser(module.eval(), VP(), (3,), predicts="noise", condition=Condition(levels=[0, 1])).double()


ARGUMENTS = {
    "calibrate_score": lambda: ((_network(0), DATA.sample(40, seed=1)), {"given": torch.arange(40) % 2}),
    "epsilon_scaling": lambda: ((_network(0), 1.02), {}),
    "shared_timestep_condition": lambda: ((_network(0),), {}),
    "stitch_denoisers": lambda: (([_network(0), _network(1)], [0.4]), {}),
}


def _made(card):
    positional, named = ARGUMENTS[card.name]()
    return getattr(importlib.import_module(card.module), card.name)(*positional, **named)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_transformed_denoisers_are_denoisers(card):
    denoiser = _made(card)
    assert isinstance(denoiser, Denoiser) and tuple(denoiser.shape) == (3,) and denoiser.process == VP()
    x = torch.randn(6, 3, dtype=torch.float64)
    t = torch.tensor([0.04, 0.9, 0.5, 0.04, 0.7, 0.61], dtype=torch.float64)
    given = torch.tensor([0, 1, 0, 1, -1, 0])
    with torch.no_grad():
        whole = denoiser(x, t, given).x0
        assert whole.shape == x.shape and whole.dtype == x.dtype and torch.isfinite(whole).all()
        assert torch.allclose(denoiser(x[3:], t[3:], given[3:]).x0, whole[3:], atol=1e-12), "rows on their own"
        for i in range(6):
            one = denoiser(x[i : i + 1], float(t[i]), given[i : i + 1]).x0
            assert torch.allclose(one[0], whole[i], atol=1e-12), "a time for each row"
        assert denoiser(x.float(), 0.5).x0.dtype == torch.float32
        assert torch.equal(whole, denoiser(x, t, given).x0)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_samplers_run_them(card):
    with torch.no_grad():
        x = Heun().sample(_made(card), VP(), 4, Uniform(6), given=torch.tensor([0, 1, 1, 0]), seed=0)
    assert x.shape == (4, 3) and torch.isfinite(x).all()


def test_every_transform_is_tried():
    assert {card.name for card in CARDS} == set(ARGUMENTS)
