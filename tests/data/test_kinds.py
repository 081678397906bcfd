"""What a column is: decided on both tables together, blind to which is which."""

import datetime as dt
import decimal
import uuid

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecotone.data import Roles, align_tables, describe, read_table


def make(a, b, **options):
    return align_tables(read_table(a), read_table(b, name="current"), Roles.of(**options))


def one(a, b, **options):
    """The only feature that a column ``c`` becomes, and why it is not tested itself."""
    found = make({"c": a}, {"c": b}, **options)
    feature = found.reference[found.names[0]] if found.names else None
    return feature, (found.untested[0] if found.untested else None), found


RNG = np.random.default_rng(0)
N = 60

KINDS = {
    "numeric": (RNG.standard_normal(N), RNG.standard_normal(N) + 9, "numeric"),
    "negative integers": (-RNG.integers(0, 3, N), RNG.integers(0, 3, N), "numeric"),
    "count": (RNG.poisson(2, N), RNG.poisson(2, N), "count"),
    "count as float": (RNG.poisson(2, N) + 0.0, np.where(RNG.random(N) < 0.2, np.nan, 3.0), "count"),
    "wide integers": (RNG.integers(0, 10**6, N), RNG.integers(0, 10**6, N), "numeric"),
    "zero and one": (np.r_[1.0, np.zeros(N)], np.zeros(N), "boolean"),
    "boolean": ([True, False, None], [True, True, True], "boolean"),
    "boolean and number": ([True, False, None], [1, 0, 0], "boolean"),
    "boolean as text": (["True", "FALSE", None], [True, False, True], "boolean"),
    "number as text": (["1.5", "2", "-3e4"], ["4", None, "5"], "numeric"),
    "number against text": (["1.5", "2", None], [1.5, 2.5, 3.5], "numeric"),
    "post codes": (["01067", "89073"] * 9, ["89073", "01067"] * 9, "category"),
    "text": (["a", "b", None] * 9, ["a", "c"] * 9, "category"),
    "few unique words": (["a", "b", "c"], ["d", "e"], "category"),
    "decimal": ([decimal.Decimal("1.50"), None], [decimal.Decimal("2.25")], "numeric"),
    "duration": ([dt.timedelta(seconds=90)], [dt.timedelta(seconds=1.5)], "numeric"),
    "time of day": ([dt.time(1), dt.time(2)], [dt.time(3), dt.time(1, 30)], "numeric"),
    "other constants": (np.zeros(N), np.ones(N) + 4, "count"),
}


@pytest.mark.parametrize("what", KINDS)
def test_kind(what):
    a, b, kind = KINDS[what]
    column, untested, _ = one(a, b)
    assert untested is None and column.kind == kind


SET_ASIDE = {
    "id": ([f"u{i * 7919}" for i in range(N)], [f"u{i * 104729}" for i in range(N)], "id", "nearly every value"),
    "hashes": ([uuid.UUID(int=i % 9).hex for i in range(N)], [uuid.UUID(int=3).hex] * N, "id", "UUIDs"),
    "hardly repeated": ([f"u{i}" for i in range(400)], [f"u{i * 9 // 16}" for i in range(400)], "id", "hardly any"),
    "the same units": ([f"u{i}" for i in range(N)], [f"u{i}" for i in range(N - 9)], "id", "nearly every value"),
    "rising": (np.arange(N) * 3 + 5, np.arange(N) * 5 + 1000, "id", "rising identifier"),
    "rising beyond 2**53": (2**60 + np.arange(N), 2**60 + 2 * np.arange(N) + 999, "id", "rising identifier"),
    "shuffled run": (RNG.permutation(N), N + RNG.permutation(9), "id", "consecutive identifier"),
    "falling": (np.arange(N)[::-1] * 3, np.arange(N)[::-1] * 5, "id", "rising identifier"),
    "half of a run": (RNG.permutation(2 * N)[:N], 5 * N + RNG.permutation(2 * N)[:N], "id", "identifier with gaps"),
    "half of a run beyond 2**53": (
        2**60 + RNG.permutation(2 * N)[:N], 2**60 + 99 * N + RNG.permutation(2 * N)[:N], "id", "identifier with gaps"),
    "run of tens with gaps": (
        10 * RNG.permutation(3 * N)[:N], 10 * RNG.permutation(3 * N)[:N], "id", "identifier with gaps"),
    "same units in both": ((units := RNG.permutation(2 * N)[:N]), RNG.permutation(units), "id", "identifier with gaps"),
    "sparse numbers that go on": (
        RNG.permutation(10**6)[:N], 1_000_500 + RNG.permutation(10**6)[:N], "id", "current goes on where"),
    "split run": (*np.split(RNG.permutation(2 * N), 2), "id", "consecutive identifier"),
    "date": ([dt.date(2020, 1, 1)] * 3, [dt.date(2021, 1, 1)] * 2, "datetime", "by design"),
    "timestamp against date": ([dt.datetime(2020, 1, 1, 7)] * 3, [dt.date(2021, 1, 1)] * 2, "datetime", "by design"),
    "date as text": (["2020-01-01", "2020-01-02T10:00:00"], ["2020-03-01"], "datetime", "differ by design"),
    "zoned text": (["2020-01-01T00:00:00Z", "2020-01-02T10:00:00+02:00"], ["2020-03-01T00:00:00Z"] * 2, "datetime", ""),
    "national dates": (["1/13/2020", "2/1/2020"], ["3/1/2020", "12/31/2020"], "datetime", "differ by design"),
    "German dates": (["13.01.2020", "01.02.2020"], ["31.12.2020", "31.12.2021"], "datetime", "differ by design"),
    "constant": ([3.0] * N, [3.0], "constant", "'3' in every row"),
    "constant text": (["a"] * N, ["a"], "constant", "'a' in every row"),
    "missing": ([None] * N, [np.nan], "constant", "missing in every row of both tables"),
    "lists": ([[1], [2]], [[3], [1]], "nested", "list"),
    "bytes": ([b"1", b"2"], [b"1", b"3"], "nested", "binary"),
    "lists against numbers": ([[1], [2]], [1, 2], "nested", "int64"),
    "mismatch": ([1, 2, 3], ["1", "2", "three"], "mismatch", "such as 'three'"),
    "dates against numbers": ([dt.date(2020, 1, 1)], [3], "mismatch", "date-times in reference, numbers in current"),
}  # fmt: skip


@pytest.mark.parametrize("what", SET_ASIDE)
def test_set_aside(what):
    a, b, kind, reason = SET_ASIDE[what]
    column, untested, found = one(a, b)
    assert column is None
    assert untested.kind == kind and reason in untested.reason
    assert set(found.aside) == ({"c"} if kind in ("id", "datetime") else set())


NOT_IDS = {
    "sorted measurements": (np.sort(RNG.standard_normal(N)), np.sort(RNG.standard_normal(N))),
    "integers at random": (RNG.integers(0, 4 * N, N), RNG.integers(0, 4 * N, N)),
    "incomes": (RNG.lognormal(10, 0.7, N).round(), RNG.lognormal(10.3, 0.7, N).round()),
    "microseconds": (RNG.integers(0, 10**6, N), RNG.integers(0, 10**6, N)),
    "prices": (RNG.lognormal(3, 1, N).round() * 100 + 99, RNG.lognormal(3, 1, N).round() * 100 + 99),
    "a sensor that moved": (RNG.normal(5e6, 1e5, N).round(), RNG.normal(7e6, 1e5, N).round()),
    "too few rows": (np.arange(9), np.arange(9) + 100),
    "wide integers, unique": (RNG.choice(10**7, N, replace=False), RNG.choice(10**7, N, replace=False)),
}


@pytest.mark.parametrize("what", NOT_IDS)
def test_measurements_are_not_identifiers(what):
    a, b = ({"c": c, "other": RNG.standard_normal(len(c))} for c in NOT_IDS[what])
    assert make(a, b).reference["c"].kind in ("numeric", "count")


def test_a_name_decides_about_unique_integers():
    a, b = (RNG.choice(10**7, N, replace=False) for _ in range(2))
    assert make({"customer_id": a}, {"customer_id": b}).untested[0].kind == "id"
    assert make({"paid": a}, {"paid": b}).names == ("paid",)


def test_identifiers_keep_their_missing_rate():
    ids = [f"u{i * 7919}" for i in range(N)]
    column, untested, _ = one([None, None, *ids], [f"v{i}" for i in ids])
    assert untested.kind == "id"
    assert (column.name, column.kind, column.levels) == ("c [missing]", "boolean", ("false", "true"))
    assert column.values.tolist() == [1.0, 1.0] + [0.0] * N and column.derived_from == "c"


def test_missing_in_one_table_is_tested_as_missing():
    for a, b in (([None] * 5, [1.5] * 5), ([2.5, 1.0, None, 3.0, 1.0], [None] * 5), (["a", "b"], [None] * 2)):
        column, untested, found = one(a, b)
        assert untested is None and column.name == "c [missing]"
        assert "missing in every row of one table" in found.notes[0]


def test_a_constant_with_gaps_is_tested_as_missing():
    column, untested, _ = one(["a", None], ["a", "a"])
    assert column.name == "c [missing]" and untested.kind == "constant"


def test_infinite_values_stay_infinite():
    column, _, found = one([1.0, np.inf, -2.5], [-np.inf, np.nan, 7.5])
    assert column.values.tolist() == [1.0, np.inf, -2.5]
    assert found.current["c"].values[0] == -np.inf
    assert found.notes == (
        "c: 1 infinite values in the reference and 1 in current: beyond all others in rank, their share is tested by "
        "itself",
    )
    assert one([np.inf] * 5, [np.inf] * 4)[1].reason == "constant: 'inf' in every row that has a value"


def test_prose_becomes_lengths():
    a = [f"order {i} of customer {i * 37 % 101} was late" for i in range(N)]
    b = [None, *(f"order {i} came {'very ' * (i % 5)}late again" for i in range(N))]
    found = make({"note": a}, {"note": b})
    assert found.names == ("note [length]", "note [words]", "note [digits]")
    assert {c.derived_from for c in found.reference} == {"note"}
    assert found.reference["note [length]"].values[0] == len(a[0])
    assert found.reference["note [words]"].values[0] == 7
    assert found.reference["note [digits]"].values[12] == 4  # "12" and "40"
    assert np.isnan(found.current["note [words]"].values[0])
    assert "text, tested by its length" in found.notes[0]


def test_a_derived_name_makes_way():
    ids = [f"u{i * 7919}" for i in range(N)]
    table = {"c": [None, *ids], "c [missing]": np.arange(N + 1) % 7}
    assert set(make(table, table).names) == {"c [missing]", "c [missing]'"}


def test_many_levels_share_one():
    names = [f"l{i:05d}" for i in range(1000)]
    a = RNG.choice(names, 5000, p=np.arange(1000) / (999 * 500))
    b = np.r_[RNG.choice(names, 5000), ["new"] * 300]
    column, _, found = one(a, b)
    assert column.kind == "category" and len(column.levels) == 201 and column.levels[-1] == "(other)"
    assert column.levels[0] == "new"
    pooled = np.r_[a, b]
    values, counts = np.unique(pooled, return_counts=True)
    commonest = values[np.lexsort((values, -counts))][:200]
    assert column.levels[:200] == tuple(commonest)
    decoded = np.array(column.levels)[np.r_[column.codes, found.current["c"].codes]]
    assert np.array_equal(decoded, np.where(np.isin(pooled, commonest), pooled, "(other)"))
    assert f"{len(values)} levels, all of them compared" in found.notes[0]
    assert f"the {len(values) - 200} beyond the 200 commonest" in found.notes[0]


def test_a_hundred_thousand_levels():
    codes = np.r_[np.zeros(50_000, int), RNG.integers(0, 10**5, 300_000)]
    column, _, _ = one(pa.array([f"l{i}" for i in codes[:150_000]]), pa.array([f"l{i}" for i in codes[150_000:]]))
    assert len(column.levels) == 201 and column.levels[0] == "l0"
    assert np.bincount(column.codes)[200] > 50_000


def test_levels_by_pooled_count_then_name():
    column, _, _ = one(["b", "b", "c", None, "(x)"], ["a", "c", "c", "a"])
    assert column.levels == ("c", "a", "b", "(x)")
    assert column.codes.tolist() == [2, 2, 0, -1, 3]


def test_columns_ignored_and_roles():
    a = {
        "x": [1.5, 2.5],
        "y": [1.0, 0.5],
        "z": ["a", "b"],
        "late": [0, 1],
        "p": [0.2, 0.7],
        "who": [7, 7],
        "only": [1, 2],
    }
    b = {"x": [1.0, 2.0], "y": [3.0, 1.5], "z": ["b", "c"], "p": [0.1, 0.9], "who": [8, 7]}
    roles = {"target": "late", "probability": ["p"], "entity": "who"}
    found = make(a, b, **roles)
    assert found.names == ("x", "y", "z")
    assert [(u.name, u.kind) for u in found.untested] == [("only", "absent")]
    late, none = found.roles["target"]
    assert late.kind == "boolean" and late.values.tolist() == [0.0, 1.0] and none is None
    assert found.roles["probability:p"][1].values.tolist() == [0.1, 0.9]
    who = found.roles["entity"]
    assert who[0].kind == "id" and who[0].values[0] == who[1].values[1] != who[1].values[0]
    assert make(a, b, columns=["z", "x"], **roles).names == ("x", "z")
    assert make(a, b, ignore=["x", "only"], **roles).names == ("y", "z")
    assert make(a, b, ignore=["only", "late"]).untested == ()


def test_role_values_are_kept_whole():
    n = 500
    found = make(
        {
            "t": [f"c{i}" for i in range(n)],
            "g": np.arange(n) % 3,
            "at": [dt.datetime(2020, 1, 1)] * n,
            "x": np.arange(n) / 7,
        },
        {"t": [f"c{i}" for i in range(n)], "g": [5] * n, "at": [dt.datetime(2021, 1, 1)] * n, "x": np.arange(n) / 7},
        target="t",
        groups="g",
        time="at",
    )
    assert len(found.roles["target"][0].levels) == n
    assert found.roles["groups"][0].levels == ("0", "1", "2", "5")
    assert found.roles["groups"][1].values[0] == 3
    assert found.roles["time"][0].kind == "datetime" and found.roles["time"][0].values[0] == 1577836800
    assert found.names == ("g", "x")


def test_one_row_each():
    assert make({"x": [1.0], "c": ["a"]}, {"x": [2.0], "c": ["b"]}).n == (1, 1)


def test_description_is_json_ready():
    import json

    found = make(
        {"x": [1.5, None], "k": ["a", "b"], "y": [1, 1]}, {"x": [1.0, 2.0], "k": ["a", "c"], "y": [1, 1]}, target="y"
    )
    text = json.loads(json.dumps(describe(found), allow_nan=False))
    assert text["columns"][1] == {"name": "k", "kind": "category", "levels": 3, "missing": [0, 0], "derived_from": None}
    assert text["roles"] == {"target": {"name": "y", "kind": "boolean", "in_current": True}}
    assert text["reference"] == {"rows_read": 2, "rows": 2, "sources": [{"name": "reference", "rows": 2}]}


# ----------------------------------------------------------------------------- blind to which table is which
VALUES = st.one_of(
    st.lists(st.integers(-3, 40), min_size=1, max_size=60),
    st.lists(st.one_of(st.none(), st.floats(width=32)), min_size=1, max_size=60),
    st.lists(st.one_of(st.none(), st.text("ab ", max_size=3)), min_size=1, max_size=60),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=1, max_size=60),
    st.lists(st.one_of(st.none(), st.sampled_from(["1", "2.5", "x", "2020-01-01", "true"])), min_size=1, max_size=60),
    st.integers(1, 60).map(lambda n: list(range(n))),
)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(VALUES, VALUES)
def test_exchanging_the_tables_changes_no_kind_and_no_level(a, b):
    (_, u, one_way), (_, v, other_way) = one(a, b), one(b, a)
    assert (u and (u.name, u.kind)) == (v and (v.name, v.kind))
    here, there = ([(c.name, c.kind, c.levels) for c in t] for t in (one_way.reference, other_way.current))
    assert here == there
    for c, d in zip(one_way.reference, other_way.current):
        np.testing.assert_array_equal(c.values, d.values)
    for c in (*one_way.reference, *one_way.current):
        assert c.values.dtype == np.float64
        if c.kind in ("category", "boolean"):
            assert set(c.codes) <= {-1, *range(len(c.levels))}
    assert one_way.n == (len(a) - one_way.duplicates["reference"], len(b) - one_way.duplicates["current"])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_relabelling_rows_changes_no_encoding_of_a_mixed_table(seed):
    """Permuting rows between the tables permutes the encoded rows and nothing else."""
    rng = np.random.default_rng(seed)
    n = 80
    table = pa.table(
        {
            "x": np.where(rng.random(n) < 0.1, np.nan, rng.standard_normal(n)),
            "k": rng.poisson(1, n),
            "c": rng.choice(["a", "b", "c", "rare"], n, p=[0.5, 0.3, 0.19, 0.01]),
            "almost": (rng.random(n) < 0.02).astype(float),
            "constant": np.full(n, 3.0),
            "id_like": [f"u{v}" for v in rng.integers(0, 10**9, n)],
        }
    )
    order = rng.permutation(n)
    shuffled = table.take(pa.array(order))
    p, q = make(table[:40], table[40:]), make(shuffled[:40], shuffled[40:])
    assert p.names == q.names and p.untested == q.untested
    for a, b, c, d in zip(p.reference, p.current, q.reference, q.current):
        assert (a.kind, a.levels) == (c.kind, c.levels)
        np.testing.assert_array_equal(np.r_[a.values, b.values][order], np.r_[c.values, d.values])
