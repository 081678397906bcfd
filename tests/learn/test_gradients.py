"""Gradients through draws against enumeration, torch's own relaxed law and frequencies."""

import numpy as np
import pytest
import torch
from scipy import stats

from ecotone.learn.gradients import gumbel_softmax, gumbel_softmax_log_prob

SHARES = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64)
N = 40_000


@pytest.mark.oracle("gumbel_softmax")
@pytest.mark.parametrize("temperature", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("hard", [False, True])
def test_largest_entry_is_a_categorical_draw_at_every_temperature(temperature, hard):
    y = gumbel_softmax(torch.log(3 * SHARES).expand(N, -1), temperature, rng=1, hard=hard)
    count = np.bincount(y.argmax(1), minlength=4)
    assert stats.chisquare(count, N * SHARES.numpy()).pvalue > 1e-3
    if hard:
        assert set(y.unique().tolist()) == {0.0, 1.0}


@pytest.mark.oracle("gumbel_softmax")
def test_density_is_that_of_torchs_relaxed_law():
    logits = torch.log(SHARES)
    law = torch.distributions.RelaxedOneHotCategorical(torch.tensor(0.7, dtype=torch.float64), logits=logits)
    y = gumbel_softmax(logits.expand(500, -1), 0.7, rng=0)
    assert torch.allclose(gumbel_softmax_log_prob(y, logits, 0.7), law.log_prob(y), atol=1e-8)
    grid = torch.linspace(1e-6, 1 - 1e-6, 200_001, dtype=torch.float64)
    pairs = torch.stack([grid, 1 - grid], dim=1)
    density = gumbel_softmax_log_prob(pairs, torch.tensor([0.4, -0.2], dtype=torch.float64), 0.8).exp()
    assert float(torch.trapezoid(density, grid)) == pytest.approx(1, abs=2e-3)
    assert torch.autograd.gradcheck(lambda a: gumbel_softmax_log_prob(y[:2], a, 0.7), logits.clone().requires_grad_())


def _slopes(function, temperature, hard):
    """Gradient in the logits by row, mean and standard error."""
    logits = torch.log(SHARES).expand(400_000, -1).clone().requires_grad_()
    y = gumbel_softmax(logits, temperature, rng=5, hard=hard)
    (slope,) = torch.autograd.grad(function(y).sum(), logits)
    return slope.mean(0), slope.std(0) / len(slope) ** 0.5, float(slope.var(0).sum())


def _exact(function):
    logits = torch.log(SHARES).requires_grad_()
    (slope,) = torch.autograd.grad(torch.softmax(logits, 0) @ function(torch.eye(4, dtype=torch.float64)), logits)
    return slope


@pytest.mark.oracle("gumbel_softmax")
def test_gradient_tends_to_that_of_the_exact_mean_and_its_variance_grows():
    value = torch.tensor([0.1, -1.0, 2.0, 0.5], dtype=torch.float64)

    def cubic(y):
        return (y @ value) ** 3 + torch.sin(3 * y).sum(-1)

    gap, spread = {}, {}
    for temperature in (1.0, 0.3, 0.05):
        mean, _, spread[temperature] = _slopes(cubic, temperature, hard=False)
        gap[temperature] = (mean - _exact(cubic)).abs().max()
    assert gap[1.0] > 2 * gap[0.3] > 8 * gap[0.05], "the bias falls like the temperature"
    assert spread[0.05] > 3 * spread[0.3] > 3 * spread[1.0], "the variance grows like 1 / temperature"


@pytest.mark.oracle("gumbel_softmax")
def test_straight_through_is_right_for_quadratics_and_biased_beyond():
    value = torch.tensor([0.1, -1.0, 2.0, 0.5], dtype=torch.float64)
    mean, error, _ = _slopes(lambda y: (y @ value) ** 2, 0.05, hard=True)
    assert torch.allclose(mean, _exact(lambda y: (y @ value) ** 2), atol=float(4 * error.max()) + 0.02)
    mean, error, _ = _slopes(lambda y: (y**3).sum(-1) + (y @ value) ** 3, 0.05, hard=True)
    want = _exact(lambda y: (y**3).sum(-1) + (y @ value) ** 3)
    assert float((mean - want).abs().max()) > 8 * float(error.max()), "the trapezium rule is not exact for cubics"
