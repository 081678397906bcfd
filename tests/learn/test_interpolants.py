"""Interpolants, their SDE, couplings, blends and flow matching, against laws in closed form."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats

from ecotone.contracts import BadInput
from ecotone.learn import Batch, FlowMatching, GaussianMixture, Prediction, RowRandom, Training, load
from ecotone.learn.denoisers import NetworkDenoiser
from ecotone.learn.networks import MLP, UNet
from ecotone.learn.objectives import ContrastiveFlowMatching, Denoising
from ecotone.learn.processes import (
    VP,
    CoupledInterpolant,
    IterativeDeblending,
    PoissonFlow,
    StochasticInterpolant,
)
from ecotone.learn.samplers import Euler, Heun, InterpolantSDE, ProbabilityFlow
from ecotone.learn.schedules import Karras, Uniform

EXACT = GaussianMixture.of([0.3, 0.7], [[-1.0, 0.5], [1.0, 0.0]], [0.05 * np.eye(2), [[0.3, 0.2], [0.2, 0.3]]])
EXACT_1D = GaussianMixture.of([0.3, 0.7], [[-1.0], [1.0]], [[[0.05]], [[0.3]]])
PATHS = ("linear", "trigonometric", "vp")


@pytest.mark.oracle("StochasticInterpolant")
@pytest.mark.parametrize("path", PATHS)
def test_velocity_and_score_follow_from_each_other(path):
    # The conversion of the paper's code, in its time tau = 1 - t, from coefficients written down again
    process, denoiser = StochasticInterpolant(path), EXACT.denoiser(StochasticInterpolant(path))
    for t in (0.1, 0.5, 0.9):
        tau = torch.tensor(1 - t, dtype=torch.float64, requires_grad=True)
        if path == "linear":
            a, s = tau * 1.0, 1 - tau
        elif path == "trigonometric":
            a, s = torch.sin(math.pi * tau / 2), torch.cos(math.pi * tau / 2)
        else:
            a = torch.exp(-((1 - tau) ** 2) * 19.9 / 4 - (1 - tau) * 0.1 / 2)
            s = torch.sqrt(1 - a**2)
        (da,), (ds,) = torch.autograd.grad(a, tau, retain_graph=True), torch.autograd.grad(s, tau)
        law = EXACT.marginal(process, t)
        x = torch.as_tensor(law.sample(20, seed=0)).requires_grad_()
        (score,) = torch.autograd.grad(law.log_prob(x).sum(), x)
        v = -process.velocity(denoiser(x.detach(), t), x.detach(), t)  # in the paper's time
        assert torch.allclose((a / da * v - x) / (s**2 - a / da * s * ds), score, atol=1e-9)
        assert torch.allclose(process.score(process.from_velocity(-v, x, t), x, t), score, atol=1e-9)
    assert path != "vp" or torch.equal(process.alpha(torch.tensor(0.3)), VP().alpha(torch.tensor(0.3)))
    with pytest.raises(BadInput, match="path must be"):
        StochasticInterpolant("straight")


@pytest.mark.oracle("StochasticInterpolant")
@pytest.mark.oracle("InterpolantSDE")
@pytest.mark.parametrize("path", PATHS)
def test_ode_and_sde_have_one_law(path):
    process, n = StochasticInterpolant(path), 3000
    denoiser, times = EXACT.denoiser(process), Uniform(200)
    for sampler in (Euler(), InterpolantSDE("sigma"), InterpolantSDE("bump", norm=2.0)):
        x = sampler.sample(denoiser, process, n, times, seed=0)
        z = (x.mean(0) - EXACT.mean()) / torch.sqrt(torch.diagonal(EXACT.covariance()) / n)
        assert float(z.abs().max()) < 5, sampler
        assert torch.allclose(torch.cov(x.T), EXACT.covariance(), atol=0.06), sampler
        assert float((x[:, 0] < -0.3).double().mean()) == pytest.approx(0.31, abs=0.04), sampler


@pytest.mark.oracle("InterpolantSDE")
def test_one_step_of_the_sde_and_its_coefficients():
    process, x = StochasticInterpolant(), torch.zeros(20_000, 1, dtype=torch.float64) + 0.7
    t, s = torch.tensor(0.5, dtype=torch.float64), torch.tensor(0.4, dtype=torch.float64)
    found = InterpolantSDE("linear").step(lambda x, t: Prediction(0 * x), process, x, t, s, RowRandom(0, 20_000), {})
    # x_0 = 0: noise x/t, velocity x/t = 1.4, score -x/t^2 = -2.8, D = .5
    assert float(found.mean()) == pytest.approx(0.7 - 0.1 * 1.4 - 0.1 * 0.5 * 2.8, abs=0.01)
    assert float(found.std()) == pytest.approx(math.sqrt(2 * 0.5 * 0.1), rel=0.02)
    plain = InterpolantSDE(norm=0.0).sample(EXACT.denoiser(process), process, 5, Uniform(10), seed=0)
    assert torch.equal(plain, Euler().sample(EXACT.denoiser(process), process, 5, Uniform(10), seed=0))
    at = torch.tensor(0.25, dtype=torch.float64)
    stated = {"sigma": 0.25, "sbdm": 0.25 + 0.25**2 / 0.75, "constant": 1, "linear": 0.25, "bump": 0.5}
    stated["decreasing"] = (1 - math.sqrt(0.5)) ** 2 / 4
    for form, want in stated.items():
        assert float(InterpolantSDE(form).coefficient(process, at)) == pytest.approx(want), form
    assert float(InterpolantSDE(lambda t: t**2, norm=2.0).coefficient(process, at)) == 0.125
    with pytest.raises(BadInput, match="at least 0"):
        InterpolantSDE(lambda t: -t).coefficient(process, at)
    with pytest.raises(BadInput, match="score"):
        InterpolantSDE().sample(_Shaped((2,), lambda x, t, given: x), PoissonFlow(), 3, Karras(4))


@pytest.mark.oracle("InterpolantSDE")
@pytest.mark.parametrize("last", [0.04, 0.3])
def test_the_sde_ends_in_the_ode(last):
    process, x = StochasticInterpolant(), torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None]

    def step(t, s):
        t, s = (torch.tensor(v, dtype=torch.float64) for v in (t, s))
        law = EXACT_1D.denoiser(process)
        found = InterpolantSDE("constant", last=last).step(law, process, x, t, s, RowRandom(0, 9), {})
        return float((found - (x - (t - s) * process.velocity(law(x, t), x, t))).abs().max())

    assert step(last, 0.5 * last) == step(0.5 * last, 0.4 * last) == 0, "from last on"
    assert step(0.9, 0.0) == 0, "and the step to the data"
    assert step(1.01 * last, 0.5 * last) > 1e-3
    assert InterpolantSDE().last == 0.04


class _Shaped:
    """A function as a Denoiser."""

    def __init__(self, shape, found):
        self.shape, self.found = shape, found

    def __call__(self, x, t, given=None):
        return Prediction(self.found(x, torch.as_tensor(t, dtype=torch.float64).reshape(-1, 1), given))


NOISE, SPREAD = 0.6, 0.4  # of the observation, of the base


def _posterior(x, t, seen):
    """E[x_0 | x_t, o] for x_0 ~ N(0, 1), o = x_0 + NOISE e, and the base o + SPREAD zeta."""
    mean, variance = seen / (1 + NOISE**2), NOISE**2 / (1 + NOISE**2)
    gain = (1 - t) * variance / ((1 - t) ** 2 * variance + (t * SPREAD) ** 2)
    return mean + gain * (x - (1 - t) * mean - t * seen)


@pytest.mark.oracle("CoupledInterpolant")
def test_a_gaussian_coupling_in_closed_form():
    process = CoupledInterpolant(spread=SPREAD)
    exact = _Shaped((1,), lambda x, t, given: _posterior(x, t, given))
    seen = torch.full((6000, 1), 1.7, dtype=torch.float64)
    mean, sd = 1.7 / (1 + NOISE**2), NOISE / math.sqrt(1 + NOISE**2)
    x = Heun().sample(exact, process, 6000, Uniform(40), given=seen, seed=0)
    assert stats.kstest(x[:, 0].numpy(), "norm", args=(mean, sd)).pvalue > 1e-3
    # The paper's closed form: b = E dI + Cov(dI, I) Cov(I)^-1 (x - E I), given the observation
    t, at = 0.3, torch.linspace(-1, 3, 5, dtype=torch.float64)[:, None]
    told = process.conditioned(seen[:5])
    mean_i, var_i = (1 - t) * mean + t * 1.7, (1 - t) ** 2 * sd**2 + (t * SPREAD) ** 2
    want = (1.7 - mean) + (t * SPREAD**2 - (1 - t) * sd**2) / var_i * (at - mean_i)
    assert torch.allclose(told.velocity(exact(at, t, seen[:5]), at, t), want, atol=1e-12)
    log = ProbabilityFlow(rtol=1e-7, atol=1e-7).log_prob(exact, process, at, given=seen[:5])
    assert np.allclose(log, stats.norm.logpdf(at[:, 0], mean, sd), atol=1e-3)


@pytest.mark.oracle("CoupledInterpolant")
def test_without_a_coupling_it_is_the_linear_interpolant():
    x0, free, linear = torch.randn(5, 3, dtype=torch.float64), CoupledInterpolant(spread=1.0), StochasticInterpolant()
    assert torch.equal(free.perturb(x0, 0.3, RowRandom(0, 5)), linear.perturb(x0, 0.3, RowRandom(0, 5)))
    assert torch.allclose(free.log_prior(x0), linear.log_prior(x0))


@pytest.mark.oracle("CoupledInterpolant")
def test_masked_numbers_stay_and_models_fill_in_the_rest():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(1500, 1))
    x = np.concatenate([5 + a, 20 + 3 * a + 0.3 * rng.normal(size=(1500, 1))], axis=1)
    mask = np.array([[1.0, 0.0]]).repeat(1500, 0)
    settings = Training(steps=250, eval_every=125, batch_size=128, learning_rate=3e-3, device="cpu", ema=0.98)
    model = FlowMatching(MLP(32, 1), process=CoupledInterpolant(spread=0.5, masked=True), training=settings)
    with pytest.raises(BadInput, match="mask hides"):
        model.fit(x, given=np.concatenate([x, mask], 1))
    with pytest.raises(BadInput, match="observations"):
        model.fit(x)
    with pytest.raises(BadInput, match="an observation of the 2 numbers"):
        model.fit(x, given=mask)
    model.fit(x, given=np.concatenate([x * mask, mask], 1))
    drawn = model.sample(400, given=[6.0, 0.0, 1.0, 0.0], seed=0)
    assert np.allclose(drawn[:, 0], 6.0, atol=1e-6), "what is seen stays"
    assert drawn[:, 1].mean() == pytest.approx(23, abs=0.4) and drawn[:, 1].std() < 1
    with pytest.raises(BadInput, match="no density"):
        model.log_prob(x[:2], given=[6.0, 0.0, 1.0, 0.0])


@pytest.mark.oracle("IterativeDeblending")
def test_deblending_is_euler_on_the_linear_interpolant():
    # The paper's loop, x += (a' - a) D(x, a) with D = E[x_1 - x_0], its x_0 the source, its alpha 1 - t
    process, denoiser = IterativeDeblending(), EXACT.denoiser(StochasticInterpolant())
    start, steps = RowRandom(0, 50).normal((2,)), 16
    x, alphas = start, torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    for a, b in pairwise(alphas):
        found = denoiser(x, 1 - a)
        x = x + (b - a) * (found.x0 - process.noise(found, x, 1 - a))
    euler = Euler().run(denoiser, StochasticInterpolant(), 50, Uniform(steps), start=start, seed=0).x
    assert torch.allclose(process.flow(denoiser, start, 1.0, 0.0, steps=steps), x, atol=1e-9)
    assert torch.allclose(euler, x, atol=1e-9)
    x0 = torch.randn(50, 2, dtype=torch.float64)
    assert torch.equal(
        process.perturb(x0, 0.3, RowRandom(1, 50)), StochasticInterpolant().perturb(x0, 0.3, RowRandom(1, 50))
    )


@pytest.mark.oracle("IterativeDeblending")
def test_two_normal_laws_are_mapped_both_ways():
    (m0, s0), (m1, s1) = (2.0, 0.5), (-3.0, 1.5)  # of the data and of the source

    def best(x, t, given):
        return m0 + (1 - t) * s0**2 / ((1 - t) ** 2 * s0**2 + t**2 * s1**2) * (x - (1 - t) * m0 - t * m1)

    source = np.random.default_rng(0).normal(m1, s1, (4000, 1))
    process, exact = IterativeDeblending(source), _Shaped((1,), best)
    prior = process.prior(RowRandom(0, 3000), (1,))
    assert set(prior.flatten().tolist()) <= set(source.flatten().tolist())
    there = process.flow(exact, prior, 1.0, 0.0, steps=200)
    assert float(there.mean()) == pytest.approx(m0, abs=0.05) and float(there.std()) == pytest.approx(s0, abs=0.03)

    def velocity(x, t, given=None):  # as a network that predicts it
        return process.from_velocity(process.velocity(exact(x, t), x, t) if float(t) > 0 else m1 - x, x, t)

    back = process.flow(velocity, there, 0.0, 1.0, steps=200)
    assert torch.allclose(back, prior, atol=0.1), "the way back starts at t = 0, where a velocity is still told"


def test_a_model_maps_between_two_densities_and_is_saved(tmp_path):
    rng = np.random.default_rng(0)
    data, source = rng.normal([10, 0], [0.5, 2], (1500, 2)), rng.uniform([9, 2], [11, 8], (1500, 2))
    settings = Training(steps=250, eval_every=125, batch_size=128, learning_rate=3e-3, device="cpu", ema=0.98)
    model = FlowMatching(MLP(32, 1), process=IterativeDeblending(source.tolist()), training=settings).fit(data)
    there = model.transport(source, to="data")
    assert np.allclose(there.mean(0), [10, 0], atol=0.4) and np.allclose(there.std(0), [0.5, 2], rtol=0.25)
    assert np.allclose(model.transport(there, to="base"), source, atol=0.5)
    model.save(tmp_path / "a.model")
    assert np.allclose(load(tmp_path / "a.model").transport(source[:5]), there[:5], atol=1e-6)
    with pytest.raises(BadInput, match="no density"):
        model.log_prob(data[:2])
    with pytest.raises(BadInput, match="data or base"):
        model.transport(source, to="noise")


@pytest.mark.oracle("FlowMatching")
def test_flow_matching_learns_a_conditional_law():
    exact = GaussianMixture.of(
        [0.5, 0.5], [[-3.0, 10.0], [3.0, 10.0]], [np.eye(2), 0.25 * np.eye(2)], classes=["a", "b"]
    )
    y = np.repeat(["a", "b"], 1500)
    x = exact.sample(3000, given=y, seed=0)
    settings = Training(steps=600, eval_every=300, learning_rate=3e-3, device="cpu", ema=0.99)
    model = FlowMatching(MLP(width=48, depth=2), training=settings).fit(x, given=y)
    drawn = model.sample(1000, given="b", seed=0, schedule=Uniform(16))
    assert np.allclose(drawn.mean(0), [3, 10], atol=0.3) and np.allclose(drawn.std(0), 0.5, atol=0.2)
    fresh = exact.sample(200, given="b", seed=9)
    assert model.log_prob(fresh, given="b").mean() == pytest.approx(exact.log_prob(fresh, given="b").mean(), abs=0.2)


@pytest.mark.oracle("FlowMatching")
@pytest.mark.parametrize("path", PATHS)
def test_the_likelihood_of_an_exact_velocity(path):
    process = StochasticInterpolant(path)
    x = torch.as_tensor(EXACT.sample(10, seed=0))
    found = ProbabilityFlow(rtol=1e-7, atol=1e-7).log_prob(EXACT.denoiser(process), process, x)
    assert torch.allclose(found, EXACT.log_prob(x), atol=5e-3 if path != "vp" else 0.02)


def test_a_network_is_told_times_where_nothing_is_left_of_the_data():
    process = StochasticInterpolant()
    x = torch.ones(3, 2, dtype=torch.float64)
    for predicts in ("edm", "velocity", "x0"):
        denoiser = NetworkDenoiser(MLP(8, 1).build((2,)), process, (2,), predicts=predicts)
        for t in (0.0, 1e-9, 1.0):
            found = denoiser(x, t)
            assert torch.isfinite(found.x0).all() and torch.isfinite(process.velocity(found, x, t)).all()
    for predicts in ("noise", "score"):
        with pytest.raises(BadInput, match="nothing is left"):
            NetworkDenoiser(MLP(8, 1).build((2,)), process, (2,), predicts=predicts)
    v = NetworkDenoiser(MLP(8, 1).build((2,)), process, (2,), predicts="velocity")
    torch.nn.init.ones_(v.network.last.bias)
    for t in (0.0, 0.5, 1.0):
        assert torch.allclose(process.velocity(v(x, t), x, t), torch.ones_like(x)), "the network's own answer"


def _batch(n=400, given=None):
    return Batch(torch.as_tensor(EXACT.sample(n, seed=1)), given, None, RowRandom(2, n))


@pytest.mark.oracle("ContrastiveFlowMatching")
@pytest.mark.parametrize("path", PATHS)
def test_no_weight_is_flow_matching(path):
    denoiser = EXACT.denoiser(StochasticInterpolant(path))
    a = ContrastiveFlowMatching(0.0)(denoiser, _batch())
    assert torch.allclose(a, Denoising(target="velocity")(denoiser, _batch()), rtol=1e-6)


@pytest.mark.oracle("ContrastiveFlowMatching")
def test_the_best_velocities_of_a_batch():
    # On one batch, with a free velocity for each row, the minimum is at (u_i - w u_j) / (1 - w)
    loss, n, process, seen = ContrastiveFlowMatching(0.3), 40, StochasticInterpolant(), {}

    class Free:
        shape = (2,)

        def __init__(self):
            self.process = process
            self.v = torch.zeros(n, 2, dtype=torch.float64, requires_grad=True)

        def __call__(self, x, t, given=None):
            seen["x"], seen["t"] = x, t
            return process.from_velocity(self.v, x, t)

    free = Free()
    batch = _batch(n)
    loss(free, batch)
    u = (seen["x"] - batch.x) / seen["t"][:, None]  # = z - x_0, since x_t = x_0 + t (z - x_0)
    replay = RowRandom(2, n)
    replay.uniform(), replay.normal((2,))  # the times and the base
    other = (torch.arange(n) + 1 + (replay.uniform() * (n - 1)).long()) % n
    with torch.no_grad():
        free.v.copy_((u - 0.3 * u[other]) / 0.7)
    (slope,) = torch.autograd.grad(loss(free, _batch(n)), free.v)
    assert float(slope.abs().max()) < 1e-12
    with torch.no_grad():
        free.v.add_(0.1)
    assert float(torch.autograd.grad(loss(free, _batch(n)), free.v)[0].abs().max()) > 1e-4


@pytest.mark.oracle("ContrastiveFlowMatching")
def test_the_bias_is_known_and_taken_back():
    # The population's optimum is (v - w (E z - E x_0)) / (1 - w)
    process, loss = StochasticInterpolant(), ContrastiveFlowMatching(0.2)
    exact = EXACT.denoiser(process)

    class Trained:
        shape = (2,)

        def __init__(self):
            self.process = process

        def __call__(self, x, t, given=None):
            v = process.velocity(exact(x, t), x, t)
            return process.from_velocity((v + 0.2 * EXACT.mean()) / 0.8, x, t)

    trained = Trained()
    x = torch.as_tensor(EXACT.sample(20, seed=3))
    undone = loss.undo(trained, process, EXACT.mean())
    assert undone.shape == (2,)
    assert torch.allclose(undone(x, 0.4).x0, exact(x, 0.4).x0, atol=1e-10)
    # and it is where the loss is least: a large batch prefers it to the exact velocity
    exact.process = process
    assert float(loss(trained, _batch(20_000))) < float(loss(exact, _batch(20_000)))


def test_pairs_of_classes():
    given = torch.tensor([0] * 5 + [1] * 3 + [-1] * 2)
    loss = ContrastiveFlowMatching(0.05, other_class=True)
    other, kept = loss._others(Batch(torch.zeros(10, 1), given, None, RowRandom(0, 10)), 10)
    assert bool((given[other] != given).all()) and kept.tolist() == [True] * 8 + [False] * 2
    same, _ = ContrastiveFlowMatching()._others(Batch(torch.zeros(10, 1), None, None, RowRandom(0, 10)), 10)
    assert bool((same != torch.arange(10)).all())
    with pytest.raises(BadInput, match="no pair"):
        loss._others(Batch(torch.zeros(4, 1), torch.zeros(4, dtype=torch.int64), None, RowRandom(0, 4)), 4)
    with pytest.raises(BadInput, match="weight must"):
        ContrastiveFlowMatching(1.0)


def test_churn_needs_normal_noise():
    with pytest.raises(BadInput, match="churn"):
        Heun(churn=5.0).sample(_Shaped((2,), lambda x, t, given: x), PoissonFlow(), 3, Karras(4))


def test_images_keep_what_is_seen():
    rng = np.random.default_rng(0)
    x = 1 + np.array([2.0, 5.0])[:, None, None] * rng.normal(size=(40, 2, 4, 4))
    mask = (rng.uniform(size=x.shape) < 0.7).astype(float)
    seen = np.concatenate([(x * mask).reshape(40, -1), mask.reshape(40, -1)], axis=1)
    settings = Training(steps=2, eval_every=2, batch_size=8, device="cpu")
    model = FlowMatching(UNet(width=8, factors=(1,)), process=CoupledInterpolant(masked=True), training=settings)
    drawn = model.fit(x, given=seen).sample(3, given=seen[:3], seed=0, schedule=Uniform(2))
    assert drawn.shape == (3, 2, 4, 4) and np.abs((drawn - x[:3]) * mask[:3]).max() < 1e-9


def test_deblendings_noise_is_the_standard_normal_law():
    z = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum((1, 2))
    assert torch.allclose(IterativeDeblending().log_base(z), exact)
