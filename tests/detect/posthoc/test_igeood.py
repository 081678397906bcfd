import numpy as np
import pytest
import torch
from networks import foreign, inside, network, outside, passed, reference, rows
from scipy import integrate, optimize
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import Igeood
from ecotone.detect.posthoc._fisher_rao import angles, centre, descended, gaussian_distance, roots


def _told(detector):
    scores = [detector.score_samples(acts) for acts in (inside(), outside())]
    return roc_auc_score(np.repeat([1, 0], 300), np.concatenate(scores))


@pytest.mark.oracle("Igeood")
@pytest.mark.parametrize(("p", "q"), [(0.1, 0.7), (0.5, 0.501), (0.001, 0.999)])
def test_distance_of_bernoulli_laws_is_the_integral_of_the_root_of_fisher_s_information(p, q):
    length = integrate.quad(lambda r: (r * (1 - r)) ** -0.5, p, q)[0]
    a, b = (roots(np.log([[r, 1 - r]])) for r in (p, q))
    np.testing.assert_allclose(angles(a, b), [[length]], rtol=1e-6)


@pytest.mark.oracle("Igeood")
@pytest.mark.parametrize(("gap", "sigma"), [(0.3, 1.0), (5.0, 0.4), (1e-3, 2.0)])
def test_distance_of_gaussian_laws_is_the_length_of_the_geodesic(gap, sigma):
    """Half circles about the axis in (mean / sqrt 2, deviation), where the metric is sqrt 2 times the hyperbolic."""
    radius = np.hypot(gap / 8**0.5, sigma)
    start = np.arcsin(sigma / radius)
    length = 2**0.5 * integrate.quad(lambda phi: 1 / np.sin(phi), start, np.pi - start)[0]
    found = gaussian_distance(np.array([[gap]]), np.zeros((1, 1)), np.array([sigma]))
    np.testing.assert_allclose(found, [length], rtol=1e-8)
    assert length < gap / sigma  # straight is longer


def test_independent_columns_add_their_squares_and_the_nearest_mean_counts():
    x, means, sigma = np.array([[1.0, 2.0]]), np.array([[0.0, 0.0], [50.0, 50.0]]), np.array([0.5, 3.0])
    parts = [gaussian_distance(x[:, [j]], means[:1, [j]], sigma[[j]])[0] for j in range(2)]
    np.testing.assert_allclose(gaussian_distance(x, means, sigma), [np.hypot(*parts)])


@pytest.mark.oracle("Igeood")
def test_centroids_of_least_mean_distance():
    points = roots(np.random.default_rng(0).normal(0, 2, (200, 4)) + np.array([3.0, 0.0, 0.0, 1.0]))

    def mean(logits):
        return 2 * np.arccos(points @ roots(np.append(logits, 0.0)[None])[0]).mean()

    best = optimize.minimize(mean, np.zeros(3), method="BFGS", options={"gtol": 1e-9})
    found = centre(points)
    np.testing.assert_allclose(found**2, softmax(np.append(best.x, 0.0)), atol=1e-6)
    assert 2 * np.arccos(points @ found).mean() <= best.fun + 1e-12


def test_centroids_of_the_authors_descent_add_up_gradients_and_pass_the_minimum():
    logits = torch.as_tensor(np.random.default_rng(1).normal(0, 1, (100, 3)) + np.array([3.0, 0.0, 0.0]))
    at = torch.eye(3, dtype=torch.float64)[0].requires_grad_()
    for _ in range(100):
        inner = (torch.softmax(logits, 1) * torch.softmax(at, 0)).sqrt().sum(1)
        (2 * torch.acos(inner)).mean().backward()  # at.grad is never set to 0
        with torch.no_grad():
            at -= 0.01 * at.grad
    points = roots(logits.numpy())
    found = descended(points, np.eye(3)[0])
    np.testing.assert_allclose(found, at.detach(), rtol=1e-9)
    assert softmax(found)[0] > centre(points)[0] ** 2 + 0.02


@pytest.mark.oracle("Igeood")
@pytest.mark.parametrize("temperature", [1.0, 5.3])
def test_sum_of_distances_from_every_class(temperature):
    logits, labels = reference().logits.astype(float), reference().labels
    ends = np.array([logits[labels == kind].mean(0) for kind in range(4)])
    p, q = softmax(inside().logits.astype(float) / temperature, axis=1), softmax(ends / temperature, axis=1)
    expected = sum(2 * np.arccos(np.minimum(np.sqrt(p * row).sum(1), 1)) for row in q)
    detector = Igeood(temperature, "mean").fit(reference())
    np.testing.assert_allclose(detector.score_samples(inside()), expected, rtol=1e-6)


def test_the_sum_is_large_inside():
    """Far from all classes but one; the distance itself would be told the wrong way round."""
    for centroids in ("descent", "median", "mean"):
        assert _told(Igeood(1.0, centroids).fit(reference())) > 0.6, centroids


@pytest.mark.oracle("Igeood")
def test_layers_join_with_their_signs_and_scales():
    labels = reference().labels
    kinds = [Igeood(layers=False).fit(reference()).score_samples(inside())]
    spread = [Igeood(layers=False).fit(reference()).score_samples(reference()).std()]
    for name, value in inside().layers.items():
        seen = reference().layers[name].astype(float)
        means = np.array([seen[labels == kind].mean(0) for kind in range(4)])
        sigma = np.sqrt(((seen - means[labels]) ** 2).mean(0))
        sigma[sigma < 1e-10 * np.abs(means).max(0)] = 1.0

        def nearest(x, means=means, sigma=sigma):
            u = 8**0.5 * np.arcsinh(np.abs(x[:, None] - means) / (8**0.5 * np.maximum(sigma, 1e-300)))
            return -np.sqrt((u**2).sum(2)).min(1)

        kinds.append(nearest(value.astype(float)))
        spread.append(nearest(seen).std())
    weights = [0.5, 1.0, 2.0]
    expected = np.mean([w * part / s for w, part, s in zip(weights, kinds, spread, strict=True)], axis=0)
    detector = Igeood(layers=True, weights=weights).fit(reference())
    np.testing.assert_allclose(detector.score_samples(inside()), expected, rtol=1e-5)


def test_maps_count_by_their_averages():
    acts = reference()
    maps = {name: value[:, :, None, None] + np.array([[-1.0, 1.0]]) for name, value in acts.layers.items()}
    spread = acts.replace(layers=maps)
    ours = Igeood(layers=True).fit(spread).score_samples(spread[:20])
    np.testing.assert_allclose(ours, Igeood(layers=True).fit(acts).score_samples(acts[:20]), rtol=1e-5)


def test_weights_learned_from_rows_outside_tell_better():
    detector = Igeood(layers=True).fit(reference())
    assert _told(detector) > 0.9
    x, y = rows(200, 5)
    bad = Igeood(layers=True, weights=[1.0, -1.0, -1.0]).fit(reference())
    before = _told(bad)
    bad.weigh(passed(x, y), passed(foreign(200, 6)))
    assert _told(bad) > max(0.95, before)


def test_a_step_raises_the_score_as_autograd_says():
    detector = Igeood(1.0, "mean", eps=0.05).fit(reference())
    ends = torch.sqrt(torch.softmax(torch.as_tensor(detector.centroids_), 1))

    def score(x):
        p = torch.softmax(network().module(x).double(), 1)
        return (2 * torch.acos((p.sqrt() @ ends.T).clamp(max=1 - 1e-12))).sum(1)

    x = torch.tensor(inside().inputs[:40], requires_grad=True)
    (slope,) = torch.autograd.grad(score(x).sum(), x)
    expected = score(x + 0.05 * slope.sign()).detach()
    np.testing.assert_allclose(detector.score_samples(inside()[:40]), expected, rtol=1e-4)
    assert detector.reads() >= {"gradient", "inputs"}


def test_columns_constant_within_classes_are_finite():
    layers = {"flat": np.hstack([reference().layers["0"], np.full((800, 2), 0.1, np.float32)])}
    acts = reference().replace(layers=layers)
    assert np.isfinite(Igeood(layers=True).fit(acts).score_samples(acts)).all()


def test_what_is_wrong_is_named():
    absent = reference()[np.flatnonzero(reference().labels != 2)]
    with pytest.raises(BadInput, match="class 2"):
        Igeood().fit(absent)
    with pytest.raises(BadInput, match="weights must be one of the logits and 2"):
        Igeood(layers=True, weights=[1.0]).fit(reference())
    with pytest.raises(BadInput, match="layers"):
        Igeood(layers=True).fit(Activations(logits=reference().logits, labels=reference().labels))
    for settings, word in (({"centroids": "mode"}, "centroids"), ({"temperature": 0.0}, "temp"), ({"eps": -1}, "eps")):
        with pytest.raises(BadInput, match=word):
            Igeood(**settings).fit(reference())
