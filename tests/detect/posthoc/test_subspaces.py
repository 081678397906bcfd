"""Residual and NECO."""

import numpy as np
import pytest
from networks import inside, reference
from scipy.linalg import null_space
from scipy.special import logsumexp
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from ecotone.contracts import Activations, BadInput
from ecotone.detect.posthoc import NECO, MaxLogit, Residual, ViM

G = np.random.default_rng(0)
LIVE = Activations(features=G.normal(size=(200, 5)) * [5, 3, 2, 1, 0.5] + 2, logits=G.normal(size=(200, 3)))
NEW = Activations(features=G.normal(size=(50, 5)) * 3, logits=G.normal(size=(50, 3)))


@pytest.mark.oracle("Residual")
def test_residual_is_the_length_in_an_explicit_null_space_and_the_virtual_part_of_vim():
    weight, bias = (part.astype(float) for part in reference().head)
    origin = -np.linalg.lstsq(weight, bias, rcond=None)[0]
    z, new = reference().features.astype(float) - origin, inside().features.astype(float) - origin
    outside = null_space(np.linalg.svd(z, full_matrices=False)[2][:3])
    ours = Residual(dim=3).fit(reference()).score_samples(inside())
    np.testing.assert_allclose(ours, -np.linalg.norm(new @ outside, axis=1), rtol=1e-6)
    vim = ViM(dim=3).fit(reference())
    energy = logsumexp(inside().logits.astype(float), axis=1)
    np.testing.assert_allclose(energy + vim.alpha_ * ours, vim.score_samples(inside()), rtol=1e-6)
    with pytest.raises(BadInput, match="dim is 16"):
        Residual(dim=16).fit(reference())


@pytest.mark.oracle("NECO")
@pytest.mark.parametrize("dim", [1, 3, 0.9])
def test_it_is_the_ratio_of_sklearns_principal_components(dim):
    scaler = StandardScaler().fit(LIVE.features)
    pca = PCA(svd_solver="full").fit(scaler.transform(LIVE.features))
    kept = dim if dim >= 1 else int(np.flatnonzero(np.cumsum(pca.explained_variance_ratio_) >= dim)[0]) + 1
    z = scaler.transform(NEW.features)
    ratio = np.linalg.norm(pca.transform(z)[:, :kept], axis=1) / np.linalg.norm(z, axis=1)
    np.testing.assert_allclose(NECO(dim, logit=False).fit(LIVE).score_samples(NEW), ratio, rtol=1e-9)
    np.testing.assert_allclose(NECO(dim).fit(LIVE).score_samples(NEW), ratio * NEW.logits.max(1), rtol=1e-9)


def test_unstandardised_it_is_centred_above_and_raw_below():
    pca = PCA(2, svd_solver="full").fit(LIVE.features)
    ratio = np.linalg.norm(pca.transform(NEW.features), axis=1) / np.linalg.norm(NEW.features, axis=1)
    ours = NECO(2, logit=False, standardise=False).fit(LIVE).score_samples(NEW)
    np.testing.assert_allclose(ours, ratio, rtol=1e-9)


def test_all_components_leave_the_largest_logit():
    ours = NECO(5).fit(LIVE).score_samples(NEW)
    np.testing.assert_allclose(ours, MaxLogit().score_samples(NEW), rtol=1e-9)


def test_orthogonal_to_an_exact_simplex_is_zero():
    corners = np.eye(3) - 1 / 3
    z = np.hstack([np.tile(corners, (10, 1)), np.zeros((30, 2))])  # classes collapsed onto a centred simplex
    detector = NECO(0.9, logit=False, standardise=False).fit(Activations(features=z))
    assert detector.components_.shape == (5, 2)  # rank: classes - 1
    new = np.array([[0, 0, 0, 1.0, 2.0], [2, -1, -1, 0, 0], [0, 0, 0, 0, 0]])
    np.testing.assert_allclose(detector.score_samples(Activations(features=new)), [0, 1, 0], atol=1e-9)


def test_still_features_and_bad_dims():
    still = np.hstack([LIVE.features, np.full((200, 2), 0.1)])
    ours = NECO(2, logit=False).fit(LIVE.replace(features=still))
    assert ours.scale_[-2:].tolist() == [1.0, 1.0]
    with_still = ours.score_samples(NEW.replace(features=np.hstack([NEW.features, np.full((50, 2), 0.1)])))
    np.testing.assert_allclose(with_still, NECO(2, logit=False).fit(LIVE).score_samples(NEW), rtol=1e-9)
    for dim in (0, 6, 1.5, -0.1):
        with pytest.raises(BadInput, match="dim"):
            NECO(dim).fit(LIVE)
    with pytest.raises(BadInput, match="varies"):
        NECO().fit(LIVE.replace(features=np.ones((200, 5))))
    assert NECO().reads() == {"features", "logits"} and NECO(logit=False).reads() == {"features"}
