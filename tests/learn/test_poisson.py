"""Poisson flows and thinned counts, against laws in closed form."""

import numpy as np
import pytest
import torch
from scipy import stats

from ecotone.contracts import BadInput
from ecotone.learn import EDM, JUMP, Batch, GaussianMixture, Prediction, RowRandom, Training
from ecotone.learn.denoisers import CountDenoiser
from ecotone.learn.networks import MLP
from ecotone.learn.objectives import RelativeEntropy
from ecotone.learn.processes import EDMProcess, PoissonFlow, PoissonThinning
from ecotone.learn.samplers import DDIM, Ancestral, Heun, ProbabilityFlow, ReverseKernel
from ecotone.learn.schedules import Karras, Uniform

POINTS = torch.tensor([[-1.0, 0.0], [1.0, 0.5], [0.5, -1.0]], dtype=torch.float64)


class Points:
    """The exact denoiser of three equally likely points under Student-t noise: a softmax."""

    shape = (2,)

    def __init__(self, process):
        self.extra = process.extra

    def __call__(self, x, t, given=None):
        far = ((x[:, None, :] - POINTS) ** 2).sum(-1)
        r2 = torch.as_tensor(t, dtype=torch.float64).reshape(-1, 1) ** 2 * self.extra
        return Prediction(torch.softmax(-(2 + self.extra) / 2 * torch.log(far + r2), dim=1) @ POINTS)


@pytest.mark.oracle("PoissonFlow")
@pytest.mark.parametrize("extra", [1.0, 4.0, 64.0])
def test_the_noise_is_students(extra):
    process, n = PoissonFlow(extra), 4000
    x0 = torch.ones(n, 3, dtype=torch.float64)
    off = (process.perturb(x0, 2.5, RowRandom(0, n)) - x0).numpy() / 2.5
    # |z|^2 / N follows F(N, D), whatever D; the direction is uniform; the paper's radius is a root of a beta's odds
    radius = (off**2).sum(1)
    assert stats.kstest(radius / 3, stats.f(3, extra).cdf).pvalue > 1e-3
    beta = radius / extra / (1 + radius / extra)
    assert stats.kstest(beta, stats.beta(1.5, extra / 2).cdf).pvalue > 1e-3
    assert stats.kstest(off[:, 0] / np.sqrt(radius), stats.uniform(-1, 2).cdf).pvalue > 1e-3
    z = torch.as_tensor(off[:20])
    assert np.allclose(process.log_base(z), stats.multivariate_t(np.zeros(3), np.eye(3), df=extra).logpdf(off[:20]))
    prior = process.log_prior(80 * z)
    assert np.allclose(prior, stats.multivariate_t(np.zeros(3), 80**2 * np.eye(3), df=extra).logpdf(80 * off[:20]))


@pytest.mark.oracle("PoissonFlow")
@pytest.mark.parametrize("extra", [2.0, 32.0])
def test_the_field_of_points_leads_to_them(extra):
    process = PoissonFlow(extra)
    denoiser = Points(process)
    # The softmax is Bayes with scipy's density
    x = process.perturb(POINTS, 0.7, RowRandom(1, 3))
    law = stats.multivariate_t(np.zeros(2), 0.49 * np.eye(2), df=extra)
    weight = np.stack([law.pdf((x - y).numpy()) for y in POINTS], axis=1)
    assert np.allclose(denoiser(x, 0.7).x0, weight / weight.sum(1, keepdims=True) @ POINTS.numpy())
    found = Heun().sample(denoiser, process, 3000, Karras(30), seed=0)
    near, which = torch.cdist(found, POINTS).min(1)
    assert float(near.max()) < 0.05
    assert stats.chisquare(torch.bincount(which, minlength=3).numpy()).pvalue > 1e-3
    assert torch.allclose(DDIM().sample(denoiser, process, 3000, Karras(200), seed=0)[:50], found[:50], atol=0.1)


@pytest.mark.oracle("PoissonFlow")
def test_the_likelihood_of_the_field():
    process = PoissonFlow(6.0, t_min=0.3, t_max=3000.0)
    x = torch.tensor([[0.0, 0.0], [1.0, 1.0], [-4.0, 2.0]], dtype=torch.float64)
    found = ProbabilityFlow(rtol=1e-8, atol=1e-8).log_prob(Points(process), process, x)
    law = stats.multivariate_t(np.zeros(2), 0.09 * np.eye(2), df=6.0)
    want = np.log(np.mean([law.pdf((x - y).numpy()) for y in POINTS], axis=0))
    assert np.allclose(found, want, atol=2e-3)


@pytest.mark.oracle("PoissonFlow")
def test_many_dimensions_are_diffusion():
    far, limit = PoissonFlow(1e7), EDMProcess()
    x0 = torch.randn(5, 2, dtype=torch.float64)
    assert torch.allclose(far.perturb(x0, 3.0, RowRandom(0, 5)), limit.perturb(x0, 3.0, RowRandom(0, 5)), atol=0.01)
    assert torch.allclose(far.log_prior(80 * x0), limit.log_prior(80 * x0), atol=1e-4)
    with pytest.raises(BadInput, match="extra must be"):
        PoissonFlow(0.0)


def test_a_model_learns_along_a_poisson_flow():
    rng = np.random.default_rng(0)
    x = rng.normal([3, -1], [1, 0.5], (1500, 2))
    settings = Training(steps=250, eval_every=125, batch_size=128, learning_rate=3e-3, device="cpu", ema=0.98)
    model = EDM(MLP(32, 1), process=PoissonFlow(8.0), training=settings).fit(x)
    drawn = model.sample(1000, seed=0)
    assert np.allclose(drawn.mean(0), [3, -1], atol=0.3) and np.allclose(drawn.std(0), [1, 0.5], rtol=0.25)
    want = stats.norm.logpdf(x[:50], [3, -1], [1, 0.5]).sum(1).mean()
    assert model.log_prob(x[:50]).mean() == pytest.approx(want, abs=0.35)


@pytest.mark.parametrize("mean", [0.3, 40.0, 1e5])
def test_poisson_and_chi_square_draws(mean):
    rng = RowRandom(0, 4000)
    found = rng.poisson(torch.full((4000,), mean, dtype=torch.float64)).numpy()
    assert (found == found.round()).all() and (found >= 0).all()
    u = RowRandom(0, 4000).uniform().numpy()
    assert (found == stats.poisson(mean).ppf(u)).all()
    assert not RowRandom(0, 5).poisson(torch.zeros(5, 2)).any()
    assert stats.kstest(rng.chi2(mean).numpy(), stats.chi2(mean).cdf).pvalue > 1e-3
    assert torch.equal(RowRandom(0, 4000).poisson(torch.full((4000,), mean))[7:8],
                       RowRandom(0, torch.tensor([7])).poisson(torch.full((1,), mean)))  # fmt: skip


SHAPE, RATE = 2.0, 0.8  # of the gamma law of the data


class Gamma:
    """E[x_0 | z_t] for gamma data: (a + z) / (b + lambda alpha)."""

    shape = (1,)

    def __init__(self, process):
        self.process = process

    def __call__(self, x, t, given=None):
        left = self.process.rate * self.process.alpha(torch.as_tensor(t, dtype=torch.float64)).reshape(-1, 1)
        return Prediction((SHAPE + self.process.rate * x) / (RATE + left))


@pytest.mark.oracle("PoissonThinning")
def test_thinned_poisson_is_poisson():
    process, n = PoissonThinning(rate=20.0), 4000
    x0 = torch.full((n, 1), 1.5, dtype=torch.float64)
    s, t = 0.1, 0.25
    a_s, a_t = (float(process.alpha(torch.tensor(v, dtype=torch.float64))) for v in (s, t))
    z_s = (20 * process.perturb(x0, s, RowRandom(0, n))).round().numpy()[:, 0]
    kept = np.random.default_rng(0).binomial(z_s.astype(int), a_t / a_s)
    z_t = (20 * process.perturb(x0, t, RowRandom(1, n))).round()
    thick = 20 * process.step(Prediction(x0), z_t / 20, t, s, RowRandom(2, n)).numpy()[:, 0]
    for counts, mean in ((kept, 30 * a_t), (z_t.numpy()[:, 0], 30 * a_t), (thick, 30 * a_s), (z_s, 30 * a_s)):
        edges = np.unique(stats.poisson(mean).ppf(np.linspace(0.1, 0.9, 9)))
        seen = np.bincount(np.searchsorted(edges, counts.round(), side="left"), minlength=len(edges) + 1)
        share = np.diff([0, *stats.poisson(mean).cdf(edges), 1])
        assert stats.chisquare(seen, share * n).pvalue > 1e-3
    assert torch.equal(process.perturb(x0, 0.0, RowRandom(0, n)), x0), "time 0 is the data"
    assert torch.equal(process.step(Prediction(x0), z_t / 20, t, 0.0, RowRandom(0, n)), x0)
    (slope,) = torch.autograd.grad(process.alpha(v := torch.tensor(0.3, requires_grad=True)), v)
    assert float(process.alpha_rate(torch.tensor(0.3))) == pytest.approx(float(slope))


@pytest.mark.oracle("PoissonThinning")
@pytest.mark.oracle("ReverseKernel")
def test_gamma_data_in_closed_form():
    process, n = PoissonThinning(rate=200.0), 3000
    x0 = torch.as_tensor(stats.gamma(SHAPE, scale=1 / RATE).rvs((n, 1), random_state=0))
    z = (200 * process.perturb(x0, 0.3, RowRandom(0, n))).round().numpy()[:, 0]
    left = 200 * float(process.alpha(torch.tensor(0.3, dtype=torch.float64)))
    law = stats.nbinom(SHAPE, RATE / (RATE + left))
    edges = np.unique(law.ppf(np.linspace(0.1, 0.9, 9)))
    seen = np.bincount(np.searchsorted(edges, z, side="left"), minlength=len(edges) + 1)
    assert stats.chisquare(seen, np.diff([0, *law.cdf(edges), 1]) * n).pvalue > 1e-3
    # Thickened back along many steps, nothing becomes the gamma law
    found = ReverseKernel().sample(Gamma(process), process, n, Uniform(300), seed=0)
    assert stats.kstest(found[:, 0].numpy(), stats.gamma(SHAPE, scale=1 / RATE).cdf).pvalue > 1e-3
    few = ReverseKernel().sample(Gamma(process), process, n, Uniform(5), seed=0)
    assert stats.kstest(few[:, 0].numpy(), stats.gamma(SHAPE, scale=1 / RATE).cdf).pvalue < 1e-3, "exact in the limit"


def test_the_kernel_is_that_of_the_process():
    x0, process = torch.full((2000, 1), 1.5, dtype=torch.float64), EDMProcess()
    point = Points(PoissonFlow())
    point.shape = (1,)
    point.__class__ = type("Point", (Points,), {"__call__": lambda self, x, t, given=None: Prediction(0 * x + 1.5)})
    found = ReverseKernel().sample(point, process, 2000, Uniform(5, end=2.0), seed=0)
    assert stats.kstest(found[:, 0].numpy(), "norm", args=(float(x0[0, 0]), 2.0)).pvalue > 1e-3


def test_relative_entropy_is_least_at_the_mean():
    process = PoissonThinning(rate=50.0)
    x = torch.as_tensor(stats.gamma(SHAPE, scale=1 / RATE).rvs((20_000, 1), random_state=1))

    class Off(Gamma):
        def __init__(self, factor):
            super().__init__(process)
            self.factor = factor

        def __call__(self, x, t, given=None):
            return Prediction(self.factor * super().__call__(x, t).x0)

    for weighted in (True, False):
        loss = [
            float(RelativeEntropy(weighted)(Off(f), Batch(x, None, None, RowRandom(0, 20_000)))) for f in (0.9, 1, 1.1)
        ]
        assert loss[1] < min(loss[0], loss[2]) and loss[1] > 0
    zero = RelativeEntropy()(Off(0.0), Batch(0 * x, None, None, RowRandom(0, 20_000)))
    assert float(zero) == pytest.approx(0, abs=1e-9), "0 log 0"


def test_rows_of_counts_do_not_depend_on_their_batch():
    process, x0 = PoissonThinning(), torch.rand(6, 2, dtype=torch.float64)
    t, some = torch.linspace(0, 0.5, 6, dtype=torch.float64), torch.tensor([4, 0])
    whole = process.perturb(x0, t, RowRandom(0, 6))
    assert torch.equal(whole[some], process.perturb(x0[some], t[some], RowRandom(0, some)))
    assert not process.prior(RowRandom(0, 6), (2,)).any()
    with pytest.raises(BadInput, match="at least 0"):
        process.perturb(-x0, t, RowRandom(0, 6))
    with pytest.raises(BadInput, match="rate > 0"):
        PoissonThinning(rate=0.0)
    denoiser = CountDenoiser(MLP(8, 1).build((2,)), process, (2,))
    assert bool((denoiser(whole, t).x0 > 0).all()) and denoiser(0 * whole.float(), 0.5).x0.dtype == torch.float32


@pytest.mark.oracle("JUMP")
def test_jump_learns_counts():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 2000)
    x = rng.poisson(rng.gamma(1.5, [[2.0, 8.0]], (2000, 2)) * (1 + 2 * label[:, None]))
    settings = Training(steps=300, eval_every=150, batch_size=128, learning_rate=3e-3, device="cpu", ema=0.98)
    model = JUMP(MLP(32, 1), training=settings).fit(x, given=label)
    drawn = model.sample(1500, given=1, seed=0)
    truth = x[label == 1]
    assert (drawn == drawn.round()).all() and (drawn >= 0).all()
    assert np.allclose(drawn.mean(0), truth.mean(0), rtol=0.15) and np.allclose(drawn.std(0), truth.std(0), rtol=0.25)
    assert np.allclose((drawn == 0).mean(0), (truth == 0).mean(0), atol=0.06)
    with pytest.raises(BadInput, match="at least 0"):
        JUMP(training=settings).fit(-x.astype(float))
    with pytest.raises(BadInput, match="0 everywhere"):
        JUMP(training=settings).fit(0 * x)


def test_samplers_that_add_normal_noise_refuse_other_noise():
    denoiser = GaussianMixture.random(dim=2, components=2, seed=0).denoiser(EDMProcess())
    with pytest.raises(BadInput, match="Ancestral adds normal noise, and that of PoissonFlow is not"):
        Ancestral().sample(denoiser, PoissonFlow(), 3, Karras(5), seed=0)
