"""TDMImputer against exact transport by POT, an invertible map's inverse, and tables whose answers are known."""

import numpy as np
import ot
import pytest
import torch

from ecotone.contracts import BadInput
from ecotone.learn import Batch, RowRandom, Training
from ecotone.learn.inverse import TDMImputer
from ecotone.learn.inverse._coupling import Couplings
from ecotone.learn.inverse._tdm_imputer import _Imputed, _loss, transport


def quick(steps=300, **settings):
    shared = {"batch_size": 64, "learning_rate": 2e-2, "ema": 0.95, "validation_fraction": 0.0, "eval_every": steps}
    return Training(steps=steps, precision="64-true", optimizer="rmsprop", device="cpu", **{**shared, **settings})


@pytest.mark.oracle("TDMImputer")
def test_transport_is_exact_and_its_gradient_holds_the_plan_fixed():
    rng = torch.Generator().manual_seed(0)
    x, y = (torch.randn(12, 3, generator=rng, dtype=torch.float64) + c for c in (0, 1))
    x.requires_grad_()
    cost = ot.dist(x.detach().numpy(), y.numpy(), metric="euclidean")
    weight = np.full(12, 1 / 12)
    assert float(transport(x, y).detach()) == pytest.approx(ot.emd2(weight, weight, cost))
    (slope,) = torch.autograd.grad(transport(x, y), x)
    plan = torch.as_tensor(ot.emd(weight, weight, cost))
    gap = x.detach()[:, None] - y[None]
    assert torch.allclose(slope, (plan[..., None] * gap / gap.norm(dim=-1, keepdim=True)).sum(1), atol=1e-10)
    assert torch.isfinite(torch.autograd.grad(transport(x, x.detach()), x)[0]).all(), (
        "rows in both batches cost nothing"
    )


@pytest.mark.oracle("TDMImputer")
def test_map_is_invertible():
    torch.manual_seed(0)
    map_ = Couplings(5, 3, 10).double()
    x = torch.randn(7, 5, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda row: map_(row[None])[0], x[0])
    assert abs(float(torch.linalg.det(jacobian))) > 1e-6
    with torch.no_grad():
        a, b = map_(x).split([2, 3], dim=1)
        for first, second in zip(reversed(map_.first), reversed(map_.second), strict=True):
            scale, shift = second(a).chunk(2, dim=1)
            b = (b - shift) * torch.exp(-2 * torch.tanh(scale / 2))
            scale, shift = first(b).chunk(2, dim=1)
            a = (a - shift) * torch.exp(-2 * torch.tanh(scale / 2))
    assert torch.allclose(torch.cat([a, b], dim=1), x, atol=1e-10)
    assert torch.equal(Couplings(1, 3, 4)(x[:, :1].float()), x[:, :1].float()), "one column has no other half"


@pytest.mark.oracle("TDMImputer")
def test_a_column_of_one_value_is_imputed_by_it():
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=80), np.full(80, 7.0)])
    x[:20, 1] = np.nan
    found = TDMImputer(0, noise=0.3, training=quick()).fit_transform(x)
    assert np.allclose(found[:20, 1], 7, atol=0.01) and np.array_equal(found[20:], x[20:])
    start, found = (TDMImputer(3, noise=0.3, training=quick(steps)).fit_transform(x) for steps in (1, 400))
    assert np.abs(found[:20, 1] - 7).mean() < 0.7 * np.abs(start[:20, 1] - 7).mean(), "slower, as the map contracts"


@pytest.mark.oracle("TDMImputer")
def test_without_the_map_it_is_imputation_by_exact_transport():
    # the same minimisation by POT's plans and plain gradient steps over the whole table against itself
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(40, 1)) @ [[1.0, -2.0]] + 0.05 * rng.normal(size=(40, 2))
    x = truth.copy()
    x[:8, 1] = np.nan
    z = (x - np.nanmean(x, 0)) / np.nanstd(x, 0)
    z[:8, 1] = 0.1 * rng.normal(size=8)
    weight = (np.full(8, 1 / 8), np.full(32, 1 / 32))
    for step in range(1500):
        plan = ot.emd(*weight, ot.dist(z[:8], z[8:], metric="euclidean"))
        gap = z[:8, None] - z[None, 8:]
        slope = (plan[..., None] * gap / np.maximum(np.linalg.norm(gap, axis=-1, keepdims=True), 1e-9)).sum(1)[:, 1]
        z[:8, 1] -= 0.4 * (1 - step / 1500) * slope
    want = z[:8, 1] * np.nanstd(x, 0)[1] + np.nanmean(x, 0)[1]
    found = TDMImputer(0, training=quick(500)).fit_transform(x)[:8, 1]
    spread = truth[:, 1].std()
    assert np.abs(found - truth[:8, 1]).mean() < 0.35 * spread, "near the line on which the other rows lie"
    assert np.corrcoef(found, want)[0, 1] > 0.8


@pytest.mark.oracle("TDMImputer")
def test_the_loss_is_transport_between_batches_after_the_map():
    torch.manual_seed(0)
    x, gone = torch.randn(12, 2, dtype=torch.float64), torch.zeros(12, 2, dtype=torch.bool)
    gone[0, 1] = True
    map_ = Couplings(2, 2, 4).double()
    for p in map_.parameters():
        torch.nn.init.normal_(p, std=0.5)
    module = _Imputed(map_, gone, torch.full((12, 2), 0.3, dtype=torch.float64), None)
    keyed = torch.cat([torch.arange(12.0, dtype=torch.float64)[:, None], torch.where(gone, 0.0, x)], 1)
    value = _loss(module, Batch(keyed, None, None, RowRandom(0, 12)))
    with torch.no_grad():
        mapped = map_(torch.where(gone, 0.3, x)).numpy()
    weight = np.full(6, 1 / 6)
    assert float(value.detach()) == pytest.approx(ot.emd2(weight, weight, ot.dist(mapped[:6], mapped[6:], "euclidean")))
    value.backward()
    assert module.entries.grad.abs().sum() > 0 and all(p.grad is not None for p in map_.parameters())


def test_other_rows_are_matched_to_the_fitted_table():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 1)) @ [[1.0, 3.0]] + 0.05 * rng.normal(size=(200, 2)) + 5
    holes = x[150:].copy()
    holes[::2, 1] = np.nan
    model = TDMImputer(0, training=quick()).fit(x[:150])
    assert np.array_equal(model.transform(x[:150]), x[:150]) and not model.history_, "a whole table needs no training"
    found = model.transform(holes)
    assert np.array_equal(found[1::2], holes[1::2])
    error = np.abs(found[::2, 1] - x[150::2, 1]).mean()
    assert error < 0.35 * np.abs(x[150::2, 1] - x[:150, 1].mean()).mean()
    assert np.isfinite(model.transform(holes[:1])).all()


def test_what_can_not_be_imputed_is_said():
    x = np.random.default_rng(0).normal(size=(20, 2))
    x[:, 1] = np.nan
    with pytest.raises(BadInput, match="column 1 of X has no value"):
        TDMImputer().fit(x)
    x[1:, 1] = 0.5
    with pytest.raises(BadInput, match="validation_fraction"):
        TDMImputer(training=Training(steps=2)).fit(x)
    with pytest.raises(BadInput, match="depth"):
        TDMImputer(-1).fit(x)
