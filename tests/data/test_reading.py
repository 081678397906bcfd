"""One table, however it is stored, is read as the same table."""

import datetime as dt
import gzip

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecotone.data import align_tables, read_table


def same(one, other):
    assert one.names == other.names
    assert one.untested == other.untested
    assert one.duplicates == other.duplicates
    for a, b in ((one.reference, other.reference), (one.current, other.current)):
        assert a.n == b.n and np.array_equal(a.rows, b.rows)
        for x, y in zip(a, b):
            assert (x.name, x.kind, x.levels, x.derived_from) == (y.name, y.kind, y.levels, y.derived_from)
            np.testing.assert_array_equal(x.values, y.values)


def rows(n):
    words = st.sampled_from(["Ulm", "Köln", "a,b", 'q"q', " x ", "true blue", "1e", "üß"])
    columns = {
        "x": st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda v: v + 0.0)),
        "k": st.integers(0, 5),
        "big": st.integers(2**60, 2**61),
        "flag": st.booleans(),
        "city": st.one_of(st.none(), words),
        "when": st.datetimes(dt.datetime(1960, 1, 1), dt.datetime(2060, 1, 1)).map(lambda t: t.replace(microsecond=0)),
    }
    return st.fixed_dictionaries({c: st.lists(s, min_size=n, max_size=n) for c, s in columns.items()})


def stored(table, how, folder, name):
    """``table`` in the form ``how``."""
    path = folder / f"{name}.{how}"
    if how == "pandas":
        return table.to_pandas()
    if how == "polars":
        return pl.from_arrow(table)
    if how == "lazy":
        return pl.from_arrow(table).lazy()
    if how == "dict":
        return {c: table[c].to_pylist() for c in table.column_names}
    if how == "duckdb":
        return duckdb.from_arrow(table)
    if how == "parquet":
        pq.write_table(table, path)
    elif how == "arrow":
        feather.write_feather(table, path)
    elif how == "csv":
        table.to_pandas().to_csv(path, index=False)
    elif how == "csv.gz":
        path.write_bytes(gzip.compress(table.to_pandas().to_csv(index=False).encode()))
    elif how == "tsv":
        table.to_pandas().to_csv(path, index=False, sep="\t")
    return path


@pytest.mark.parametrize(
    "how", ["pandas", "polars", "lazy", "dict", "duckdb", "parquet", "arrow", "csv", "csv.gz", "tsv"]
)
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(a=rows(12), b=rows(9))
def test_every_store_gives_the_same_pair(how, a, b, tmp_path_factory):
    folder = tmp_path_factory.mktemp("t")
    a, b = pa.table(a), pa.table(b)
    want = align_tables(read_table(a), read_table(b))
    got = align_tables(read_table(stored(a, how, folder, "a")), read_table(stored(b, how, folder, "b")))
    same(want, got)
    same(want, align_tables(read_table(stored(a, how, folder, "a")), read_table(b)))


def test_many_files_in_sorted_order(tmp_path):
    for name, values in {"b": [3.0, 4.0], "a": [1.0], "sub/c": [5.5]}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"x": values, "y": values}), tmp_path / f"{name}.parquet")
    (tmp_path / "_SUCCESS.parquet").write_text("not data")
    frame = read_table(tmp_path)
    assert frame.arrow["x"].to_pylist() == [1.0, 3.0, 4.0, 5.5]
    assert [(p.name.rsplit("/", 1)[-1], p.rows) for p in frame.parts] == [
        ("a.parquet", 1), ("b.parquet", 2), ("c.parquet", 1)
    ]  # fmt: skip
    globbed = read_table(str(tmp_path / "?.parquet"))
    assert globbed.n == 3
    both = align_tables(globbed, frame)
    assert both.current.where(3)[0].endswith("c.parquet") and both.current.where(2)[1] == 1


def test_types_are_widened_over_files(tmp_path):
    (tmp_path / "1.csv").write_text("x,y\n1,a\n2,b\n")
    (tmp_path / "2.csv").write_text("y,x\n,1.5\n")
    assert read_table(tmp_path).arrow.to_pydict() == {"x": [1.0, 2.0, 1.5], "y": ["a", "b", None]}


def test_a_csv_whose_type_changes_late(tmp_path):
    lines = ["k,x,t"] + ["1,2,2020-01-01"] * 1_500_000 + ["1.5,2,2020-01-02", "1,2,2020-01-03"]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    table = read_table(tmp_path / "t.csv").arrow
    assert [str(f.type) for f in table.schema] == ["double", "int64", "date32[day]"]
    assert table["k"][-2].as_py() == 1.5


@pytest.mark.parametrize("mark", [";", "|", "\t"])
def test_other_delimiters(tmp_path, mark):
    (tmp_path / "t.csv").write_text(f"a{mark}b\n1{mark}x\n")
    assert read_table(tmp_path / "t.csv").arrow.to_pydict() == {"a": [1], "b": ["x"]}


def test_quoted_cells_and_a_byte_order_mark(tmp_path):
    (tmp_path / "t.csv").write_bytes('\ufeff"x","city"\r\n"1.5","Ulm"\r\n"",""\r\n"2","two\nlines"\r\n'.encode())
    assert read_table(tmp_path / "t.csv").arrow.to_pydict() == {
        "x": [1.5, None, 2.0],
        "city": ["Ulm", "", "two\nlines"],
    }


def test_arrays():
    assert read_table(np.arange(3)).arrow.to_pydict() == {"x0": [0, 1, 2]}
    assert read_table(np.arange(4.0).reshape(2, 2)).arrow.to_pydict() == {"x0": [0.0, 2.0], "x1": [1.0, 3.0]}
    structured = np.array([(1, "a"), (2, "b")], dtype=[("n", "i4"), ("s", "U3")])
    assert read_table(structured).arrow.to_pydict() == {"n": [1, 2], "s": ["a", "b"]}
    assert read_table({"x": np.array([1.0, np.nan])}).n == 2


def test_a_frame_is_itself():
    frame = read_table({"x": [1.0]})
    assert read_table(frame) is frame


def test_mixed_objects_become_text_and_say_so():
    frame = read_table(pd.DataFrame({"m": [1, "a", None, 2.5, np.nan, pd.NA]}))
    assert frame.arrow["m"].to_pylist() == ["1", "a", None, "2.5", None, None]
    assert frame.notes == ("m: holds values of several types in reference (float, int, str); read as text",)
    assert align_tables(frame, frame).reference["m"].kind == "category"


def test_pandas_nullable_and_categorical():
    table = pd.DataFrame(
        {
            "i": pd.array([1, None, 3], "Int64"),
            "c": pd.Categorical(["b", "a", None]),
            "n": pd.Categorical([1, 2, 2]),
            "z": pd.to_datetime(["2020-01-01", None, "2020-01-03"]).tz_localize("Europe/Berlin"),
        },
        index=[5, 5, 5],
    )
    both = align_tables(read_table(table), read_table(table))
    assert [(c.name, c.kind, c.levels) for c in both.reference] == [
        ("i", "count", ()),
        ("c", "category", ("a", "b")),
        ("n", "category", ("2", "1")),
        ("z [missing]", "boolean", ("false", "true")),
    ]
    seconds = both.aside["z"][0].values
    assert seconds[0] == dt.datetime(2019, 12, 31, 23, tzinfo=dt.UTC).timestamp() and np.isnan(seconds[1])


def test_objects_of_no_column_type_become_text():
    frame = read_table(pl.DataFrame({"o": pl.Series([{1}, "a"], dtype=pl.Object), "x": [1, 2]}))
    assert frame.arrow.to_pydict() == {"o": ["{1}", "a"], "x": [1, 2]}
    assert frame.notes == ("o: holds values of several types in reference (set, str); read as text",)


def test_what_is_not_unicode_is_replaced(tmp_path):
    frame = read_table({"a\ud800": ["x\ud800", "y"]})
    assert frame.arrow.to_pydict() == {"a?": ["x?", "y"]}
    latin = pa.StringArray.from_buffers(2, *pa.array([b"K\xf6ln", b"Ulm"]).buffers()[1:])
    pq.write_table(pa.table({"city": latin}), tmp_path / "t.parquet")
    frame = read_table(tmp_path / "t.parquet")
    assert align_tables(frame, frame).reference["city"].levels == ("K\ufffdln", "Ulm")


def test_times_without_a_unit():
    frame = read_table({"t": [np.datetime64("NaT"), np.int8(3), None, np.timedelta64(5)] * 9})
    assert frame.arrow["t"].to_pylist()[:4] == [None, 3, None, 5]
