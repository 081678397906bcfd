"""Posteriors of exact conditional denoisers."""

import numpy as np
import pytest

from ecotone.contracts import BadInput
from ecotone.learn import EDM, GaussianMixture
from ecotone.learn.predictive import diffusion_classifier
from ecotone.learn.processes import VP, EDMProcess

LAW = GaussianMixture.of(
    [0.3, 0.3, 0.4],
    [[-1.0, 0.3], [1.0, 0.0], [0.2, -0.9]],
    [0.3 * np.eye(2), [[0.5, 0.2], [0.2, 0.4]], 0.2 * np.eye(2)],
    classes=["a", "b", "c"],
)


class Exact:
    """A fitted model whose denoiser is exact; counts the rows that it denoises."""

    def __init__(self, process=EDMProcess(t_max=1000.0)):  # noqa: B008 (a frozen description)
        self.process, self.condition_, self.shape_, self.calls = process, LAW.condition_, (2,), 0
        self._inner = LAW.denoiser(process)

    def denoiser_(self, x, t, given):
        self.calls += len(x)
        return self._inner(x, t, given)

    def _encode(self, x):
        return x


def _posterior(x):
    log = np.stack([LAW.log_prob(x, given=c) for c in "abc"], 1)
    return np.exp(log) / np.exp(log).sum(1, keepdims=True)


@pytest.mark.oracle("diffusion_classifier")
@pytest.mark.parametrize("process", [EDMProcess(t_max=1000.0), VP()], ids=lambda p: type(p).__name__)
def test_likelihood_weights_give_the_exact_posterior(process):
    x = LAW.sample(40, seed=0)
    found = diffusion_classifier(Exact(process), levels=800, ratios=(0.01, 100.0)).predict_proba(x)
    assert np.abs(found - _posterior(x)).mean() < 0.02 and np.abs(found - _posterior(x)).max() < 0.15
    flat = diffusion_classifier(Exact(process), levels=300, weighting="uniform").predict_proba(x)
    assert np.abs(flat - _posterior(x)).mean() > 0.2, "the plain mean is no posterior"
    tilted = diffusion_classifier(
        Exact(process), levels=800, ratios=(0.01, 100.0), prior=[0.8, 0.1, 0.1]
    ).predict_proba(x)
    want = _posterior(x) * [0.8, 0.1, 0.1]
    assert np.abs(tilted - want / want.sum(1, keepdims=True)).mean() < 0.02


@pytest.mark.oracle("diffusion_classifier")
def test_dropping_none_is_the_whole_and_dropping_saves_evaluations():
    x = LAW.sample(40, seed=1)
    whole, same, fewer = Exact(), Exact(), Exact()
    want = diffusion_classifier(whole, levels=60).predict(x)
    assert np.array_equal(diffusion_classifier(same, levels=60, keep=[(10, 3)]).predict(x), want)
    assert same.calls == whole.calls == 40 * 3 * 60
    found = diffusion_classifier(fewer, levels=60, keep=[(10, 2), (30, 1)]).predict(x)
    assert fewer.calls == 40 * (3 * 10 + 2 * 20 + 1 * 30) and (found == want).mean() > 0.8
    with pytest.raises(BadInput, match="comparable"):
        diffusion_classifier(Exact(), levels=60, keep=[(10, 2)]).predict_proba(x)


@pytest.mark.oracle("diffusion_classifier")
def test_shared_noise_lowers_the_variance_of_differences():
    x = LAW.sample(20, seed=2)
    errors = []
    for seed in range(40):
        classifier = diffusion_classifier(Exact(), levels=20, seed=seed)
        errors.append(classifier._step * classifier._errors(x)[0].numpy())
    errors = np.array(errors)
    shared = (errors[:, :, 0] - errors[:, :, 1]).var(0).mean()
    unshared = (errors[1:, :, 0] - errors[:-1, :, 1]).var(0).mean()
    assert shared < 0.25 * unshared


def test_what_can_not_classify():
    with pytest.raises(BadInput, match="without classes"):
        diffusion_classifier(EDM())
    with pytest.raises(BadInput, match="keep"):
        diffusion_classifier(Exact(), levels=10, keep=[(20, 2)])
    with pytest.raises(BadInput, match="prior"):
        diffusion_classifier(Exact(), prior=[1.0, 0.0])
