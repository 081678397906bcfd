"""Shapley values against games with known values and against the mean over all orders."""

from itertools import permutations

import numpy as np
import pytest

from ecotone.contracts import BadInput
from ecotone.measure import shapley_values


def _airport(costs):
    """Value of player i (costs rising): the sum of the steps up to its own, each shared by those who need it."""
    steps = np.diff(np.concatenate([[0.0], costs]))
    return np.cumsum(steps / np.arange(len(costs), 0, -1))


@pytest.mark.oracle("shapley_values")
def test_additive_game_gives_each_player_its_own_worth():
    own = np.array([3.0, -1.0, 0.0, 2.5])
    found = shapley_values(lambda s: 7.0 + sum(own[list(s)]), 4)
    np.testing.assert_allclose(found.values, own, atol=1e-12)
    assert found.evaluations == 16


@pytest.mark.oracle("shapley_values")
@pytest.mark.parametrize("left", [1, 2, 5])
def test_glove_game_with_one_right_glove(left):
    found = shapley_values(lambda s: float(left in s and len(s) > 1), left + 1)
    np.testing.assert_allclose(found.values, [1 / (left * (left + 1))] * left + [left / (left + 1)], atol=1e-12)


@pytest.mark.oracle("shapley_values")
def test_airport_game():
    costs = np.array([1.0, 4.0, 4.5, 10.0, 18.0])
    found = shapley_values(lambda s: max((costs[i] for i in s), default=0.0), 5)
    np.testing.assert_allclose(found.values, _airport(costs), rtol=1e-12)


@pytest.mark.oracle("shapley_values")
def test_equals_the_mean_over_all_orders_of_a_random_game():
    rng = np.random.default_rng(3)
    worth = {frozenset(i for i in range(5) if m >> i & 1): rng.standard_normal() for m in range(32)}
    orders = list(permutations(range(5)))
    mean = np.zeros(5)
    for order in orders:
        for k, i in enumerate(order):
            mean[i] += (worth[frozenset(order[: k + 1])] - worth[frozenset(order[:k])]) / len(orders)
    np.testing.assert_allclose(shapley_values(worth.__getitem__, 5).values, mean, atol=1e-12)


@pytest.mark.oracle("shapley_values")
def test_sampled_values_lie_within_their_errors_and_sum_exactly():
    costs = np.sort(np.random.default_rng(0).exponential(size=20))
    found = shapley_values(lambda s: max((costs[i] for i in s), default=0.0), 20, samples=2000, seed=1)
    z = (found.values - _airport(costs)) / found.standard_errors
    assert np.abs(z).max() < 4 and 0.4 < z.std() < 1.8
    assert found.values.sum() == pytest.approx(costs[-1], rel=1e-12)
    again = shapley_values(lambda s: max((costs[i] for i in s), default=0.0), 20, samples=2000, seed=1)
    np.testing.assert_array_equal(found.values, again.values)


def test_antithetic_orders_are_exact_for_pairwise_games():
    j = np.triu(np.random.default_rng(5).standard_normal((15, 15)))
    found = shapley_values(lambda s: float(j[np.ix_(sorted(s), sorted(s))].sum()), 15, samples=4)
    exact = np.diag(j) + (j.sum(0) + j.sum(1) - 2 * np.diag(j)) / 2
    np.testing.assert_allclose(found.values, exact, atol=1e-10)
    np.testing.assert_allclose(found.standard_errors, 0, atol=1e-10)


def test_several_games_at_once_and_one_player():
    found = shapley_values(lambda s: np.array([len(s), len(s) ** 2.0]), 3)
    np.testing.assert_allclose(found.values, [[1, 3]] * 3)
    assert shapley_values(lambda s: 4.0 * len(s), 1).values.tolist() == [4.0]


@pytest.mark.parametrize("bad", [{"players": 0}, {"players": 3, "samples": 5}, {"players": 3, "samples": 2}])
def test_names_bad_arguments(bad):
    with pytest.raises(BadInput, match=r"players|samples"):
        shapley_values(lambda s: 0.0, **bad)
    with pytest.raises(BadInput, match=r"coalition \[0\]"):
        shapley_values(lambda s: np.nan if s == {0} else 1.0, 2)


@pytest.mark.parametrize(("players", "samples"), [(5, None), (5, 8), (20, 6)])
def test_games_played_together_have_the_same_values(players, samples):
    weights = np.random.default_rng(3).normal(size=(players, 2))
    calls = []

    def many(inside):
        calls.append(len(inside))
        return np.tanh(inside @ weights)

    def one(team):
        return np.tanh(weights[sorted(team)].sum(0))

    ours = shapley_values(many, players, samples=samples, seed=1, together=True)
    theirs = shapley_values(one, players, samples=samples, seed=1)
    np.testing.assert_allclose(ours.values, theirs.values, atol=1e-12)
    assert ours.evaluations == theirs.evaluations == sum(calls) and len(calls) <= max(1, (samples or 2) // 2)
