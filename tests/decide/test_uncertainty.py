"""Noise through affine networks, where it is exact, and through one ReLU, whose distance is known."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import nn

from ecotone.decide.uncertainty import StableDistribution, propagate_stable_distribution

RNG = np.random.default_rng(0)
A1, A2 = RNG.normal(size=(5, 3)), RNG.normal(size=(2, 5))
B1, B2 = RNG.normal(size=5), RNG.normal(size=2)
AFFINE = [(A1, B1), (A2, B2)]
MU = RNG.normal(size=(1, 3))


@pytest.mark.oracle("propagate_stable_distribution")
def test_affine_gaussian_is_exact():
    root = RNG.normal(size=(3, 3))
    found = propagate_stable_distribution(AFFINE, MU, covariance=root @ root.T)
    np.testing.assert_allclose(found.location, (MU @ A1.T + B1) @ A2.T + B2)
    np.testing.assert_allclose(found.covariance[0], A2 @ A1 @ root @ root.T @ (A2 @ A1).T)
    gap = found.location[0, 0] - found.location[0, 1]
    spread = np.sqrt(np.array([1, -1]) @ found.covariance[0] @ np.array([1, -1]))
    assert found.pairwise_probability()[0, 0, 1] == pytest.approx(stats.norm.cdf(gap / spread))
    low, high = found.interval(0.9)
    want = stats.norm.interval(0.9, found.location[0], np.sqrt(np.diag(found.covariance[0])))
    np.testing.assert_allclose((low[0], high[0]), want)
    assert propagate_stable_distribution(AFFINE, MU, covariance=np.ones((3, 3))).scale.min() > 0  # singular


@pytest.mark.oracle("propagate_stable_distribution")
def test_affine_cauchy_takes_the_composed_matrix():
    gamma = np.array([0.5, 1.0, 2.0])
    found = propagate_stable_distribution(AFFINE, MU, gamma, distribution="cauchy")
    np.testing.assert_allclose(found.scale[0], np.abs(A2 @ A1) @ gamma)
    draws = MU + gamma * np.random.default_rng(1).standard_cauchy((20_000, 3))
    y = (draws @ A1.T + B1) @ A2.T + B2
    for j in range(2):
        law = stats.cauchy(found.location[0, j], found.scale[0, j])
        assert stats.kstest(y[:, j], law.cdf).pvalue > 1e-3
        np.testing.assert_allclose([found.interval(0.8)[i][0, j] for i in (0, 1)], law.interval(0.8))
    share = np.mean(y[:, 0] > y[:, 1])
    assert found.pairwise_probability()[0, 0, 1] == pytest.approx(share, abs=4 * 0.5 / np.sqrt(20_000))
    layered = propagate_stable_distribution(AFFINE, MU, gamma, distribution="cauchy", form="marginal")
    np.testing.assert_allclose(layered.scale[0], np.abs(A2) @ (np.abs(A1) @ gamma))
    ratio = layered.scale / found.scale
    assert ratio.min() > 1 and ratio.max() > 1.5, "layer by layer the scale is overstated"


def _distance(family, mu, m, s):
    """Total variation between max(X, 0), X about mu with scale 1, and the family's law at m with scale s."""
    atom = family.cdf(-mu)
    if s == 0:
        return 1 - atom if m == 0 else 1.0
    points = sorted({0.0, m, mu})
    above = integrate.quad(
        lambda x: abs(family.pdf(x - mu) - family.pdf((x - m) / s) / s), 0, 60, points=points, limit=200
    )[0]
    tail = abs(family.sf(60 - mu) - family.sf((60 - m) / s))
    return 0.5 * (atom + family.cdf(-m / s) + above + tail)


@pytest.mark.oracle("propagate_stable_distribution")
@pytest.mark.parametrize("law, family", [("gaussian", stats.norm), ("cauchy", stats.cauchy)])
@pytest.mark.parametrize("mu", [-1.5, -0.3, 0.4, 1.2])
def test_one_relu_is_at_the_known_distance_and_no_other_law_is_nearer(law, family, mu):
    found = propagate_stable_distribution(["relu"], [[mu]], 1.0, distribution=law)
    m, s = found.location[0, 0], found.scale[0, 0]
    assert (m, s) == ((mu, 1.0) if mu > 0 else (0.0, 0.0))
    ours = _distance(family, mu, m, s)
    assert ours == pytest.approx(family.cdf(-abs(mu)), abs=1e-5)
    others = [_distance(family, mu, a, b) for a in (m - 0.3, m, m + 0.3, m + 1) for b in (0.3, 0.8, 1.0, 1.3)]
    assert min(others) > ours - 1e-6


@pytest.mark.oracle("propagate_stable_distribution")
def test_jacobian_of_a_convolution_is_that_of_finite_differences():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 2)
    ).double()  # fmt: skip
    x = np.random.default_rng(2).normal(size=(2, 1, 6, 6))
    found = propagate_stable_distribution(module, x, 0.1)
    step, module = 1e-6, module.eval()
    for row in range(2):
        moved = torch.as_tensor(x[row] + step * np.eye(36).reshape(36, 1, 6, 6))
        slope = ((module(moved) - module(torch.as_tensor(x[row : row + 1]))) / step).detach().numpy().T
        np.testing.assert_allclose(found.factor[row], 0.1 * slope, atol=1e-6)


@pytest.mark.oracle("propagate_stable_distribution")
def test_small_noise_follows_the_monte_carlo_law():
    rng = np.random.default_rng(3)
    layers = [(rng.normal(size=(20, 4)), rng.normal(size=20)), "tanh", (rng.normal(size=(3, 20)), None)]
    mu = rng.normal(size=(1, 4))
    found = propagate_stable_distribution(layers, mu, 0.01)
    y = np.tanh((mu + 0.01 * rng.normal(size=(20_000, 4))) @ layers[0][0].T + layers[0][1]) @ layers[2][0].T
    np.testing.assert_allclose(np.cov(y.T), found.covariance[0], rtol=0.06, atol=1e-5)
    low, high = found.interval(0.9)
    np.testing.assert_allclose(((low < y) & (y < high)).mean(0), 0.9, atol=0.01)


def test_certain_orders():
    law = StableDistribution(np.array([[1.0, 0.0, 0.0]]), np.zeros((1, 3, 1)), "gaussian")
    assert law.pairwise_probability()[0].tolist() == [[0.5, 1, 1], [0, 0.5, 0.5], [0, 0.5, 0.5]]
