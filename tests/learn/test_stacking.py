"""Kernel densities and stacked densities against scikit-learn, direct sums and a grid of weights."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KernelDensity as Peer

from ecotone.contracts import BadInput
from ecotone.learn import GaussianMixture, KernelDensity, NeuralSplineFlow, StackedDensity, Training
from ecotone.learn.tractable._stacked_density import _weigh

EXACT = GaussianMixture.random(dim=2, components=3, seed=4)


@pytest.mark.oracle("KernelDensity")
def test_kernel_density_is_scikit_learns():
    x, fresh = EXACT.sample(200, seed=0), EXACT.sample(50, seed=1)
    model = KernelDensity(bandwidth=0.3).fit(x)
    centre, scale = x.mean(0), x.std(0)
    peer = Peer(bandwidth=0.3).fit((x - centre) / scale).score_samples((fresh - centre) / scale) - np.log(scale).sum()
    assert np.allclose(model.log_prob(fresh), peer, atol=1e-9)
    doubled = KernelDensity("full", bandwidth=0.3).fit(np.repeat(x, 2, axis=0))
    weighted = KernelDensity("full", bandwidth=0.3).fit(x, sample_weight=np.full(200, 3.0))
    assert np.allclose(doubled.log_prob(fresh), weighted.log_prob(fresh), atol=1e-9)
    turned = x @ np.array([[2.0, 1.0], [0.0, 0.5]])  # a full kernel follows every linear map
    again = KernelDensity("full", bandwidth=0.3).fit(turned).log_prob(fresh @ np.array([[2.0, 1.0], [0.0, 0.5]]))
    assert np.allclose(again, weighted.log_prob(fresh), atol=1e-6)


def test_width_is_the_best_by_leaving_one_out():
    x = EXACT.sample(60, seed=0)
    model = KernelDensity().fit(x)

    def left_out(h):
        z = (x - x.mean(0)) / x.std(0)
        return sum(
            Peer(bandwidth=h).fit(np.delete(z, i, 0)).score_samples(z[i : i + 1])[0] for i in range(len(z))
        )  # the scale is that of all rows

    best = left_out(model.bandwidth_)
    assert best >= left_out(model.bandwidth_ * 1.2) and best >= left_out(model.bandwidth_ / 1.2)
    drawn = model.sample(4000, seed=0)
    assert np.allclose(drawn.std(0), x.std(0) * np.sqrt(1 + model.bandwidth_**2), rtol=0.05)
    with pytest.raises(BadInput, match="bandwidth above 0"):
        KernelDensity(bandwidth=-1).fit(x)


@pytest.mark.oracle("StackedDensity")
def test_weights_are_the_best_of_a_grid():
    log = torch.as_tensor(np.random.default_rng(0).normal(size=(500, 2)))
    log[:, 0] += 0.3
    share = torch.full((500,), 1 / 500, dtype=torch.float64)
    at = torch.linspace(0.001, 0.999, 999, dtype=torch.float64)
    gain = torch.logaddexp(log[:, :1] + torch.log(at), log[:, 1:] + torch.log1p(-at)).mean(0)
    assert float(_weigh(log, share)[0]) == pytest.approx(float(at[gain.argmax()]), abs=2e-3)


@pytest.mark.parametrize("refit", [0, 5000])
def test_stack_is_normalised_and_no_worse_than_its_members(refit):
    x, fresh = EXACT.sample(600, seed=0), EXACT.sample(2000, seed=1)
    members = [GaussianMixture(1), GaussianMixture(3), KernelDensity()]
    model = StackedDensity(members, folds=3, refit=refit).fit(x)
    assert model.weights_.sum() == pytest.approx(1) and len(model.held_out_) == 3
    each = [m.log_prob(fresh).mean() for m in model.members_]
    assert model.log_prob(fresh).mean() > max(each) - 0.02
    at = np.linspace(-14, 14, 200)
    grid = np.stack(np.meshgrid(at, at, indexing="ij"), -1).reshape(-1, 2)
    assert np.exp(model.log_prob(grid)).sum() * (at[1] - at[0]) ** 2 == pytest.approx(1, abs=0.01)
    assert np.allclose(model.sample(5000, seed=0).mean(0), x.mean(0), atol=0.25)
    with pytest.raises(BadInput, match="needs a member"):
        StackedDensity([]).fit(x)
    with pytest.raises(BadInput, match="must be labels"):
        StackedDensity(members[:1]).fit(x, given=x[:, :1] + 0.5)


def test_whitened_splines_begin_as_the_normal_law():
    x = EXACT.sample(300, seed=0)
    settings = Training(steps=1, learning_rate=1e-12, eval_every=1, device="cpu")
    found = NeuralSplineFlow(1, hidden=(8,), whiten=True, training=settings).fit(x)
    assert np.allclose(found.log_prob(x), GaussianMixture(1, starts=1).fit(x).log_prob(x), atol=1e-3)
    z = found.sample(4000, seed=0)
    assert np.allclose(np.cov(z.T), np.cov(x.T), rtol=0.15, atol=0.15)


def test_held_out_log_likelihoods_are_means():
    x, fresh = EXACT.sample(300, seed=0), EXACT.sample(2000, seed=1)
    members = [KernelDensity(bandwidth=0.3), KernelDensity(bandwidth=0.6)]
    plain = StackedDensity(members, standardise=False).fit(x)
    heavy = StackedDensity(members, standardise=False).fit(x, sample_weight=np.full(300, 3.0))
    alone = [float(np.mean(KernelDensity(bandwidth=b).fit(x).log_prob(fresh))) for b in (0.3, 0.6)]
    assert plain.held_out_ == pytest.approx(alone, abs=0.25) and heavy.held_out_ == pytest.approx(plain.held_out_)
