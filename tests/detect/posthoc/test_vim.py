import numpy as np
import pytest
from networks import inside, reference
from scipy.linalg import null_space
from scipy.special import logsumexp

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import Energy, ViM


@pytest.mark.oracle("ViM")
def test_residual_on_an_explicit_complement_and_the_virtual_logit():
    weight, bias = (part.astype(float) for part in reference().head)
    origin = -np.linalg.pinv(weight) @ bias
    np.testing.assert_allclose(weight @ origin + bias, 0, atol=1e-10)  # the bias vanishes there
    z, new = reference().features.astype(float) - origin, inside().features.astype(float) - origin
    basis = np.linalg.svd(z, full_matrices=False)[2][:3]  # principal directions about the origin, not the mean
    outside = null_space(basis)
    alpha = reference().logits.astype(float).max(1).mean() / np.linalg.norm(z @ outside, axis=1).mean()
    virtual = alpha * np.linalg.norm(new @ outside, axis=1)
    expected = logsumexp(inside().logits.astype(float), axis=1) - virtual
    detector = ViM(dim=3).fit(reference())
    np.testing.assert_allclose(detector.score_samples(inside()), expected, rtol=1e-6)
    softmax = virtual - logsumexp(np.column_stack([inside().logits, virtual]), axis=1)
    assert (np.argsort(-softmax) == np.argsort(expected)).all()  # the probability of the virtual logit ranks the same


def test_without_residual_it_ranks_as_energy():
    detector = ViM(dim=3).fit(reference())
    basis = np.linalg.svd(detector.residual_, full_matrices=True)[0][:, detector.residual_.shape[1] :]
    flat = (inside().features - detector.origin_) @ basis @ basis.T + detector.origin_
    acts = Activations(features=flat, head=reference().head)
    np.testing.assert_allclose(detector.score_samples(acts), Energy().score_samples(acts), atol=1e-9)


def test_no_residual_is_refused():
    with pytest.raises(BadInput, match="dim is 16"):
        ViM(dim=16).fit(reference())
    weight, bias = reference().head
    low = Activations(features=reference().features, head=(weight, bias - 1e3))
    with pytest.raises(BadInput, match="average"):
        ViM(dim=3).fit(low)
