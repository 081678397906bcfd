"""What processes, samplers, networks and losses of tokens owe: tokens in range, rows of their own, learning."""

import importlib

import pytest
import torch

from ecotone.cards import discover
from ecotone.contracts import BadInput
from ecotone.learn import Batch, Population, Prediction, RowRandom, TokenTable
from ecotone.learn.denoisers import TokenDenoiser
from ecotone.learn.networks import TokenTransformer
from ecotone.learn.processes import (
    GeneralizedMaskedDiffusion,
    InterpolatingDiscreteDiffusion,
    MaskedDiffusion,
    TokenProcess,
)
from ecotone.learn.schedules import Uniform

CARDS = list(discover().values())
LEVELS, LENGTH = 4, 6


def _named(card):
    return getattr(importlib.import_module(card.module), card.name)


PROCESSES = [
    card
    for card in CARDS
    if card.contract == "Process" and isinstance(_named(card), type) and issubclass(_named(card), TokenProcess)
]
SAMPLERS = [card for card in CARDS if card.contract == "TokenSampler"]
NETWORKS = [card for card in CARDS if card.contract == "TokenNetwork"]
LOSSES = [card for card in CARDS if card.contract == "TokenLoss"]


def _tokens(n, seed=0):
    return torch.randint(0, LEVELS, (n, LENGTH), generator=torch.Generator().manual_seed(seed))


def _sampled(card, *arguments, **words):
    method = _named(card)
    return (method().sample if isinstance(method, type) else method)(*arguments, **words)


@pytest.mark.parametrize("card", PROCESSES, ids=lambda card: card.name)
def test_process_contract(card):
    process, x0 = _named(card)(LEVELS), _tokens(6)
    t = torch.linspace(0.1, 0.9, 6, dtype=torch.float64)
    whole = process.perturb(x0, t, RowRandom(3, 6))
    assert whole.dtype == torch.int64 and whole.shape == x0.shape and bool(((whole >= 0) & (whole <= LEVELS)).all())
    assert torch.equal(whole[4:], process.perturb(x0[4:], t[4:], RowRandom(3, torch.tensor([4, 5]))))
    clean = Prediction(torch.nn.functional.one_hot(x0, LEVELS).double())
    back = process.step(clean, whole, t, t / 2, RowRandom(5, 6))
    part = Prediction(clean.x0[2:4])
    assert torch.equal(
        back[2:4], process.step(part, whole[2:4], t[2:4], t[2:4] / 2, RowRandom(5, torch.tensor([2, 3])))
    )
    assert torch.equal(process.step(clean, whole, 0.9, 0.0, RowRandom(5, 6)), x0), "time 0 is the data"
    prior = process.prior(RowRandom(0, 6), (LENGTH,))
    assert prior.dtype == torch.int64 and prior.shape == (6, LENGTH)
    like = process.likelihood(whole, t)
    assert like.shape == (6, LENGTH, LEVELS) and bool((like.gather(2, x0[..., None]) > 0).all())
    with pytest.raises(BadInput, match="levels"):
        _named(card)(1)


@pytest.mark.parametrize("card", PROCESSES, ids=lambda card: card.name)
def test_likelihood_is_the_law_of_the_noise_and_the_kernel_keeps_it(card):
    # with the clean token in the place of its prediction, x_s has the law of noise at s
    process, n, t, s = _named(card)(LEVELS), 20_000, 0.7, 0.4
    x0 = torch.full((n, 1), 2)
    clean = Prediction(torch.nn.functional.one_hot(x0, LEVELS).double())
    x_t = process.perturb(x0, t, RowRandom(0, n))
    x_s = process.step(clean, x_t, t, s, RowRandom(1, n))
    straight = process.perturb(x0, s, RowRandom(2, n))
    share, want = (torch.bincount(x[:, 0], minlength=LEVELS + 1) / n for x in (x_s, straight))
    assert torch.allclose(share, want, atol=5 * 0.7 / n**0.5)
    # likelihood of a noisy token, over clean ones, is in proportion to how often each gives it
    each = torch.arange(LEVELS).repeat(n // LEVELS)[:, None]
    noisy = process.perturb(each, s, RowRandom(3, len(each)))[:, 0]
    for z in noisy.unique():
        counts = torch.bincount(each[noisy == z, 0], minlength=LEVELS).double()
        like = process.likelihood(z.reshape(1, 1), s)[0, 0]
        assert torch.allclose(counts / counts.sum(), like / like.sum(), atol=5 * 0.5 / float(counts.sum()) ** 0.5)


@pytest.mark.parametrize("card", SAMPLERS, ids=lambda card: card.name)
def test_sampler_contract(card):
    exact, process = TokenTable.random(levels=3, length=4, seed=0), MaskedDiffusion(3)
    denoiser, times = exact.denoiser(process), Uniform(10)
    whole = _sampled(card, denoiser, process, 7, times, seed=4)
    assert whole.shape == (7, 4) and whole.dtype == torch.int64 and bool(((whole >= 0) & (whole < 3)).all())
    assert torch.equal(whole[[5, 2]], _sampled(card, denoiser, process, RowRandom(4, torch.tensor([5, 2])), times))
    assert not torch.equal(whole, _sampled(card, denoiser, process, 7, times, seed=5))
    seen = []

    def hook(population):
        seen.append((population.step, population.t))
        if population.step == population.steps:
            return Population(0 * population.x, population.log_weight, population.t, population.step, population.steps)
        return None

    assert not _sampled(card, denoiser, process, 3, times, seed=0, hooks=[hook]).any()
    assert [step for step, _ in seen] == list(range(1, len(seen) + 1)) and all(0 <= t < 1 for _, t in seen)


@pytest.mark.parametrize("card", SAMPLERS, ids=lambda card: card.name)
def test_samplers_agree_on_a_law_without_dependence(card):
    margins = torch.tensor([[0.7, 0.3], [0.2, 0.8], [0.5, 0.5]])
    exact, n = TokenTable.of(torch.einsum("a,b,c->abc", *margins)), 4000
    process = MaskedDiffusion(2)
    x = _sampled(card, exact.denoiser(process), process, n, Uniform(5), seed=1)
    assert torch.allclose(x.double().mean(0).float(), margins[:, 1], atol=5 * 0.5 / n**0.5)


@pytest.mark.parametrize("card", NETWORKS, ids=lambda card: card.name)
def test_network_contract(card):
    network = _named(card)(time=True)
    torch.manual_seed(0)
    module = network.build((LENGTH, LEVELS), 3)
    x, time, given = _tokens(5), torch.rand(5), torch.eye(3)[[0, 1, 2, 0, 1]]
    out = module(x, time, given)
    assert out.shape == (5, LENGTH, LEVELS) and torch.isfinite(out).all()
    out.sum().backward()
    for p in module.parameters():
        torch.nn.init.normal_(p, std=0.2) if p.ndim > 1 else None
    out = module(x, time, given)
    assert torch.allclose(module(x[2:], time[2:], given[2:]), out[2:], atol=1e-3), "rows do not see each other"
    assert not torch.allclose(module(x, time + 0.5, given), out) and not torch.allclose(module(x, time, 0 * given), out)
    hidden = x.clone()
    hidden[:, 1] = LEVELS
    assert not torch.allclose(module(hidden, time, given), out), "the mask is a token like others"
    assert _named(card)().build((LENGTH, LEVELS))(x, time).shape == out.shape
    with pytest.raises(BadInput, match="rows of shape"):
        network.build((2, 3, 4))


@pytest.mark.parametrize("card", LOSSES, ids=lambda card: card.name)
def test_loss_contract(card):
    loss = _named(card)()
    process = {
        "InterpolatingNELBO": InterpolatingDiscreteDiffusion(LEVELS, 0.2),
        "GeneralizedMaskedNELBO": GeneralizedMaskedDiffusion(LEVELS, (0.5, 1.0, 1.0, 2.0)),
    }.get(card.name, MaskedDiffusion(LEVELS))
    x = torch.arange(LENGTH).expand(64, LENGTH) % LEVELS
    torch.manual_seed(0)
    denoiser = TokenDenoiser(TokenTransformer(16, 1, 2, time=True).build((LENGTH, LEVELS)), process, LENGTH)

    def value(weight=None):
        return loss(denoiser, Batch(x, None, weight, RowRandom(5, 64, dtype=torch.float32)))

    before = value()
    assert before.ndim == 0 and torch.isfinite(before) and torch.equal(before, value()), "the same noise, the same loss"
    assert torch.allclose(value(torch.ones(64)), before)
    optimiser = torch.optim.Adam(denoiser.parameters(), 1e-2)
    for _ in range(30):
        optimiser.zero_grad()
        value().backward()
        optimiser.step()
    assert float(value().detach()) < 0.5 * float(before.detach())
    u = torch.rand(64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    whole = loss.rows(denoiser, x, u, None, RowRandom(1, 64))
    assert whole.shape == (64,) and whole.dtype == torch.float64
    assert torch.allclose(
        whole[9:11], loss.rows(denoiser, x[9:11], u[9:11], None, RowRandom(1, torch.tensor([9, 10]))), rtol=1e-3
    )
