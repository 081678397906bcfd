"""What every process that mixes the data with a base owes, whatever the law of the base."""

import importlib

import pytest
import torch

from ecotone.cards import discover
from ecotone.contracts import BadInput
from ecotone.learn import GaussianMixture, Prediction, RowRandom
from ecotone.learn.processes import CoupledInterpolant, Interpolation, IterativeDeblending, StochasticInterpolant


def _made(card):
    return getattr(importlib.import_module(card.module), card.name)()


PROCESSES = [
    process
    for card in discover().values()
    if card.contract == "Process" and isinstance(process := _made(card), Interpolation)
]
PROCESSES += [
    StochasticInterpolant("trigonometric"),
    StochasticInterpolant("vp"),
    CoupledInterpolant(spread=0.3, given=torch.arange(18.0, dtype=torch.float64).reshape(6, 3)),
    IterativeDeblending([[0.0, 1.0, 2.0], [5.0, 5.0, 5.0]]),
]
each = pytest.mark.parametrize(
    "process", PROCESSES, ids=lambda p: f"{type(p).__name__} {getattr(p, 'path', '')}".strip()
)


def _rows(n=6):
    return RowRandom(9, n).normal((3,))


@each
def test_rows_do_not_depend_on_their_batch(process):
    x0, some = _rows(), torch.tensor([4, 1])
    t = torch.linspace(0.1, 0.9, 6, dtype=torch.float64) * process.t_max
    whole = process.perturb(x0, t, RowRandom(3, 6))
    given = getattr(process, "given", None)
    part = process.conditioned(None if given is None else given[some])
    assert torch.equal(whole[some], part.perturb(x0[some], t[some], RowRandom(3, some)))
    assert torch.equal(process.prior(RowRandom(3, 6), (3,))[some], part.prior(RowRandom(3, some), (3,)))
    assert not torch.equal(whole, process.perturb(x0, t, RowRandom(4, 6)))
    assert process.perturb(x0.float(), t, RowRandom(3, 6)).dtype == torch.float32


@each
def test_time_and_rates(process):
    t = (torch.linspace(0.05, 0.95, 7, dtype=torch.float64) * process.t_max).requires_grad_()
    ratio = process.ratio(t)
    assert torch.allclose(process.time(ratio), t, rtol=1e-9) and bool((ratio.diff() > 0).all())
    for rate, value in ((process.alpha_rate, process.alpha), (process.sigma_rate, process.sigma)):
        (slope,) = torch.autograd.grad((value(t) + 0 * t).sum(), t)
        assert torch.allclose(rate(t), slope, rtol=1e-9, atol=1e-12)
    ends = torch.tensor([0.0, process.t_max], dtype=torch.float64)
    assert process.alpha(ends)[0] == 1 and process.sigma(ends)[0] == 0, "time 0 is the data"
    assert torch.allclose(process.time(process.ratio(ends)), ends), "also where the ratio is 0 or infinite"


@each
def test_data_and_base_give_back_every_time(process):
    # With x_0 known, x_t tells the base, and with it x_s: perturbing with the same draws must agree with the kernel
    x0, t, s = _rows(), 0.68371 * process.t_max, 0.2 * process.t_max  # not on a knot of a piecewise path
    x_t, x_s = (process.perturb(x0, at, RowRandom(3, 6)) for at in (t, s))
    z = process.base(RowRandom(3, 6), (3,))
    assert torch.allclose(process.noise(Prediction(x0), x_t, t), z, atol=1e-9)
    assert torch.allclose(process.step(Prediction(x0), x_t, t, s, RowRandom(0, 6), eta=0.0), x_s, atol=1e-9)
    slope = (process.perturb(x0, t + 1e-6, RowRandom(3, 6)) - process.perturb(x0, t - 1e-6, RowRandom(3, 6))) / 2e-6
    assert torch.allclose(process.velocity(Prediction(x0), x_t, t), slope, atol=1e-4)


@each
def test_a_velocity_is_a_prediction(process):
    v = RowRandom(1, 6).normal((3,))
    for share in (process.t_min / process.t_max, 0.1, 0.6, 1.0):
        t, x = share * process.t_max, _rows()
        made = process.from_velocity(v, x, t)
        alpha, sigma = process.coefficients(t, x)
        assert torch.allclose(alpha * made.x0 + sigma * made.noise, x, atol=1e-9)
        assert torch.allclose(process.velocity(made, x, t), v, rtol=1e-9, atol=1e-9)


@each
def test_the_prior_has_the_stated_density_or_none(process):
    x = process.prior(RowRandom(0, 6), (3,))
    if isinstance(process, IterativeDeblending) and process.source is not None:
        with pytest.raises(BadInput, match="no density"):
            process.log_prior(x)
        return
    # E p(x')/p(x) over draws of x is 1 where p is the density of the draws and x' = x + shift keeps to its support
    n = 40_000
    if getattr(process, "given", None) is not None:
        process = process.conditioned(process.given[:1].expand(n, -1))
    x = process.prior(RowRandom(1, n), (3,))
    scale = float(
        (process.log_prior(x[:1]) * 0 + process.sigma(torch.tensor(process.t_max, dtype=torch.float64))).mean()
    )
    scale *= getattr(process, "spread", 1.0)
    ratio = torch.exp(process.log_prior(x + 0.3 * scale) - process.log_prior(x))
    assert float(ratio.mean()) == pytest.approx(1.0, abs=6 * float(ratio.std()) / n**0.5)


@each
def test_fresh_noise_is_for_gaussian_processes(process):
    from ecotone.learn.processes import GaussianProcess

    if not isinstance(process, GaussianProcess):
        with pytest.raises(BadInput, match="Gaussian"):
            process.step(Prediction(_rows()), _rows(), 0.5, 0.2, RowRandom(0, 6), eta=1.0)


def test_a_mixture_denoises_along_every_path():
    exact = GaussianMixture.random(dim=3, components=2, seed=0)
    for path in ("linear", "trigonometric", "vp"):
        process = StochasticInterpolant(path)
        found = exact.denoiser(process)(_rows(), 1.0).x0
        if path != "vp":  # nothing is left of the data: the mean
            assert torch.allclose(found, exact.mean().expand(6, 3))
        assert torch.isfinite(process.velocity(Prediction(found), _rows(), 1.0)).all()
