import numpy as np
import pytest
from networks import inside, reference

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import FDBD


def _distances(z, weight, bias):
    """Of each row to the point where the predicted class and another tie, by projection."""
    found = []
    for row in z:
        logits = weight @ row + bias
        top = logits.argmax()
        for c in np.delete(np.arange(len(bias)), top):
            normal, offset = weight[top] - weight[c], bias[top] - bias[c]
            nearest = row - (normal @ row + offset) / (normal @ normal) * normal
            np.testing.assert_allclose(weight[top] @ nearest + bias[top], weight[c] @ nearest + bias[c], atol=1e-9)
            found.append(np.linalg.norm(row - nearest))
    return np.reshape(found, (len(z), -1))


@pytest.mark.oracle("FDBD")
def test_mean_distance_to_the_boundaries_by_that_to_the_mean():
    weight, bias = (part.astype(float) for part in reference().head)
    z, mean = inside().features.astype(float), reference().features.astype(float).mean(0)
    distance = _distances(z, weight, bias).mean(1)
    acts = Activations(features=z, head=(weight, bias))
    for regulariser, by in (
        ("mean", np.linalg.norm(z - mean, axis=1)),
        ("norm", np.linalg.norm(z, axis=1)),
        ("none", 1),
    ):
        scores = FDBD(regulariser).fit(reference()).score_samples(acts)
        np.testing.assert_allclose(scores, distance / by, rtol=1e-9)


def test_two_classes_are_the_distance_to_one_hyperplane():
    acts = Activations(features=np.array([[3.0, 1.0]]), head=(np.array([[0.0, 2.0], [0.0, -2.0]]), np.zeros(2)))
    assert FDBD("none").fit(acts).score_samples(acts) == pytest.approx(1.0)


def test_classes_of_equal_weights_and_a_row_at_the_mean():
    weight = np.array([[1.0, 0.1], [1.0, 0.1], [0.0, 1.0]])
    acts = Activations(features=np.array([[1.0, 0.0], [3.0, 0.0], [2.0, 0.0]]), head=(weight, np.array([0.0, 1, 0])))
    scores = FDBD().fit(acts).score_samples(acts)
    assert np.isfinite(scores).all()
    gap = np.array([2.0, 4.0]) / np.sqrt(1 + 0.81)  # to the third class alone
    np.testing.assert_allclose(scores[:2], gap / 1.0)
    with pytest.raises(BadInput, match="no two classes"):
        FDBD().fit(acts.replace(head=(np.ones((3, 2)), np.zeros(3)), logits=None))


def test_regulariser_is_checked():
    with pytest.raises(BadInput, match="regulariser"):
        FDBD("median").fit(reference())
