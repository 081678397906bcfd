"""The families against closed forms, exhaustive relabelling and independent implementations, and their traps."""

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from chance import most
from scenario_tables import mixed_pair, numeric_pair, numeric_table
from scipy import stats
from sklearn.metrics import roc_auc_score

from ecotone.compare.two_sample import (
    coverage_test,
    marginal_test,
    pairwise_test,
    population_stability_index,
    table_energy_test,
    threeway_test,
    trees_test,
)
from ecotone.compare.two_sample._hypergeometric import log_hypergeometric
from ecotone.compare.two_sample._marginal_scores import column_scores
from ecotone.compare.two_sample._material import effects
from ecotone.compare.two_sample._minp import permuted_min
from ecotone.compare.two_sample._pairwise_test import pairs
from ecotone.compare.two_sample._permutation_pvalues import sequential_pvalue
from ecotone.compare.two_sample._products import pair_moments, sample
from ecotone.compare.two_sample._scored_column import encode
from ecotone.compare.two_sample._scores import Design
from ecotone.compare.two_sample._threeway_test import _by_matrix_products, _one_score_each, triples
from ecotone.compare.two_sample._trees import _step
from ecotone.data import Column, Pair, Table
from ecotone.measure.distances import energy_distance


def _two(kind, x, y, levels=()):
    return Pair(*(Table({"a": Column("a", kind, np.asarray(v, float), levels)}, len(v)) for v in (x, y)))


@pytest.mark.oracle("marginal_test")
def test_margins_agree_with_exhaustive_relabelling():
    x, y = np.array([1.0, 4, 2, 8, 5]), np.array([9.0, 7, 11, 6, 10])
    design = Design(_two("numeric", x, y))
    score = stats.norm.ppf((stats.rankdata(np.concatenate([x, y])) - 0.5) / 10)
    gaps = np.array([abs(score[list(c)].sum()) for c in combinations(range(10), 5)])
    every = np.array([[i in c for i in range(10)] for c in combinations(range(10), 5)], np.float32)
    p = permuted_min(score[:, None], (5, 5), np.ones(1), [every])
    seen = abs(score[5:].sum())
    hits = np.flatnonzero(gaps >= seen - 1e-9)
    exact = len(hits) / 252
    assert len(hits) < 20 and p == pytest.approx((1 + len(hits)) / 253)
    assert marginal_test(_two("numeric", x, y)).pvalue == pytest.approx(exact, abs=0.05)
    del design


@pytest.mark.oracle("marginal_test")
def test_rank_z_is_the_normal_scores_test_and_indicators_are_exact():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=80), rng.normal(size=60) + 0.3
    _, z, _, what = column_scores(Design(_two("numeric", x, y)))
    a = stats.norm.ppf((stats.rankdata(np.concatenate([x, y])) - 0.5) / 140)
    expected = a[80:].sum() / math.sqrt((a @ a) * 80 * 60 / (140 * 139))
    assert z[what.index("normal")] == pytest.approx(expected)
    table = stats.hypergeom(200, 17, 60)
    for hits in (0, 3, 9, 17):
        two_sided = min(1, 2 * min(table.cdf(hits), table.sf(hits - 1)))
        assert math.exp(log_hypergeometric(hits, 17, 60, 200)) == pytest.approx(two_sided, rel=1e-6)


@pytest.mark.oracle("coverage_test")
def test_support_of_a_rare_level_is_fishers_test():
    x, y = np.zeros(300), np.zeros(300)
    y[:12] = 1
    found = coverage_test(_two("category", x, y, ("common", "new")))
    assert found.pvalue == pytest.approx(stats.fisher_exact([[300, 288], [0, 12]])[1], rel=1e-6)


@pytest.mark.oracle("pairwise_test")
def test_pair_contrast_equals_the_product_difference():
    pair = numeric_pair(400, 2, 3, lambda z: z.__setitem__((slice(None), 1), z[:, 0] + z[:, 1]))
    design = Design(pair)
    both = np.concatenate([[c.values for c in t] for t in (pair.reference, pair.current)], axis=1)
    u = (stats.rankdata(both, axis=1) - 0.5) / 800
    product = np.prod(math.sqrt(12) * (u - 0.5), axis=0)
    z = (product[400:].mean() - product[:400].mean()) / (product.std() * math.sqrt(2 / 400))
    s = sample(design, frozenset({"L1"}), 10**6, 1)
    from ecotone.compare.two_sample._pairwise_test import _all_z

    moments = (pair_moments(s.x[:400]), pair_moments(s.x[400:]))
    assert _all_z(s, np.array([0]), np.array([1]), moments)[0] == pytest.approx(z, rel=2e-3)
    assert pairs(design).details["pairs"][0][:2] == ["v0", "v1"]


@pytest.mark.oracle("threeway_test")
def test_triples_by_matrix_products_equal_the_products_themselves():
    pair = numeric_pair(500, 5, 4, lambda z: z.__setitem__((slice(None), 4), abs(z[:, 4]) * np.sign(z[:, 1] * z[:, 2])))
    design = Design(pair)
    direct = triples(design)
    fast = _by_matrix_products(design, _one_score_each(sample(design, frozenset({"L1", "level"}), 10**6, 2)))
    assert direct.details == fast.details == {"columns": ["v1", "v2", "v4"]}
    assert 0.9 * direct.statistic < fast.statistic <= direct.statistic, "its variance keeps the square of the mean"
    assert threeway_test(pair).pvalue < 0.002 < 0.05 < pairwise_test(pair).pvalue


@pytest.mark.oracle("table_energy_test")
def test_energy_statistic_is_the_energy_distance_of_the_scores():
    pair = numeric_pair(120, 3, 5, lambda z: np.add(z, 0.3, out=z))
    both = np.concatenate([[c.values for c in t] for t in (pair.reference, pair.current)], axis=1)
    s = stats.norm.ppf((stats.rankdata(both, axis=1) - 0.5) / 240)
    s /= s.std(1, keepdims=True)
    assert table_energy_test(pair).statistic == pytest.approx(energy_distance(s[:, :120].T, s[:, 120:].T), rel=1e-3)


@pytest.mark.oracle("trees_test")
def test_held_out_step_is_mann_whitney_and_delong():
    rng = np.random.default_rng(1)
    score, label = np.round(rng.normal(size=200), 1), rng.random(200) < 0.4
    step = _step(score, label, 1.0)
    p = stats.mannwhitneyu(
        score[label], score[~label], alternative="greater", method="asymptotic", use_continuity=False
    )
    assert stats.norm.sf(step.z) == pytest.approx(p.pvalue, rel=0.02)
    assert step.auc == pytest.approx(roc_auc_score(label, score))


def test_sequential_pvalue_stops_and_counts():
    assert sequential_pvalue([np.zeros(100, bool)] * 10) == 1 / 1001
    assert sequential_pvalue([np.ones(100, bool)]) == 1
    one_in_four = np.arange(100) % 4 == 3
    assert sequential_pvalue([one_in_four] * 10) == pytest.approx(0.25)


def test_codes_do_not_tell_the_table():
    # Levels come in the reference's order, new ones last: a code that keeps it would leak the label to the trees.
    rng = np.random.default_rng(2)
    x, y = rng.integers(0, 30, 200), rng.integers(20, 50, 200)
    levels = tuple(f"l{k}" for k in range(50))
    forward = encode("a", "category", np.concatenate([x, y]).astype(float), 200, levels)
    mirrored = encode("a", "category", 49.0 - np.concatenate([x, y]), 200, levels[::-1])
    assert (forward.codes == mirrored.codes).all() and forward.levels == mirrored.levels


def test_degree_stays_below_the_number_of_values_and_constants_have_no_score():
    values = np.tile([0.0, 1.0, 1.0], 40)
    assert encode("a", "count", values, 60).what == ("L1", "normal")
    assert encode("a", "numeric", np.full(100, 3.0), 50).what == ()
    assert encode("a", "numeric", np.full(100, np.nan), 50).what == ()
    rare = np.where(np.arange(1000) < 6, 1.0, np.where(np.arange(1000) < 9, 2.0, 0.0))
    assert encode("a", "category", rare, 500, ("a", "b", "c")).what == ("level:a",)
    ids = encode("a", "category", np.arange(1000) % 300 * 1.0, 500, tuple(map(str, range(300))))
    assert ids.what == (), "high cardinality: no indicators"


def test_missing_values_are_tested_by_margins_and_pairs():
    def without(table, rows):
        column = table["v1"]
        values = np.where(rows, np.nan, column.values)
        return replace(table, columns={**table.columns, "v1": replace(column, values=values)})

    pair, rng = numeric_pair(800, 3, 6), np.random.default_rng(6)
    more = replace(pair, current=without(pair.current, rng.random(800) < 0.05))
    assert marginal_test(more).pvalue <= 0.01
    upper = replace(
        pair,
        reference=without(pair.reference, rng.random(800) < 0.1),
        current=without(pair.current, (rng.random(800) < 0.2) & (pair.current["v0"].values > 0)),
    )
    assert marginal_test(upper).pvalue > 0.01 >= pairwise_test(upper).pvalue


def test_unit_error_is_seen_by_support_alone():
    pair = numeric_pair(1000, 3, 7, lambda z: z.__setitem__((slice(0, 25), 0), z[:25, 0] * 1000))
    assert coverage_test(pair).pvalue <= 0.01 < marginal_test(pair).pvalue


def test_trees_are_not_fooled_by_copies_that_are_units():
    alarms = {"rows": 0, "units": 0}
    for seed in range(12):
        rng = np.random.default_rng([seed, 8])
        x, y = rng.standard_normal((300, 3)), np.repeat(rng.standard_normal((75, 3)), 4, axis=0)
        pair = Pair(numeric_table(x), numeric_table(y))
        alarms["rows"] += trees_test(pair, seed=seed).pvalue <= 0.05
        units = (np.arange(300), np.repeat(np.arange(75), 4))
        alarms["units"] += trees_test(replace(pair, units=units), seed=seed).pvalue <= 0.05
    assert alarms["rows"] >= 6 and alarms["units"] <= most(12, 0.05)  # units: benchmarks/levels


def test_rank_effect_is_delongs():
    rng = np.random.default_rng(9)
    x, y = np.round(rng.normal(size=70), 1), np.round(rng.normal(size=90) + 0.4, 1)
    auc, spread, repeated = effects(Design(_two("numeric", x, y)), Design(_two("numeric", x, y)).columns[0])
    label = np.repeat([0, 1], [70, 90])
    assert auc.value == pytest.approx(roc_auc_score(label, np.concatenate([x, y])) - 0.5)
    more, equal = y[:, None] > x[None, :], y[:, None] == x[None, :]
    win = more + equal / 2
    expected = win.mean(1).var(ddof=1) / 90 + win.mean(0).var(ddof=1) / 70
    assert auc.se == pytest.approx(math.sqrt(expected))
    assert spread.kind == "spread" and repeated.kind not in ("auc", "spread"), "values that repeat are levels, too"


def test_spread_effect_has_the_right_standard_error():
    rng = np.random.default_rng(10)
    found = []
    for _ in range(300):
        design = Design(_two("numeric", rng.normal(size=200), 1.5 * rng.normal(size=150)))
        found.append(effects(design, design.columns[0])[1])
    spread = np.std([e.value for e in found], ddof=1)
    assert np.mean([e.se for e in found]) == pytest.approx(spread, rel=0.12)


def test_psi_by_hand():
    column = encode("a", "category", np.array([0.0] * 60 + [1.0] * 40 + [0.0] * 40 + [1.0] * 60), 100, ("a", "b"))
    assert population_stability_index(column) == pytest.approx(2 * 0.2 * math.log(1.5))


def test_bins_replace_sorting_on_many_rows():
    rng = np.random.default_rng(11)
    values = rng.normal(size=120_000)
    column = encode("a", "numeric", values, 60_000)
    assert 900 <= column.size <= 1024
    u = (stats.rankdata(values) - 0.5) / len(values)
    exact = math.sqrt(12) * (u - 0.5)
    assert np.abs(column.lut[column.codes, column.what.index("L1")] - exact).max() < 0.05


def test_mixed_null_has_no_nan():
    design = Design(mixed_pair(200, 6, 12))
    logp, z, *_ = column_scores(design)
    assert np.isfinite(logp).all() and np.isfinite(z).all() and (logp <= 0).all()
