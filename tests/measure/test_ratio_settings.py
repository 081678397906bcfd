"""Settings of density ratios that are followed as they are given, and units that do not matter."""

import numpy as np
import pytest
from scipy.spatial import distance

from ecotone.measure.ratios import ULSIF, ReTaSA
from ecotone.measure.ratios._mlls import _sandwich
from ecotone.measure.ratios._retasa import _rule

RNG = np.random.default_rng(0)
X, Z = RNG.normal(size=(200, 2)), RNG.normal(0.5, 1, size=(150, 2))
Y = X.sum(1) + RNG.normal(size=200)


@pytest.mark.oracle("ReTaSA")
def test_units_of_columns_do_not_matter_and_a_bandwidth_does():
    usual = ReTaSA().fit(X, Y, Z).predict(Y)
    np.testing.assert_allclose(ReTaSA().fit(1000 * X, 1000 * Y, 1000 * Z).predict(1000 * Y), usual, rtol=1e-6)
    assert np.abs(ReTaSA(bandwidth_x=3.0).fit(X, Y, Z).predict(Y) - usual).max() > 1e-3
    ruled = ReTaSA(bandwidth_x=_rule(150, 2)).fit(X, Y, Z).predict(Y)
    np.testing.assert_allclose(ruled, usual)


@pytest.mark.oracle("ULSIF")
def test_widths_are_multiples_of_the_median_distance_of_centres():
    fitted = ULSIF().fit(X, Z)
    median = np.median(distance.pdist(fitted.centres_))
    widths = sorted({sigma / median for sigma, _ in fitted.scores_})
    assert len(widths) > 2 and any(w == pytest.approx(1.0) for w in widths)
    assert (fitted.sigma_, fitted.penalty_) == min(fitted.scores_, key=fitted.scores_.get)


@pytest.mark.oracle("MLLS")
def test_one_row_has_no_covariance():
    f, g = np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([[0.3, 0.7], [0.6, 0.4]])
    for a, b in ((f[:1], g), (f, g[:1])):
        assert np.isnan(_sandwich(a, b, np.ones(2))).all()
    assert np.isfinite(_sandwich(f, g, np.ones(2))).all()
