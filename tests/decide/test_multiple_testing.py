"""Adjustments against brute force, exhaustive permutation, and simulation of their error rates."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from ecotone.contracts import BadInput
from ecotone.decide.multiple_testing import (
    benjamini_hochberg,
    benjamini_yekutieli,
    e_benjamini_hochberg,
    e_to_p,
    fcr_level,
    holm,
    merge_evalues,
    p_to_e,
    reject,
    step_up_count,
    storey,
    weighted_bonferroni,
    westfall_young,
)


def _closed(m, local):
    """Closed testing by brute force: the largest local p-value over all sets that contain the hypothesis."""
    sets = [s for k in range(1, m + 1) for s in itertools.combinations(range(m), k)]
    return np.array([max(local(list(s)) for s in sets if j in s) for j in range(m)])


def _largest_rejected(m, rejects):
    """How many of the sorted hypotheses a step-up rule rejects, by trying every number."""
    return max([k for k in range(1, m + 1) if rejects(k)], default=0)


@pytest.mark.oracle("holm")
def test_holm_is_closed_testing_with_bonferroni():
    rng = np.random.default_rng(0)
    for _ in range(10):
        p = rng.uniform(size=7) ** 2
        assert holm(p) == pytest.approx(_closed(7, lambda s, p=p: min(1.0, len(s) * p[s].min())))


@pytest.mark.oracle("weighted_bonferroni")
def test_weighted_bonferroni_keeps_alpha_under_the_worst_dependence():
    # Bonferroni's inequality is an equality where the rejection events exclude each other
    w = np.array([0.5, 0.3, 0.15, 0.05])
    u = (np.arange(100_000) + 0.5) / 100_000
    start = np.concatenate([[0], np.cumsum(w)[:-1]]) * 0.05
    p = np.stack([(u - s) % 1 for s in start], axis=1)  # each uniform; each small in its own slice of u
    union = np.array([weighted_bonferroni(row, w).min() for row in p[::20]]) <= 0.05
    assert union.mean() == pytest.approx(0.05, abs=5e-4)
    assert weighted_bonferroni([0.01, 0.2], [1.0, 0.0]).tolist() == [0.01, 1.0]


def test_weighted_bonferroni_refuses_weights_that_spend_too_much():
    for bad in ([0.7, 0.7], [-0.1, 0.5], [1.0]):
        with pytest.raises(BadInput, match="weights"):
            weighted_bonferroni([0.1, 0.2], bad)


@pytest.mark.oracle("westfall_young")
def test_westfall_young_is_closed_testing_over_all_permutations():
    rng = np.random.default_rng(1)
    data, m = rng.standard_normal((6, 4)) + np.outer([1, 1, 1, 0, 0, 0], [2, 1, 0, 0]), 4
    first = [list(c) for c in itertools.combinations(range(6), 3)]

    def statistic(rows):
        mask = np.isin(np.arange(6), rows)
        return data[mask].mean(axis=0) - data[~mask].mean(axis=0)

    every = np.array([statistic(rows) for rows in first])  # 20 relabellings, the identity first
    observed = every[0]
    brute = _closed(m, lambda s: np.mean(every[:, s].max(axis=1) >= observed[s].max() - 1e-12))
    assert westfall_young(observed, every[1:] + 1e-12) == pytest.approx(brute)


@pytest.mark.oracle("benjamini_hochberg")
def test_benjamini_hochberg_is_the_step_up_rule_and_scipy():
    rng = np.random.default_rng(2)
    p = rng.uniform(size=25) ** 3
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))
    for q in (0.01, 0.1, 0.3):
        k = _largest_rejected(25, lambda k, q=q: np.sort(p)[k - 1] <= q * k / 25)
        assert (benjamini_hochberg(p) <= q).sum() == k


@pytest.mark.oracle("benjamini_yekutieli")
def test_benjamini_yekutieli_is_scipy():
    p = np.random.default_rng(3).uniform(size=25) ** 3
    assert benjamini_yekutieli(p) == pytest.approx(stats.false_discovery_control(p, method="by"))


@pytest.mark.oracle("storey")
def test_storey_keeps_the_fdr_and_gains_power():
    rng, fdp, ours, plain = np.random.default_rng(4), [], [], []
    for _ in range(600):
        z = rng.standard_normal(60)
        z[:30] += 2.5
        p = stats.norm.sf(z)
        named = storey(p) <= 0.1
        fdp.append(named[30:].sum() / max(named.sum(), 1))
        ours.append(named[:30].mean())
        plain.append((benjamini_hochberg(p) <= 0.1)[:30].mean())
    assert np.mean(fdp) <= 0.1 + 3 * np.std(fdp) / np.sqrt(600)
    assert np.mean(fdp) > 0.07, "half of the hypotheses are null: plain BH would stay near .05"
    assert np.mean(ours) > np.mean(plain) + 0.03


def test_storey_by_hand():
    # lambda .5: share = (1 + 1) / (4 * .5) = 1: no gain; with all small it is 1 / (4 * .5) = .5
    assert storey([0.01, 0.02, 0.03, 0.9]) == pytest.approx(benjamini_hochberg([0.01, 0.02, 0.03, 0.9]))
    assert storey([0.01, 0.02, 0.03, 0.04]) == pytest.approx([0.02, 0.02, 0.03, 0.04])


@pytest.mark.oracle("fcr_level")
def test_intervals_of_selected_parameters_cover():
    rng, naive, ours = np.random.default_rng(5), [], []
    truth = np.concatenate([np.zeros(80), np.full(20, 2.0)])
    for _ in range(800):
        z = truth + rng.standard_normal(100)
        chosen = benjamini_hochberg(2 * stats.norm.sf(np.abs(z))) <= 0.1
        for level, misses in ((0.1, naive), (fcr_level(int(chosen.sum()), 100, 0.1), ours)):
            outside = np.abs(z - truth)[chosen] > stats.norm.isf(level / 2)
            misses.append(outside.mean() if chosen.any() else 0.0)
    assert np.mean(naive) > 0.15, "unadjusted 90 % intervals of selected parameters must be seen to fail"
    assert np.mean(ours) <= 0.1


@pytest.mark.oracle("e_benjamini_hochberg")
def test_e_bh_is_its_rule_and_keeps_the_fdr_under_dependence():
    rng = np.random.default_rng(6)
    e = np.exp(rng.standard_normal(15) * 3)
    for q in (0.02, 0.1, 0.4):
        k = _largest_rejected(15, lambda k, q=q: k * np.sort(e)[::-1][k - 1] / 15 >= 1 / q)
        assert (e_benjamini_hochberg(e) <= q).sum() == k
    shared = rng.standard_normal((3000, 1))
    z = 0.9**0.5 * shared + 0.1**0.5 * rng.standard_normal((3000, 20))
    fdp = [(e_benjamini_hochberg(row) <= 0.2).any() for row in np.exp(2 * z - 2)]
    assert np.mean(fdp) <= 0.2
    assert e_benjamini_hochberg([np.inf, 0.0]).tolist() == [0.0, 1.0]


@pytest.mark.oracle("p_to_e")
def test_calibrators_are_the_stated_integrals():
    p = np.array([1e-6, 0.01, 0.3, 0.9, 0.99995])
    mixed = [integrate.quad(lambda k, v=v: k * v ** (k - 1), 0, 1)[0] for v in p]
    assert p_to_e(p) == pytest.approx(mixed, rel=1e-6)
    for kappa in (0.2, 0.7):
        total, _ = integrate.quad(lambda v, k=kappa: float(p_to_e([v], k)[0]), 0, 1)
        assert total == pytest.approx(1, rel=1e-6)
    assert p_to_e([0.0]).tolist() == [np.inf] and p_to_e([1.0]) == pytest.approx(0.5)
    with pytest.raises(BadInput, match="kappa"):
        p_to_e(p, kappa=1.5)


@pytest.mark.oracle("e_to_p")
def test_e_to_p_is_exact_for_the_two_point_evalue():
    # e = 1/a with probability a, otherwise 0: Markov's inequality is an equality
    for a in (0.01, 0.2):
        assert e_to_p([1 / a, 0.0]) == pytest.approx([a, 1.0])
    assert e_to_p([np.inf]).tolist() == [0.0]


@pytest.mark.oracle("merge_evalues")
def test_merged_evalues_have_expectation_one_exactly():
    values, probabilities = np.array([0.5, 2.0]), np.array([2 / 3, 1 / 3])  # expectation 1
    for how in ("mean", "product"):
        total = sum(
            probabilities[list(i)].prod() * merge_evalues(values[list(i)], how)
            for i in itertools.product(range(2), repeat=3)
        )
        assert total == pytest.approx(1)
    # under dependence the product fails and the mean does not
    assert sum(q * merge_evalues([v, v], "product") for v, q in zip(values, probabilities)) > 1
    assert sum(q * merge_evalues([v, v]) for v, q in zip(values, probabilities)) == pytest.approx(1)
    assert merge_evalues([4.0, 0.0], weights=[0.25, 0.75]) == 1
    for bad in ({"how": "max"}, {"weights": [0.9, 0.9]}):
        with pytest.raises(BadInput):
            merge_evalues([1.0, 2.0], **bad)
    with pytest.raises(BadInput, match="empty"):
        merge_evalues([])


@pytest.mark.parametrize("q", [0.05, 0.1, 0.2, 0.3])
def test_pvalues_on_the_line_are_rejected_whatever_was_rounded(q):
    rounded_up = 0
    for m in range(1, 61):
        for k in range(1, m + 1):
            p = np.array([q * k / m] * k + [1.0] * (m - k))
            adjusted = benjamini_hochberg(p)
            rounded_up += bool(adjusted[0] > q)
            assert reject(adjusted, q).sum() == k
            assert step_up_count(p, q, m) == step_up_count(np.log(p), q, m, logarithms=True) == k
            above = p * np.where(p < 1, 1 + 1e-9, 1)
            assert not reject(benjamini_hochberg(above), q).any()
            assert step_up_count(above, q, m) == step_up_count(np.log(above), q, m, logarithms=True) == 0
    assert rounded_up > 10, "the rule is needed"


def test_the_smallest_pvalues_alone_tell_the_number():
    p = np.sort(np.random.default_rng(5).random(200) ** 4)
    whole = int(reject(benjamini_hochberg(p), 0.1).sum())
    assert 5 < whole < 150
    assert step_up_count(p, 0.1, 200) == step_up_count(p[:150], 0.1, 200) == whole
    assert step_up_count(p[:5], 0.1, 200) == 5 and step_up_count(p[:0], 0.1, 200) == 0
    assert reject([], 0.1).size == 0
    for bad in (0, 1, np.nan):
        with pytest.raises(BadInput, match="level"):
            reject(p, bad)
