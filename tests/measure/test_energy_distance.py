"""Energy distance against its closed form for two normal laws and scipy's one-dimensional version."""

import numpy as np
import pytest
from scipy import integrate, stats

from ecotone.contracts import BadInput
from ecotone.measure.distances import energy_distance


@pytest.mark.oracle("energy_distance")
def test_equals_scipy_in_one_dimension():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(300), rng.standard_normal(200) + 0.5
    assert energy_distance(x[:, None], y[:, None]) == pytest.approx(stats.energy_distance(x, y) ** 2, rel=1e-9)


@pytest.mark.oracle("energy_distance")
def test_is_twice_the_squared_distance_of_the_distribution_functions():
    gap, _ = integrate.quad(lambda t: (stats.norm.cdf(t) - stats.norm.cdf(t - 1)) ** 2, -9, 10)
    n = 4000  # exact quantiles, so that only the grid's error is left
    q = stats.norm.ppf((np.arange(n) + 0.5) / n)[:, None]
    assert energy_distance(q, q + 1) == pytest.approx(2 * gap, rel=2e-3)


def test_names_unequal_columns():
    with pytest.raises(BadInput, match="2 columns and y has 3"):
        energy_distance(np.zeros((4, 2)), np.zeros((4, 3)))
