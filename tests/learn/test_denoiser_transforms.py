"""Transforms of denoisers on exact mixtures."""

import numpy as np
import pytest
import torch

from ecotone.contracts import BadInput
from ecotone.learn import GaussianMixture, Prediction, RowRandom
from ecotone.learn.denoisers import (
    NetworkDenoiser,
    calibrate_score,
    epsilon_scaling,
    fit_epsilon_scaling,
    shared_timestep_condition,
    stitch_denoisers,
)
from ecotone.learn.networks import MLP
from ecotone.learn.processes import VP, EDMProcess
from ecotone.learn.samplers import Euler, Heun
from ecotone.learn.schedules import Karras, Uniform

EXACT = GaussianMixture.random(dim=2, components=3, seed=0)


class Wrong:
    """The exact denoiser plus an error that depends on the class only."""

    def __init__(self, exact, process, errors):
        self.inner, self.process, self.shape, self.errors = exact.denoiser(process), process, exact.shape_, errors

    def __call__(self, x, t, given=None):
        which = torch.full((len(x),), -1) if given is None else given
        return Prediction(self.inner(x, t, given).x0 + self.errors[which])


class Loud:
    """Predicts the exact noise times a factor."""

    def __init__(self, process, factor):
        self.inner, self.process, self.shape, self.factor = EXACT.denoiser(process), process, (2,), factor

    def __call__(self, x, t, given=None):
        return self.process.from_noise(self.factor * self.process.noise(self.inner(x, t), x, t), x, t)


@pytest.mark.oracle("calibrate_score")
@pytest.mark.parametrize("process", [VP(), EDMProcess()], ids=lambda p: type(p).__name__)
def test_a_constant_error_is_removed_and_the_loss_falls_by_its_square(process):
    exact = GaussianMixture.of([0.5, 0.5], [[-2.0, 0.0], [2.0, 1.0]], [0.3 * np.eye(2), np.eye(2)], classes=["a", "b"])
    errors = torch.tensor([[0.4, -0.2], [-0.3, 0.1], [0.2, 0.5]], dtype=torch.float64)
    y = torch.arange(20_000) % 2
    x = torch.empty(20_000, 2, dtype=torch.float64)
    for c, name in enumerate("ab"):
        x[y == c] = torch.as_tensor(exact.sample(10_000, given=name, seed=c))
    wrong = Wrong(exact, process, errors)
    better, t = calibrate_score(wrong, x, given=y), 0.3 * process.t_max
    noisy = process.perturb(x, t, RowRandom(5, len(x)))
    for given, label in ((torch.zeros(20_000, dtype=torch.int64), 0), (None, -1)):
        gap = (better(noisy, t, given).x0 - exact.denoiser(process)(noisy, t, given).x0)[0]
        assert gap.abs().max() < 0.05, "five standard errors of the mean; the error was ten times as large"
        assert torch.allclose(better.error(t, None if given is None else label), -errors[label], atol=0.05)

    def loss(denoiser):
        return float(((denoiser(noisy, t).x0 - x) ** 2).sum(1).mean())

    assert loss(wrong) - loss(better) == pytest.approx(float(errors[-1].square().sum()), abs=0.03)


def test_calibration_says_what_it_needs():
    with pytest.raises(BadInput, match="class position"):
        calibrate_score(EXACT.denoiser(VP()), EXACT.sample(4, seed=0), given=torch.rand(4))
    with pytest.raises(BadInput, match="class position 1 has no row"):
        made = calibrate_score(EXACT.denoiser(VP()), EXACT.sample(4, seed=0), given=torch.zeros(4, dtype=torch.int64))
        made(torch.zeros(1, 2), 0.5, torch.tensor([1]))


@pytest.mark.oracle("epsilon_scaling")
def test_scaling_by_one_is_the_identity_and_by_the_injected_factor_the_cure():
    process = VP()
    plain, x = EXACT.denoiser(process), torch.as_tensor(EXACT.sample(50, seed=0))
    assert torch.equal(epsilon_scaling(plain, 1.0)(x, 0.3).x0, plain(x, 0.3).x0)
    cured = epsilon_scaling(Loud(process, 1.25), lambda t: torch.full_like(t, 1.25))
    assert torch.allclose(cured(x, 0.3).x0, plain(x, 0.3).x0, atol=1e-12)
    with pytest.raises(BadInput, match="positive"):
        epsilon_scaling(plain, 0.0)


@pytest.mark.oracle("epsilon_scaling")
@pytest.mark.parametrize("injected", [1.0, 0.9])
def test_fitted_factors_of_a_normal_law_are_the_ones_in_closed_form(injected):
    # Euler's steps scale rows of N(0, v): x (1 - (1 - s/t) c t^2 / (v + t^2)), and the predicted noise is linear in x
    v, process, schedule = 0.5, EDMProcess(t_max=40.0), Karras(15)
    law = GaussianMixture.of([1.0], [[0.0, 0.0]], [v * np.eye(2)])
    inner = law.denoiser(process)

    class Quiet:
        shape = (2,)

        def __call__(self, x, t, given=None):
            return process.from_noise(injected * process.noise(inner(x, t), x, t), x, t)

    quiet = Quiet()
    quiet.process = process
    x = torch.as_tensor(law.sample(40_000, seed=0))
    t = schedule(process).numpy()[:-1]
    kept = np.cumprod(1 - (1 - t[1:] / t[:-1]) * injected * t[:-1] ** 2 / (v + t[:-1] ** 2))
    ratio = np.concatenate([[1.0], kept * np.sqrt((v + t[0] ** 2) / (v + t[1:] ** 2))])
    found = fit_epsilon_scaling(quiet, x, Euler(), schedule, least=0.0, seed=1).scale
    assert np.allclose(found.times[::-1], t)
    assert np.allclose(found.factors[::-1], [1.0, *(ratio[1:] / ratio[:-1])], atol=0.01)
    assert np.allclose(np.prod(found.factors), ratio[-1], rtol=0.03)
    limited = fit_epsilon_scaling(quiet, x, Euler(), schedule, seed=1).scale
    assert min(limited.factors) >= 1 and (max(limited.factors) > 1.05) == (injected < 1)


def test_the_exact_denoiser_on_a_fine_grid_needs_no_scaling():
    x = torch.as_tensor(EXACT.sample(8000, seed=0))
    found = fit_epsilon_scaling(EXACT.denoiser(VP()), x, Heun(), Uniform(40), seed=1, least=0.0).scale
    assert np.allclose(found.factors, 1, atol=0.02)


@pytest.mark.oracle("shared_timestep_condition")
def test_sharing_every_grid_time_changes_nothing_and_within_an_interval_only_rows_matter():
    torch.manual_seed(0)
    plain = NetworkDenoiser(MLP(16, 1).build((2,)), VP(), (2,), predicts="noise").double()
    torch.nn.init.normal_(plain.network.last.weight)
    x = torch.randn(100, 2, dtype=torch.float64)
    grid = torch.arange(1, 101, dtype=torch.float64) / 1000
    same = shared_timestep_condition(plain, cutoff=0.1, intervals=100)
    assert torch.equal(same(x, grid).x0, plain(x, grid).x0)
    shared = shared_timestep_condition(plain, cutoff=0.1, intervals=5)

    def noise(t):
        t = torch.full((100,), t, dtype=torch.float64)
        return shared.process.noise(shared(x, t), x, t)

    def told(t):  # what the network itself makes of the time t: the noise does not depend on t otherwise
        return plain.process.noise(plain(x, t), x, t)

    for t, start in ((0.021, 0.02), (0.039, 0.02), (0.0401, 0.04), (0.0999, 0.08), (0.012, 1e-5)):
        at = noise(t), told(start)
        assert torch.allclose(*at, atol=1e-9), f"at {t} the network is told {start}, where its interval starts"
    times = torch.tensor([0.0, 0.02, 0.059, 0.0999, 0.1, 0.7], dtype=torch.float64)
    start = torch.tensor([1e-5, 0.02, 0.04, 0.08, 0.1, 0.7], dtype=torch.float64)
    assert torch.allclose(shared.shared_time(times), start, atol=1e-12)
    assert not torch.allclose(noise(0.039), noise(0.041), atol=1e-3)
    assert torch.allclose(noise(0.1), plain.process.noise(plain(x, 0.1), x, 0.1), atol=1e-12), "the cutoff is outside"
    with pytest.raises(BadInput, match="cutoff"):
        shared_timestep_condition(plain, cutoff=2.0)
    with pytest.raises(BadInput, match="needs a network"):
        shared_timestep_condition(EXACT.denoiser(VP()))


@pytest.mark.oracle("stitch_denoisers")
def test_the_ends_of_the_range_are_one_model_or_the_other():
    process = EDMProcess()
    small, large = GaussianMixture.random(dim=2, components=1, seed=1).denoiser(process), EXACT.denoiser(process)
    x = process.t_max * torch.randn(20, 2, dtype=torch.float64)
    for schedule in (None, Karras(10)):
        only_large = stitch_denoisers([small, large], [0.0], schedule=schedule)
        only_small = stitch_denoisers([small, large], [1.0], schedule=schedule)
        for t in (0.0, 0.5, process.t_max):
            assert torch.equal(only_large(x, t).x0, large(x, t).x0)
            assert torch.equal(only_small(x, t).x0, small(x, t).x0)
    calls = []

    class Counted:
        def __init__(self, inner, name):
            self.inner, self.name, self.process, self.shape = inner, name, process, (2,)

        def __call__(self, x, t, given=None):
            calls.append(self.name)
            return self.inner(x, t)

    counted = stitch_denoisers([Counted(small, "s"), Counted(large, "l")], [0.4, 0.6], schedule=Karras(9))
    Euler().sample(counted, process, 3, Karras(9), seed=0)
    assert "".join(calls) == "sss" + "l" * 6, "floor(0.4 * 9) steps"
    with pytest.raises(BadInput, match="sum 1"):
        stitch_denoisers([small, large], [0.7, 0.7])
    with pytest.raises(BadInput, match="different processes"):
        stitch_denoisers([small, EXACT.denoiser(VP())], [0.5])


@pytest.mark.oracle("stitch_denoisers")
def test_a_coarse_model_at_high_noise_costs_no_more_than_its_state_at_the_switch():
    # Both flows are deterministic: after the switch the distance grows at most by the flow's expansion, which is 1 or
    # less for one normal law, so the end is as near as the states at the switch are
    process = EDMProcess(t_max=20.0)
    law = GaussianMixture.of([1.0], [[0.5, 0.0]], [np.diag([0.3, 0.5])])
    coarse = GaussianMixture.of([1.0], [[0.0, 0.0]], [np.diag([0.4, 0.4])])
    large, small = law.denoiser(process), coarse.denoiser(process)
    schedule, states = Karras(60), {}

    def run(denoiser, name):
        def hook(population):
            states[name, population.step] = population.x

        return Heun().sample(denoiser, process, 500, schedule, seed=0, hooks=[hook])

    end = run(large, "large")
    for r in (0.2, 0.5):
        stitched = run(stitch_denoisers([small, large], [r], schedule=schedule), r)
        gap = (states[r, int(60 * r)] - states["large", int(60 * r)]).norm(dim=1)
        assert bool(((stitched - end).norm(dim=1) <= gap + 1e-3).all())


def test_a_calibrated_prediction_agrees_with_itself():
    process, x = EDMProcess(), torch.as_tensor(EXACT.sample(500, seed=0))

    class Both:
        """An error of the mean, told as a mean and as noise."""

        def __init__(self):
            self.process, self.shape = process, EXACT.shape_

        def __call__(self, x_t, t, given=None):
            x0 = EXACT.denoiser(process)(x_t, t).x0 + 0.3
            return Prediction(x0, process.noise(Prediction(x0), x_t, t))

    found = calibrate_score(Both(), x)(process.perturb(x, 1.0, RowRandom(1, len(x))), 1.0)
    noisy = process.perturb(x, 1.0, RowRandom(1, len(x)))
    assert torch.allclose(found.noise, process.noise(Prediction(found.x0), noisy, 1.0), atol=1e-9)
