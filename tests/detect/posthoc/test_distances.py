"""Mahalanobis, RMDS and WDiscOOD, and the moments that they share."""

import numpy as np
import pytest
import torch
from networks import LAYERS, inside, outside, reference, rows
from scipy.linalg import sqrtm, subspace_angles
from scipy.spatial.distance import cdist
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from torch import nn

from ecotone.contracts import Activations, BadInput
from ecotone.data.activations import TorchNetwork, read_activations
from ecotone.detect.posthoc import RMDS, Mahalanobis, WDiscOOD
from ecotone.detect.posthoc._moments import MomentSum, class_moments, layer, nearest

D, CLASSES = 6, 4


def sample(n, seed):
    """Unequal classes with a shared covariance that is not a multiple of 1, and one single row of the last class."""
    g = np.random.default_rng(seed)
    y = np.r_[g.choice(CLASSES - 1, n - 1, p=[0.6, 0.3, 0.1]), CLASSES - 1]
    mix = np.random.default_rng(99).normal(size=(D, D))
    return np.random.default_rng(98).normal(0, 2, (CLASSES, D))[y] + g.normal(size=(n, D)) @ mix, y


Z, Y = sample(300, 0)
REFERENCE = Activations(features=Z, labels=Y)
NEW = Activations(features=sample(80, 1)[0] * 1.5)
MEANS = np.stack([Z[c == Y].mean(0) for c in range(CLASSES)])
WITHIN = LinearDiscriminantAnalysis(solver="lsqr", store_covariance=True).fit(Z, Y).covariance_


def squared(z, means, covariance):
    return cdist(z, np.atleast_2d(means), "mahalanobis", VI=np.linalg.inv(covariance)) ** 2


@pytest.mark.oracle("Mahalanobis")
def test_it_is_the_quadratic_form_of_sklearns_tied_covariance():
    detector = Mahalanobis().fit(REFERENCE)
    np.testing.assert_allclose(detector.covariances_["features"], WITHIN, rtol=1e-10)
    distances = squared(NEW.features, MEANS, WITHIN)
    np.testing.assert_allclose(detector.score_samples(NEW), -distances.min(1), rtol=1e-9)
    np.testing.assert_array_equal(detector.predict(NEW), distances.argmin(1))


@pytest.mark.oracle("RMDS")
def test_relative_distance_subtracts_the_nearest_class_from_the_whole():
    whole = squared(NEW.features, Z.mean(0), np.cov(Z.T, bias=True))[:, 0]
    expected = whole - squared(NEW.features, MEANS, WITHIN).min(1)
    np.testing.assert_allclose(RMDS().fit(REFERENCE).score_samples(NEW), expected, rtol=1e-9)


@pytest.mark.parametrize("method", [Mahalanobis, RMDS, WDiscOOD])
def test_invertible_affine_maps_and_dead_units_change_nothing(method):
    scores = method().fit(REFERENCE).score_samples(NEW)
    mix, shift = np.random.default_rng(3).normal(size=(D, D)) * 50, np.full(D, 1e3)
    moved = (
        method()
        .fit(REFERENCE.replace(features=Z @ mix + shift))
        .score_samples(NEW.replace(features=NEW.features @ mix + shift))
    )
    np.testing.assert_allclose(moved, scores, rtol=1e-6)
    dead = np.tile([0.0, 7.0], (300, 2))
    wide = method().fit(REFERENCE.replace(features=np.hstack([Z, dead])))
    with_dead = wide.score_samples(NEW.replace(features=np.hstack([NEW.features, dead[:80]])))
    np.testing.assert_allclose(with_dead, scores, rtol=1e-8)


@pytest.mark.parametrize("method", [Mahalanobis, RMDS, WDiscOOD])
def test_classes_are_accounted_for(method):
    lacking = Activations(features=Z, labels=np.where(Y == 1, 2, Y))
    with pytest.raises(BadInput, match="no row of class 1 of 4"):
        method().fit(lacking)
    some = np.where(np.arange(300) % 3 == 0, -1, Y)
    unknown = method().fit(Activations(features=Z, labels=some)).score_samples(NEW)
    left_out = method().fit(Activations(features=Z[some >= 0], labels=Y[some >= 0])).score_samples(NEW)
    np.testing.assert_allclose(unknown, left_out, rtol=1e-9)
    with pytest.raises(BadInput, match="mean of its class"):
        method().fit(Activations(features=np.eye(3), labels=[0, 1, 2]))


@pytest.mark.parametrize("to", [np.asarray, torch.as_tensor])
def test_moments_of_blocks_far_from_the_origin(to):
    whole = MomentSum(CLASSES)
    for start in range(0, 300, 7):
        whole.add(to(Z[start : start + 7] + 1e7), Y[start : start + 7])
    moments = whole.moments()
    np.testing.assert_allclose(moments.within, WITHIN, rtol=1e-6)
    np.testing.assert_allclose(moments.total, np.cov(Z.T, bias=True), rtol=1e-6)
    np.testing.assert_allclose(moments.means - 1e7, MEANS, atol=1e-7)


def test_distance_to_a_centre_itself_is_zero():
    distance, which = nearest(MEANS * 1e6, MEANS * 1e6)
    assert (distance == 0).all() and (which == np.arange(CLASSES)).all()


def test_layers_are_summed_with_their_weights():
    alone = [Mahalanobis(layers=[name]).fit(reference()) for name in (*LAYERS, "features")]
    parts = np.column_stack([detector.score_samples(inside()) for detector in alone])
    equal = Mahalanobis(layers=[*LAYERS, "features"]).fit(reference())
    np.testing.assert_allclose(equal.score_samples(inside()), parts.sum(1), rtol=1e-9)
    spread = [detector.score_samples(reference()).std() for detector in alone]
    scaled = Mahalanobis(layers=[*LAYERS, "features"], weights="scaled").fit(reference())
    np.testing.assert_allclose(scaled.score_samples(inside()), (parts / spread).sum(1), rtol=1e-9)
    given = Mahalanobis(layers=[*LAYERS, "features"], weights=[0, 2, 0]).fit(reference())
    np.testing.assert_allclose(given.score_samples(inside()), 2 * parts[:, 1], rtol=1e-9)


def test_maps_are_averaged_over_their_places():
    maps = np.random.default_rng(0).normal(size=(300, D, 3, 3))
    mapped = Mahalanobis(layers=["m"]).fit(Activations(layers={"m": maps}, labels=Y))
    flat = Mahalanobis(layers=["m"]).fit(Activations(layers={"m": maps.mean((2, 3))}, labels=Y))
    np.testing.assert_allclose(
        mapped.score_samples(Activations(layers={"m": maps})),
        flat.score_samples(Activations(layers={"m": maps.mean((2, 3))})), rtol=1e-9,
    )  # fmt: skip


def test_weights_by_logistic_regression_prefer_the_layer_that_tells():
    g = np.random.default_rng(0)

    def two(z):
        return Activations(layers={"tells": z, "noise": g.normal(size=z.shape)}, labels=Y[: len(z)])

    detector = Mahalanobis(layers=["tells", "noise"]).fit(two(Z))
    detector.weigh(two(sample(200, 5)[0]), two(sample(200, 6)[0] * 2))
    spread = detector.confidences(two(Z)).std(0)
    assert detector.alpha_[0] * spread[0] > 10 * abs(detector.alpha_[1]) * spread[1]


def test_the_step_lowers_the_distance_by_its_closed_form_in_a_linear_network():
    g = np.random.default_rng(0)
    module = nn.Sequential(nn.Linear(5, D, bias=False), nn.Linear(D, CLASSES)).double()
    x, y = g.normal(size=(200, 5)), np.arange(200) % CLASSES
    acts = read_activations(TorchNetwork(module), x, labels=y)
    matrix = module[0].weight.detach().numpy()
    f = x @ matrix.T
    plain = Mahalanobis().fit(acts)
    means, precision = plain.means_["features"], np.linalg.pinv(plain.covariances_["features"], rcond=1e-9)
    closest = plain.predict(acts)
    x_hat = x - 0.01 * np.sign((f - means[closest]) @ precision @ matrix)
    gap = (x_hat @ matrix.T)[:, None] - means
    expected = -np.einsum("ncd,de,nce->nc", gap, precision, gap).min(1)
    stepped = Mahalanobis(eps=0.01).fit(acts)
    np.testing.assert_allclose(stepped.score_samples(acts), expected, rtol=1e-4)
    assert (stepped.score_samples(acts) > plain.score_samples(acts)).all()
    in_pixels = Mahalanobis(eps=0.005, std=0.5).fit(acts).score_samples(acts)
    np.testing.assert_allclose(in_pixels, expected, rtol=1e-4)


def test_only_a_step_runs_the_network():
    assert "gradient" not in Mahalanobis().reads() and "gradient" in Mahalanobis(eps=0.01).reads()
    assert Mahalanobis(layers=["0"]).reads() == {"layers", "labels"}
    bare = inside().replace(network=None, inputs=None)
    assert np.isfinite(Mahalanobis().fit(reference()).score_samples(bare)).all()
    stepped = Mahalanobis(layers=["0", "features"], eps=0.01).fit(reference()[:200])
    assert np.isfinite(stepped.score_samples(inside()[:20])).all()


def test_a_class_is_added_with_its_share_of_the_covariance():
    x, y = rows(800, 1)
    del x
    acts = reference()
    old = Activations(features=acts.features[y < 3], labels=y[y < 3])
    new = Activations(features=acts.features[y == 3])
    detector = Mahalanobis().fit(old)
    before = detector.covariances_["features"].copy()
    detector.add_class(new)
    own = np.cov(acts.features[y == 3].astype(float).T, bias=True)
    np.testing.assert_allclose(detector.covariances_["features"], 0.75 * before + 0.25 * own, atol=1e-10)
    found = detector.predict(Activations(features=inside().features))
    assert np.mean(found == inside().labels) > 0.95
    assert (detector.score_samples(outside()) < np.median(detector.score_samples(inside()))).mean() > 0.9


@pytest.mark.parametrize(
    "settings", [{"eps": -1.0}, {"layers": []}, {"weights": "best"}, {"weights": [1.0, 2.0]}, {"layers": ["absent"]}]
)
def test_settings_of_mahalanobis_are_checked(settings):
    with pytest.raises(BadInput):
        Mahalanobis(**settings).fit(reference())


@pytest.mark.oracle("WDiscOOD")
def test_it_follows_the_definition_in_symmetrically_whitened_features():
    white = np.linalg.inv(np.real(sqrtm(WITHIN)))
    means, centre, z = MEANS @ white, Z.mean(0) @ white, NEW.features @ white
    between = (means - centre).T @ (means - centre) / CLASSES
    g = np.linalg.eigh(between)[1][:, -2:]
    h = np.eye(D) - g @ g.T
    expected = -cdist(z @ g, means @ g).min(1) - 5 * np.linalg.norm((z - centre) @ h, axis=1)
    detector = WDiscOOD(dim=2, weight=5).fit(REFERENCE)
    np.testing.assert_allclose(detector.score_samples(NEW), expected, rtol=1e-8)
    both = np.hstack([detector.discriminants_, detector.residual_])
    np.testing.assert_allclose(both.T @ WITHIN @ both, np.eye(D), atol=1e-9)  # whitened within-class scatter


@pytest.mark.filterwarnings("ignore:Only one sample")
def test_without_the_residual_it_is_the_nearest_mean_of_linear_discriminant_analysis():
    lda = LinearDiscriminantAnalysis(solver="eigen", n_components=CLASSES - 1).fit(Z, Y)
    detector = WDiscOOD(weight=0).fit(REFERENCE)
    assert subspace_angles(detector.discriminants_, lda.scalings_[:, : CLASSES - 1]).max() < 1e-6
    expected = -cdist(lda.transform(NEW.features), lda.transform(MEANS)).min(1)
    np.testing.assert_allclose(detector.score_samples(NEW), expected, rtol=1e-7)


def test_wdiscood_normalises_on_request_and_bounds_its_discriminants():
    def unit(acts):
        return acts.replace(features=acts.features / np.linalg.norm(acts.features, axis=1, keepdims=True))

    ours = WDiscOOD(normalise=True).fit(REFERENCE).score_samples(NEW)
    np.testing.assert_allclose(ours, WDiscOOD().fit(unit(REFERENCE)).score_samples(unit(NEW)), rtol=1e-8)
    with pytest.raises(BadInput, match="span 3 dimensions"):
        WDiscOOD(dim=4).fit(REFERENCE)
    with pytest.raises(BadInput, match="weight"):
        WDiscOOD(weight=-1).fit(REFERENCE)
    one = WDiscOOD().fit(Activations(features=Z, labels=np.zeros(300, int)))
    expected = -np.sqrt(squared(NEW.features, Z.mean(0), np.cov(Z.T, bias=True))[:, 0])
    np.testing.assert_allclose(one.score_samples(NEW), expected, rtol=1e-8)  # a single class: residual alone


def test_distances_stay_on_the_graph():
    for method in (Mahalanobis, RMDS, WDiscOOD):
        z = torch.as_tensor(NEW.features).requires_grad_()
        method().fit(REFERENCE).score_samples(Activations.unchecked(features=z)).sum().backward()
        assert torch.isfinite(z.grad).all() and z.grad.abs().sum() > 0


def test_one_pass_reads_all_layers():
    acts = reference()
    both = class_moments(acts, 100, layer, lambda block: layer(block, "0"))
    np.testing.assert_allclose(both[1].means, class_moments(acts, 999, lambda b: layer(b, "0"))[0].means, rtol=1e-5)
