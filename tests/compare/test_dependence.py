"""Dependence between rows: its statistics against plain sums, and what is concluded from them."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "two_tables"))

from dependent_rows import dependent_rows

import ecotone
from ecotone.compare.two_sample import dependence, with_units
from ecotone.compare.two_sample._among_units import Order, among_units
from ecotone.compare.two_sample._excess_variance import Shared
from ecotone.compare.two_sample._grouped_sums import Groups, without_means
from ecotone.compare.two_sample._ordering_keys import ordering_keys, windows
from ecotone.compare.two_sample._repeated_values import exclusive, repeated_values
from ecotone.compare.two_sample._row_scores import RowScores
from ecotone.compare.two_sample._scores import Design
from ecotone.compare.two_sample._serial_dependence import Axis, _windows, serial
from ecotone.data import Roles, align_tables, read_table


def _pair(tables, **roles):
    return align_tables(*(read_table(t, name=n) for t, n in zip(tables, ("reference", "current"))), Roles.of(**roles))


def _found(tables, seed=0, independent=False, **roles):
    both = _pair(tables, **roles)
    return dependence(both, entity="entity" in roles, time="time" in roles, independent=independent, seed=seed)


def _withdrawn(kind, seeds, n=1000, roles=None, **shape):
    return sum(_found(dependent_rows(kind, n, s, **shape), s, **(roles or {})).guarantee == "withdrawn" for s in seeds)


# ------------------------------------------------------------------------------------------------ statistics


def _pairs(y, block, unit):
    together = (block[:, None] == block) & (unit[:, None] != unit) & (block[:, None] >= 0)
    return float((np.outer(y, y) * together).sum())


def test_excess_is_the_sum_over_pairs_of_different_units_in_a_block():
    rng = np.random.default_rng(0)
    y, block, unit = rng.standard_normal((3, 60)), rng.integers(-1, 7, 60), rng.integers(0, 25, 60)
    for units, alone in ((None, np.arange(60)), (unit, unit)):
        found = Shared.of(block, units).excess(y)
        total = np.stack([np.bincount(alone, row) for row in y])
        expected = [1 + _pairs(row, block, alone) / (t**2).sum() for row, t in zip(y, total)]
        np.testing.assert_allclose(found.factor, expected)
    assert Shared.of(np.arange(60)).excess(y).pvalue.min() == 1  # no block has two rows: nothing can be said


def test_excess_keeps_its_level_for_independent_rows():
    rng = np.random.default_rng(1)
    block = np.repeat(np.arange(60), rng.integers(1, 9, 60))
    p = Shared.of(block).excess(rng.standard_normal((4000, len(block)))).pvalue
    for level in (0.1, 0.01):
        assert abs((p <= level).mean() - level) <= 4 * np.sqrt(level / 4000)


def test_scores_together_keep_the_level_and_add_up():
    rng = np.random.default_rng(10)
    block = np.repeat(np.arange(50), 8)
    blend = np.linalg.cholesky(0.5 * np.eye(4) + 0.5)  # scores go together
    null = np.array([Shared.of(block).joint(blend @ rng.standard_normal((4, 400))) for _ in range(1500)])
    assert abs((null[:, 0] <= 0.05).mean() - 0.05) <= 4 * np.sqrt(0.05 / 1500) and abs(null[:, 1].mean() - 1) < 0.02
    own = 0.35 * rng.standard_normal((200, 4, 50)).repeat(8, axis=2)
    alike = [Shared.of(block).joint(o + rng.standard_normal((4, 400)))[0] for o in own]
    single = [Shared.of(block).excess(o + rng.standard_normal((4, 400))).pvalue.min() * 4 for o in own]
    assert np.mean(np.array(alike) <= 0.01) >= np.mean(np.array(single) <= 0.01)
    y, unit = rng.standard_normal((1, 400)), rng.integers(0, 90, 400)
    for units in (None, unit):
        shared = Shared.of(block, units)
        (p, factor), plain = shared.joint(y), shared.excess(y)
        np.testing.assert_allclose([p, factor], [plain.pvalue[0], plain.factor[0]])


def test_windows_along_the_file_are_tapered_sums_over_pairs():
    rng = np.random.default_rng(2)
    a, q = rng.standard_normal((2, 64)), rng.random((2, 64))
    value, half = _windows([a], [q], [q**2 / 2], np.array([2, 4, 8]))
    i = np.arange(64)
    for j, m in enumerate((2, 4, 8)):
        taper = np.maximum(1 - np.abs(i[:, None] - i) / m, 0)
        np.testing.assert_allclose(value[:, j], [r @ taper @ r - s.sum() for r, s in zip(a, q)])
        np.testing.assert_allclose(half[:, j], [s @ taper**2 @ s - (s**2).sum() / 2 for s in q])


def test_sums_over_groups_and_what_is_left_of_their_means():
    rng = np.random.default_rng(3)
    x, number = rng.standard_normal((2, 40)), rng.integers(-1, 9, 40)
    groups = Groups.of(number, 12)
    kept = number >= 0
    np.testing.assert_allclose(groups.sums(x), [np.bincount(number[kept], r[kept], 12) for r in x])
    left = without_means(x, groups)
    np.testing.assert_allclose(groups.sums(left), 0, atol=1e-12)
    np.testing.assert_array_equal(left[:, ~kept], x[:, ~kept])


def test_scores_are_standardised_within_each_table_whatever_moved_between_them():
    rng = np.random.default_rng(4)
    one = pd.DataFrame({"x": rng.normal(size=400), "g": rng.choice(list("abc"), 400), "k": rng.integers(0, 9, 400)})
    two = one.assign(x=one["x"] * 3 + 50, k=one["k"] + 4).where(rng.random((400, 3)) > 0.1)
    both = _pair((one, two))
    scores = RowScores.of(Design(both).columns, both.n)
    assert {s.what for s in scores.plan} == {"rank", "spread", "level", "missing"}
    x = scores.matrix(slice(None))
    for part in (x[:, :400], x[:, 400:]):
        np.testing.assert_allclose(part.mean(1), 0, atol=1e-9)
    sizes = (x[:, 400:] ** 2).mean(1)
    assert np.allclose(sizes[[s.what in ("level", "missing") for s in scores.plan]], 1)
    rows = np.array([3, 399, 400, 790])
    np.testing.assert_array_equal(scores.matrix(np.array([1, 0]), rows), x[[1, 0]][:, rows])


def test_exclusive_levels_beside_what_chance_gives():
    rng = np.random.default_rng(5)
    chance = [exclusive(rng.multinomial(900, np.full(300, 1 / 300), 2), None, 2) for _ in range(40)]
    assert abs(np.mean([c.z for c in chance])) < 0.6 and np.std([c.z for c in chance]) < 1.3
    apart = exclusive(np.array([[5, 5, 0, 0, 1], [0, 0, 5, 5, 0]]), None, 2)
    assert (apart.seen, apart.levels, apart.xi, apart.few) == (4, 4, pytest.approx(1), 2)
    ordered = exclusive(np.array([[4] * 20 + [0] * 20, [0] * 20 + [4] * 20]), np.repeat([0, 1, 2, 3], 10), 2)
    assert ordered.disjoint and ordered.seen == 40


def test_windows_hold_enough_values_and_rows():
    count = np.array([1, 1, 0, 50, 1, 1, 1, 1, 1, 1, 30, 1])
    assert windows(count, 3, 10).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]


# ------------------------------------------------------------------------------------ rows that are independent


@pytest.mark.parametrize(
    "shape",
    [
        {"levels": 5},
        {"levels": 30, "zipf": 1.0},
        {"levels": 150, "as_type": "int"},
        {"levels": 1000, "share": 0.3},
        {"levels": 31, "as_type": "date", "disjoint": True},
        {"levels": 30, "moved": 0.5},
        {"levels": 30, "new": 0.5},
        {"levels": 150, "shift": 0.5, "as_type": "int"},
        {"levels": 30, "order": "income"},
        {"levels": 30, "order": "group+income"},
        {"levels": 30, "order": "plan+visits+income", "shift": 0.3},
        {"levels": 30, "order": "hidden"},
    ],
    ids=str,
)
def test_independent_rows_keep_the_guarantee(shape):
    assert _withdrawn("category", range(12), n=600, **shape) <= 1


@pytest.mark.parametrize("shape", [{"levels": 150, "as_type": "int"}, {"levels": 100, "as_type": "date"}], ids=str)
def test_files_grouped_by_values_with_few_rows_each_share_their_ups_and_downs(shape):
    """Rows are compared at equal values, though there are too few of each for anything but windows to be centred."""
    assert _withdrawn("category", range(12), n=600, order="group", share=0.8, **shape) == 0


def test_a_panel_without_an_effect_of_its_own_needs_nothing():
    assert _withdrawn("entities", range(8), size=10, similar=0.3, churn=0.0) == 0


def test_columns_that_are_functions_of_a_category_make_it_no_entity():
    """Within a level they do not vary at all; that its rank differs a little between the tables is no effect."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        level = rng.integers(0, 160, 2400)
        rows = pd.DataFrame({f"of_school_{k}": rng.normal(size=160)[level] for k in range(20)})
        rows["school"], rows["score"] = level + 1000, rows["of_school_0"] + rng.normal(size=2400)
        found = _found((rows[:1200], rows[1200:]))
        assert found.guarantee == "exact", found.reason


def test_a_sorted_file_is_told():
    tables = dependent_rows("category", 800, 1, levels=30, order="group+income")
    found = _found(tables)
    assert found.guarantee == "exact" and found.units is None
    assert (
        found.reason == "the files are sorted by group, then income; given group, then income no dependence was found"
    )
    both = _pair(tables)
    assert [k.name for k in ordering_keys(both, RowScores.of(Design(both).columns, both.n))] == ["group", "income"]


# ------------------------------------------------------------------------------------------ rows that depend


@pytest.mark.parametrize(
    ("kind", "n", "shape"),
    [
        ("entities", 1000, {"size": 2, "similar": 0.3}),
        ("entities", 600, {"size": 10, "similar": 0.3, "as_type": "int"}),
        ("entities", 600, {"size": 10, "similar": 0.3, "as_type": "int", "rising": True}),
        ("entities", 600, {"size": 10, "similar": 0.3, "as_type": "date", "rising": True}),
        ("entities", 1000, {"size": 10, "similar": 0.3, "churn": 0.3}),
        ("entities", 1500, {"size": 10, "similar": 0.3, "churn": 0.0, "effect": 0.5}),
        ("entities", 600, {"size": 10, "similar": 0.3, "grouped": True}),
    ],
    ids=str,
)
def test_entities_are_found_with_their_name_and_what_to_do(kind, n, shape):
    for seed in range(4):
        tables = dependent_rows(kind, n, seed, **shape)
        found = _found(tables, seed)
        assert found.guarantee == "withdrawn" and "customer" in found.reason and found.units is not None
        assert "If rows that share customer were sampled together" in found.remedy
        assert "--entity customer" in found.remedy and "--independent" in found.remedy
        assert [len(np.unique(u)) for u in found.units] == [t["customer"].nunique() for t in tables]


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("chain", {"phi": 0.5}),
        ("chain", {"phi": 0.99}),
        ("chain", {"phi": 0.99, "share": 0.2}),
        ("entities", {"size": 10, "similar": 0.3, "grouped": True, "hidden": True}),
    ],
    ids=str,
)
def test_neighbours_that_are_alike_are_found(kind, shape):
    for seed in range(4):
        found = _found(dependent_rows(kind, 600, seed, **shape), seed)
        assert found.guarantee == "withdrawn" and "neighbouring rows" in found.reason and found.units is not None
        assert "--time" in found.remedy and "--independent" in found.remedy and "--entity" not in found.remedy


def test_two_files_with_the_same_ups_and_downs_do_no_harm():
    rng = np.random.default_rng(6)
    season = np.sin(np.arange(1200) / 40)[:, None]
    both = [pd.DataFrame(season + 0.5 * rng.normal(size=(1200, 3)), columns=list("abc")) for _ in range(2)]
    assert _found(both).guarantee == "exact"


def test_declared_entities_that_do_not_hold_the_dependence_withdraw():
    assert _withdrawn("chain", range(4), phi=0.95, binned="desc", roles={"entity": "desc"}) == 4
    assert _withdrawn("shocks", range(4), size=10, day=20, share=0.3, roles={"entity": "customer"}) == 4
    found = _found(dependent_rows("chain", 1000, 1, phi=0.95, binned="desc"), entity="desc")
    assert "rows of different desc that stand near each other are alike" in found.reason and "--time" in found.remedy


@pytest.mark.parametrize("grouped", [False, True])
def test_declared_entities_that_hold_it_keep_the_guarantee(grouped):
    shape = {"size": 10, "similar": 0.3, "grouped": grouped}
    assert _withdrawn("entities", range(12), roles={"entity": "customer"}, **shape) == 0


def _customers_of_sites(seed, own):
    """Customers with five rows each, of sites that are a table's own or the same in both."""
    tables = []
    for k in range(2):
        rng = np.random.default_rng([seed, k, 11])
        site = rng.integers(0, 30, 250) + 30 * k * own
        law = rng if own else np.random.default_rng([seed, 12])
        x = (0.6 * law.normal(size=(60, 3))[site] + 0.6 * rng.normal(size=(250, 3))).repeat(5, axis=0)
        frame = pd.DataFrame(x + rng.normal(size=x.shape), columns=list("abc"))
        frame["site"] = np.char.add("s", site.repeat(5).astype(str))
        frame["customer"] = np.char.add("c", (np.arange(250) + 250 * k).repeat(5).astype(str))
        frame["product"] = np.char.add("p", rng.integers(0, 300, 1250).astype(str))
        tables.append(frame.sample(frac=1, random_state=seed))
    return tables


def test_declared_entities_that_were_themselves_drawn_by_something_withdraw():
    for seed in range(3):
        assert _found(_customers_of_sites(seed, own=False), entity="customer").guarantee == "exact"
        found = _found(_customers_of_sites(seed, own=True), entity="customer")
        assert found.guarantee == "withdrawn" and "--entity site" in found.remedy and "60 of 60" in found.reason


def test_declared_time_with_rows_drawn_by_something_else_in_one_table_withdraws():
    rng = np.random.default_rng(7)
    tables = []
    for k in range(2):
        who = rng.integers(0, 60, 1200) + 60 * k
        x = rng.normal(size=(120, 3))[who] * 0.6 + rng.normal(size=(1200, 3))
        when = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(1200), unit="h")
        tables.append(pd.DataFrame(x, columns=list("abc")).assign(site=np.char.add("s", who.astype(str)), when=when))
    found = _found(tables, time="when")
    assert found.guarantee == "withdrawn" and "site" in found.reason and "--entity site" in found.remedy


def test_declared_time_keeps_an_approximate_guarantee():
    for phi in (0.0, 0.3, 0.6):
        assert _withdrawn("chain", range(6), phi=phi, clock="when", roles={"time": "when"}) == 0


def test_units_in_time_are_taken_in_the_order_given():
    tables = dependent_rows("chain", 1000, 3, phi=0.9)
    both = _pair(tables)
    scores = RowScores.of(Design(both).columns, both.n)
    rng = np.random.default_rng(8)
    mixed = [rng.permutation(1000) for _ in tables]
    shuffled = _pair(t.iloc[m] for t, m in zip(tables, mixed))
    theirs = RowScores.of(Design(shuffled).columns, both.n)
    order = tuple(np.argsort(m) for m in mixed)
    assert not among_units(theirs, Order.of(np.arange(2000), both.n)).detected
    there = among_units(theirs, Order.of(np.arange(2000), both.n, order))
    here = among_units(scores, Order.of(np.arange(2000), both.n))
    assert there.detected and here.detected and there.factor == pytest.approx(here.factor)


def test_stated_independence_is_assumed_and_what_was_found_is_told():
    tables = dependent_rows("entities", 600, 0, size=10, similar=0.3)
    found = _found(tables, independent=True)
    assert (found.guarantee, found.units, found.declared) == ("assumed", None, ("independent",))
    assert "you state" in found.reason and any(f["detected"] for f in found.found)


def test_very_many_rows_are_looked_at_by_whole_levels():
    rng = np.random.default_rng(9)
    ids = rng.integers(0, 1 << 40, 30_000)
    tables = [pd.DataFrame({"x": rng.normal(size=90_000), "who": rng.choice(i, 90_000)}) for i in (ids, ids)]
    both = _pair(tables)
    drawn = repeated_values(both, 0)[0]
    assert drawn.name == "who" and 20_000 < len(drawn.rows) < 90_000
    whole = np.concatenate([t["who"] for t in tables])
    kept = np.isin(whole, whole[drawn.rows])
    np.testing.assert_array_equal(np.flatnonzero(kept), drawn.rows)
    assert len(np.unique(drawn.level)) == len(np.unique(whole[kept]))


def test_small_tables_say_nothing():
    tiny = pd.DataFrame({"x": np.arange(6.0), "k": [1, 1, 2, 2, 3, 3]})
    both = _pair((tiny, tiny + 10))
    assert serial(RowScores.of(Design(both).columns, both.n), Axis.of(both.n)) is None
    assert _found((tiny, tiny + 10)).guarantee == "exact"


def test_a_number_that_goes_along_with_a_selection_is_no_entity():
    rng = np.random.default_rng(11)
    age = rng.uniform(18, 80, 12_000)
    cell = np.rint(np.clip(age + rng.normal(0, 8, 12_000), 0, 99)).astype(int)
    weight = rng.integers(20_000, 400_000, (100, 60))[cell, rng.integers(0, 60, 12_000)]
    rows = pd.DataFrame({"weight": weight, "age": age, "x": rng.normal(size=12_000)})
    old, new = rows[:6000], rows[6000:]
    assert _found((old, new[new["age"] < 40])).guarantee == "exact"


def test_a_category_whose_codes_changed_is_untested_and_nobody_is_told_that_its_rows_are_alike():
    rng = np.random.default_rng(12)
    tables = [
        pd.DataFrame({"code": [f"{side}{k}" for k in rng.integers(0, 40, 900)], "x": rng.normal(size=900)})
        for side in "ab"
    ]
    both = _pair(tuple(tables))
    found = dependence(both, entity=False, time=False)
    assert found.guarantee == "withdrawn" and found.drawn_by == "code"
    assert found.reason.endswith("rows that share one were not shown to be alike otherwise")
    read = with_units(both, found)
    assert read.names == ("x",) and [c.name for c in found.encoded] == ["x"]
    assert [u.name for u in read.untested] == ["code"] and "cannot be tested" in read.untested[0].reason
    answer = ecotone.check(*tables).to_dict()
    assert answer["headline"]["answer"] == "cannot tell" and answer["schema"]["compared"] == 1
    code = next(c for c in answer["columns"] if c["name"] == "code")
    assert code["role"] == "untested" and code["marginal"] is None
    assert any(b["column"] == "code" and b["what"] == "unseen" for b in answer["quality"]["breaks"])
    stated = ecotone.check(*tables, independent=True).to_dict()
    assert stated["headline"]["answer"] == "changed"
