import numpy as np
import pytest
from networks import inside, outside, reference
from scipy.special import logsumexp, softmax
from scipy.stats import spearmanr
from sklearn.covariance import EmpiricalCovariance
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import TPLDetector
from ecotone.detect.posthoc._tasks import calibrated, replayed

TASKS = np.array([0, 1, 0, 1])


def _whole(acts):
    """In double precision, with all features positive somewhere, so that covariances are regular."""
    g = np.random.default_rng(len(acts))
    z = acts.features.astype(float) + g.normal(0, 0.3, acts.features.shape)
    return Activations(features=z, logits=acts.logits.astype(float), labels=acts.labels)


def _inverse_distance(z, ref, classes):
    means = [ref.features[ref.labels == c].mean(0) for c in classes]
    centred = np.concatenate([ref.features[ref.labels == c] - m for c, m in zip(classes, means, strict=True)])
    precision = EmpiricalCovariance(assume_centered=False).fit(centred).precision_
    return np.max([1 / np.einsum("ij,jk,ik->i", z - m, precision, z - m) for m in means], axis=0)


def _unit(z):
    return z / np.linalg.norm(z, axis=1, keepdims=True)


@pytest.mark.oracle("TPLDetector")
def test_parts_and_soft_minimum_from_their_formulas():
    ref, new = _whole(reference()), _whole(inside())
    detector = TPLDetector(TASKS, random_state=3).fit(ref)
    kept = replayed(ref.labels, 20, 3)
    assert np.bincount(ref.labels[kept]).tolist() == [20] * 4
    raw = []
    for t in (0, 1):
        own = np.flatnonzero(t == TASKS)
        rows = np.isin(ref.labels, own)
        close = _inverse_distance(new.features, ref, own)
        model = detector.models_[t]
        np.testing.assert_allclose(model.closeness(new.features), close, rtol=1e-6)
        bank = _unit(ref.features[kept][TASKS[ref.labels[kept]] != t])
        kth = NearestNeighbors(n_neighbors=5).fit(bank).kneighbors(_unit(new.features))[0][:, -1]
        np.testing.assert_allclose(model.distance(new.features), kth**2, rtol=1e-7, atol=1e-12)
        e1 = close / _inverse_distance(ref.features[rows], ref, own).mean() + kth**2
        e2 = new.logits[:, own].max(1) / ref.logits[rows][:, own].max(1).mean()
        raw.append(-logsumexp([-e1, -e2], axis=0))
        assert (raw[-1] <= np.minimum(e1, e2)).all()  # a soft minimum, which is below both
    scores = np.column_stack(raw) * detector.weights_ + detector.biases_
    np.testing.assert_allclose(detector.task_scores(new), scores, rtol=1e-6)
    np.testing.assert_allclose(detector.score_samples(new), scores.max(1), rtol=1e-6)
    told = softmax(scores / 0.05, axis=1)
    np.testing.assert_allclose(detector.task_probabilities(new), told, rtol=1e-4, atol=1e-9)
    joint = np.zeros((len(new), 4))
    for t in (0, 1):
        own = np.flatnonzero(t == TASKS)
        joint[:, own] = told[:, [t]] * softmax(new.logits[:, own], axis=1)
    np.testing.assert_array_equal(detector.predict(new), joint.argmax(1))
    assert (detector.predict(new) == new.labels).mean() > 0.9


def test_one_task_with_logits_that_say_nothing_ranks_as_mahalanobis():
    ref, new = _whole(reference()), _whole(outside())
    flat = [acts.replace(logits=np.tile([1.0, 0, 0, 0], (len(acts), 1)) * 3) for acts in (ref, new)]
    scores = TPLDetector().fit(flat[0]).score_samples(flat[1])
    assert spearmanr(scores, _inverse_distance(new.features, ref, range(4))).statistic > 1 - 1e-9


def test_groups_are_tasks_and_unknown_labels_are_left_out():
    ref = _whole(reference())
    grouped = Activations(
        features=ref.features, logits=ref.logits, labels=ref.labels, groups=TASKS[ref.labels] * 10 + 5
    )
    detector = TPLDetector().fit(grouped)
    assert detector.tasks_.tolist() == [5, 15]
    np.testing.assert_allclose(detector.task_scores(ref), TPLDetector(TASKS).fit(ref).task_scores(ref))
    labels = np.where(np.arange(len(ref)) < 700, ref.labels, -1)
    part = TPLDetector(TASKS).fit(ref.replace(labels=labels)).task_scores(ref)
    np.testing.assert_allclose(part, TPLDetector(TASKS).fit(ref[:700]).task_scores(ref), rtol=1e-6)


def test_each_task_may_have_features_of_its_own():
    ref = _whole(reference())
    g = np.random.default_rng(0)
    layers = {"mask0": ref.features, "mask1": ref.features @ g.normal(size=(16, 16))}
    own = Activations(logits=ref.logits, labels=ref.labels, layers=layers)
    detector = TPLDetector(TASKS, layers=["mask0", "mask1"])
    assert detector.reads() == {"layers", "logits", "labels"}
    scores, shared = detector.fit(own).models_, TPLDetector(TASKS).fit(ref).models_
    np.testing.assert_allclose(scores[0].score(own), shared[0].score(ref), rtol=1e-6)
    # Mahalanobis does not mind the linear map of the other task, nearest neighbours do
    np.testing.assert_allclose(
        scores[1].closeness(layers["mask1"]), shared[1].closeness(ref.features), rtol=1e-4, atol=1e-9
    )
    assert np.abs(scores[1].score(own) - shared[1].score(ref)).max() > 0.01
    with pytest.raises(BadInput, match="2 tasks"):
        TPLDetector(TASKS, layers=["mask0"]).fit(own)


def test_calibration_descends_as_far_as_it_is_told():
    g = np.random.default_rng(0)
    task = g.integers(0, 2, 400)
    scores = g.normal(size=(400, 2)) + np.eye(2)[task]
    w, b = calibrated(scores, task, steps=0)
    assert w.tolist() == [1, 1] and b.tolist() == [0, 0]
    w, b = calibrated(scores, task, steps=4000, rate=0.5)
    design = np.column_stack([scores[:, 1], -scores[:, 0]])  # the log odds of task 1
    best = LogisticRegression(C=np.inf, tol=1e-10).fit(design, task)
    np.testing.assert_allclose([w[1], w[0], b[1] - b[0]], [*best.coef_[0], *best.intercept_], rtol=1e-3, atol=1e-3)


def test_what_does_not_fit_is_refused():
    ref = _whole(reference())
    groups = np.arange(len(ref)) % 2
    low = ref.logits - 1e3
    for detector, acts, word in (
        (TPLDetector(), ref[ref.labels != 3], "class 3"),
        (TPLDetector([0, 1]), ref, "each of 4 classes"),
        (TPLDetector(), ref.replace(groups=groups), "class 0 is in groups"),
        (TPLDetector(TASKS), ref.replace(logits=low), "task 0 average"),
        (TPLDetector(k=0), ref, "at least 1"),
    ):
        with pytest.raises(BadInput, match=word):
            detector.fit(acts)
    with pytest.raises(BadInput, match="call fit"):
        TPLDetector().predict(ref)


def test_a_class_of_one_row_and_rows_of_zeros_are_finite():
    ref = _whole(reference())
    rows = np.r_[np.flatnonzero(ref.labels != 2), np.flatnonzero(ref.labels == 2)[:1]]
    detector = TPLDetector(TASKS).fit(ref[rows])
    assert np.isfinite(detector.score_samples(ref)).all()
    zero = Activations(features=np.zeros((3, 16)), logits=ref.logits[:3])
    assert np.isfinite(detector.score_samples(zero)).all()
