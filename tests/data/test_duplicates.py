"""Copies of rows are told from rows that repeat by nature, and what became of either is said."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecotone.data import Roles, _equal_rows, align_tables, read_table
from ecotone.data._chance import beyond_chance, chance_explains
from ecotone.data._equal_rows import equal_rows, first_equal
from ecotone.data._repeat_test import judge, upper_tail


def make(a, b, seed=0, **options):
    return align_tables(read_table(a), read_table(b, name="current"), Roles.of(**options), seed=seed)


def table(n, seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": rng.standard_normal(n),
            "y": rng.standard_normal(n),
            "c": rng.choice(["a", "b"], n),
            "k": rng.poisson(1, n),
        }
    )


def twice(frame):
    return pd.concat([frame, frame], ignore_index=True)


def with_copies(frame, share, seed=9):
    again = frame.sample(int(share * len(frame)), replace=True, random_state=seed)
    return pd.concat([frame, again]).sample(frac=1, random_state=seed).reset_index(drop=True)


def left_out(found):
    return found.duplicates["reference"], found.duplicates["current"]


def test_copies_within_a_table_are_left_out():
    a, b = table(200, 0), table(200, 1)
    b.iloc[150:] = b.iloc[:50].to_numpy()  # a quarter: no column stays nearly unique
    found = make(a, b.sample(frac=1, random_state=0))
    assert left_out(found) == (0, 50) and found.duplicates["overlap"] == 0
    assert found.duplicates["pvalue"] < 1e-10 and found.duplicates["kept"] == {"reference": 0, "current": 0}
    assert found.n == (200, 150)
    assert found.notes[0] == "50 rows of current equal other rows and were left out"
    assert "one row was kept" in found.notes[1] and len(found.notes) == 2
    shuffled = b.sample(frac=1, random_state=0).reset_index(drop=True)
    assert np.array_equal(found.current.rows, shuffled.drop_duplicates().index)
    assert np.array_equal(found.current["x"].values, shuffled.drop_duplicates()["x"])
    assert found.current.parts[0].rows == 200


def test_copies_in_both_tables_leave_one_of_each_group_in_a_table_at_random():
    a, b = table(600, 0), table(600, 1)
    b.iloc[:60] = a.iloc[:60].to_numpy()  # in both tables, so that a group's one row may be either's
    found = make(with_copies(a, 0.3), with_copies(b, 0.3))
    assert found.n[0] + found.n[1] == 1140  # the different rows
    kept = 600 - found.n[0]
    assert 15 <= kept <= 45 and kept == found.n[1] - 540  # 60 fair draws
    assert make(with_copies(a, 0.3), with_copies(b, 0.3), seed=1).n != found.n


def test_rows_that_stand_in_equal_those_left_out():
    a, b = table(600, 0), table(600, 1)
    b.iloc[:60] = a.iloc[:60].to_numpy()
    b = with_copies(b, 0.3)
    found = make(a, b)
    pooled = np.concatenate([found.reference["x"].values, found.current["x"].values])
    assert np.array_equal(pooled[found.stand_in], b["x"])
    assert np.array_equal(found.stand_in[found.current.rows], found.n[0] + np.arange(found.n[1]))
    assert (found.stand_in < found.n[0]).any()
    assert make(a, table(100, 2)).stand_in is None


def zeros(n, rng):
    out = pd.DataFrame(rng.gamma(1, 1, (n, 3)).round(3), columns=list("abc"))
    out[rng.random(n) < 0.5] = 0.0
    return out


def prices(n, rng):
    listed = np.random.default_rng(5)
    menu = pd.DataFrame({"price": listed.lognormal(3, 0.5, 50), "qty": listed.integers(1, 9, 50)})
    own = pd.DataFrame({"price": rng.lognormal(3, 0.5, n), "qty": rng.integers(1, 9, n)})
    same = rng.random(n) < 0.1
    own[same] = menu.iloc[rng.integers(0, 50, same.sum())].to_numpy()
    return own


def categories(n, rng):
    return pd.DataFrame({name: rng.choice(list("abcd"), n) for name in "uvw"})


def rounded(n, rng):
    return pd.DataFrame(rng.standard_normal((n, 2)).round(1), columns=["x", "y"])


@pytest.mark.parametrize("law", [zeros, prices, categories, rounded])
@pytest.mark.parametrize("sizes", [(2000, 200), (200, 2000), (600, 600)])
def test_rows_that_repeat_by_nature_are_kept(law, sizes):
    rng = np.random.default_rng(3)
    a, b = (law(n, rng) for n in sizes)
    found = make(a, b)
    assert found.n == sizes and left_out(found) == (0, 0) and found.stand_in is None
    repeats = tuple(int(t.duplicated().sum()) for t in (a, b))
    assert tuple(found.duplicates["kept"].values()) == repeats
    commonest = tuple(int(t.value_counts().iloc[0]) for t in (a, b))
    assert tuple(found.duplicates["commonest"].values()) == commonest
    said = [note for note in found.notes if note.startswith("rows that repeat were kept")]
    assert len(said) == 1 and f"{commonest[0]:,} times in reference and {commonest[1]:,} times in current" in said[0]


@pytest.mark.parametrize("law", [zeros, prices, categories, rounded])
def test_a_file_appended_to_itself_is_read_once(law):
    rng = np.random.default_rng(3)
    a, b = law(2000, rng), law(200, rng)
    found = make(twice(a), b)
    assert found.n == (2000, 200) and found.duplicates["times"] == {"reference": 2, "current": 1}
    assert np.array_equal(found.reference.rows, np.arange(2000))
    assert found.notes[0].startswith("every row of reference occurs in it a multiple of 2 times")
    both = make(twice(a), pd.concat([b] * 3).sample(frac=1, random_state=0))
    assert both.n == (2000, 200) and both.duplicates["times"] == {"reference": 2, "current": 3}
    once = make(a, b)
    assert once.duplicates["kept"] == both.duplicates["kept"]


def test_few_different_rows_are_no_file_appended_to_itself():
    a = pd.DataFrame({"c": list("ab") * 50})
    assert make(a, a).n == (100, 100)


def test_copies_among_rows_that_repeat_by_nature_thin_these_too():
    rng = np.random.default_rng(3)
    a, b = zeros(2000, rng), with_copies(zeros(2000, rng), 0.3)
    found = make(a, b)
    assert left_out(found)[0] == 0 and abs(found.n[1] - 2000) < 60
    nought = [(t["a"].values == 0).mean() for t in (found.reference, found.current)]
    assert abs(nought[0] - nought[1]) < 0.04  # half of the rows, though no group of zeros may be split
    assert "more are equal than copying at this rate gives" in found.notes[-1]


def test_a_batch_that_was_appended_again_and_again_is_read_once():
    a, b = table(1000, 0), table(1000, 1)
    for times in (1, 2, 5):
        found = make(a, pd.concat([b, *[b[-100:]] * times], ignore_index=True))
        assert found.n == (1000, 1000) and left_out(found) == (0, 100 * times)
    mixed = make(a, pd.concat([b, b[:200], *[b[-100:]] * 4], ignore_index=True))
    assert mixed.n == (1000, 1000)


def test_a_row_repeated_a_hundred_times_is_kept():
    a, b = table(1000, 0), table(1000, 1)
    b = pd.concat([b[:900], b.iloc[[5] * 100]], ignore_index=True)
    found = make(a, b)
    assert found.n == (1000, 1000) and found.duplicates["commonest"] == {"reference": 1, "current": 101}


def test_copies_too_few_to_tell_are_kept_and_said():
    a, b = table(100, 0), table(100, 1)
    b.iloc[-3:] = b.iloc[:3].to_numpy()
    found = make(a, b)
    assert found.n == (100, 100) and "too few to tell" in found.notes[0]
    assert found.duplicates["kept"] == {"reference": 0, "current": 3}


def test_overlap_is_kept_and_said():
    a, b = table(100, 0), table(100, 1)
    b.iloc[:7] = a.iloc[10:17].to_numpy()
    found = make(a.assign(late=1), b)  # a column of one table only does not matter across
    assert left_out(found) == (0, 0) and found.duplicates["overlap"] == 7
    assert found.n == (100, 100) and found.notes[0] == "7 rows of current are also in the reference; they were kept"
    assert make(a, a).duplicates["overlap"] == 100
    grown = make(a, pd.concat([a, table(100, 2)], ignore_index=True))
    assert grown.n == (100, 200) and grown.duplicates["overlap"] == 100


def test_rows_that_differ_anywhere_are_no_copies():
    a = table(100, 0)
    b = twice(a)
    other = table(100, 1)
    assert make(b, other).duplicates["reference"] == 100
    for extra in (
        np.arange(200),
        pd.date_range("2020", periods=200),
        [[i] for i in range(200)],
        [bytes([i]) for i in range(200)],
    ):
        assert make(b.assign(extra=extra), other).duplicates["reference"] == 0
        assert make(b.assign(extra=extra), other.assign(extra=extra[:100])).duplicates["reference"] == 0
    lists = [[i % 100] for i in range(200)]
    assert make(b.assign(extra=lists), other).duplicates["reference"] == 100
    nearby = pa.array([2**60 + i // 100 for i in range(200)] + [None])  # equal as float64
    wide = pa.Table.from_pandas(pd.concat([b, a[:1] + a[:1]], ignore_index=True))
    assert make(wide.append_column("n", nearby), other).duplicates["reference"] == 0
    moments = pa.array([1_600_000_000_000_000_000 + i // 100 for i in range(200)], pa.timestamp("ns"))
    assert make(pa.Table.from_pandas(b).append_column("t", moments), other).duplicates["reference"] == 0


def test_a_column_of_one_table_splits_its_groups():
    a, b = table(600, 0), with_copies(table(600, 1), 0.2)
    assert left_out(make(a, b)) == (0, 120)
    assert left_out(make(a, b.assign(when=np.arange(len(b))))) == (0, 0)
    half = b.assign(batch=np.where(np.arange(len(b)) % 4 < 3, 0, np.arange(len(b))))
    found = make(a, half)
    assert found.duplicates["current"] == int(half.duplicated().sum()) > 30
    assert found.duplicates["kept"]["current"] == 0
    mixed = make(a.assign(k=a["k"].astype(str) + "x"), b)  # other types: equal only within a table
    assert left_out(mixed) == (0, 120) and mixed.duplicates["overlap"] == 0


def test_excluded_columns_and_roles_still_tell_rows_apart():
    a, other = table(100, 0), table(100, 1).assign(id=0)
    b = twice(a).assign(id=np.arange(200))
    assert make(b, other, ignore=["id"]).n == (200, 100)
    assert make(b, other, entity="id").n == (200, 100)


def test_missing_values_and_negative_zero_are_equal():
    x = np.arange(50.0)
    x[:2] = np.nan
    a = pd.DataFrame({"x": np.r_[x, x[:40]], "y": np.r_[x, x[:40]] / 3, "z": np.r_[np.zeros(50), -np.zeros(40)]})
    found = make(a, pd.DataFrame({"x": x + 100, "y": x + 100, "z": x}))
    assert found.duplicates["reference"] == 38  # rows without x and y agree by chance


def test_equal_rows_of_categories_are_normal():
    rng = np.random.default_rng(0)
    a = pd.DataFrame({"a": rng.choice(list("abc"), 300), "b": rng.choice(list("xy"), 300), "k": rng.poisson(1, 300)})
    found = make(a, a)
    assert left_out(found) == (0, 0) and found.duplicates["pvalue"] is None and found.duplicates["overlap"] == 0
    few = a.iloc[[0, 1, 0, 1]]
    assert make(few, few).n == (4, 4)


def test_colliding_hashes_cost_no_exactness(monkeypatch):
    monkeypatch.setattr(_equal_rows, "_hash", lambda keys: (keys[0] % 7).astype(np.uint64))
    key = np.r_[np.arange(60), [3, 17, 45]]
    assert first_equal([key]).tolist() == [*range(60), 3, 17, 45]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 2)), min_size=1, max_size=40))
def test_equal_rows_are_exactly_those_that_are_equal(rows):
    keys = [np.array(column, np.int64) for column in zip(*rows)]
    found = dict(zip(*(part.tolist() for part in equal_rows(keys))))
    first = {}
    want = {}
    for i, row in enumerate(rows):
        if first.setdefault(row, i) != i:
            want[i] = first[row]
    assert found == want


def test_what_is_beyond_chance():
    unique, half, all_rows = np.arange(100), np.arange(100) // 2, np.arange(100)
    assert beyond_chance([unique], 100, all_rows).all()
    assert not beyond_chance([half], 50, all_rows).any()
    assert beyond_chance([half, half * 3], 50, all_rows).all()
    assert not beyond_chance([half // 2, half * 3], 50, all_rows).any()
    assert np.flatnonzero(~beyond_chance([unique, half], 100, all_rows, [7, None])).tolist() == [7]
    padded = np.r_[unique, np.zeros(300, int)]
    assert not beyond_chance([padded], 101, all_rows).any()
    assert beyond_chance([padded], 100, all_rows, among=all_rows).all()


def test_chance_explains_equal_rows_of_few_values_and_no_copies():
    rng = np.random.default_rng(0)

    def explains(columns, rows=None):
        keys = [np.asarray(c)[slice(None) if rows is None else rows] for c in columns]
        return chance_explains(keys, np.arange(len(keys[0])))

    again = np.r_[np.arange(1000), np.arange(300)]
    few = [rng.integers(0, 4, 1000) for _ in range(4)]
    assert explains(few) and explains(few, again)
    city = rng.integers(0, 50, 1000)
    assert explains([city, city // 10, *few[:2]])  # one column follows from another
    assert explains([rng.integers(0, 40, 1000), rng.integers(0, 40, 1000)])
    assert explains([rng.integers(0, 900, 1000)])  # one column cannot tell
    fine = [rng.integers(0, 900, 1000) for _ in range(3)]  # none is nearly unique
    assert not explains(fine, again)
    assert not explains([np.arange(1000), *few, np.zeros(1000, int)], again)


def test_the_law_of_one_sided_groups_is_that_of_dealt_labels():
    rng = np.random.default_rng(0)
    group = np.concatenate([np.repeat(np.arange(30), 2), 30 + np.repeat(np.arange(10), 3), 40 + np.arange(110)])
    dealt = 4000
    seen = np.empty(dealt, int)
    for i in range(dealt):
        reference = rng.permutation(200) < 120
        counts = np.stack([np.bincount(group[side], minlength=150) for side in (reference, ~reference)])
        seen[i] = (counts[1, :40] == 0).sum()
    n, total = 120, 200
    pairs = n * (n - 1) / total / (total - 1)
    rates = np.array([0, 0, pairs, pairs * (n - 2) / (total - 2)])
    for count in (15, 17, 19):  # labels dealt without replacement vary a little less
        said, true = upper_tail(np.array([0, 0, 30, 10]), rates, count), (seen >= count).mean()
        assert true - 0.01 < said < 2 * true + 0.03
    many = np.array([0, 0, 6000])
    assert upper_tail(many, rates[:3], int(6000 * rates[2])) == 1.0
    assert upper_tail(many, rates[:3], 2600) < 1e-6  # a bound: no larger than it may be, and no p-value of zero
    assert upper_tail(many, rates[:3], 2280) > 5e-4


def test_rows_dealt_at_random_are_seldom_taken_for_copies():
    rng = np.random.default_rng(1)
    group = np.concatenate([np.repeat(np.arange(60), 2), 60 + np.arange(480)])
    pvalues = []
    for _ in range(500):
        reference = rng.permutation(600) < 150
        counts = np.stack([np.bincount(group[side], minlength=540) for side in (reference, ~reference)])
        found, _ = judge(counts, np.ones(540, bool), np.ones((2, 540), bool))
        pvalues.append(found.pvalue)
    assert np.mean(np.array(pvalues) <= 0.05) <= 0.05 and min(pvalues) > 1e-5


def test_dates_are_part_of_a_row():
    when = [dt.datetime(2020, 1, 1) + dt.timedelta(hours=i) for i in range(50)]
    a = {"t": when + when[:10], "c": ["a"] * 60}
    b = {"t": [t + dt.timedelta(days=90) for t in when], "c": ["a"] * 50}
    assert make(a, b).duplicates["reference"] == 10
