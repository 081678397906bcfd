"""Values that float64 merges, and values without end: compared as they are."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import ecotone
from ecotone.checkup.report._plot_data import column_picture
from ecotone.compare.explain import describe_shift
from ecotone.compare.two_sample._scored_column import encode
from ecotone.data import Column, align_tables, profile, read_table

N = 300


def counts(p, seed):
    return np.random.default_rng(seed).choice(4, N, p=p)


OLD, NEW = counts([0.7, 0.1, 0.1, 0.1], 0), counts([0.1, 0.7, 0.1, 0.1], 1)
MERGED = {
    "int64": lambda k: 2**60 + k,
    "negative": lambda k: -(2**60) - k,
    "just beyond": lambda k: 2**53 + k,
    "uint64": lambda k: np.uint64(2**64 - 9) + k.astype(np.uint64),
    "nullable": lambda k: pd.array([None if i % 9 == 0 else 2**60 + int(x) for i, x in enumerate(k)], dtype="Int64"),
    "int64 beside uint64": lambda k: pa.array([2**62 + int(x) for x in k], pa.uint64() if k is OLD else pa.int64()),
    "decimal": lambda k: [Decimal(10) ** 20 + int(x) for x in k],
    "decimal of many places": lambda k: [Decimal(1) + Decimal(int(x)).scaleb(-25) for x in k],
    "decimals of other scales": lambda k: [Decimal(10) ** 20 + int(x) + Decimal("0.5") * (k is NEW) for x in k],
    "decimal256": lambda k: pa.array([Decimal(10**60 + int(x)) for x in k], pa.decimal256(76, 2)),
    "text of 16 digits": lambda k: [str(9007199254740992 + int(x)) for x in k],
    "text of 40 digits": lambda k: [str(10**39 + int(x)) for x in k],
}


@pytest.mark.parametrize("what", MERGED)
def test_no_two_values_are_merged(what):
    o = np.random.default_rng(2)
    old, new = ({"v": MERGED[what](k), "o": o.normal(size=N)} for k in (OLD, NEW))
    both = align_tables(read_table(old), read_table(new, name="current"))
    a, b = both.reference["v"], both.current["v"]
    there = ~a.missing
    distinct = lambda column, k: len(np.unique(column.values[~column.missing])) == len(np.unique(k))  # noqa: E731
    assert distinct(a, OLD[there]) and distinct(b, NEW[~b.missing])
    if a.kind == "ordinal":
        assert list(a.levels) == sorted(a.levels, key=Decimal)
    result = ecotone.check(old, new)
    assert next(c for c in result.columns if c["name"] == "v")["marginal"]["changed"]


def test_one_other_value_beyond_doubles_is_no_constant():
    old, new = (
        {"v": [2**53] * 60, "x": np.arange(60) % 7},
        {"v": [2**53] * 30 + [2**53 + 1] * 30, "x": np.arange(60) % 7},
    )
    column = align_tables(read_table(old), read_table(new)).current["v"]
    assert column.kind == "ordinal" and column.levels == ("9007199254740992", "9007199254740993")
    alone = align_tables(read_table(old), read_table(old)).untested[0]
    assert alone.kind == "constant"


def test_hashes_stay_numbers_and_tests_read_them():
    rng = np.random.default_rng(3)
    old, new = (pa.table({"h": rng.integers(-(2**63), 2**63 - 1, 400, dtype=np.int64)}) for _ in range(2))
    assert align_tables(read_table(old), read_table(new)).reference["h"].kind == "numeric"


INFINITE = {
    "constant": (np.full(N, 5.0), [np.inf]),
    "negative": (np.arange(N) % 7.0, [-np.inf]),
    "both ends": (np.arange(N) / 7.0, [-np.inf, np.inf]),
    "capped at the largest": (np.minimum(np.arange(N), 200.0), [np.inf]),
    "float32": ((np.arange(N) % 11).astype(np.float32), [np.inf]),
}


@pytest.mark.parametrize("what", INFINITE)
@pytest.mark.parametrize("swap", [False, True])
def test_infinite_values_are_seen(what, swap):
    rng = np.random.default_rng(4)
    base, ends = INFINITE[what]
    found = rng.permutation(base)
    found[rng.permutation(N)[: N // 5]] = rng.choice(ends, N // 5)
    tables = [{"v": v, "o": rng.normal(size=N)} for v in (rng.permutation(base), found)]
    result = ecotone.check(*(tables[::-1] if swap else tables))
    column = next(c for c in result.columns if c["name"] == "v")
    assert result.verdict["changed"] and column["marginal"]["changed"] and column["marginal"]["material"]
    assert f"infinite {'20 % → 0 %' if swap else '0 % → 20 %'}" in column["sentence"]
    assert "infinite" in str(result.data["notes"])


def test_few_infinite_values_have_an_exact_test_of_their_own():
    values = np.random.default_rng(5).normal(size=2000)
    values[1985:] = np.inf
    coded = encode("v", "numeric", values, 1000)
    flag = coded.lut[:, coded.what.index("infinite")]
    assert (flag[coded.codes] > 0).sum() == 15
    wide = encode("v", "numeric", np.tile(np.r_[-np.inf, values], 60), 1000)  # ranks are bins
    flag = wide.lut[:, wide.what.index("infinite")]
    assert (flag[wide.codes] > 0).sum() == 60 * 16


def test_the_same_share_of_infinite_values_raises_nothing():
    rng = np.random.default_rng(6)
    tables = [{"v": np.where(rng.random(600) < 0.1, np.inf, rng.normal(size=600))} for _ in range(2)]
    assert not ecotone.check(*tables).verdict["changed"]


@pytest.mark.parametrize("scale", [1e308, -1e308, 1e300, 1e200, 5e-324, 1e-310, 1e-300], ids=lambda s: f"{s:g}")
def test_the_ends_of_doubles(scale):
    rng = np.random.default_rng(7)
    low, high = (
        {"v": scale * (np.ceil(100 * rng.uniform(a, b, N)) / (100 if abs(scale) > 1 else 1))}
        for a, b in ((0.1, 1), (0.6, 1.7))
    )
    result = ecotone.check(low, high)
    column = result.columns[0]
    assert column["marginal"]["changed"] and column["sentence"]
    assert "nan" not in column["sentence"] and "<svg" in result.to_html()


def test_pictures_of_wide_whole_numbers():
    rng = np.random.default_rng(8)
    for low, high in ((-(2**63), 2**63 - 1), (0, 2**62), (2**60, 2**60 + 5000)):
        a, b = (Column("v", "numeric", rng.integers(low, high, 400).astype(float)) for _ in range(2))
        picture = column_picture(a, b)
        assert picture["reference"].sum() <= 1 + 1e-9
        assert "edges" not in picture or (np.diff(picture["edges"]) > 0).all()


def test_movement_tells_infinite_values_apart_from_finite_ones():
    x = np.linspace(0, 1, 1000)
    told = describe_shift(Column("v", "numeric", x), Column("v", "numeric", np.where(x > 0.7, np.inf, x + 0.0)))
    assert told.sentence.startswith("infinite 0 % → 30 %") and told.facts["infinite"] == (0.0, pytest.approx(0.3))


def test_profiles_without_rows_say_what_they_cannot_tell_apart_and_count_infinite_values():
    rng = np.random.default_rng(9)
    old, new = ({"big": 2**60 + k, "v": np.where(rng.random(N) < share, np.inf, rng.normal(size=N))}
                for k, share in ((OLD, 0.0), (NEW, 0.2)))  # fmt: skip
    first = profile(old, rows=False)
    result = ecotone.check(first, profile(new, like=first, rows=False))
    columns = {c["name"]: c for c in result.columns}
    assert columns["v [infinite]"]["marginal"]["changed"] and result.verdict["changed"]
    assert columns["big"]["role"] == "untested" and "2**53" in columns["big"]["reason"]
