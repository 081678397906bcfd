"""Rows outside: what is found and named, what is not, and what is said."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from chance import most

from ecotone.checkup import check
from ecotone.checkup.as_json import to_dict
from ecotone.checkup.rows import _row_scores
from ecotone.checkup.rows._global_test import global_test
from ecotone.checkup.rows._place import Place
from ecotone.checkup.rows._row_share import select, share_outside
from ecotone.checkup.rows._rows import rows_outside
from ecotone.contracts import BadInput
from ecotone.data import Column, Pair, Part, Table


def _table(values, name="old", kinds=None, levels=()):
    kinds = kinds or ["numeric"] * values.shape[1]
    columns = {
        f"x{j}": Column(f"x{j}", kind, values[:, j], tuple(levels) if kind == "category" else ())
        for j, kind in enumerate(kinds)
    }
    return Table(columns, len(values), (Part(name, len(values)),), np.arange(len(values)))


def _inside(n, d, rng):
    """Correlated columns, one of them skewed."""
    g = rng.standard_normal((n, d)) * 0.6 + 0.8 * rng.standard_normal((n, 1))
    g[:, 0] = np.exp(g[:, 0])
    return g


def _pair(seed, n_ref=2000, n_cur=1000, d=8, foreign=0, where=None):
    rng = np.random.default_rng(seed)
    current = _inside(n_cur, d, rng)
    if foreign:
        current[:foreign] = where(rng, foreign, d)
    return Pair(_table(_inside(n_ref, d, rng)), _table(current, "new"))


def _cluster(rng, m, d):
    return np.r_[2.0, np.tile([2.5, -2.5], d)][:d] + 0.3 * rng.standard_normal((m, d))


def _extreme(rng, m, d, by=8):
    rows = _inside(m, d, rng)
    rows[np.arange(m), 1 + rng.integers(d - 1, size=m)] += by
    return rows


@pytest.mark.parametrize("where", [_cluster, _extreme])
def test_names_foreign_rows_at_the_rate(where):
    proportions, power = [], []
    for seed in range(6):
        found = rows_outside(_pair(seed, foreign=50, where=where), alpha=0.005, seed=seed)
        assert found.raised and found.needed is None
        proportions.append((found.index >= 50).mean())
        power.append((found.index < 50).mean() * len(found.index) / 50)
        assert 0.02 < found.interval[0] <= 0.05 and found.interval[1] == 1
        assert len(found.index) / 1000 <= found.share < 0.065
    assert np.mean(proportions) < 0.1 + 2 * np.std(proportions) / np.sqrt(6)
    assert np.mean(power) > 0.9


def test_finds_a_cluster_of_typical_norm_in_many_columns():
    rng = np.random.default_rng(3)
    current = rng.standard_normal((800, 100))
    current[:40] = 0.5 * current[:40] + 0.9
    pair = Pair(_table(rng.standard_normal((2400, 100))), _table(current))
    found = rows_outside(pair, alpha=0.005)
    assert (np.isin(np.arange(40), found.index)).mean() > 0.9
    assert (found.index >= 40).mean() < 0.2


def test_level_of_the_alarm(monkeypatch):
    """P(alarm) under an unchanged law; 120 draws at level .1. The test of ranks is measured in benchmarks/levels."""
    monkeypatch.setattr(_row_scores, "_MORE", 0)  # halvings for the share alone
    pvalues = [rows_outside(_pair(1000 + s, 240, 160, 4), alpha=0.1, seed=s).global_pvalue for s in range(120)]
    assert np.sum(np.array(pvalues) <= 0.1) <= most(120, 0.1)


@pytest.mark.parametrize("units", [False, True])
def test_gate_is_exact_on_ranks_and_on_units(units):
    rng = np.random.default_rng(4)
    hits, power = [], []
    for _ in range(200):
        block = np.repeat(np.arange(60), 10)
        scores = rng.standard_normal(600) + (3 * rng.standard_normal(60)[block] if units else 0)
        label = block if units else None
        hits.append(global_test([scores, -scores], 300, label, rng) <= 0.05)
        shifted = np.where(np.arange(600) >= 450, scores - 12, scores)
        power.append(global_test([shifted, scores], 300, label, rng) <= 0.05)
    assert np.sum(hits) <= most(200, 0.05)  # measured in benchmarks/levels, global_test
    assert np.mean(power) > 0.9


def test_gate_allows_for_ties_and_many_units():
    rng = np.random.default_rng(5)
    assert global_test([np.zeros(500)], 200, None, rng) > 0.01
    assert global_test([rng.standard_normal(12000)], 6000, np.arange(12000), rng) > 0.001
    assert global_test([np.r_[np.ones(6000), np.zeros(6000)]], 6000, np.arange(12000), rng) < 1e-6
    assert global_test([np.zeros(5)], 5, None, rng) == 1.0


def _seeds(pair, seeds=4):
    return [rows_outside(pair, alpha=0.005, seed=seed) for seed in range(seeds)]


def test_share_does_not_hang_on_the_seed():
    rng = np.random.default_rng(0)
    shifted = Pair(_table(rng.normal(0, 1, (3000, 2))), _table(rng.normal([0.8, 0], 1, (3000, 2))))
    tight = rng.standard_normal((1000, 10))
    tight[:190] = 0.6 + 0.3 * tight[:190]  # each row nearer to the centre than most
    hidden = Pair(_table(rng.standard_normal((1000, 10))), _table(tight))
    for pair, truth in ((shifted, 1.0), (hidden, 0.19)):
        found = _seeds(pair)
        shares = [f.share for f in found]
        assert max(shares) - min(shares) <= 0.01
        assert all(0 < f.interval[0] <= min(truth, f.share) and len(f.index) / pair.current.n <= f.share for f in found)
    assert 0.18 < np.mean(shares) < 0.21


@pytest.mark.parametrize("n", [300, 2000])
def test_share_is_about_nothing_where_nothing_changed(n):
    for seed in range(4):
        found = rows_outside(_pair(seed, n, n), alpha=0.005, seed=seed)
        assert found.share < 0.6 / n**0.5 and found.interval == (0.0, 1.0) and not found.raised


def test_a_few_rows_named_are_in_share_and_bound():
    pair = _pair(4, 6000, 2000, foreign=14, where=partial(_extreme, by=20))
    found = rows_outside(pair, alpha=0.005)
    assert 10 <= len(found.index) <= 18
    assert found.share >= len(found.index) / 2000 and 0 < found.interval[0] <= 14 / 2000
    assert found.share_said.startswith(f"{100 * found.share:.2g} % of the current rows (at least ")


def test_bound_covers_and_is_of_use():
    """Scores of known laws: 300 calibration and current rows, 6 % of them low; one bound in twenty may miss."""
    rng = np.random.default_rng(0)
    lows = []
    for _ in range(200):
        draws = [(rng.standard_normal(300), np.r_[np.full(18, -9.0), rng.standard_normal(282)]) for _ in range(2)]
        lows.append(share_outside([[d] for d in draws]).least)
    assert np.mean(np.array(lows) > 0.06) <= 0.05 and np.mean(lows) > 0.01
    units = share_outside([[d] for d in draws], units=(60, 30)).least
    assert units < lows[-1]
    tied = share_outside([[(np.zeros(500), np.zeros(500))]])
    assert tied.value == tied.least == 0


def test_select_is_a_part_of_benjamini_hochberg():
    p = np.array([0.01, 0.01, 0.03, 0.04, 0.9, 1.0])
    scores = np.array([2.0, 1.0, 3.0, 4.0, 5.0, 6.0])
    assert select(p, scores, 0.1, 6).tolist() == [0, 1, 2, 3]
    assert select(p, scores, 0.1, 1).tolist() == [1] and select(p, scores, 0.1, 0).tolist() == []
    assert select(p, scores, 0.03, 2).tolist() == [0, 1] and select(p, scores, 0.03, 1).tolist() == []


def test_nothing_foreign_names_nothing_and_says_what_it_needs():
    found = rows_outside(_pair(7, 200, 100), alpha=0.005)
    assert not found.raised and not len(found.index) and found.share < 0.03 and found.interval[0] == 0
    assert found.n_calibration == 100 and 399 <= found.needed < 1000  # 399: what naming alone takes
    assert f"Naming 5 of 100 rows takes {found.needed} calibration rows" in found.statement
    enough = rows_outside(_pair(7, 2 * found.needed, 100), alpha=0.005)
    assert enough.needed is None and enough.n_calibration == found.needed
    assert (found.pvalues > 0).all() and found.pvalues.shape == (100,)


def test_reasons_name_the_column_and_value():
    pair = _pair(8)
    values = pair.current["x3"].values.copy()
    values[:30] = 1000 * (2 + np.arange(30))
    pair = replace(
        pair, current=replace(pair.current, columns={**pair.current.columns, "x3": Column("x3", "numeric", values)})
    )
    found = rows_outside(pair, alpha=0.005)
    assert set(range(30)) <= set(found.index.tolist())
    for reason in [r for r in found.reasons if r.row < 30]:
        assert reason.file == "new"
        assert reason.columns[0].column == "x3"
        assert reason.columns[0].value == 1000 * (2 + reason.row)
    assert found.places[0] == Place("new", 0)


def test_result_is_json_ready_and_repeatable():
    pair = _pair(9, foreign=60, where=_cluster)
    a, b = (rows_outside(pair, alpha=0.005, seed=5) for _ in range(2))
    text = json.dumps(to_dict(a) | {"seconds": 0}, allow_nan=False)
    assert text == json.dumps(to_dict(b) | {"seconds": 0})
    json.dumps(a.map, allow_nan=False)
    assert 0 < len(a.map["outside"]) <= 400
    assert sum(len(points) for points in a.map.values()) <= 2000
    assert len(to_dict(a)["index"]) == len(a.index)


def test_a_shift_of_the_whole_table_is_said():
    rng = np.random.default_rng(10)
    found = rows_outside(Pair(_table(_inside(3000, 6, rng)), _table(_inside(500, 6, rng) + 9)), alpha=0.005)
    assert found.share > 0.9 and len(found.index) > 450 and len(found.reasons) == 200
    assert "read the share" in found.statement


def test_units_stay_together_and_are_said(monkeypatch):
    monkeypatch.setattr(_row_scores, "_MORE", 0)
    rng = np.random.default_rng(11)
    alarms = 0
    for seed in range(30):
        unit = np.repeat(np.arange(60), 10), np.repeat(np.arange(40), 10)
        tables = [_table(2 * rng.standard_normal((u.max() + 1, 4))[u] + rng.standard_normal((len(u), 4))) for u in unit]
        found = rows_outside(replace(Pair(*tables), units=unit), alpha=0.1, seed=seed)
        alarms += found.raised
        assert found.n_calibration == 300
        assert "one unit" in found.statement
    assert alarms <= most(30, 0.1)  # rows taken as independent alarm in most; measured in benchmarks/levels


def test_mixed_columns_missing_values_and_levels():
    rng = np.random.default_rng(12)

    def draw(n):
        values = rng.standard_normal((n, 4))
        values[:, 1] = np.floor(np.exp(values[:, 1]))
        values[:, 2] = rng.choice(3, n, p=[0.7, 0.25, 0.05])
        values[rng.random(n) < 0.1, 0] = np.nan
        return values

    kinds = ["numeric", "count", "category", "numeric"]
    current = draw(800)
    current[:40, 2] = 3  # a level never seen
    current[:40, 3] = np.nan  # a column that never misses
    tables = [_table(v, kinds=kinds, levels="abcd") for v in (draw(2400), current)]
    found = rows_outside(Pair(*tables), alpha=0.005)
    assert np.isin(np.arange(40), found.index).mean() > 0.9
    first = next(r for r in found.reasons if r.row < 40).columns
    assert {c.column: c.value for c in first[:2]} == {"x2": "d", "x3": None}


@pytest.mark.parametrize("shape", [(3, 5), (25, 1), (500, 1)])
def test_small_tables(shape):
    rng = np.random.default_rng(13)
    n, m = shape
    found = rows_outside(Pair(_table(rng.standard_normal((n, 30))), _table(rng.standard_normal((m, 30)))), alpha=0.005)
    assert found.pvalues.shape == (m,) and not found.raised and found.needed


def test_tables_without_a_column_to_score():
    ids = Table({"id": Column("id", "id", np.arange(50.0))}, 50, (Part("f", 50),), np.arange(50))
    found = rows_outside(Pair(ids, ids), alpha=0.005)
    assert found.global_pvalue == 1 and "no column" in found.statement
    assert found.share is None and found.interval == (None, None)
    found = rows_outside(Pair(_table(np.full((50, 2), np.nan)), _table(np.full((50, 2), np.nan))), alpha=0.005)
    assert not found.raised


def test_names_a_bad_level():
    with pytest.raises(BadInput, match="alpha"):
        rows_outside(_pair(0, 50, 50), alpha=0)


def test_a_unit_that_holds_most_rows_may_leave_a_later_half_empty(monkeypatch):
    empty = np.empty(0, np.int64)
    monkeypatch.setattr(_row_scores, "halves", lambda pair, most, rng: (np.arange(pair.reference.n), empty))
    rng = np.random.default_rng(0)
    table = {"x": rng.normal(size=60), "k": rng.choice(["a", "b", "c"], 60)}
    assert check(table, table).content["rows"] is not None
