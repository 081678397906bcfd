"""Cells of ranks and the e-detectors on them."""

import numpy as np
import pytest
from scipy import stats

from ecotone.contracts import BadInput
from ecotone.decide.sequential import (
    CellTable,
    EDetectors,
    PairBlocks,
    RankCells,
    column_bets,
    level_bets,
    pair_bets,
    thresholds,
    uniform_draws,
)

QUANTILES = (0.1, 0.3, 0.7, 0.9)


def below(cuts, value):
    return sum(cut < value for cut in cuts)


def test_cells_are_counted_bounds_with_ties():
    rng = np.random.default_rng(0)
    x, u = rng.poisson(2, (300, 3)).astype(float), rng.random((300, 3))
    y, v = rng.poisson(2, (150, 3)).astype(float), rng.random((150, 3))
    y[0], y[1] = np.inf, -np.inf
    table = CellTable.of(x, u)
    cells, blocks = table.find(y, v)
    for j in range(3):
        ranked = sorted(zip(x[:, j], u[:, j]))
        cuts = [ranked[r - 1] for r in RankCells.of(300).cuts]
        assert [below(cuts, (a, b)) for a, b in zip(y[:, j], v[:, j])] == cells[:, j].tolist()
    for k, (i, j) in enumerate(table.pairs):
        order = sorted(range(300), key=lambda r: (x[r, i], u[r, i]))
        ends = [0, *(round(301 * q) for q in QUANTILES), 301]
        for r in range(150):
            s = below([(x[order[e - 1], i], u[order[e - 1], i]) for e in ends[1:-1]], (y[r, i], v[r, i]))
            inside = sorted((x[q, j], u[q, j]) for q in order[ends[s] : ends[s + 1] - 1])
            cuts = [inside[round((ends[s + 1] - ends[s]) * q) - 1] for q in QUANTILES]
            assert blocks[r, k] == 5 * s + below(cuts, (y[r, j], v[r, j]))


def test_a_new_row_falls_into_a_block_with_the_stated_probability_under_dependence():
    rng = np.random.default_rng(1)
    found = np.zeros(25)
    for _ in range(1500):
        x = rng.normal(size=(104, 2)) @ np.array([[1.0, 0.9], [0.0, 0.45]])
        table = CellTable.of(x[:99], rng.random((99, 2)))
        found += np.bincount(table.find(x[99:], rng.random((5, 2)))[1][:, 0], minlength=25)
    share = table.pair_gaps[0] / 100
    assert table.pair_gaps.sum() == 100
    z = (found - found.sum() * share) / np.sqrt(found.sum() * share)
    assert abs(z).max() < stats.norm.isf(1e-4 / 50)  # five rows share a reference, which widens it a little


@pytest.mark.oracle("EDetectors")
@pytest.mark.parametrize("ever", [False, True])
def test_evidence_is_the_plain_recursion_however_the_rows_are_cut(ever):
    rng = np.random.default_rng(2)
    gaps, bets = RankCells.of(199).gaps, column_bets()
    cells = np.where(np.arange(900) < 450, rng.integers(0, 20, 900), rng.integers(5, 20, 900))
    one = EDetectors(gaps[None], bets, np.array([40.0 if ever else 300.0]), ever)
    alarms = [*one.update(cells[:1, None]), *one.update(cells[1:500, None]), *one.update(cells[500:, None])]
    counts, r, expected = np.zeros(20), np.zeros(len(bets.weights)), []
    for t, c in enumerate(cells, 1):
        pi = (gaps + counts) / (199 + t)
        e = bets.ratios[:, c] / (bets.ratios @ pi)
        r = (r + (1 / (t * (t + 1)) if ever else 1.0)) * e
        counts[c] += 1
        if r @ bets.weights >= one.thresholds[0]:
            expected.append((t - 1, 0))
            r = np.zeros_like(r)
    assert len(expected) >= (1 if ever else 2) and alarms == expected
    np.testing.assert_allclose(one.evidence[0], r, rtol=1e-9)
    np.testing.assert_array_equal(one.counts[0], counts)


@pytest.mark.parametrize("bets", [column_bets(), level_bets(), pair_bets()])
def test_each_bet_has_mean_one_given_the_past(bets):
    m = bets.ratios.shape[1]
    assert bets.weights.sum() == pytest.approx(1) and (bets.ratios > 0).all()
    past = np.random.default_rng(3).integers(0, m, (40, 1))
    gaps = np.full((1, m), 8)
    mean = np.zeros(len(bets.weights))
    for c in range(m):
        here = EDetectors(gaps, bets, np.array([np.inf]))
        here.update(past)
        before = here.evidence[0].copy()
        here.update(np.array([[c]]))
        share = (8 + (past == c).sum()) / (8 * m + 40)
        mean += share * here.evidence[0] / (before + 1)
    np.testing.assert_allclose(mean, 1, rtol=1e-9)


def test_a_fixed_reference_would_alarm_falsely_and_this_does_not():
    rng = np.random.default_rng(4)
    bets, ours, naive = column_bets(), 0, 0
    for _ in range(60):
        x = rng.normal(size=(4100, 1))
        table = CellTable.of(x[:100], rng.random((100, 1)))
        cells = table.find(x[100:], rng.random((4000, 1)))[0]
        one = EDetectors(table.column_gaps, bets, thresholds(np.ones(1), ever=0.05), ever=True)
        ours += bool(one.update(cells))
        share = table.column_gaps[0] / 101
        log = np.cumsum(np.log(bets.ratios[:, cells[:, 0]] / (bets.ratios @ share)[:, None]), axis=1)
        naive += bool((bets.weights @ np.exp(log)).max() >= 20)  # a martingale, were the reference the truth
    assert ours <= stats.binom.ppf(0.999, 60, 0.05)
    assert naive > 20  # of 60: a fixed sample teaches a monitor its own error


def test_thresholds_and_bad_input():
    assert thresholds(np.array([0.25, 0.75]), ever=0.1).tolist() == pytest.approx([40, 40 / 3])
    for given in ({}, {"arl": 10, "ever": 0.1}, {"arl": 0.5}, {"ever": 1.0}):
        with pytest.raises(BadInput):
            thresholds(np.ones(1), **given)
    with pytest.raises(BadInput, match="98 rows"):
        CellTable.of(np.zeros((98, 1)), np.zeros((98, 1)))
    with pytest.raises(BadInput, match="2 detectors"):
        EDetectors(np.ones((2, 20)), column_bets(), np.ones(1))


def test_draws_belong_to_rows():
    rows = np.arange(50_000)
    u = uniform_draws(3, 1, rows)
    np.testing.assert_array_equal(u[777:790], uniform_draws(3, 1, rows[777:790]))
    assert stats.kstest(u, "uniform").pvalue > 1e-3 and (u > 0).all() and (u < 1).all()
    for other in (uniform_draws(3, 2, rows), uniform_draws(4, 1, rows), uniform_draws(3, 1, rows + 1)):
        assert abs(np.corrcoef(u, other)[0, 1]) < 0.02


def test_blocks_need_distinct_ranks_only():
    ranks = np.random.default_rng(5).permutation(199) + 1
    blocks = PairBlocks.of(np.arange(199), ranks)
    assert blocks.gaps.sum() == 200 and blocks.second.shape == (5, 4) and (blocks.gaps >= 1).all()
