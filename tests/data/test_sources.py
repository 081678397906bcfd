"""One reader: every command sees the same values, whatever a table is stored in."""

import datetime as dt
import decimal
import os
import stat
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from ecotone.contracts import BadInput
from ecotone.data import profile, read_table, scan_batches
from ecotone.data._pool import pool
from ecotone.data._profile_io import encoded
from ecotone.data.activations import open_dataset
from ecotone.data.sources import family, plain_type

N = 60


def cycled(values, kind=None):
    return pa.array([values[i % len(values)] for i in range(N)], kind)


def dictionary(values, kind=None):
    codes = pa.array([None if i % 7 == 3 else i % len(values) for i in range(N)], pa.int8())
    return pa.DictionaryArray.from_arrays(codes, pa.array(values, kind))


DAY, NOON = dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 12, 30, 15)
NUMBERS = [1, 0, None, 7, 1]
TYPES = {
    **{str(t): cycled(NUMBERS, t) for t in (pa.int8(), pa.int16(), pa.int32(), pa.int64())},
    **{str(t): cycled(NUMBERS, t) for t in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())},
    **{str(t): cycled([1.5, None, -2.0, 0.25], t) for t in (pa.float32(), pa.float64())},
    "half": pa.array(np.array([1.5, 2.0, -0.5] * 20, np.float16)),
    "nan": cycled([1.5, float("nan"), None, 2.5]),
    "no rows present": pa.nulls(N, pa.float64()),
    "null": pa.nulls(N),
    "bool": cycled([True, None, False]),
    "bool all missing": pa.nulls(N, pa.bool_()),
    "bool8": pa.ExtensionArray.from_storage(pa.bool8(), cycled([1, 0, None], pa.int8())),
    **{str(t): cycled(["a", None, "", "NA", "b c"], t) for t in (pa.string(), pa.large_string(), pa.string_view())},
    "codes": cycled(["007", "010", None, "99"]),
    "long codes": cycled(["12345678901234567890123", "12345678901234567890124", None]),
    **{str(t): cycled([b"a", None, b"bb"], t) for t in (pa.binary(), pa.large_binary(), pa.binary_view())},
    "fixed binary": cycled([b"ab", None], pa.binary(2)),
    **{f"decimal {w}": cycled([decimal.Decimal("1.25"), None, decimal.Decimal("-3.50")], t) for w, t in
       ((32, pa.decimal32(9, 2)), (64, pa.decimal64(18, 2)), (128, pa.decimal128(30, 2)), (256, pa.decimal256(60, 2)))},
    "date32": cycled([DAY, None], pa.date32()),
    "date64": cycled([DAY, None], pa.date64()),
    **{f"timestamp {u}": cycled([NOON, None], pa.timestamp(u)) for u in ("s", "ms", "us", "ns")},
    "timestamp zone": cycled([NOON, None], pa.timestamp("us", "Europe/Berlin")),
    "time32": cycled([dt.time(1, 2, 3), None], pa.time32("s")),
    "time64": cycled([dt.time(1, 2, 3), None], pa.time64("us")),
    **{f"duration {u}": cycled([dt.timedelta(seconds=90), None], pa.duration(u)) for u in ("s", "ms", "us", "ns")},
    "category": dictionary(["x", "y", "z"]),
    "category of numbers": dictionary([3, 1, 2]),
    "category of numbers as text": dictionary(["3", "1", "2"]),
    "category of dates": dictionary([DAY], pa.date32()),
    "category of views": dictionary(["x", "y"], pa.string_view()),
    "category of nothing": pa.DictionaryArray.from_arrays(pa.array([0] * N, pa.int32()), pa.nulls(1)),
    "runs": pa.compute.run_end_encode(cycled([1.5, 1.5, None])),
    "interval": cycled([pa.MonthDayNano([0, 1, 1000]), pa.MonthDayNano([1, 0, 0]), None], pa.month_day_nano_interval()),
    "list": cycled([[1, 2], None, []]),
    "struct": cycled([{"a": 1}, None]),
    "map": cycled([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
}  # fmt: skip


def parquet(table, path):
    pq.write_table(table, path / "t.parquet")
    return path / "t.parquet"


def arrow(table, path):
    feather.write_feather(table, path / "t.arrow", compression="uncompressed")
    return path / "t.arrow"


def stream(table, path):
    with pa.OSFile(str(path / "t.ipc"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return path / "t.ipc"


def base(table, path):
    with duckdb.connect(str(path / "t.duckdb")) as opened:
        opened.register("v", table)
        opened.execute("create table t as select * from v")
    return path / "t.duckdb"


FORMATS = {"parquet": parquet, "arrow": arrow, "stream": stream, "duckdb": base, "memory": lambda t, path: t}


def seen(source):
    """What the check reads of the one column: its family, keys that tell values apart, and what is missing."""
    raw = pool("x", read_table(source).arrow["x"], pa.chunked_array([], pa.null()))
    values = raw.dictionary.take(pa.array(raw.codes, mask=raw.codes < 0)).to_pylist() if raw.family == "text" else None
    return raw.family, values if values is not None else raw.values.tolist(), raw.declared


def counted(p):
    c = p["x"]
    return c.family, c.rows, c.missing, c.low, c.high, round(c.distinct.count), c.characters, c.frequent.top(9)


@pytest.mark.parametrize("how", [f for f in FORMATS if f != "memory"])
@pytest.mark.parametrize("what", TYPES)
def test_every_format_and_type_is_seen_alike(what, how, tmp_path):
    table = pa.table({"x": TYPES[what]})
    try:
        stored = FORMATS[how](table, tmp_path)
    except Exception as error:
        pytest.skip(f"{how} cannot hold it: {error}")
    kept, given = read_table(stored).arrow.schema.field("x").type, plain_type(TYPES[what].type)
    if how in ("duckdb", "parquet") and pa.types.is_dictionary(given) and not pa.types.is_dictionary(kept):
        pytest.skip(f"{how} stores a category as its levels, {kept}")
    if how == "duckdb" and family(kept) != family(given):
        pytest.skip(f"a database stores it as {kept}")
    np.testing.assert_equal(seen(stored), seen(table))
    assert counted(profile(stored)) == counted(profile(table))


@pytest.mark.parametrize("what", TYPES)
def test_every_command_sees_the_same(what, tmp_path, monkeypatch):
    """Check and fit read the table, profile folds it, and a check of a profile reads the rows that it keeps."""
    table = pa.table({"x": TYPES[what], "row": np.arange(N)})
    path = arrow(table, tmp_path)
    read, made = seen(path), profile(path)
    values = np.array(read[1], object)
    column = made["x"]
    assert column.family == {"mismatch": "nested"}.get(column.family, family(table.schema.field("x").type))
    if column.family == "nested":
        assert made.left_out
        return
    assert column.missing == sum(v is None or v != v for v in values)
    made.save(tmp_path / "t.profile")
    np.testing.assert_equal(seen(tmp_path / "t.profile"), read)
    learned = []
    monkeypatch.setattr("ecotone.learn.TableModel.fit", lambda self, X, *a, **k: learned.append(X) or self.stop())
    from ecotone.cli._main import run

    run(["fit", str(path), "-o", str(tmp_path / "m")])
    np.testing.assert_equal(learned[0].to_pydict(), read_table(path).arrow.to_pydict())
    data = open_dataset(path)
    assert len(data) == N


def test_what_is_quoted_in_a_csv_is_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('k,v,u\n"NA",1,"1"\n"",,""\nNA,"3",2\n,"NA",""\n"b",5,5\n')
    want = {"k": ["NA", "", None, None, "b"], "v": [1, None, 3, None, 5], "u": [1, None, 2, None, 5]}
    assert read_table(path).arrow.to_pydict() == want
    made = profile(path)
    assert {c: made[c].missing for c in "kvu"} == {"k": 2, "v": 2, "u": 2}
    assert made["k"].frequent.counts == {"NA": 1, "": 1, "b": 1} and made["u"].high == 5
    path.write_text("k\n" + '"NA"\n' * 3)
    assert read_table(path).arrow.to_pydict() == {"k": ["NA"] * 3}


def test_a_quoted_word_late_in_a_column_of_numbers_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("ecotone.data.sources._csv._BLOCK", 1 << 10)
    path = tmp_path / "a.csv"
    path.write_text("x,k\n" + "1,a\n" * 2000 + '"NA","NA"\n"","2"\n3,"b"\n')
    table = read_table(path).arrow
    assert str(table.schema.field("x").type) == "int64" and table["x"][-3:].to_pylist() == [None, None, 3]
    assert table["k"][-3:].to_pylist() == ["NA", "2", "b"]
    assert profile(path)["x"].missing == 2 and profile(path)["k"].frequent.counts["NA"] == 1
    assert sum(len(b) for b in scan_batches(path)) == 2003


@pytest.mark.parametrize(
    ("cells", "kind"),
    [("1 -2", "int64"), ("007 12", "string"), ("0 10", "int64"), ("0.5 -0.5", "double"), ("0x1F 3", "string"),
     ("18446744073709551615 1", "uint64"), ("1e5 7", "double"), ("123456789012345678901234 1", "string"),
     ("true FALSE", "bool"), ("2024-01-01 2024-02-30", "string"), ("2024-01-01 2024-02-29", "date32[day]"),
     ("2024-01-01T10:00 2024-01-01", "timestamp[s]"), ("2024-01-01T10:00:00Z NA", "timestamp[s, tz=UTC]"),
     ("10:00 11:30:10", "time32[s]"), ("NA NULL", "null"), ("+1 2", "double"), ("1 x", "string"),
     ("nan inf", "double")],
)  # fmt: skip
@pytest.mark.parametrize("late", [0, 400])
def test_what_the_texts_of_a_csv_are(cells, kind, late, tmp_path, monkeypatch):
    monkeypatch.setattr("ecotone.data.sources._csv._BLOCK", 1 << 9)
    first, last = cells.split()
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + f"{first},1\n" * (1 + late) + f"{last},2\n")
    frame = read_table(path)
    assert str(frame.arrow.schema.field("a").type) == kind and frame.n == late + 2
    half = tmp_path / "half"
    half.mkdir()
    (half / "1.csv").write_text(f"a,b\n{first},1\n")
    (half / "2.csv").write_text(f"b,a\n2,{last}\n")
    assert str(read_table(half).arrow.schema.field("a").type) == kind
    assert profile(half)["a"].type == profile(path)["a"].type == kind


def test_the_index_that_pandas_wrote_is_no_column(tmp_path):
    frame = pd.DataFrame({"x": [1.0, 2.0], "k": ["a", "b"]}, index=[5, 9])
    named = frame.rename_axis("when")
    two = frame.set_index(pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]))
    for i, table in enumerate((frame, named, two)):
        table.to_parquet(tmp_path / f"{i}.parquet")
        feather.write_feather(pa.Table.from_pandas(table), tmp_path / f"{i}.arrow")
        for source in (tmp_path / f"{i}.parquet", tmp_path / f"{i}.arrow", pa.Table.from_pandas(table), table):
            assert read_table(source).arrow.column_names == ["x", "k"]
            assert profile(source).names == ("x", "k")
    pq.write_table(pa.table({"__index_level_0__": [1.0]}), tmp_path / "own.parquet")
    assert read_table(tmp_path / "own.parquet").arrow.column_names == ["__index_level_0__"]
    odd = pa.table({"x": [1.0]}).replace_schema_metadata({b"pandas": b"[[[not json"})
    assert read_table(odd).n == read_table(odd.replace_schema_metadata({b"pandas": b'{"index_columns": 3}'})).n == 1


def test_a_pipe_or_a_device_is_refused_without_being_opened(tmp_path):
    os.mkfifo(tmp_path / "p.csv")
    os.mkfifo(tmp_path / "p.duckdb")
    for name in ("p.csv", "p.duckdb", "p.duckdb::t"):
        for read in (read_table, profile):
            with pytest.raises(BadInput, match="pipe or a device"):
                read(str(tmp_path / name))


def test_a_device_is_refused(tmp_path):
    try:
        os.mknod(tmp_path / "zero.csv", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("making a device takes root")
    with pytest.raises(BadInput, match="pipe or a device"):
        read_table(tmp_path / "zero.csv")


def hostile(path, statement):
    with duckdb.connect(str(path)) as opened:
        opened.execute(statement)
    return path


def test_a_view_of_a_received_database_reads_nothing_else(tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("k\nSECRET\n")
    for i, query in enumerate((f"read_csv('{secret}')", f"read_text('{secret}')", f"glob('{tmp_path}/*')")):
        path = hostile(tmp_path / f"{i}.duckdb", f"create view v as select * from {query}")
        for read in (read_table, profile):
            with pytest.raises(BadInput, match="outside of the file"):
                read(path)
    path = hostile(tmp_path / "m.duckdb", f"create macro m() as table select * from read_csv('{secret}')")
    hostile(path, "create view v as select * from m()")
    with pytest.raises(BadInput, match="outside of the file"):
        read_table(path)
    path = hostile(tmp_path / "own.duckdb", "create table t as select 1.5 as x")
    hostile(path, "create view v as select x + 1 as y from t")
    assert read_table(f"{path}::v").arrow.to_pydict() == {"y": [2.5]}
    with duckdb.connect(str(path)) as held:
        assert read_table(f"{path}::t").n == 1
        with pytest.raises(BadInput, match="is a view"):
            read_table(f"{path}::v")
        assert held.sql("select 1").fetchall()


def partitions(table, folder):
    """The same rows in one file, in many, in other row groups, and as a stream."""
    pq.write_table(table, folder / "one.parquet")
    pq.write_table(table, folder / "groups.parquet", row_group_size=777)
    (folder / "many").mkdir()
    for i, start in enumerate(range(0, len(table), 1300)):
        pq.write_table(table.slice(start, 1300), folder / "many" / f"{i:03}.parquet", row_group_size=500)
    arrow(table, folder)
    return [folder / "one.parquet", folder / "groups.parquet", folder / "many", folder / "t.arrow", table]


def test_a_profile_does_not_depend_on_how_the_rows_are_cut(tmp_path):
    rng = np.random.default_rng(0)
    n = 9000
    table = pa.table(
        {
            "x": pa.array(rng.normal(size=n), mask=rng.random(n) < 0.1),
            "k": rng.choice(["a", "b", "c", None], n).tolist(),
            "d": pa.array(rng.choice(["u", "v"], n).tolist()).dictionary_encode(),
            "n": rng.integers(0, 10**6, n),
        }
    )
    like = profile(table.slice(0, 500))
    for options in ({"reservoir": 300}, {"reservoir": 300, "like": like}, {"rows": False}):
        files = {encoded(profile(source, **options)) for source in partitions(table, Path(str(tmp_path)))}
        for left in sorted(tmp_path.rglob("*"), reverse=True):
            left.rmdir() if left.is_dir() else left.unlink()
        assert len(files) == 1


def test_csv_and_parquet_of_the_same_rows_keep_the_same_rows(tmp_path):
    table = pa.table({"x": [0.5, 1.5, None] * 400, "k": ["a", "b", None] * 400, "n": list(range(1200))})
    pq.write_table(table, tmp_path / "t.parquet")
    pcsv.write_csv(table, tmp_path / "t.csv")
    assert encoded(profile(tmp_path / "t.csv", reservoir=50)) == encoded(profile(tmp_path / "t.parquet", reservoir=50))


def test_plain_types_are_plain():
    for array in TYPES.values():
        once = plain_type(array.type)
        assert plain_type(once) == once and family(array.type) == family(once)


def test_intervals_are_durations_and_a_month_counts_thirty_days():
    array = pa.array([None, (0, 1, 2_000_000_000), (1, -1, 0)], pa.month_day_nano_interval()).slice(1)
    assert read_table(pa.table({"x": array})).arrow["x"].to_pylist() == [
        dt.timedelta(days=1, seconds=2), dt.timedelta(days=29)
    ]  # fmt: skip


def test_frames_of_other_kinds_are_one_source():
    table = pa.table({"x": [1.0, None], "k": ["a", "b"]})
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    for source in (reader, pa.dataset.dataset(table), pl.from_arrow(table), pl.from_arrow(table).lazy()):
        assert read_table(source).arrow.to_pydict() == table.to_pydict()


def test_profiles_of_one_column_in_other_types_merge(tmp_path):
    """Families merge; the rows that are kept take a type that holds both."""
    far = pa.array([2**31 - 1, None], pa.int32()).cast(pa.date32())
    for one, other, kind in (
        (pa.array([90, None], pa.duration("ms")), pa.array([1, 2]), "double"),
        (pa.array([2**53 + 1, 3]), pa.array([1.5, None]), "double"),
        (pa.array([2**64 - 1, 3], pa.uint64()), pa.array([-1, 2]), "double"),
        (pa.array([1, 2], pa.int8()), pa.array([3, None], pa.uint32()), "int64"),
        (pa.array(["a", None]).dictionary_encode(), pa.array(["b", "a"]), "string"),
        (far, pa.array([1, 2], pa.timestamp("s", "UTC")), "timestamp[us]"),
        (pa.nulls(2), pa.array(["a", "b"]).dictionary_encode(), "dictionary<values=string, indices=int32, ordered=0>"),
    ):
        a, b = profile({"x": one}), profile({"x": other})
        for whole in (a.merge(b), b.merge(a)):
            assert str(whole.frame().schema.field("x").type) == kind and whole.n == 4
            whole.save(tmp_path / "w.profile")
            assert read_table(tmp_path / "w.profile").n == 4


def test_categories_of_unsigned_codes_have_missing_values():
    for index in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()):
        codes = pa.array([0, None, 1], index)
        assert profile({"x": pa.DictionaryArray.from_arrays(codes, pa.array(["a", "b"]))})["x"].missing == 1


def test_hash_like_columns_and_the_ends_of_types_are_checked_and_drawn(tmp_path):
    from ecotone.cli._main import run

    rng = np.random.default_rng(0)

    def made(n):
        ends = [5e-324, 1e-310, 1e308, 0.0]
        return pa.table(
            {
                "signed": rng.integers(-(2**63), 2**63 - 1, n),
                "unsigned": rng.integers(0, 2**64 - 1, n, np.uint64),
                "hex": [f"{v:016x}" for v in rng.integers(0, 2**62, n)],
                "tiny": rng.choice(ends[:2], n),
                "ends": rng.choice(ends, n),
                "tails": np.exp(rng.normal(size=n) * 200),
                "far": pa.array(rng.integers(-(2**62), 2**62, n), pa.timestamp("s")),
                "levels": pa.DictionaryArray.from_arrays(
                    rng.integers(0, 2, n), pa.array([2**62, 5], pa.timestamp("s")), ordered=True
                ),
                "views": pa.array([["a"], None] * (n // 2), pa.list_(pa.string_view())),
                "struct": pa.array([{"a": "b"}, None] * (n // 2), pa.struct([("a", pa.string_view())])),
            }
        )

    for name, n in (("a", 200), ("b", 300)):
        arrow(made(n), tmp_path).rename(tmp_path / f"{name}.arrow")
    a, b, out = (str(tmp_path / f) for f in ("a.arrow", "b.arrow", "out"))
    assert run(["check", a, b, "--report", f"{out}.html", "--json", f"{out}.json", "--rows", f"{out}.pq"]) in (0, 1)
    assert run(["profile", a, "-o", f"{out}.profile", "--contract", f"{out}.contract.json"]) == 0
    assert run(["check", f"{out}.profile", b, "--contract", f"{out}.contract.json", "--quiet"]) in (0, 1)
