"""The residual-constrained and the guided loss against their optima in closed form."""

import numpy as np
import pytest
import torch

from ecotone.contracts import BadInput
from ecotone.learn import Batch, GaussianMixture, Prediction, RowRandom
from ecotone.learn.objectives import Denoising, GuidedDenoising, ResidualConstrained
from ecotone.learn.processes import VP, EDMProcess
from ecotone.learn.schedules import Karras

LAW = GaussianMixture.of([1.0], [[0.0, 0.0, 0.0]], [[[1.0, 0.5, 0.2], [0.5, 0.8, 0.1], [0.2, 0.1, 0.6]]])
EQUATIONS = torch.tensor([[1.0, -1.0, 0.5], [0.3, 0.2, -1.0]], dtype=torch.float64)


class Linear:
    """W x_t, with one matrix for each time of a grid."""

    def __init__(self, process, matrices):
        self.process, self.matrices, self.shape = process, matrices, (3,)

    def __call__(self, x, t, given=None):
        at = torch.as_tensor(t, dtype=torch.float64).expand(len(x))
        w = torch.stack([self.matrices[round(float(v), 9)] for v in at])
        return Prediction(torch.einsum("nij,nj->ni", w, x))


@pytest.mark.oracle("ResidualConstrained")
@pytest.mark.parametrize("process", [VP(), EDMProcess(t_max=4.0)], ids=lambda p: type(p).__name__)
def test_linear_equations_have_a_penalised_least_squares_optimum(process):
    # x0hat = (I + c d / (2 lambda S m) A'A)^-1 E[x0 | x_t], on the rows themselves by their own least squares
    c, n, steps = 0.7, 400, 3
    x, rng = torch.as_tensor(LAW.sample(n, seed=0)), RowRandom(1, n)
    place = (rng.uniform() * steps).long()
    times = torch.linspace(process.t_max, 0, steps + 1, dtype=torch.float64)
    noisy, found = process.perturb(x, times[place], rng), {}
    for i in range(steps):
        t, s = times[i], times[i + 1]
        at, then = (t, s) if i + 1 < steps else (times[i - 1], times[i])
        beta = 1 - (process.alpha(at) / process.alpha(then)) ** 2 * process.sigma(then) ** 2 / process.sigma(at) ** 2
        variance = process.sigma(then) ** 2 * beta
        weight = min(float(process.alpha(t) ** 2 / process.sigma(t) ** 2), 5.0)
        own = place == i
        plain = torch.linalg.lstsq(noisy[own], x[own]).solution.T
        shrink = torch.eye(3, dtype=torch.float64) + c * 3 / (2 * weight * variance * 2) * EQUATIONS.T @ EQUATIONS
        found[round(float(t), 9)] = torch.linalg.solve(shrink, plain).requires_grad_()
    loss = ResidualConstrained(lambda x: x @ EQUATIONS.T, weight=c, steps=steps)
    value = loss(Linear(process, found), Batch(x, None, None, RowRandom(1, n)))
    slopes = torch.autograd.grad(value, list(found.values()))
    assert max(float(g.abs().max()) for g in slopes) < 1e-10
    assert float(value.detach()) > 0
    moved = {t: w.detach() + 0.05 for t, w in found.items()}
    assert loss(Linear(process, moved), Batch(x, None, None, RowRandom(1, n))) > value


@pytest.mark.oracle("ResidualConstrained")
def test_zero_weight_is_denoising_and_true_equations_change_nothing():
    process, denoiser = VP(), LAW.denoiser(VP())
    x = torch.as_tensor(LAW.sample(300, seed=0))

    def value(**settings):
        return float(ResidualConstrained(steps=20, **settings)(denoiser, Batch(x, None, None, RowRandom(3, 300))))

    rng = RowRandom(3, 300)
    t = torch.linspace(1, 0, 21, dtype=torch.float64)[(rng.uniform() * 20).long()]
    error = ((denoiser(process.perturb(x, t, rng), t).x0 - x) ** 2).mean(1)
    want = float((torch.clamp((process.alpha(t) / process.sigma(t)) ** 2, max=5) * error).mean())
    assert value() == pytest.approx(want) and value(residual=lambda x: x, weight=0.0) == pytest.approx(want)
    assert value(residual=lambda x: x, weight=1.0) > want
    # rows with A x = 0: the conditional mean has it too, in one step or many
    null = torch.linalg.svd(EQUATIONS).Vh[2:]
    flat = null.T @ null + 1e-12 * torch.eye(3)
    law = GaussianMixture.of([1.0], [[0.0] * 3], [flat.numpy()])
    x, exact = torch.as_tensor(law.sample(300, seed=0)), law.denoiser(process)
    for estimate, ddim_steps in (("mean", 0), ("sample", 0), ("sample", 3)):
        made = [
            ResidualConstrained(lambda x: x @ EQUATIONS.T, weight=w, estimate=estimate, ddim_steps=ddim_steps, steps=20)
            for w in (0.0, 1.0)
        ]
        a, b = (float(loss(exact, Batch(x, None, None, RowRandom(3, 300)))) for loss in made)
        assert b == pytest.approx(a, abs=1e-6)


def test_inequalities_objectives_and_grids():
    process, x = EDMProcess(), torch.as_tensor(LAW.sample(200, seed=0))

    def value(**settings):
        loss = ResidualConstrained(schedule=Karras(10), **settings)
        return float(loss(LAW.denoiser(process), Batch(x, None, None, RowRandom(3, 200))))

    assert value(inequality=lambda x: x[:, :1] - 100) == value()
    assert value(inequality=lambda x: x[:, :1] + 100) > value()

    def above(x):
        return x[:, :1] - 0.2

    assert value(inequality=above, inequality_weight=0.3) == pytest.approx(
        value(residual=lambda x: above(x).clamp(min=0), weight=0.3)
    ), "an inequality is the equation that its violation is 0"
    assert value(objective=lambda x: 0 * x[:, 0] + 5, objective_weight=2.0) == pytest.approx(value() + 10)
    with pytest.raises(BadInput, match="estimate"):
        value(estimate="median")
    with pytest.raises(BadInput, match="two steps"):
        ResidualConstrained(steps=1)(LAW.denoiser(process), Batch(x, None, None, RowRandom(3, 200)))


class Table:
    """A prediction for each of two classes, and one without: all that x_t of pure noise leaves to learn."""

    def __init__(self, values):
        self.process, self.shape, self.values = EDMProcess(), (1,), values

    def __call__(self, x, t, given=None):
        which = torch.full((len(x),), 2) if given is None else given
        return Prediction(self.values[which][:, None])


def _quadratic(loss, n=20_000):
    y = torch.arange(n) % 2
    x = torch.where(y == 0, -1.0, 3.0)[:, None].double()

    def value(values):
        return loss(Table(values), Batch(x, y, None, RowRandom(0, n)))

    zero = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(value(zero), zero)
    return torch.autograd.functional.hessian(value, zero.detach()), slope


@pytest.mark.oracle("GuidedDenoising")
@pytest.mark.parametrize("low, high", [(0.0, 4.0), (1.0, 2.0)])
def test_the_optimum_of_the_guided_loss_is_the_closed_form(low, high):
    hessian, slope = _quadratic(GuidedDenoising(low, high, base=Denoising("x0")))
    found = torch.linalg.solve(hessian, -slope)
    mu, s = (low + high) / 2, (low**2 + low * high + high**2) / 3
    means, whole = np.array([-1.0, 3.0]), 1.0
    want = ((1 + mu) * means + (mu + s) * whole) / (1 + 2 * mu + s)
    assert np.allclose(found, [*want, whole], atol=0.05)


@pytest.mark.oracle("GuidedDenoising")
def test_a_fixed_weight_leaves_the_pair_undetermined_and_none_is_the_usual_loss():
    hessian, _ = _quadratic(GuidedDenoising(2.0, 2.0, base=Denoising("x0")))
    values = torch.linalg.eigvalsh(hessian)
    assert values[0].abs() < 1e-9 * values[-1]
    assert torch.allclose(hessian @ torch.tensor([2.0, 2.0, 3.0]).double(), torch.zeros(3).double(), atol=1e-9)
    process = EDMProcess()
    exact = GaussianMixture.of([0.5, 0.5], [[-1.0], [2.0]], [[[1.0]], [[0.5]]], classes=[0, 1])
    x, y = torch.as_tensor(exact.sample(200, seed=0)), torch.arange(200) % 2
    batch = [Batch(x, y, None, RowRandom(1, 200)) for _ in range(2)]
    same = GuidedDenoising(0.0, 0.0)(exact.denoiser(process), batch[0])
    assert float(same) == pytest.approx(float(Denoising()(exact.denoiser(process), batch[1])), rel=1e-12)
    more = GuidedDenoising(0.0, 0.0, dropout_weight=1.0, dropout=0.0)
    assert float(more(exact.denoiser(process), Batch(x, y, None, RowRandom(1, 200)))) == pytest.approx(2 * float(same))
    with pytest.raises(BadInput, match="low"):
        GuidedDenoising(3.0, 1.0)(exact.denoiser(process), batch[0])
