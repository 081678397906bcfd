import numpy as np
import pytest
from networks import inside, reference
from scipy.special import logsumexp

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import ConjNorm
from ecotone.detect.posthoc._conjnorm import NORMS, TEMPERATURES
from ecotone.detect.posthoc._norm_family import exponents, slopes

G = np.random.default_rng(0)
Y = np.arange(120) % 3
Z = np.abs(np.eye(3, 6)[Y] * 3 + G.normal(size=(120, 6)))
REFERENCE = Activations(features=Z, labels=Y)
NEW = Activations(features=np.abs(G.normal(size=(40, 6))))


def phi(z, q):
    return np.linalg.norm(z, ord=q, axis=-1) ** 2 / 2


@pytest.mark.oracle("ConjNorm")
@pytest.mark.parametrize("p", [1.5, 2.0, 2.2, 3.0])
@pytest.mark.parametrize("partition", ["all", "class"])
def test_it_is_the_sum_of_class_densities_by_explicit_divergences(p, partition):
    q, t = p / (p - 1), 0.1
    z, new = (v / np.linalg.norm(v, ord=p, axis=1, keepdims=True) for v in (Z, NEW.features))
    total = []
    for c in range(3):
        mean = Z[c == Y].mean(0)
        mean /= np.linalg.norm(mean, ord=p)
        slope = np.array([(phi(mean + h, q) - phi(mean - h, q)) / 2e-6 for h in np.eye(6) * 1e-6])

        def a(v, mean=mean, slope=slope):
            return (phi(mean, q) - (phi(v, q) - phi(mean, q) - (v - mean) @ slope)) / t

        over = z if partition == "all" else z[c == Y]
        total.append(np.exp(a(new)) / np.exp(a(over)).mean())
    ours = ConjNorm(p=p, temperature=t, partition=partition).fit(REFERENCE).score_samples(NEW)
    np.testing.assert_allclose(ours, np.log(np.sum(total, axis=0)), rtol=1e-6, atol=1e-7)


def test_two_without_scaling_is_the_normal_density():
    means = np.stack([Z[c == Y].mean(0) for c in range(3)])

    def logs(z):
        return -((z[:, None] - means) ** 2).sum(2) / 2

    expected = logsumexp(logs(NEW.features) - logsumexp(logs(Z), axis=0) + np.log(120), axis=1)
    ours = ConjNorm(p=2.0, temperature=1.0, normalise=False).fit(REFERENCE).score_samples(NEW)
    np.testing.assert_allclose(ours, expected, rtol=1e-9)


@pytest.mark.parametrize("p", [1.2, 1.5, 2.0, 2.5, 4.0])
def test_the_divergence_is_never_negative_and_zero_at_the_mean(p):
    z = G.normal(size=(200, 6)) * (G.random((200, 6)) < 0.6)  # signs and exact zeros
    means = z[:5]
    value = exponents(z, slopes(means, p, False), p, False)  # phi(mu) - d(z, mu)
    divergence = phi(means, p / (p - 1)) - value
    assert divergence.min() > -1e-9
    np.testing.assert_allclose(np.diag(divergence[:5]), 0, atol=1e-9)


@pytest.mark.parametrize("p", [1.1, 1.5, 2.5, 3.0, 10.0])
def test_exact_zeros_and_dead_units_are_finite(p):
    z = np.where(Z < 0.5, 0.0, Z)
    dead = np.hstack([z, np.zeros((120, 3))])
    new = np.vstack([dead[:20], np.zeros((1, 9))])
    ours = ConjNorm(p=p, temperature=0.0005).fit(REFERENCE.replace(features=dead))
    scores = ours.score_samples(Activations(features=new))
    assert np.isfinite(scores).all()
    bare = ConjNorm(p=p, temperature=0.0005).fit(REFERENCE.replace(features=z))
    np.testing.assert_allclose(scores[:20], bare.score_samples(Activations(features=z[:20])), rtol=1e-6)
    huge = ConjNorm(p=p, temperature=1.0, normalise=False).fit(REFERENCE.replace(features=z * 1e6))
    assert np.isfinite(huge.score_samples(Activations(features=z * 1e6))).all()


def test_what_is_chosen_is_likeliest_on_new_rows():
    z, y = inside().features.astype(float), inside().labels

    def likelihood(p, t):
        fitted = ConjNorm(p=p, temperature=t).fit(reference())
        value = exponents(z, fitted.slopes_, fitted.p_, True) / fitted.temperature_ - fitted.log_partition_
        return value[np.arange(len(y)), y].mean()

    best = max(likelihood(p, t) for p in NORMS for t in TEMPERATURES)
    assert likelihood(None, None) > best - 0.03
    assert likelihood(1.2, 1.0) < best - 0.3  # the grid holds bad choices


def test_choices_use_the_reference_alone_and_repeat():
    one, two = (ConjNorm(p=None, temperature=None, random_state=3).fit(reference()) for _ in range(2))
    assert (one.p_, one.temperature_) == (two.p_, two.temperature_)
    assert ConjNorm(p=2.5, temperature=None).fit(reference()).p_ == 2.5
    assert ConjNorm(p=None, temperature=0.05).fit(reference()).temperature_ == 0.05
    same = ConjNorm(p=one.p_, temperature=one.temperature_).fit(reference())
    np.testing.assert_array_equal(same.score_samples(inside()), one.score_samples(inside()))
    few = ConjNorm(p=None, temperature=None).fit(Activations(features=np.eye(3), labels=[0, 1, 2]))
    assert np.isfinite(few.score_samples(Activations(features=np.eye(3)))).all()


@pytest.mark.parametrize("settings", [{"p": 1.0}, {"p": np.inf}, {"temperature": 0.0}, {"partition": "none"}])
def test_settings_are_checked(settings):
    with pytest.raises(BadInput):
        ConjNorm(**settings).fit(REFERENCE)


def test_absent_classes_are_named():
    with pytest.raises(BadInput, match="class 1 of 3"):
        ConjNorm().fit(Activations(features=Z, labels=np.where(Y == 1, 2, Y)))
