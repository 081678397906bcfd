"""Norms of exact scores, and auxiliary models in closed form."""

import numpy as np
import pytest

from ecotone.contracts import BadInput
from ecotone.detect.density import MSMA
from ecotone.learn import GaussianMixture, Training
from ecotone.learn.networks import MLP

SMALL = MLP(width=32, depth=1)
QUICK = Training(steps=60, eval_every=30, batch_size=64, device="cpu")
X = np.random.default_rng(0).normal(size=(300, 3)) * [1.0, 2.0, 0.5] + [0.0, 5.0, 1.0]


@pytest.mark.oracle("MSMA")
def test_norms_of_an_exact_score_are_the_closed_form():
    # of N(0, S): sigma |(S + sigma^2 I)^-1 z|
    model = MSMA(levels=4, network=SMALL, training=QUICK).fit(X)
    spread = np.array([[0.3, 0.1, 0.0], [0.1, 0.2, 0.05], [0.0, 0.05, 0.4]])
    model.denoiser_ = GaussianMixture.of([1.0], [[0.0] * 3], [spread]).denoiser(model.denoiser_.process)
    z = (X[:20] - model.mean_) / model.scale_
    want = [s * np.linalg.norm(np.linalg.solve(spread + s**2 * np.eye(3), z.T), axis=0) for s in model.sigmas_]
    assert np.allclose(model.norms(X[:20]), np.stack(want, 1), rtol=1e-9)
    assert np.allclose(model.sigmas_, [1.0, 0.01 ** (1 / 3), 0.01 ** (2 / 3), 0.01])


@pytest.mark.oracle("MSMA")
def test_one_level_and_one_component_rank_by_distance_from_the_mean_norm():
    model = MSMA(levels=1, sigma_low=0.5, sigma_high=0.5, components=(1,), network=SMALL, training=QUICK).fit(X)
    r = model.norms(X)[:, 0]
    off = np.abs(r - model.norm_mean_[0]) / model.norm_scale_[0]
    assert np.array_equal(np.argsort(-model.score_samples(X), kind="stable"), np.argsort(off, kind="stable"))
    variance = 1 + 1e-3  # reg_covar
    assert np.allclose(model.score_samples(X), -0.5 * (off**2 / variance + np.log(2 * np.pi * variance)), atol=1e-6)


@pytest.mark.oracle("MSMA")
def test_the_network_learns_the_norms():
    x = np.random.default_rng(1).normal(size=(3000, 2))
    settings = Training(
        steps=300, eval_every=300, batch_size=128, learning_rate=5e-3, ema=0.98, device="cpu", validation_fraction=0.0
    )
    model = MSMA(levels=3, sigma_low=0.2, network=SMALL, training=settings).fit(x)
    z = (x[:500] - model.mean_) / model.scale_
    want = np.stack([s * np.linalg.norm(z, axis=1) / (0.25 + s**2) for s in model.sigmas_], 1)
    assert np.abs(model.norms(x[:500]) / want - 1).mean() < 0.15


@pytest.mark.parametrize("auxiliary", ["neighbours", "flow"])
def test_other_auxiliaries_see_rows_outside(auxiliary):
    model = MSMA(auxiliary, network=SMALL, training=QUICK, levels=4).fit(X)
    scores = model.score_samples(np.vstack([X, X[:1] + 40]))
    assert scores.shape == (301,) and np.isfinite(scores).all() and scores[-1] < scores[:-1].min()


def test_settings_out_of_range():
    with pytest.raises(BadInput, match="auxiliary"):
        MSMA("tree").fit(X)
    with pytest.raises(BadInput, match="sigma_low"):
        MSMA(sigma_low=2.0).fit(X)
