"""The plan of rows to label against Neyman's allocation, and its interval against many draws."""

import numpy as np
import pytest

from ecotone.decide.actions import rows_to_label


@pytest.mark.oracle("rows_to_label")
def test_the_promised_half_width_is_the_spread_of_the_weighted_mean():
    rng = np.random.default_rng(0)
    correct = rng.uniform(0.5, 0.99, 20_000)
    right = rng.random(20_000) < correct
    gaps = []
    for seed in range(400):
        plan = rows_to_label(correct, half_width=0.03, level=0.9, seed=seed)
        gaps.append(plan.weight @ right[plan.rows] / 20_000 - right.mean())
    covered = np.mean(np.abs(gaps) <= plan.half_width)
    assert 0.86 <= covered <= 0.96  # .90 and three standard errors; the 0.2 floor makes it a little wide
    assert abs(np.mean(gaps)) < 3 * np.std(gaps) / 20


@pytest.mark.oracle("rows_to_label")
def test_no_split_of_as_many_labels_has_a_smaller_error():
    correct = np.repeat([0.55, 0.7, 0.9], 4000)
    plan = rows_to_label(correct, half_width=0.02, strata=3)
    sizes = np.bincount(plan.rows // 4000, minlength=3)
    spread = np.sqrt(np.array([0.55 * 0.45, 0.7 * 0.3, 0.9 * 0.1]))

    def error(m):
        return np.sum((spread / 3) ** 2 * (1 - m / 4000) / m)

    best = min(
        error(np.array([a, b, sizes.sum() - a - b]))
        for a in range(50, sizes.sum() - 100, 20)
        for b in range(50, sizes.sum() - a - 50, 20)
    )
    # Neyman's allocation is optimal without the finite-population term, which is small here
    assert error(sizes) <= best * 1.01


def test_more_labels_than_rows_means_all_rows():
    plan = rows_to_label(np.full(50, 0.7), half_width=0.01)
    assert sorted(plan.rows) == list(range(50))
    assert plan.half_width == 0
