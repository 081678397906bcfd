"""Flows against closed forms, automatic Jacobians and quadrature."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from ecotone.contracts import BadInput
from ecotone.learn import (
    FFJORD,
    MAF,
    Batch,
    GaussianMixture,
    MarginalTailAdaptiveFlow,
    NeuralSplineFlow,
    PlanarFlow,
    RealNVP,
    RowRandom,
    TarFlow,
    Training,
    load,
)
from ecotone.learn.flows._planar_layers import Planar, Radial, Warped
from ecotone.learn.flows._tail_index import hill, tail_index
from ecotone.learn.flows._tail_layers import BlockLinear, TailAdaptive
from ecotone.learn.flows._tarflow_blocks import Block, Patches, Stack

EXACT = GaussianMixture.random(dim=2, components=3, seed=4, spread=1.5)
FLOWS = {
    "RealNVP": RealNVP(3, hidden=(16,)),
    "MAF": MAF(2, hidden=(16,)),
    "NeuralSplineFlow": NeuralSplineFlow(2, hidden=(16,)),
    "coupled splines": NeuralSplineFlow(2, hidden=(16,), kind="coupling"),
    "PlanarFlow": PlanarFlow(4),
    "radial": PlanarFlow(4, kind="radial"),
    "MarginalTailAdaptiveFlow": MarginalTailAdaptiveFlow(2, hidden=(16,), base="student"),
    "FFJORD": FFJORD((8,), rtol=1e-5, atol=1e-6),
    "TarFlow": TarFlow(2, layers=1, width=8, heads=2, noise=0.0),
}


@pytest.fixture(scope="module")
def fitted():
    """Each flow after a few steps in double precision, with its weights moved far from their start."""
    made = {}

    def get(name):
        if name not in made:
            steps = 2 if name == "FFJORD" else 10
            settings = Training(steps=steps, eval_every=steps, batch_size=64, device="cpu", precision="64-true", seed=1)
            model = FLOWS[name].set_params(training=settings).fit(EXACT.sample(400, seed=0))
            streams = torch.Generator().manual_seed(0)
            with torch.no_grad():
                for part in model.density_.parameters():
                    part.add_(0.08 * torch.randn(part.shape, generator=streams, dtype=torch.float64))
            made[name] = model
        return made[name]

    return get


@pytest.mark.parametrize("name", FLOWS)
def test_density_is_normalised_and_is_that_of_the_samples(name, fitted):
    model = fitted(name)
    drawn = model.sample(3000, seed=0)
    heavy = name == "MarginalTailAdaptiveFlow"
    low, high = (-25.0, 25.0) if heavy else (drawn.min(0).min() - 3, drawn.max(0).max() + 3)
    side = 360 if heavy else 140
    at = np.linspace(low, high, side)
    grid = np.stack(np.meshgrid(at, at, indexing="ij"), -1).reshape(-1, 2)
    mass = np.exp(model.log_prob(grid)).reshape(side, side) * (at[1] - at[0]) ** 2
    assert mass.sum() == pytest.approx(1, abs=0.02 if heavy else 0.01)
    for axis in (0, 1):  # cells of the grid against the share of draws in them
        cdf = np.cumsum(mass.sum(1 - axis))
        for level in (0.1, 0.5, 0.9):
            cut = at[np.searchsorted(cdf, level * cdf[-1])]
            assert (drawn[:, axis] <= cut).mean() == pytest.approx(level, abs=0.05)


@pytest.mark.parametrize("name", FLOWS)
def test_rsample_is_the_inverse_and_differentiable(name, fitted):
    model = fitted(name)
    x = model.rsample(5, seed=3)
    assert np.allclose(x.detach().numpy(), model.sample(5, seed=3), atol=1e-4)
    parts = [p for p in model.density_.parameters() if p.requires_grad]
    slopes = torch.autograd.grad((x**2).sum(), parts, allow_unused=True)
    assert sum(float(s.abs().sum()) for s in slopes if s is not None) > 0
    assert all(bool(torch.isfinite(s).all()) for s in slopes if s is not None)


def _check_jacobian(model):
    """The log-density is the base's at u plus log|det du/dx|, by automatic differentiation."""
    z = torch.randn(3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    transform = model.density_.transform(None)
    for row in z:
        u = transform(row[None])[0]
        jacobian = torch.autograd.functional.jacobian(lambda r: transform(r[None])[0], row)
        want = -0.5 * (u**2).sum() - math.log(2 * math.pi) + torch.linalg.slogdet(jacobian)[1]
        assert model.density_.log_prob(row[None], None).item() == pytest.approx(want.item(), abs=1e-8)
        assert torch.allclose(transform.inv(u[None])[0], row, atol=1e-6)


@pytest.mark.oracle("RealNVP")
def test_real_nvp_by_automatic_jacobian(fitted):
    _check_jacobian(fitted("RealNVP"))


@pytest.mark.oracle("MAF")
def test_maf_by_automatic_jacobian(fitted):
    _check_jacobian(fitted("MAF"))


@pytest.mark.oracle("NeuralSplineFlow")
def test_splines_by_automatic_jacobian_and_identity_beyond_the_bound(fitted):
    for name in ("NeuralSplineFlow", "coupled splines"):
        _check_jacobian(fitted(name))
        far = torch.tensor([[7.0, -8.0]], dtype=torch.float64)
        assert torch.equal(fitted(name).density_.transform(None)(far), far)


@pytest.mark.parametrize("flow", [MAF, RealNVP, NeuralSplineFlow])
def test_flows_begin_as_their_base(flow):
    model = flow(training=Training(steps=1, learning_rate=1e-12, eval_every=1, device="cpu")).fit(
        EXACT.sample(200, seed=0)
    )
    x = EXACT.sample(50, seed=1)
    z = (x - model.centre_.numpy()) / model.scale_.numpy()
    want = stats.norm.logpdf(z).sum(1) - np.log(model.scale_.numpy()).sum()
    assert np.allclose(model.log_prob(x), want, atol=1e-4)


def test_classes_mix_into_the_law_without_a_class(tmp_path):
    x = np.concatenate([EXACT.sample(300, seed=0), EXACT.sample(100, seed=1) + 4])
    label = np.repeat(["a", "b"], [300, 100])
    model = NeuralSplineFlow(1, hidden=(16,), training=Training(steps=60, eval_every=60, device="cpu")).fit(
        x, given=label
    )
    both = np.logaddexp(np.log(0.75) + model.log_prob(x, given="a"), np.log(0.25) + model.log_prob(x, given="b"))
    assert np.allclose(model.log_prob(x), both, atol=1e-4)
    told = [None] * 3 + ["b"]
    assert np.allclose(model.log_prob(x[:4], given=told), [*both[:3], model.log_prob(x[3:4], given="b")[0]], atol=1e-4)
    model.save(tmp_path / "m")
    assert np.allclose(load(tmp_path / "m").log_prob(x), both, atol=1e-4)
    numbers = MAF(1, hidden=(8,), training=Training(steps=5, eval_every=5, device="cpu")).fit(x, given=x[:, :1] + 0.5)
    assert numbers.log_prob(x, given=x[:, :1]).shape == (400,)
    with pytest.raises(BadInput, match="pass given="):
        numbers.log_prob(x)


@pytest.mark.parametrize("kind", [Planar, Radial])
def test_maps_by_automatic_jacobian(kind):
    d, streams = 3, torch.Generator().manual_seed(0)
    for _ in range(5):
        theta = 2 * torch.randn(2 * d + 1, generator=streams, dtype=torch.float64)
        one = kind(theta[: 2 * d + 1 if kind is Planar else d + 2], d)
        z = torch.randn(d, generator=streams, dtype=torch.float64)
        y, log = one.forward(z[None])
        jacobian = torch.autograd.functional.jacobian(lambda r, one=one: one.forward(r[None])[0][0], z)
        assert float(log) == pytest.approx(float(torch.log(torch.linalg.det(jacobian))), abs=1e-9)
        back, log_back = one.inverse(y)
        assert torch.allclose(back[0], z, atol=1e-8) and log_back.item() == pytest.approx(float(log), abs=1e-7)


@pytest.mark.oracle("PlanarFlow")
@pytest.mark.parametrize("kind", ["planar", "radial"])
def test_a_chain_of_maps_is_the_papers_formulas_and_their_jacobian(kind):
    d, maps = 3, 4
    model = Warped(d, maps, kind == "planar", 0, 8).double()
    streams = np.random.default_rng(7)
    with torch.no_grad():
        model.theta.copy_(torch.as_tensor(streams.normal(size=len(model.theta))))
    theta = model.theta.detach().numpy()
    rng = RowRandom(0, 6)
    noise = RowRandom(0, 6).normal((d,)).numpy()
    z, log = model.draw_with_log_prob(rng, None)
    for row, point, found in zip(noise, z.detach().numpy(), log.detach().numpy(), strict=True):
        now, jacobian = theta[:d] + np.exp(theta[d : 2 * d]) * row, np.diag(np.exp(theta[d : 2 * d]))
        for part in theta[2 * d :].reshape(maps, -1):
            now, slope = (_planar if kind == "planar" else _radial)(now, part, d)
            jacobian = slope @ jacobian
        np.testing.assert_allclose(point, now, atol=1e-10)
        want = stats.norm.logpdf(row).sum() - np.linalg.slogdet(jacobian)[1]
        assert found == pytest.approx(want, abs=1e-9)
    assert torch.allclose(model.log_prob(z, None), log, atol=1e-6)
    assert torch.equal(model.draw(RowRandom(0, 6), None), z)


def _planar(z, part, d):
    """Eq. 10 of the paper with its appendix's u that keeps w.u > -1, and the map's Jacobian."""
    w, u, b = part[:d], part[d : 2 * d], part[2 * d]
    u = u + (-1 + np.log1p(np.exp(w @ u)) - w @ u) * w / (w @ w)
    h = np.tanh(w @ z + b)
    return z + u * h, np.eye(d) + np.outer(u, (1 - h**2) * w)


def _radial(z, part, d):
    """Eq. 14 of the paper with alpha > 0 and beta > -alpha, and the map's Jacobian."""
    away, alpha = z - part[:d], np.log1p(np.exp(part[d])) + 1e-3
    beta = -alpha + np.log1p(np.exp(part[d + 1] + np.log(np.e - 1)))
    r = np.linalg.norm(away)
    slope = np.eye(d) * (1 + beta / (alpha + r)) - beta * np.outer(away, away) / (r * (alpha + r) ** 2)
    return z + beta * away / (alpha + r), slope


@pytest.mark.oracle("PlanarFlow")
@pytest.mark.parametrize("anneal", [0, 4])
def test_the_bound_is_annealed_while_training_only(anneal):
    class Fixed:
        training = True

        def draw_with_log_prob(self, rng, c):
            return torch.full((2, 1), 5.0), torch.tensor([1.0, 3.0])

    loss, module = PlanarFlow(anneal=anneal)._bound(lambda z, given: z[:, 0] * 2), Fixed()
    batch = Batch(torch.zeros(2, 1), None, None, RowRandom(0, 2))
    heats = [(2.0 - float(loss(module, batch))) / 10 for _ in range(6)]  # the loss is 2 - heat * 10
    assert heats == pytest.approx([0.01, 0.26, 0.51, 0.76, 1, 1] if anneal else [1] * 6)
    loss, module.training = PlanarFlow(anneal=anneal)._bound(lambda z, given: z[:, 0] * 2), False
    assert float(loss(module, batch)) == pytest.approx(-8), "what is compared between steps is the whole bound"
    module.training = True
    assert float(loss(module, batch)) == pytest.approx(2 - (0.1 if anneal else 10)), "and does not count as a step"


def test_no_maps_is_the_closed_form():
    # The best normal law with independent columns has the reciprocals of the precision's diagonal as variances
    precision = torch.tensor([[2.0, 0.8], [0.8, 1.0]])
    model = PlanarFlow(
        0,
        anneal=0,
        training=Training(steps=400, learning_rate=0.05, eval_every=400, ema=0.98, device="cpu", batch_size=512),
    ).approximate(lambda z, given: -0.5 * ((z - 1) @ precision.to(z) * (z - 1)).sum(1), 2)
    theta = model.density_.theta.detach()
    assert torch.allclose(theta[:2], torch.ones(2), atol=0.05)
    assert torch.allclose(torch.exp(theta[2:4]), torch.diagonal(precision) ** -0.5, atol=0.03)
    gap = 0.5 * (torch.log(torch.diagonal(precision)).sum() - torch.logdet(precision))
    found = model.lower_bound(lambda z, given: -0.5 * ((z - 1) @ precision.to(z) * (z - 1)).sum(1), 20_000, seed=0)
    whole = math.log(2 * math.pi) - 0.5 * float(torch.logdet(precision))
    assert whole - found == pytest.approx(float(gap), abs=0.02)


def test_amortised_posterior_follows_its_data():
    data = np.random.default_rng(0).normal(size=(500, 1)) * 1.4
    model = PlanarFlow(
        1,
        hidden=16,
        anneal=0,
        training=Training(steps=300, learning_rate=0.03, eval_every=300, ema=0.95, device="cpu", validation_fraction=0),
    )
    scale, centre = data.std(), data.mean()

    def joint(z, given):  # z ~ N(0, 1), data ~ N(z, 1): the posterior is N(data / 2, 1 / 2)
        return -0.5 * (z[:, 0] ** 2 + (given.to(z)[:, 0] * scale + centre - z[:, 0]) ** 2)

    model.approximate(joint, 1, given=data)
    drawn = model.sample(4000, given=[2.0], seed=0)
    assert drawn.mean() == pytest.approx(1.0, abs=0.1) and drawn.std() == pytest.approx(0.707, abs=0.08)


@pytest.mark.oracle("FFJORD")
def test_linear_field_changes_the_density_by_its_trace():
    class Linear(nn.Module):
        def __init__(self, a):
            super().__init__()
            self.a = nn.Parameter(a)

        def forward(self, t, z, c):
            return z @ self.a.T

    a = torch.tensor([[0.5, 0.3], [-0.2, -0.9]], dtype=torch.float64)
    settings = Training(steps=1, eval_every=1, batch_size=16, device="cpu", precision="64-true")
    model = FFJORD((4,), rtol=1e-9, atol=1e-10, training=settings).fit(EXACT.sample(50, seed=0))
    flow = model.density_
    flow.field = Linear(a)
    z = torch.randn(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    end = z @ torch.linalg.matrix_exp(a).T
    want = -0.5 * (end**2).sum(1) - math.log(2 * math.pi) + torch.trace(a)
    assert torch.allclose(flow.log_prob(z, None), want, atol=1e-7)
    signs = torch.sign(torch.randn(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1)))
    one_draw = want - torch.trace(a) + ((signs @ a) * signs).sum(1)  # a linear field's estimate, in closed form
    assert torch.allclose(flow.estimate(z, None, signs), one_draw, atol=1e-7)
    both = (flow.estimate(z, None, signs) + flow.estimate(z, None, signs * torch.tensor([1.0, -1.0]))) / 2
    assert torch.allclose(both, want, atol=1e-7), "in the mean over signs the off-diagonal part goes"
    drawn = flow.draw(RowRandom(0, 5), None)
    assert torch.allclose(drawn @ torch.linalg.matrix_exp(a).T, RowRandom(0, 5).normal((2,)), atol=1e-6)
    (slope,) = torch.autograd.grad(flow.estimate(z, None, None).sum(), flow.field.a)
    (direct,) = torch.autograd.grad(flow.log_prob(z, None).sum(), flow.field.a)
    assert torch.allclose(slope, direct, atol=1e-4), "the adjoint's gradient is the solver's"


@pytest.mark.oracle("MarginalTailAdaptiveFlow")
def test_tail_adaptive_base_is_scipys_student():
    index = torch.tensor([3.0, math.inf, 2.0], dtype=torch.float64)
    flow = TailAdaptive(index, 1, (8,), True, 0).double()
    with torch.no_grad():
        flow.turns[0].mixed.zero_()
    z = torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 4
    want = stats.t(3).logpdf(z[:, 0]) + stats.norm.logpdf(z[:, 1]) + stats.t(2).logpdf(z[:, 2])
    assert np.allclose(flow.log_prob(z, None).detach(), want, atol=1e-6)
    drawn = flow.draw(RowRandom(0, 4000), None).detach().numpy()
    for column, law in zip(drawn.T, (stats.t(3), stats.norm(), stats.t(2)), strict=True):
        assert stats.kstest(column, law.cdf).pvalue > 1e-3


def test_light_columns_never_depend_on_heavy_ones():
    index = torch.tensor([3.0, math.inf, 2.0, math.inf], dtype=torch.float64)
    flow = TailAdaptive(index, 2, (16,), True, 0).double()
    streams = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for part in flow.parameters():
            part.add_(0.3 * torch.randn(part.shape, generator=streams, dtype=torch.float64))

    def towards(row):
        x = row[None, flow.order]
        for bend, turn in zip(flow.bends, flow.turns, strict=True):
            x = bend(None)(x) @ turn.matrix()[0].T
        return x[0]

    z = torch.randn(4, dtype=torch.float64, generator=streams)
    jacobian = torch.autograd.functional.jacobian(towards, z)
    assert flow.order.tolist() == [1, 3, 0, 2]
    assert bool((jacobian[:2, [0, 2]] == 0).all()) and bool((jacobian[2:, [1, 3]] != 0).any())
    matrix, log = BlockLinear(5, 2).double().matrix()
    assert float(torch.linalg.slogdet(matrix)[1]) == pytest.approx(float(log), abs=1e-12)


def test_tail_indices():
    rng = np.random.default_rng(0)
    pareto = -np.sort(-(1 + rng.pareto(2.5, 500)))
    k = 100  # Hill is the maximum likelihood of a Pareto law above the threshold
    want = np.mean(np.log(pareto[:k] / pareto[k]))
    assert hill(pareto)[k - 1] == pytest.approx(want, abs=1e-12)
    assert tail_index(rng.standard_t(2, 5000)) == pytest.approx(2, abs=0.6)
    assert np.isinf(tail_index(rng.normal(size=5000))) and np.isinf(tail_index(rng.uniform(-1, 1, 5000)))


@pytest.mark.oracle("TarFlow")
def test_tarflow_by_automatic_jacobian_and_inverse():
    torch.manual_seed(0)
    flow = Stack(Patches((2, 4, 4), 2), 3, 1, 16, 2, 0).double()
    with torch.no_grad():
        for part in flow.parameters():
            part.add_(0.1 * torch.randn_like(part))
    x = torch.randn(1, 2, 4, 4, dtype=torch.float64)

    def towards(row):
        h = flow.patches.split(row[None])
        for block in flow.blocks:
            h = block(h, None)[0].flip(1)
        return h.flatten()

    assert torch.allclose(flow.patches.join(flow.patches.split(x)), x)
    z = towards(x[0])
    jacobian = torch.autograd.functional.jacobian(towards, x[0]).reshape(32, 32)
    want = -0.5 * (z**2).sum() - 16 * math.log(2 * math.pi) + torch.linalg.slogdet(jacobian)[1]
    assert flow.log_prob(x, None).item() == pytest.approx(want.item(), abs=1e-9)

    class Noise(RowRandom):
        def normal(self, shape=()):
            return z.detach().reshape(1, *shape)

    assert torch.allclose(flow.draw(Noise(0, 1), None), x, atol=1e-8)


@pytest.mark.oracle("TarFlow")
def test_guidance_rises_along_the_patches():
    torch.manual_seed(1)
    block, guidance = Block(4, 2, 1, 8, 2, 3).double(), 1.5
    with torch.no_grad():
        for part in block.parameters():
            part.add_(0.2 * torch.randn_like(part))
    z, c = torch.randn(5, 4, 2, dtype=torch.float64), torch.randn(5, 3, dtype=torch.float64)
    with torch.no_grad():
        x = block.inverse(z, c, guidance)
        (a, b), (a_free, b_free) = block.affine(x[:, :-1], c), block.affine(x[:, :-1], torch.zeros_like(c))
        g = guidance * torch.tensor([1, 2, 3], dtype=torch.float64)[None, :, None] / 3
        want = z[:, 1:] * torch.exp(a + g * (a - a_free)) + b + g * (b - b_free)
        assert torch.equal(x[:, :1], z[:, :1]) and torch.allclose(x[:, 1:], want, atol=1e-12)
        stack = Stack(Patches((8,), 2), 2, 1, 8, 2, 3).double()
        stack.blocks[0], stack.blocks[1], stack.guidance = block, block, guidance
        drawn = stack.draw(RowRandom(0, 5), c)
        start = RowRandom(0, 5).normal((4, 2))
        twice = block.inverse(block.inverse(start.flip(1), c, guidance).flip(1), c, guidance)
    assert torch.allclose(drawn, twice.flatten(1), atol=1e-12)


class _Heard:
    """In the place of the module: what the loss asks the density of."""

    training = True

    def log_prob(self, x, c):
        self.x, self.c = x, c
        return torch.arange(len(x)).to(x)


def test_training_rows_are_dequantised_noised_and_lose_their_condition():
    n, heard = 6000, _Heard()
    x = torch.zeros(n, 2, dtype=torch.float64)
    model = TarFlow(noise=0.3, dequantise=0.0, drop=0.25)
    model.condition_, model.scale_ = None, torch.tensor([2.0, 4.0], dtype=torch.float64)
    weight = torch.linspace(0, 2, n, dtype=torch.float64)
    loss = model._loss(heard, Batch(x, None, weight, RowRandom(0, n)))
    for column in heard.x.T.numpy():
        assert stats.kstest(column, stats.norm(0, 0.3).cdf).pvalue > 1e-3
    assert float(loss) == pytest.approx(-float((torch.arange(n) * weight).mean()) / 2)
    first = heard.x
    model._loss(heard, Batch(x, None, None, RowRandom(1, n)))
    assert not torch.equal(first, heard.x), "afresh at every step"
    model = TarFlow(noise=0.0, dequantise=3.0)
    model.condition_, model.scale_ = None, torch.tensor([2.0, 4.0], dtype=torch.float64)
    model._loss(heard, Batch(x, None, None, RowRandom(0, n)))
    for column, width in zip(heard.x.T.numpy(), (1.5, 0.75), strict=True):
        assert stats.kstest(column, stats.uniform(0, width).cdf).pvalue > 1e-3


def test_conditions_are_hidden_in_training_alone(monkeypatch):
    n, heard = 6000, _Heard()
    model, x = TarFlow(noise=0.0, drop=0.25), torch.zeros(n, 2, dtype=torch.float64)
    monkeypatch.setattr(model, "_vector", lambda given, like: given)
    batch = Batch(x, torch.ones(n, 3, dtype=torch.float64), None, RowRandom(0, n))
    model._loss(heard, batch)
    assert bool((heard.c.std(1) == 0).all()) and float(heard.c.mean()) == pytest.approx(0.75, abs=0.03)
    assert torch.equal(heard.x, x)
    heard.training = False
    model._loss(heard, batch)
    assert bool((heard.c == 1).all())


def test_denoising_is_tweedies_mean(fitted, monkeypatch):
    clean = GaussianMixture.of([0.4, 0.6], [[-2.0, 0.0], [2.0, 1.0]], [0.3 * np.eye(2), 0.1 * np.eye(2)])
    model = TarFlow(1, layers=1, width=8, heads=2, noise=0.5, training=Training(steps=1, eval_every=1, device="cpu"))
    model.fit(clean.sample(300, seed=0))
    noise = torch.diag((0.5 * model.scale_) ** 2)
    noised = GaussianMixture.of(clean.weights_, clean.means_, clean.covariances_ + noise)
    monkeypatch.setattr(model, "_log_prob", noised._log_prob)
    x = torch.as_tensor(noised.sample(20, seed=1))
    found = model._denoised(x, None)
    for row, got in zip(x, found, strict=True):
        assert torch.allclose(clean.posterior(np.eye(2), row, noise).mean(), got, atol=1e-8)


def test_guidance_moves_draws_towards_their_class():
    x = np.concatenate([EXACT.sample(300, seed=0) - 2, EXACT.sample(300, seed=1) + 2])
    label = np.repeat([0, 1], 300)
    settings = Training(
        steps=120, eval_every=120, learning_rate=5e-3, batch_size=64, ema=0.95, device="cpu", validation_fraction=0
    )
    model = TarFlow(1, layers=1, width=16, heads=2, training=settings).fit(x, given=label)
    plain, pushed = (model.sample(300, given=1, seed=0, guidance=g)[:, 1].mean() for g in (0.0, 2.0))
    assert pushed > plain
    with pytest.raises(BadInput, match="fitted with given"):
        TarFlow(1, layers=1, width=8, heads=2, training=Training(steps=1, eval_every=1, device="cpu")).fit(x).sample(
            2, guidance=1.0
        )


@pytest.mark.parametrize(
    "model",
    [
        PlanarFlow(-1),
        PlanarFlow(kind="flat"),
        RealNVP(0),
        MAF(hidden=()),
        NeuralSplineFlow(bins=1),
        MarginalTailAdaptiveFlow(base="light"),
        MarginalTailAdaptiveFlow(kind="wavy"),
        FFJORD(trace="none"),
        FFJORD(rtol=0),
        TarFlow(patch=3),
        TarFlow(heads=3),
        TarFlow(noise=-1.0),
    ],
)
def test_settings_out_of_range(model):
    with pytest.raises(BadInput):
        model.fit(EXACT.sample(20, seed=0))
