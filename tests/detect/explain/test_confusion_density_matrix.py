"""Densities of cells against scikit-learn and closed forms; thresholds; categories where the truth is known."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.neighbors import KernelDensity

from ecotone.detect.explain import ConfusionDensityMatrix

RNG = np.random.default_rng(0)
X, V, NEW = RNG.normal(size=(80, 3)), RNG.normal(size=(120, 3)), RNG.normal(size=(30, 3))
Y, C = RNG.integers(0, 3, 120), RNG.integers(0, 3, 120)


def _log_density(rows, at, h):
    return KernelDensity(bandwidth=h).fit(rows).score_samples(at)


@pytest.mark.oracle("ConfusionDensityMatrix")
def test_cells_and_scores_are_kernel_densities():
    h = 0.7
    matrix = ConfusionDensityMatrix(bandwidth=h).fit(X, V, Y, C)
    log = matrix.log_cells(NEW)
    for a in range(3):
        for b in range(3):
            np.testing.assert_allclose(log[:, a, b], _log_density(V[(a == Y) & (b == C)], NEW, h), rtol=1e-8)
    c = RNG.integers(0, 3, len(NEW))
    found, p = matrix.scores(NEW, c), np.exp(log)
    np.testing.assert_allclose(found.ood, -_log_density(X, NEW, h), rtol=1e-8)
    for i in range(len(NEW)):
        others = [a for a in range(3) if a != c[i]]
        assert np.exp(found.bnd[i]) == pytest.approx(sum(p[i, a, a] for a in others))
        assert np.exp(found.idm[i]) == pytest.approx(sum(p[i, a, c[i]] for a in others))


@pytest.mark.oracle("ConfusionDensityMatrix")
def test_cells_weighted_by_size_sum_to_the_classes():
    matrix = ConfusionDensityMatrix(bandwidth=0.5).fit(X, V, Y, C)
    p, n = np.exp(matrix.log_cells(NEW)), matrix.sizes_
    for k in range(3):
        true, seen = (np.exp(_log_density(V[at == k], NEW, 0.5)) for at in (Y, C))
        np.testing.assert_allclose((n[k] * p[:, k]).sum(1) / n[k].sum(), true, rtol=1e-8)
        np.testing.assert_allclose((n[:, k] * p[:, :, k]).sum(1) / n[:, k].sum(), seen, rtol=1e-8)
        assert not np.allclose(p[:, k].sum(1), true, rtol=0.5), "without the sizes they do not"
    whole = np.exp(_log_density(V, NEW, 0.5))
    np.testing.assert_allclose((n * p).sum((1, 2)) / n.sum(), whole, rtol=1e-8)
    shares = matrix.explain(NEW[:1])[0].parts
    assert shares["true 1 as 2"] == pytest.approx(n[1, 2] * p[0, 1, 2] / n.sum() / whole[0])


@pytest.mark.oracle("ConfusionDensityMatrix")
def test_two_normal_classes_have_their_closed_form():
    rng, s, h = np.random.default_rng(1), 0.8, 0.8
    y = np.repeat([0, 1], 6000)
    v = rng.normal(size=(12_000, 2)) * s + 2.0 * y[:, None]
    at = np.array([[0.7, 0.7], [1.0, 1.0], [1.4, 1.2]])
    found = ConfusionDensityMatrix(bandwidth=h).fit(v[::10], v, y, y).scores(at, [0, 0, 1])
    means = ([2.0, 2.0], [2.0, 2.0], [0.0, 0.0])  # of the other class
    want = [multivariate_normal(m, (s**2 + h**2) * np.eye(2)).pdf(x) for m, x in zip(means, at)]
    np.testing.assert_allclose(np.exp(found.bnd), want, rtol=0.1)
    assert (found.idm == -np.inf).all(), "no row is wrong"


def _by_hand(rows, keep, x, h):
    kernel = multivariate_normal(np.zeros(x.shape[-1]), h**2 * np.eye(x.shape[-1]))
    return np.mean([kernel.pdf(x - rows[j]) for j in keep]) if len(keep) else 0.0


@pytest.mark.oracle("ConfusionDensityMatrix")
@pytest.mark.parametrize("leave_one_out", [True, False])
def test_thresholds_without_and_with_a_rows_own_kernel(leave_one_out):
    h = 0.6
    matrix = ConfusionDensityMatrix(h, leave_one_out=leave_one_out, share=0.25).fit(X, V, Y, C)
    own = [_by_hand(X, [j for j in range(80) if j != i or not leave_one_out], X[i], h) for i in range(80)]
    assert np.exp(matrix.ood_threshold_) == pytest.approx(min(own))
    idm = []
    for i in range(120):
        cells = [[j for j in np.flatnonzero((a == Y) & (C[i] == C)) if j != i or not leave_one_out] for a in range(3)]
        idm.append(sum(_by_hand(V, cells[a], V[i], h) for a in range(3) if a != C[i]))
    assert np.exp(matrix.idm_threshold_) == pytest.approx(np.sort(idm)[90])


def test_the_own_kernel_flags_rows_of_the_same_law():
    rng = np.random.default_rng(2)
    x, new = rng.normal(size=(300, 6)), rng.normal(size=(2000, 6))
    y = np.arange(300) % 2
    shares = [
        (ConfusionDensityMatrix(0.3, leave_one_out=loo).fit(x, x, y, y).categorise(new, [0] * 2000) == "OOD").mean()
        for loo in (True, False)
    ]
    assert shares[0] < 0.03 and shares[1] > 10 * shares[0] and shares[1] > 0.3


def test_transductive_thresholds_flag_the_share_of_the_given_rows():
    matrix = ConfusionDensityMatrix(thresholds="transductive", share=0.2).fit(X, V, Y, C)
    found = matrix.categorise(V, C)
    bnd = np.isin(found, ["Bnd", "B&I"]) | (found == "OOD")
    assert 0.15 < bnd.mean() < 0.35


def test_high_dimension_stays_finite_and_far_rows_are_outside():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(200, 400)), np.arange(200) % 2
    matrix = ConfusionDensityMatrix().fit(x[:100], x[100:], y[100:], (y[100:] + (np.arange(100) < 20)) % 2)
    far = rng.normal(size=(20, 400)) + 50
    found = matrix.scores(far, np.zeros(20, dtype=int))
    assert all(np.isfinite(part).all() for part in found)
    assert (matrix.categorise(far, np.zeros(20, dtype=int)) == "OOD").all()
    assert 0.5 < matrix.bandwidth_ < 2.1
