"""Copies of rows: found exactly, and never where rows agree by chance."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ecotone.data import Roles, _duplicates, pair, read_table
from ecotone.data._duplicates import beyond_chance, copies, equal_rows


def make(a, b, **options):
    return pair(read_table(a), read_table(b, name="current"), Roles.of(**options))


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


def test_copies_within_a_table_are_left_out():
    a, b = table(200, 0), table(200, 1)
    b.iloc[150:] = b.iloc[:50].to_numpy()  # a quarter: no column stays nearly unique
    found = make(a, b.sample(frac=1, random_state=0))
    assert found.duplicates == {"reference": 0, "current": 50, "overlap": 0}
    assert found.n == (200, 150)
    assert found.notes == ("50 rows of current are copies of other rows in it and were left out",)
    shuffled = b.sample(frac=1, random_state=0).reset_index(drop=True)
    assert np.array_equal(found.current.rows, shuffled.drop_duplicates().index)
    assert np.array_equal(found.current["x"].values, shuffled.drop_duplicates()["x"])
    assert found.current.parts[0].rows == 200


def test_overlap_is_kept_and_said():
    a, b = table(100, 0), table(100, 1)
    b.iloc[:7] = a.iloc[10:17].to_numpy()
    found = make(a.assign(late=1), b)  # a column of one table only does not matter across
    assert found.duplicates == {"reference": 0, "current": 0, "overlap": 7}
    assert found.n == (100, 100) and found.notes[0] == "7 rows of current are also in the reference; they were kept"
    assert make(a, a).duplicates["overlap"] == 100


def test_rows_that_differ_anywhere_are_no_copies():
    a = table(100, 0)
    b = pd.concat([a, a], ignore_index=True)
    assert make(b, a).duplicates["reference"] == 100
    for extra in (
        np.arange(200),
        pd.date_range("2020", periods=200),
        [[i] for i in range(200)],
        [bytes([i]) for i in range(200)],
    ):
        assert make(b.assign(extra=extra), a).duplicates["reference"] == 0
    lists = [[i % 100] for i in range(200)]
    assert make(b.assign(extra=lists), a).duplicates["reference"] == 100
    nearby = pa.array([2**60 + i // 100 for i in range(200)] + [None])  # equal as float64
    wide = pa.Table.from_pandas(pd.concat([b, a[:1] + a[:1]], ignore_index=True))
    assert make(wide.append_column("n", nearby), a).duplicates["reference"] == 0
    moments = pa.array([1_600_000_000_000_000_000 + i // 100 for i in range(200)], pa.timestamp("ns"))
    assert make(pa.Table.from_pandas(b).append_column("t", moments), a).duplicates["reference"] == 0


def test_excluded_columns_and_roles_still_tell_rows_apart():
    a = table(100, 0)
    b = pd.concat([a, a], ignore_index=True).assign(id=np.arange(200))
    assert make(b, a.assign(id=0), ignore=["id"]).n == (200, 100)
    assert make(b, a.assign(id=0), entity="id").n == (200, 100)


def test_missing_values_and_negative_zero_are_equal():
    x = np.arange(50.0)
    x[:2] = np.nan
    twice = np.r_[x, x[:40]]
    a = pd.DataFrame({"x": twice, "y": twice / 3, "z": np.r_[np.zeros(50), -np.zeros(40)]})
    assert make(a, a).duplicates["reference"] == 38  # rows without x and y agree by chance


def test_equal_rows_of_categories_are_normal():
    rng = np.random.default_rng(0)
    a = pd.DataFrame({"a": rng.choice(list("abc"), 300), "b": rng.choice(list("xy"), 300), "k": rng.poisson(1, 300)})
    assert make(a, a).duplicates == {"reference": 0, "current": 0, "overlap": 0}
    few = a.iloc[[0, 1, 0, 1]]
    assert make(few, few).n == (4, 4)


def test_colliding_hashes_cost_no_exactness(monkeypatch):
    monkeypatch.setattr(_duplicates, "_hash", lambda keys: (keys[0] % 7).astype(np.uint64))
    key = np.r_[np.arange(60), [3, 17, 45]]
    assert copies([key]).tolist() == [*range(60), 3, 17, 45]


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


def test_dates_are_part_of_a_row():
    when = [dt.datetime(2020, 1, 1) + dt.timedelta(hours=i) for i in range(50)]
    a = {"t": when + when[:5], "c": ["a"] * 55}
    assert make(a, a).duplicates["reference"] == 5
