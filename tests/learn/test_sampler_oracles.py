"""Samplers and schedules against closed forms, enumeration and their papers' own notation."""

import math
from functools import cache
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from scipy import stats

from ecotone.contracts import BadInput
from ecotone.learn import Batch, GaussianMixture, Prediction, RowRandom
from ecotone.learn.processes import VE, VP, EDMProcess
from ecotone.learn.samplers import DBIM, DDIM, Ancestral, DPMSolver, Heun, MultistepMemory, PredictorCorrector
from ecotone.learn.samplers._dbim import bridge
from ecotone.learn.samplers._ddim import slerp
from ecotone.learn.schedules import Cosine, Fixed, Karras, Uniform, snr_density, trajectory_time_schedule
from ecotone.learn.schedules._trajectory_time_schedule import _costs, _trajectory, cheapest_path

EXACT = GaussianMixture.random(dim=2, components=3, seed=0)
NORMAL = GaussianMixture.of([1.0], [[0.0, 0.0]], [np.eye(2)])


def tensor(value):
    return torch.tensor(value, dtype=torch.float64)


@cache
def at_end(process, end, n, sampler):
    start = process.prior(RowRandom(0, 64), (2,))
    return sampler.run(EXACT.denoiser(process), process, 64, Uniform(n, end=end), start=start, seed=0).x


def order(sampler, process, end, steps=(64, 128, 256)):
    """Slope of the log error against the log number of steps, evenly spaced in time and ending above 0."""
    truth = at_end(process, end, 2048, Heun())
    errors = [float((at_end(process, end, n, sampler) - truth).abs().mean()) for n in steps]
    return -np.polyfit(np.log(steps), np.log(errors), 1)[0]


@pytest.mark.oracle("DDIM")
@pytest.mark.oracle("DPMSolver")
@pytest.mark.parametrize("sampler, want", [(DDIM(), 1), (DPMSolver(order=1), 1), (DPMSolver(), 2)])
@pytest.mark.parametrize("process, end", [(EDMProcess(t_max=5.0), 0.2), (VP(), 0.1)])
def test_order_of_convergence(sampler, want, process, end):
    assert order(sampler, process, end) == pytest.approx(want, abs=0.15)


@pytest.mark.oracle("DPMSolver")
def test_second_order_step_is_the_papers():
    # Algorithm 2 of the paper, in its own words, on three unequal steps
    process, denoiser = VP(), EXACT.denoiser(VP())
    times = [0.9, 0.6, 0.35, 0.2]
    start = RowRandom(0, 5).normal((2,))
    found = DPMSolver().run(denoiser, process, 5, Fixed(tuple(times)), start=start).x
    lam = [math.log(float(process.alpha(tensor(t)) / process.sigma(tensor(t)))) for t in times]
    x, past = start, None
    for i, (t, s) in enumerate(pairwise(times)):
        h, q = lam[i + 1] - lam[i], denoiser(x, t).x0
        r = (lam[i] - lam[i - 1]) / h if i else None
        d = q if past is None else (1 + 1 / (2 * r)) * q - 1 / (2 * r) * past
        ratio = float(process.sigma(tensor(s)) / process.sigma(tensor(t)))
        x, past = ratio * x - float(process.alpha(tensor(s))) * (math.exp(-h) - 1) * d, q
    assert torch.allclose(found, x, atol=1e-12)


@pytest.mark.oracle("DDIM")
@pytest.mark.oracle("Ancestral")
def test_ddim_is_the_papers_formula_and_ddpm_at_eta_1():
    process, denoiser, x = VP(), EXACT.denoiser(VP()), 2 * RowRandom(0, 6).normal((2,))
    t, s = tensor(0.6), tensor(0.45)
    a_t, a_s = (float(process.alpha(u) ** 2) for u in (t, s))  # the paper's alpha, cumulative
    x0 = denoiser(x, t).x0
    eps = (x - math.sqrt(a_t) * x0) / math.sqrt(1 - a_t)
    for eta in (0.0, 0.4, 1.0):
        sigma = eta * math.sqrt((1 - a_s) / (1 - a_t)) * math.sqrt(1 - a_t / a_s)
        z = RowRandom(7, 6).normal((2,))
        want = math.sqrt(a_s) * x0 + math.sqrt(1 - a_s - sigma**2) * eps + sigma * z
        found = DDIM(eta).step(lambda x, t: denoiser(x, t), process, x, t, s, RowRandom(7, 6), {})
        assert torch.allclose(found, want, atol=1e-12)
    beta = 1 - a_t / a_s  # DDPM's mean in its own notation, with both of its variances
    mean = (x - beta / math.sqrt(1 - a_t) * eps) / math.sqrt(1 - beta)
    for name, variance in (("posterior", (1 - a_s) / (1 - a_t) * beta), ("forward", beta)):
        found = Ancestral(name).step(lambda x, t: denoiser(x, t), process, x, t, s, RowRandom(7, 6), {})
        assert torch.allclose(found, mean + math.sqrt(variance) * z, atol=1e-12)
    runs = [s.sample(denoiser, process, 9, Uniform(20), seed=1) for s in (DDIM(1.0), Ancestral())]
    assert torch.allclose(*runs, atol=1e-9)


@pytest.mark.oracle("Ancestral")
def test_ancestral_with_the_forward_variance_keeps_standard_normal_data():
    # E[x_0|x_t] = alpha x_t, so every step maps N(0, 1) to (a_t/a_s)^2 + 1 - (a_t/a_s)^2 = 1, whatever its size
    process = VP()
    found = Ancestral("forward").sample(NORMAL.denoiser(process), process, 20_000, Uniform(4, end=0.1), seed=0)
    assert float(found.std()) == pytest.approx(1, abs=0.015)
    short = Ancestral().sample(NORMAL.denoiser(process), process, 20_000, Uniform(4, end=0.1), seed=0)
    assert float(short.std()) < 0.9, "the posterior's variance is that of one point"


@pytest.mark.oracle("DDIM")
def test_encoding_inverts_sampling_to_first_order():
    process, denoiser = EDMProcess(t_max=20.0), EXACT.denoiser(EDMProcess(t_max=20.0))
    errors = []
    for n in (200, 400, 800):
        x = DDIM().sample(denoiser, process, 40, Karras(n), seed=0)
        latent = DDIM().encode(denoiser, process, x, Karras(n))
        errors.append(float((DDIM().run(denoiser, process, 40, Karras(n), start=latent).x - x).abs().mean()))
    assert -np.polyfit(np.log([200, 400, 800]), np.log(errors), 1)[0] == pytest.approx(1, abs=0.3) and errors[-1] < 0.02


@pytest.mark.oracle("DDIM")
def test_interpolation_follows_the_great_circle():
    a, b = RowRandom(0, 8).normal((3,)), RowRandom(1, 8).normal((3,))
    a, b = a / a.norm(dim=1, keepdim=True), b / b.norm(dim=1, keepdim=True)
    mid = slerp(a, b, 0.3)
    whole = torch.arccos((a * b).sum(1))
    assert torch.allclose(mid.norm(dim=1), torch.ones(8, dtype=torch.float64))
    assert torch.allclose(torch.arccos((a * mid).sum(1)), 0.3 * whole, atol=1e-7)
    assert torch.allclose(slerp(a, 2 * a, 0.5), 1.5 * a)
    process = VP()  # standard normal data: the flow is the identity, so rows are interpolated as their latents are
    found = DDIM().interpolate(NORMAL.denoiser(process), process, a[:, :2], b[:, :2], 0.3, Uniform(400))
    assert torch.allclose(found, slerp(a[:, :2], b[:, :2], 0.3), atol=0.05)


class Stay(Heun):
    """No step at all."""

    def step(self, denoise, process, x, t, s, rng, memory):
        return x


@pytest.mark.oracle("PredictorCorrector")
def test_corrections_alone_reach_the_langevin_chains_law():
    # Under p_t = N(0, v) the chain x <- (1 - e/v) x + sqrt(2e) z settles at variance v / (1 - e / 2v)
    process, narrow = VE(), GaussianMixture.of([1.0], [[0.0]], [[[0.25]]])
    t = float(process.time(tensor(0.5)))
    sampler = PredictorCorrector(predictor=Stay(), snr=0.4, corrections=60)
    start = torch.full((20_000, 1), 2.0, dtype=torch.float64)
    found = sampler.run(narrow.denoiser(process), process, 20_000, Fixed((t, 0.9 * t)), start=start, seed=0).x
    v, e = 0.5, 2 * (0.4 * 0.5) ** 2
    assert abs(float(found.mean())) < 0.03
    assert float(found.var()) == pytest.approx(v / (1 - e / (2 * v)), rel=0.03)


PINNED = VP(beta_min=0.1, beta_max=2.1)
ENDS = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
SPREAD = 0.3  # of x_0 given x_T, whose mean is 1 + x_T / 2


def pinned_denoiser(x, t):
    a, b, c = bridge(PINNED, torch.as_tensor(t, dtype=torch.float64), x)
    mean, end = 1 + ENDS / 2, ENDS
    return Prediction(mean + SPREAD * b / (b**2 * SPREAD + c**2) * (x - a * end - b * mean))


def pinned_flow(x, t, s):
    """The exact flow: rows keep their place in N(a x_T + b m, b^2 v + c^2)."""
    ends = [bridge(PINNED, tensor(u), x) for u in (t, s)]
    (m_t, v_t), (m_s, v_s) = ((a * ENDS + b * (1 + ENDS / 2), b**2 * SPREAD + c**2) for a, b, c in ends)
    return m_s + torch.sqrt(v_s / v_t) * (x - m_t)


@pytest.mark.oracle("DBIM")
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_bridge_orders_of_convergence(degree):
    sampler, errors, sizes = DBIM(order=degree), [], (80, 160, 320)
    for n in sizes:
        times = np.linspace(0.9, 0.2, n + 1)
        x = ENDS + 0.1
        exact = [pinned_flow(x, 0.9, t) for t in times[:3]]
        past = [(pinned_denoiser(y, t).x0, _log_ratio(t)) for y, t in zip(exact[:2], times[:2], strict=True)][::-1]
        memory = MultistepMemory(9, step=2, start=ENDS, past=past)
        x = exact[2]
        for t, s in pairwise(times[2:]):
            x = sampler.step(pinned_denoiser, PINNED, x, tensor(t), tensor(s), RowRandom(0, 9), memory)
        errors.append(float((x - pinned_flow(ENDS + 0.1, 0.9, 0.2)).abs().mean()))
    assert -np.polyfit(np.log(sizes), np.log(errors), 1)[0] == pytest.approx(degree, abs=0.2)


def _log_ratio(t):
    _, b, c = bridge(PINNED, tensor(t), ENDS)
    return torch.log(b / c)


@pytest.mark.oracle("DBIM")
def test_bridge_marginals_and_ancestral_step():
    n = 40_000
    x0, end = torch.full((n, 1), 1.5, dtype=torch.float64), torch.full((n, 1), -0.7, dtype=torch.float64)
    t, s = tensor(0.6), tensor(0.35)
    (a_t, b_t, c_t), (a_s, b_s, c_s) = bridge(PINNED, t, x0), bridge(PINNED, s, x0)
    # the pinned law by Bayes' rule from the process: q(x_t|x_0) q(x_T|x_t) / q(x_T|x_0)
    al, si = PINNED.coefficients(t, x0)
    al_end, si_end = PINNED.coefficients(1.0, x0)
    step, noise = al_end / al, si_end**2 - (al_end / al * si) ** 2
    precision = 1 / si**2 + step**2 / noise
    assert float(c_t**2) == pytest.approx(float(1 / precision), rel=1e-10)
    assert float(b_t) == pytest.approx(float(al / si**2 / precision), rel=1e-10)
    assert float(a_t) == pytest.approx(float(step / noise / precision), rel=1e-10)
    x_t = a_t * end + b_t * x0 + c_t * RowRandom(0, n).normal((1,))
    for eta in (0.0, 0.5, 1.0):  # with the true x_0 the marginal is kept exactly
        memory = MultistepMemory(9, step=1, start=end)
        found = DBIM(eta).step(lambda x, t: Prediction(x0), PINNED, x_t, t, s, RowRandom(1, n), memory)
        assert abs(float((found - a_s * end - b_s * x0).mean())) < 5 * float(c_s) / n**0.5
        assert float((found - a_s * end - b_s * x0).std()) == pytest.approx(float(c_s), rel=0.02)
    other = MultistepMemory(9, step=1, start=end + 5)
    moved = DBIM(1.0).step(lambda x, t: Prediction(x0), PINNED, x_t, t, s, RowRandom(1, n), other)
    assert torch.allclose(moved, found, atol=1e-9), "the ancestral step forgets x_T"
    reverse = PINNED.step(Prediction(x0), x_t, t, s, RowRandom(1, n))
    assert torch.allclose(found, reverse, atol=1e-9), "and is the process's own reverse kernel"


def test_bridge_refuses():
    with pytest.raises(BadInput, match="order"):
        DBIM(eta=0.5, order=2).sample(EXACT.denoiser(VP()), VP(), 2, Uniform(3), seed=0)


@pytest.mark.oracle("Cosine")
def test_cosine_is_the_papers():
    n, s = 10, 0.008
    process = EDMProcess(t_max=1e9)  # so that u runs from 1
    found = 1 / (1 + Cosine(n)(process) ** 2)
    f = np.cos((np.arange(n, -1, -1) / n + s) / (1 + s) * math.pi / 2) ** 2
    assert np.allclose(found.numpy(), f / f[-1], atol=1e-8)


@pytest.mark.oracle("snr_density")
def test_density_of_the_ratio():
    rng = np.random.default_rng(0)
    law = snr_density(mean=0.4, scale=0.8, data_std=3.0)
    t = 1 / (1 + np.exp(-(0.4 + 0.8 * rng.standard_normal(200_000))))  # logit-normal share of the data
    seen = 2 * np.log(3.0) + 2 * np.log(t / (1 - t))
    counts, edges = np.histogram(seen, bins=30, range=(-3, 8), density=True)
    assert np.allclose(counts, law.pdf(tensor((edges[1:] + edges[:-1]) / 2)).numpy(), atol=0.01)
    even = rng.uniform(size=200_000)  # uniform times
    counts, edges = np.histogram(2 * np.log(even / (1 - even)), bins=30, range=(-8, 8), density=True)
    assert np.allclose(counts, snr_density("logistic").pdf(tensor((edges[1:] + edges[:-1]) / 2)).numpy(), atol=0.01)
    shifted = snr_density(data_std=3.0 * 2.0)
    assert shifted.centre() - snr_density(data_std=3.0).centre() == pytest.approx(2 * math.log(2.0))
    share = tensor([0.1, 0.5, 0.9])
    want = stats.norm.ppf(share.numpy(), 2 * math.log(3.0) + 0.8, 1.6)
    assert np.allclose(law.quantile(share).numpy(), want)
    drawn = law.times(VP(), RowRandom(0, 50_000))
    snr = 2 * math.log(3.0) - 2 * torch.log(VP().ratio(drawn))
    assert float(snr.mean()) == pytest.approx(law.centre(), abs=0.03) and float(snr.std()) == pytest.approx(
        1.6, abs=0.03
    )
    placed = law.placed(0.5)
    assert placed.centre() == pytest.approx(law.centre()) and placed.data_std == 0.5


@pytest.mark.oracle("snr_density")
def test_loss_is_0_where_the_velocity_is_known():
    process, point = EDMProcess(), GaussianMixture.of([1.0], [[2.0, -1.0]], [1e-14 * np.eye(2)])
    law, x = snr_density(), torch.as_tensor(point.sample(50, seed=0))

    class Wrong:
        def __init__(self, scale):
            self.process, self.scale, self.exact = process, scale, point.denoiser(process)

        def __call__(self, x_t, t, given=None):
            v = self.scale * process.velocity(self.exact(x_t, t), x_t, t)
            return process.from_velocity(v, x_t, t)

    losses = [float(law.loss(Wrong(scale), Batch(x, None, None, RowRandom(0, 50)))) for scale in (1.0, 2.0, -1.0)]
    assert losses[0] == pytest.approx(0, abs=1e-8)
    # v is the noise itself here: twice it is off by E z^2 = 1, the opposite by 4, and it points the other way (2)
    assert losses[2] - 4 * losses[1] == pytest.approx(2, abs=1e-4)


@pytest.mark.oracle("trajectory_time_schedule")
def test_dynamic_programme_equals_enumeration():
    costs, m = torch.rand(12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 0.1, 12
    for steps in (1, 2, 4, 7, 11):
        paths = [(0, *inner, m - 1) for inner in combinations(range(1, m - 1), steps - 1)]
        totals = [sum(1.15**q * float(costs[i, j]) for q, (i, j) in enumerate(pairwise(path))) for path in paths]
        assert tuple(cheapest_path(costs, steps, 1.15)) == paths[int(np.argmin(totals))]


@pytest.mark.oracle("trajectory_time_schedule")
def test_straight_trajectories_cost_nothing():
    r = torch.linspace(5, 0.1, 12, dtype=torch.float64)
    start, slope = RowRandom(0, 6).normal((3,)), RowRandom(1, 6).normal((3,))
    y = start + (r - r[0])[:, None, None] * slope
    for cost in ("dev", "l1", "l2"):
        assert float(_costs(y, slope.expand(12, -1, -1), r, cost).abs().max()) < 1e-12
    process = EDMProcess()  # isotropic normal data: straight, but not at constant speed
    times = trajectory_time_schedule(NORMAL.denoiser(process), process, 5, cost="l2")(process)
    assert len(times) == 6 and not torch.allclose(times, Karras(5)(process), rtol=1e-3)
    with pytest.raises(BadInput, match="between 2 and fine"):
        trajectory_time_schedule(NORMAL.denoiser(process), process, 1)


def test_trajectories_are_of_second_order():
    exact, process = GaussianMixture.random(dim=2, components=3, seed=0), EDMProcess()
    ends = []
    for steps in (40, 80, 640):
        times = Karras(steps)(process)[:-1]
        ends.append(_trajectory(exact.denoiser(process), process, times, 16, None, 0)[0][-1])
    coarse, finer = ((end - ends[-1]).abs().mean() for end in ends[:2])
    assert float(finer) < 0.01 and float(coarse / finer) == pytest.approx(4, rel=0.35)
