"""Scores of the softmax, and of the gradient that would make it uniform."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
import torch
from networks import inside, network, reference
from scipy import optimize, special, stats
from sklearn.metrics import log_loss

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import (
    GEN,
    MSP,
    NCI,
    Energy,
    Entropy,
    FunctionShaper,
    GradNorm,
    KLMatching,
    MaxLogit,
    TemperatureScaled,
)

LOGITS = np.random.default_rng(0).normal(0, 5, (60, 7))
ACTS = Activations(logits=LOGITS)
P = special.softmax(LOGITS, axis=1)


@pytest.mark.oracle("MSP")
@pytest.mark.parametrize("temperature", [0.5, 1.0, 1000.0])
def test_logarithm_of_the_largest_probability(temperature):
    expected = special.log_softmax(LOGITS / temperature, axis=1).max(1)
    np.testing.assert_allclose(MSP(temperature).score_samples(ACTS), expected, rtol=1e-9, atol=1e-14)


def test_probabilities_that_round_to_1_are_told_apart():
    certain = Activations(logits=np.array([[50.0, 0.0], [60.0, 0.0], [800.0, 0.0]]))
    np.testing.assert_allclose(MSP().score_samples(certain)[:2], -np.exp([-50.0, -60.0]), rtol=1e-12)
    assert (np.diff(MSP().score_samples(certain)) > 0).all()
    assert (np.diff(GEN().score_samples(certain)) > 0).all()


def test_ties_count_every_class():
    level = Activations(logits=np.zeros((1, 4)))
    np.testing.assert_allclose(MSP(1000.0).score_samples(level), np.log(1 / 4))
    np.testing.assert_allclose(Entropy().score_samples(level), np.log(1 / 4))


@pytest.mark.oracle("MaxLogit")
def test_largest_logit():
    np.testing.assert_array_equal(MaxLogit().score_samples(ACTS), np.sort(LOGITS, axis=1)[:, -1])


@pytest.mark.oracle("Entropy")
def test_entropy_is_scipys():
    np.testing.assert_allclose(Entropy().score_samples(ACTS), -stats.entropy(P, axis=1), rtol=1e-10)
    assert np.isfinite(Entropy().score_samples(Activations(logits=LOGITS * 1e5))).all()


@pytest.mark.oracle("GEN")
@pytest.mark.parametrize(("gamma", "m"), [(0.1, 3), (0.1, None), (0.5, 100), (1.0, 1)])
def test_generalised_entropy_of_the_largest(gamma, m):
    expected = []
    with localcontext(prec=60):
        for row in LOGITS[:8]:
            e = sorted((Decimal(float(z)).exp() for z in row), reverse=True)
            p = [value / sum(e) for value in e][:m]
            expected.append(-float(sum((q * (1 - q)) ** Decimal(str(gamma)) for q in p)))
    np.testing.assert_allclose(GEN(gamma, m).score_samples(ACTS)[:8], expected, rtol=1e-11)


def test_at_gamma_1_it_is_ginis_impurity():
    np.testing.assert_allclose(GEN(1.0, None).score_samples(ACTS), (P**2).sum(1) - 1, rtol=1e-9)


@pytest.mark.parametrize(("settings", "word"), [((0.0, 5), "gamma"), ((1.5, 5), "gamma"), ((0.1, 0), "m must")])
def test_settings_of_gen_are_checked(settings, word):
    with pytest.raises(BadInput, match=word):
        GEN(*settings).score_samples(ACTS)
    with pytest.raises(BadInput, match="two classes"):
        GEN().score_samples(Activations(logits=np.ones((3, 1)) * 5))


@pytest.mark.oracle("KLMatching")
def test_least_divergence_from_means_by_predicted_class():
    g = np.random.default_rng(4)
    labels, noise = g.integers(0, 4, 500), g.normal(size=(800, 4))
    acts = Activations(logits=2 * np.eye(4)[labels] + noise[:500], labels=labels)
    p, new = special.softmax(acts.logits, axis=1), special.softmax(2 * noise[500:], axis=1)
    templates = np.array([p[p.argmax(1) == k].mean(0) for k in range(4)])
    every = np.array([special.rel_entr(new, d).sum(1) for d in templates])
    scores = KLMatching().fit(acts).score_samples(Activations(logits=2 * noise[500:]))
    np.testing.assert_allclose(scores, -every.min(0), rtol=1e-9, atol=1e-12)
    by_label = np.array([special.rel_entr(new, p[labels == k].mean(0)).sum(1) for k in range(4)])
    assert np.abs(scores + by_label.min(0)).max() > 0.01  # labels are not what groups
    assert (scores > 0.01 - every[new.argmax(1), np.arange(300)]).any()  # nor is the predicted class alone matched


def test_a_class_never_predicted_has_no_template():
    some = reference()[np.flatnonzero(reference().logits.argmax(1) != 2)]
    detector = KLMatching().fit(some)
    assert detector.templates_.shape == (3, 4) and np.isfinite(detector.score_samples(inside())).all()
    sure = Activations(logits=np.array([[2000.0, 0.0], [0.0, 2000.0]]))  # probabilities that are 0 in double precision
    np.testing.assert_allclose(KLMatching().fit(sure).score_samples(sure), 0, atol=1e-12)
    np.testing.assert_allclose(KLMatching().fit(sure[:1]).score_samples(sure[1:]), -2000)


@pytest.mark.oracle("NCI")
def test_cosine_times_the_weights_length_and_the_features_norm():
    h, mean = inside().features.astype(float), reference().features.astype(float).mean(0)
    weight = reference().head[0].astype(float)[inside().logits.argmax(1)]
    cosine = [np.dot(w, g) / np.linalg.norm(w) / np.linalg.norm(g) for w, g in zip(weight, h - mean, strict=True)]
    expected = np.array(cosine) * np.linalg.norm(weight, axis=1) + 0.03 * np.abs(h).sum(1)
    np.testing.assert_allclose(NCI(alpha=0.03).fit(reference()).score_samples(inside()), expected, rtol=1e-6)


def test_a_row_at_the_mean_has_a_score():
    acts = Activations(features=np.ones((5, 2)), head=(np.eye(2), np.zeros(2)))
    np.testing.assert_allclose(NCI(alpha=0.5).fit(acts).score_samples(acts), 1.0)
    with pytest.raises(BadInput, match="alpha"):
        NCI(alpha=-1.0).fit(acts)


@pytest.mark.oracle("GradNorm")
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_norm_of_the_gradient_that_torch_finds(temperature):
    head = network().module[-1]
    ours = GradNorm(temperature).score_samples(inside()[:20])
    for features, score in zip(inside().features[:20], ours, strict=True):
        log_p = torch.log_softmax(head(torch.tensor(features)) / temperature, 0)
        divergence = torch.nn.functional.kl_div(log_p, torch.full((4,), 0.25), reduction="sum")  # KL(u || p)
        (slope,) = torch.autograd.grad(divergence, head.weight)
        np.testing.assert_allclose(score, float(slope.abs().sum()), rtol=1e-4)


@pytest.mark.oracle("TemperatureScaled")
def test_no_other_temperature_is_likelier():
    g = np.random.default_rng(3)
    true = g.normal(0, 2, (4000, 5))
    labels = np.array([g.choice(5, p=special.softmax(z)) for z in true])
    acts = Activations(logits=3 * true, labels=labels)
    detector = TemperatureScaled().fit(acts)

    def loss(t):
        return log_loss(labels, special.softmax(3 * true / t, axis=1))

    best = optimize.minimize_scalar(loss, bounds=(0.5, 10), method="bounded", options={"xatol": 1e-9})
    assert detector.temperature_ == pytest.approx(best.x, rel=1e-5)
    assert 2.8 < detector.temperature_ < 3.2
    step = 1e-4 * detector.temperature_
    slope = (loss(detector.temperature_ + step) - loss(detector.temperature_ - step)) / (2 * step)
    assert abs(slope) < 1e-8  # the minimum, not where a number of steps ended


def test_a_fitted_temperature_serves_any_score():
    acts = reference().replace(labels=np.where(np.arange(800) % 9 == 0, 0, reference().labels))  # some are wrong
    scaled = TemperatureScaled().fit(acts)
    t = scaled.temperature_
    assert 1 < t < 1000
    found = (scaled | MSP()).fit(acts).score_samples(inside())
    np.testing.assert_allclose(found, MSP(t).score_samples(inside()))
    energy = Energy(t).score_samples(inside()) / t
    np.testing.assert_allclose(scaled.score_samples(inside()), energy)
    through = scaled | (FunctionShaper(lambda z: z) | Energy())  # reads the head, which is divided too
    np.testing.assert_allclose(through.fit(acts).score_samples(inside()), energy, rtol=1e-6)


def test_rows_without_label_are_left_out():
    labels = reference().labels.copy()
    labels[400:] = -1
    partly = TemperatureScaled().fit(reference().replace(labels=labels))
    assert partly.temperature_ == TemperatureScaled().fit(reference()[:400]).temperature_
    with pytest.raises(BadInput, match="-1"):
        TemperatureScaled().fit(reference().replace(labels=np.full(800, -1)))


@pytest.mark.parametrize("method", [MSP, GradNorm])
def test_a_temperature_of_zero_is_refused(method):
    with pytest.raises(BadInput, match="temperature"):
        method(temperature=0.0).score_samples(inside())
