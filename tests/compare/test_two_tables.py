"""The verdict: level, power, the minimum effect, columns behind the gate, dependence between rows."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from chance import most
from scenario_tables import chain, grouped, mixed_pair, numeric_pair, numeric_table

from ecotone.compare.two_sample import dependence, two_tables
from ecotone.compare.two_sample._columns import selected
from ecotone.compare.two_sample._two_tables import FAMILIES
from ecotone.contracts import BadInput
from ecotone.data import Column, Pair, Table


def _shift(by):
    def shift(z):
        z[:, 0] += by

    return shift


def test_shares_are_fixed_and_sum_to_one():
    assert math.fsum(share for share, _ in FAMILIES.values()) == pytest.approx(1)
    found = two_tables(numeric_pair(100, 2, 0))
    assert {f.name: f.share for f in found.families} == {name: share for name, (share, _) in FAMILIES.items()}
    assert found.pvalue == pytest.approx(min(1, *(f.pvalue / f.share for f in found.families)))


def test_level_and_gate():
    verdicts = [two_tables(mixed_pair(100, 4, k), alpha=0.1, seed=k) for k in range(60)]
    assert sum(v.changed for v in verdicts) <= most(60, 0.1)  # measured in benchmarks/two_tables, cells null_*
    for v in verdicts:
        if not v.changed:
            assert not v.material and not any(c.changed or c.material for c in v.columns)
        assert {c.name for c in v.columns} == {"v0", "v1", "v2", "v3", "same", "few"}
    constant = next(c for c in verdicts[0].columns if c.name == "same")
    assert math.isnan(constant.pvalue) and not constant.changed


def test_names_the_column_and_measures_it():
    found = two_tables(numeric_pair(600, 4, 1, _shift(0.5)), seed=1)
    assert found.changed and found.material
    moved = [c for c in found.columns if c.changed]
    assert [c.name for c in moved] == ["v0"] and moved[0].effect_name == "auc" and moved[0].material
    low, high = moved[0].interval
    assert low < 0.138 < high, "P(X < Y) - 1/2 of a shift by half a standard deviation"
    assert moved[0].psi > 0.1


def test_same_seed_same_answer_and_json():
    pair = mixed_pair(150, 4, 2, _shift(0.6))
    a, b = (asdict(replace(two_tables(pair, seed=5), seconds={})) for _ in "ab")
    assert json.dumps(a) == json.dumps(b)


@pytest.mark.parametrize("times, low, high", [(1.0, 0.0, 0.25), (2.2, 0.85, 1.0)])
def test_minimum_effect(times, low, high):
    # 0.0709 standard deviations are P(X < Y) = 0.52: exactly the minimum.
    verdicts = [two_tables(numeric_pair(8000, 3, k, _shift(0.0709 * times)), seed=k) for k in range(8)]
    assert np.mean([v.changed for v in verdicts]) > 0.8
    assert low <= np.mean([v.material for v in verdicts]) <= high


def test_smallest_detectable_shrinks_with_rows():
    small, large = (two_tables(mixed_pair(n, 3, 3)).smallest_detectable for n in (100, 1600))
    assert set(small) >= {"auc", "spread", "level", "pairs"}
    assert all(0.02 < large[k] < small[k] for k in ("auc", "spread", "pairs"))


def test_intervals_of_selected_columns_cover():
    missed = chosen = 0
    for k in range(40):
        found = two_tables(numeric_pair(300, 8, k, _shift(0.25)), seed=k)
        for c in found.columns:
            if c.changed and c.effect_name == "auc":
                truth = 0.0702 if c.name == "v0" else 0.0
                chosen, missed = chosen + 1, missed + (not c.interval[0] <= truth <= c.interval[1])
    assert chosen > 15 and missed / chosen <= 0.25


def test_total_variation_interval_and_missing_rate():
    rng = np.random.default_rng(4)
    levels = ("a", "b", "c", "d")
    x, y = (rng.choice(4, 1500, p=p) * 1.0 for p in ([0.4, 0.3, 0.2, 0.1], [0.2, 0.3, 0.2, 0.3]))
    v, w = rng.normal(size=(2, 1500))
    w[rng.random(1500) < 0.1] = np.nan
    pair = Pair(
        *(
            Table({"c": Column("c", "category", c, levels), "v": Column("v", "numeric", n)}, 1500)
            for c, n in ((x, v), (y, w))
        )
    )
    by_name = {c.name: c for c in two_tables(pair).columns}
    assert by_name["c"].effect_name == "total variation" and by_name["c"].interval[0] <= 0.2 <= by_name["c"].interval[1]
    assert by_name["v"].effect_name == "missing" and by_name["v"].effect == pytest.approx(0.1, abs=0.03)


def test_huge_difference_keeps_its_logarithm():
    found = two_tables(numeric_pair(6000, 2, 5, _shift(3.0)))
    assert found.pvalue == 1e-300 and found.log10_pvalue < -500


def test_benjamini_hochberg():
    p = np.array([0.001, 0.04, 0.03, 0.9, 0.011])
    assert selected(np.log(p), 0.05).tolist() == [True, True, True, False, True]
    assert selected(np.log(np.array([0.01, 0.02, 0.03, 0.04])), 0.04).all()
    assert not selected(np.log(np.array([0.03, 0.5])), 0.05).any()


@pytest.mark.parametrize(
    "words, match", [({"alpha": 0}, "alpha"), ({"fdr": 1}, "fdr"), ({"min_effect": -1}, "min_effect")]
)
def test_refuses_levels(words, match):
    with pytest.raises(BadInput, match=match):
        two_tables(numeric_pair(20, 2, 0), **words)


def test_refuses_one_row():
    with pytest.raises(BadInput, match="1 rows"):
        two_tables(Pair(numeric_table(np.zeros((1, 2))), numeric_table(np.zeros((9, 2)))))


def test_unequal_sizes_keep_the_level():
    alarms = []
    for k in range(40):
        pair = mixed_pair(800, 4, k)
        alarms.append(two_tables(replace(pair, current=pair.current.take(np.arange(60))), alpha=0.1, seed=k).changed)
    assert sum(alarms) <= most(40, 0.1)  # unequal sizes by family: benchmarks/levels


# ------------------------------------------------------------------------------------------ rows that depend


def _ordered(n, *tables):
    clock = Column("t", "datetime", np.arange(n) * 60.0)
    return Pair(*(numeric_table(x) for x in tables), roles={"time": (clock, clock)})


def test_serial_dependence_declared_keeps_the_level_and_undeclared_is_found():
    alarms, naive = [], []
    for k in range(20):
        rng = np.random.default_rng([k, 20])
        pair = _ordered(1000, chain(1000, 4, rng), chain(1000, 4, rng))
        known = dependence(pair, entity=False, time=True, seed=k)
        assert known.guarantee == "approximate" and known.units[0].max() >= 19
        alarms.append(two_tables(replace(pair, units=known.units), seed=k).changed)
        naive.append(two_tables(pair, seed=k).changed)
        unknown = dependence(replace(pair, roles={}), entity=False, time=False, seed=k)
        assert unknown.guarantee == "withdrawn" and "--time" in unknown.remedy and unknown.units is not None
    assert sum(alarms) <= most(20, 0.05) < sum(naive)  # measured in benchmarks/two_tables, ar1_declared


def test_order_in_time_is_that_of_the_column():
    rng = np.random.default_rng(21)
    x = chain(600, 2, rng)
    rows = rng.permutation(600)
    clock = Column("t", "datetime", rows * 1.0)
    pair = Pair(numeric_table(x[rows]), numeric_table(x[rows]), roles={"time": (clock, clock)})
    units = dependence(pair, entity=False, time=True).units[0]
    assert (np.diff(units[np.argsort(rows)]) >= 0).all()


def test_entities_declared_keep_the_level_and_undeclared_are_found():
    alarms = []
    for k in range(15):
        rng = np.random.default_rng([k, 22])
        (x, u), (y, v) = grouped(60, 10, 4, rng), grouped(60, 10, 4, rng)
        who = (Column("who", "id", u * 1.0), Column("who", "id", v + 60.0))
        pair = Pair(numeric_table(x), numeric_table(y), roles={"entity": who})
        known = dependence(pair, entity=True, time=False, seed=k)
        assert known.guarantee == "exact"
        alarms.append(two_tables(replace(pair, units=known.units), seed=k).changed)
        unknown = dependence(replace(pair, roles={}, aside={"who": who}), entity=False, time=False, seed=k)
        assert unknown.guarantee == "withdrawn" and "--entity who" in unknown.remedy
        together = np.argsort(u, kind="stable")
        files = Pair(numeric_table(x[together]), numeric_table(y[np.argsort(v, kind="stable")]))
        assert dependence(files, entity=False, time=False, seed=k).guarantee == "withdrawn"
    assert sum(alarms) <= most(15, 0.05)  # measured in benchmarks/two_tables, entities_declared


def test_a_category_that_most_rows_share_names_no_entity():
    """Independent rows, most of one country, which goes along with the other column."""
    tables = []
    for k in range(2):
        rng = np.random.default_rng(k)
        country = np.where(rng.random(3000) < 0.8, 0, rng.integers(1, 30, 3000))
        x = rng.normal(size=3000) + (country % 5) * 0.8
        levels = tuple(f"c{i}" for i in range(30))
        columns = {"country": Column("country", "category", country * 1.0, levels), "x": Column("x", "numeric", x)}
        tables.append(Table(columns, 3000, rows=np.arange(3000)))
    found = dependence(Pair(*tables), entity=False, time=False)
    assert found.guarantee == "exact", found.reason


def test_independent_rows_are_rarely_flagged():
    flagged = [dependence(mixed_pair(300, 8, k), entity=False, time=False, seed=k).guarantee for k in range(80)]
    assert flagged.count("withdrawn") <= 4


def test_too_few_stretches_withdraw_the_guarantee():
    rng = np.random.default_rng(23)
    pair = _ordered(400, chain(400, 2, rng, 0.97), chain(400, 2, rng, 0.97))
    found = dependence(pair, entity=False, time=True)
    assert found.guarantee == "withdrawn" and "stretches" in found.reason


def test_material_is_said_only_together_with_changed(monkeypatch):
    def silent(family):
        return lambda design: replace(family(design), logp=0.0)

    muted = {name: (share, silent(family)) for name, (share, family) in FAMILIES.items()}
    pair = numeric_pair(400, 3, 0, _shift(1.0))
    assert two_tables(pair, alpha=0.04).material
    monkeypatch.setattr("ecotone.compare.two_sample._two_tables.FAMILIES", muted)
    found = two_tables(pair, alpha=0.04)
    assert found.material_pvalue == found.pvalue == 1 and not found.changed and not found.material


def test_a_few_rows_far_apart_have_no_smaller_pvalue_of_mattering_than_of_differing():
    found = two_tables(numeric_pair(15, 1, 0, _shift(9.0)), alpha=0.04)
    assert found.material and found.material_pvalue == found.pvalue > 1e-9
