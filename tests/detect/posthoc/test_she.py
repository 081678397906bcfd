import numpy as np
import pytest
from networks import inside, reference

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import SHE


@pytest.mark.oracle("SHE")
def test_pattern_of_rightly_predicted_rows_and_of_the_predicted_class():
    ref = reference()
    labels = ref.labels.copy()
    labels[:40] = (labels[:40] + 1) % 4  # rows that the network gets wrong
    z, new = ref.features.astype(float), inside().features.astype(float)
    right = ref.logits.argmax(1) == labels
    pattern = np.array([z[right & (labels == c)].mean(0) for c in range(4)])
    own = pattern[inside().logits.argmax(1)]
    ref = ref.replace(labels=labels)
    np.testing.assert_allclose(SHE().fit(ref).score_samples(inside()), np.einsum("ij,ij->i", new, own), rtol=1e-9)
    distance = np.linalg.norm(new - own, axis=1)
    np.testing.assert_allclose(SHE("euclidean").fit(ref).score_samples(inside()), -distance, rtol=1e-9)


def test_a_class_never_predicted_keeps_the_mean_of_all_its_rows():
    acts = Activations(
        features=np.array([[1.0, 0], [0, 1], [0, 3]]), logits=np.array([[2.0, 0], [2, 0], [2, 0]]), labels=[0, 1, 1]
    )
    np.testing.assert_array_equal(SHE().fit(acts).patterns_, [[1, 0], [0, 2]])
    unknown = Activations(features=acts.features, logits=acts.logits, labels=[0, 1, -1])
    np.testing.assert_array_equal(SHE().fit(unknown).patterns_, [[1, 0], [0, 1]])


def test_a_class_without_rows_is_named():
    with pytest.raises(BadInput, match="class 2"):
        SHE().fit(reference()[reference().labels != 2])
    with pytest.raises(BadInput, match="metric"):
        SHE("cosine").fit(reference())
