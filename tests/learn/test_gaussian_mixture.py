"""The exact mixture against quadrature, enumeration, scipy and scikit-learn."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from sklearn.mixture import GaussianMixture as Peer

from ecotone.contracts import BadInput
from ecotone.learn import GaussianMixture
from ecotone.learn.processes import VP, EDMProcess

ONE = GaussianMixture.of([0.3, 0.7], [[-1.0], [2.0]], [[[0.5]], [[1.5]]])


@pytest.mark.oracle("GaussianMixture")
def test_log_prob_is_scipys():
    exact = GaussianMixture.random(dim=3, components=4, seed=0)
    x = exact.sample(50, seed=1)
    parts = [
        w * stats.multivariate_normal(m, c).pdf(x)
        for w, m, c in zip(exact.weights_.numpy(), exact.means_.numpy(), exact.covariances_.numpy(), strict=True)
    ]
    assert np.allclose(exact.log_prob(x), np.log(np.sum(parts, 0)), atol=1e-10)


def test_em_is_as_likely_as_scikit_learns():
    x = GaussianMixture.random(dim=3, components=3, seed=3, spread=4.0).sample(1500, seed=0)
    ours = GaussianMixture(3, random_state=0).fit(x)
    assert ours.log_prob(x).mean() >= Peer(3, n_init=5, random_state=0).fit(x).score(x) - 1e-3


def test_weights_of_rows_are_repetitions():
    x = ONE.sample(200, seed=0)
    weight = np.where(x[:, 0] > 0, 2, 1)
    a = GaussianMixture(1).fit(x, sample_weight=weight)
    b = GaussianMixture(1).fit(np.repeat(x, weight, axis=0))
    assert torch.allclose(a.means_, b.means_) and torch.allclose(a.covariances_, b.covariances_)


@pytest.mark.parametrize("tilt", [(0.4, 1.3), (-0.3, 0.5), (0.0, -1.0)])
def test_tilts_by_quadrature(tilt):
    a, b = tilt

    def density(x):
        return math.exp(float(ONE.log_prob([[x]])[0]) - a * x * x / 2 + b * x)

    total = integrate.quad(density, -40, 40, limit=400, points=[-1, 2, 5])[0]
    tilted = ONE.tilted([[a]], [b])
    assert ONE.log_partition([[a]], [b]) == pytest.approx(math.log(total), abs=1e-8)
    for x in (-2.0, 0.0, 3.0):
        assert float(tilted.log_prob([[x]])[0]) == pytest.approx(math.log(density(x) / total), abs=1e-7)
    with pytest.raises(BadInput, match="no finite integral"):
        ONE.tilted([[-3.0]], [0.0])


def test_a_measurement_is_bayes():
    exact = GaussianMixture.random(dim=3, components=2, seed=1)
    h, r, y = np.array([[1.0, 2.0, 0.0]]), np.array([[0.3]]), np.array([0.7])
    posterior, x = exact.posterior(h, y, r), exact.sample(6, seed=0)
    gap = posterior.log_prob(x) - exact.log_prob(x) - stats.norm(y[0], math.sqrt(0.3)).logpdf(x @ h[0])
    assert np.ptp(gap) < 1e-9, "posterior = prior x likelihood, up to one constant"


@pytest.mark.parametrize("threshold", [0.0, 4.0])
def test_tail_by_quadrature(threshold):
    tail = ONE.tail([1.0], threshold)
    total = integrate.quad(lambda x: math.exp(float(ONE.log_prob([[x]])[0])), threshold, 40, points=[5])[0]
    assert tail.log_probability_ == pytest.approx(math.log(total), abs=1e-8)
    x = tail.sample(20_000, seed=0)
    assert x.min() >= threshold

    def cdf(v):
        return np.array([1 - math.exp(ONE.tail([1.0], max(float(u), threshold)).log_probability_) / total for u in v])

    assert stats.kstest(x[:2000, 0], cdf).pvalue > 1e-3
    process, t, x_t = EDMProcess(), 0.8, 1.3

    def weight(v):
        return math.exp(float(tail.log_prob([[v]])[0])) * stats.norm(v, t).pdf(x_t)

    want = integrate.quad(lambda v: v * weight(v), threshold, 20)[0] / integrate.quad(weight, threshold, 20)[0]
    found = tail.denoiser(process)(torch.tensor([[x_t]], dtype=torch.float64), t).x0
    assert float(found) == pytest.approx(want, abs=1e-6)


def test_denoiser_by_quadrature_with_a_time_for_each_row():
    process, times, x_t = VP(), [0.2, 0.6], [0.4, -1.1]
    found = ONE.denoiser(process)(torch.tensor(x_t, dtype=torch.float64)[:, None], torch.tensor(times)).x0
    for t, x, value in zip(times, x_t, found, strict=True):
        at = torch.tensor(t, dtype=torch.float32).double()
        alpha, sigma = float(process.alpha(at)), float(process.sigma(at))

        def weight(v, alpha=alpha, sigma=sigma, x=x):
            return math.exp(float(ONE.log_prob([[v]])[0])) * stats.norm(alpha * v, sigma).pdf(x)

        want = integrate.quad(lambda v: v * weight(v), -10, 12)[0] / integrate.quad(weight, -10, 12)[0]
        assert float(value) == pytest.approx(want, abs=1e-6)


def test_classes():
    x = np.concatenate([ONE.sample(400, seed=0), ONE.sample(400, seed=1) + 10])
    label = np.repeat(["low", "high"], 400)
    model = GaussianMixture(2).fit(x, given=label)
    assert model.sample(50, given="high", seed=0).min() > 4 and model.sample(50, given="low", seed=0).max() < 8
    whole = 0.5 * np.exp(model.log_prob(x, given="low")) + 0.5 * np.exp(model.log_prob(x, given="high"))
    assert np.allclose(np.log(whole), model.log_prob(x)), "the law is the mixture of its classes"
    assert np.allclose(model.of_class("high").log_prob(x), model.log_prob(x, given="high"))
    with pytest.raises(BadInput, match="'medium' was not learned"):
        model.sample(1, given="medium")


def test_w2_between_normal_laws():
    a = GaussianMixture.of([1], [[0.0, 0.0]], [np.diag([1.0, 4.0])])
    b = GaussianMixture.of([1], [[3.0, 0.0]], [np.diag([4.0, 1.0])])
    assert a.w2(b) == pytest.approx(math.sqrt(9 + 1 + 1))
    with pytest.raises(BadInput, match="components"):
        a.w2(ONE)


def test_rows_on_a_line_leave_a_density():
    t = np.random.default_rng(0).normal(size=(200, 1))
    flat = GaussianMixture(2, random_state=0).fit(np.hstack([t, 2 * t]))
    assert (
        float(torch.linalg.eigvalsh(flat.covariances_).min()) > 0 and np.isfinite(flat.log_prob(np.ones((1, 2)))).all()
    )
