"""What every process owes: the marginals it states, rows that do not depend on their batch, exact identities."""

import importlib

import pytest
import torch

from ecotone.cards import discover
from ecotone.learn import GaussianMixture, Prediction, RowRandom
from ecotone.learn.processes import GaussianProcess

CARDS = [card for card in discover().values() if card.contract == "Process"]


def _process(card):
    return getattr(importlib.import_module(card.module), card.name)()


def _gaussian():
    return [card for card in CARDS if isinstance(_process(card), GaussianProcess)]


@pytest.mark.parametrize("card", _gaussian(), ids=lambda card: card.name)
def test_rows_do_not_depend_on_their_batch(card):
    process, x0 = _process(card), torch.randn(6, 3, dtype=torch.float64)
    t = torch.full((6,), 0.4 * process.t_max, dtype=torch.float64)
    whole = process.perturb(x0, t, RowRandom(3, 6))
    part = process.perturb(x0[4:], t[4:], RowRandom(3, torch.tensor([4, 5])))
    assert torch.equal(whole[4:], part)
    assert torch.equal(
        process.prior(RowRandom(3, 6), (3,))[4:], process.prior(RowRandom(3, torch.tensor([4, 5])), (3,))
    )
    back = process.step(Prediction(x0), whole, 0.4 * process.t_max, 0.2 * process.t_max, RowRandom(5, 6))
    assert back.shape == x0.shape and torch.isfinite(back).all()


@pytest.mark.parametrize("card", _gaussian(), ids=lambda card: card.name)
def test_time_and_rates(card):
    process = _process(card)
    t = torch.linspace(0.05, 0.95, 7, dtype=torch.float64) * process.t_max
    t.requires_grad_()
    ratio = process.ratio(t)
    assert torch.allclose(process.time(ratio), t, rtol=1e-9), "time inverts the ratio"
    assert bool((ratio.diff() > 0).all())
    for rate, value in ((process.alpha_rate, process.alpha), (process.sigma_rate, process.sigma)):
        (slope,) = torch.autograd.grad((value(t) + 0 * t).sum(), t)
        assert torch.allclose(rate(t), slope, rtol=1e-9, atol=1e-12)
    zero = torch.zeros((), dtype=torch.float64)
    assert process.alpha(zero) == 1 and process.sigma(zero) == 0, "time 0 is the data"


@pytest.mark.parametrize("card", _gaussian(), ids=lambda card: card.name)
def test_every_statistic_of_the_exact_denoiser_agrees(card):
    process, exact = _process(card), GaussianMixture.random(dim=4, components=3, seed=1)
    denoiser = exact.denoiser(process)
    for share in (0.05, 0.3, 0.9):
        t = share * process.t_max
        law = exact.marginal(process, t)
        x = torch.as_tensor(law.sample(20, seed=2)).requires_grad_()
        (score,) = torch.autograd.grad(law.log_prob(x).sum(), x)
        found = denoiser(x.detach(), t)
        assert torch.allclose(process.score(found, x, t), score, rtol=1e-8, atol=1e-10)
        for name in ("noise", "score", "velocity"):
            value = getattr(process, name)(found, x.detach(), t)
            again = getattr(process, f"from_{name}")(value, x.detach(), t)
            assert torch.allclose(again.x0, found.x0, atol=1e-10), name


@pytest.mark.parametrize("card", _gaussian(), ids=lambda card: card.name)
def test_the_reverse_kernel_keeps_the_marginals(card):
    # Averaged over x_0 given x_t, the reverse kernel leads from the law at t to the law at s; with x_0 itself in the
    # place of its prediction one draw of (x_0, x_t) must give x_s with the moments of alpha_s x_0 + sigma_s z
    process, n = _process(card), 40_000
    t, s = 0.7 * process.t_max, 0.3 * process.t_max
    x0 = torch.full((n, 1), 1.5, dtype=torch.float64)
    x_t = process.perturb(x0, t, RowRandom(0, n))
    alpha, sigma = process.coefficients(s, x0)
    for eta in (0.0, 0.5, 1.0):
        x_s = process.step(Prediction(x0), x_t, t, s, RowRandom(1, n), eta=eta)
        assert abs(float(x_s.mean()) - 1.5 * float(alpha)) < 5 * float(sigma) / n**0.5
        assert float(x_s.std()) == pytest.approx(float(sigma), rel=0.02)


@pytest.mark.oracle("VP")
@pytest.mark.oracle("SubVP")
@pytest.mark.oracle("VE")
@pytest.mark.oracle("EDMProcess")
@pytest.mark.parametrize("name", ["VP", "SubVP", "VE", "EDMProcess"])
def test_the_kernel_solves_its_sde(name):
    # d mean / dt = f mean and d var / dt = 2 f var + g^2, from the drift and diffusion that the paper states
    import ecotone.learn.processes as room

    process = getattr(room, name)()
    t = torch.linspace(0.1, 0.9, 5, dtype=torch.float64) * process.t_max
    beta = 0.1 + 19.9 * t
    log_rate = 2 * torch.log(torch.tensor(5000.0, dtype=torch.float64))
    full = 2 * (0.1 * t + 9.95 * t**2)
    stated = {
        "VP": (-beta / 2, beta),
        "SubVP": (-beta / 2, beta * (1 - torch.exp(-full))),
        "VE": (0 * t, 1e-4 * log_rate * torch.exp(log_rate * t)),
        "EDMProcess": (0 * t, 2 * t),
    }[name]
    assert torch.allclose(process.drift(t), stated[0], rtol=1e-9)
    assert torch.allclose(process.diffusion2(t), stated[1], rtol=1e-6)
