"""Every way in which a table cannot be used: one sentence that names the place and the remedy."""

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

from ecotone.contracts import BadInput
from ecotone.data import Frame, Roles, align_tables, read_table


def refused(source, *words, **options):
    with pytest.raises(BadInput) as error:
        read_table(source, **options)
    message = str(error.value)
    assert "\n" not in message and len(message) < 600
    for word in words:
        assert word in message, message


def test_missing_file(tmp_path):
    refused(tmp_path / "none.parquet", "no file", "none.parquet", "check the path")
    refused(str(tmp_path / "none.duckdb::t"), "no file", "none.duckdb")


def test_glob_and_folder_with_nothing(tmp_path):
    refused(str(tmp_path / "*.csv"), "no file matches", "*.csv")
    refused(tmp_path, "nothing readable", ".parquet")
    (tmp_path / "notes.txt").write_text("a,b\n1,2\n")
    refused(tmp_path / "notes.txt", "no known ending", ".csv")


@pytest.mark.parametrize("text", ["", "\n", "a,b\n", "a,b"])
def test_csv_without_rows(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    refused(tmp_path / "t.csv", "t.csv")


def test_csv_that_is_none(tmp_path):
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\n1,2,3\n")
    refused(tmp_path / "ragged.csv", "ragged.csv", "Expected 2 columns, got 3")
    (tmp_path / "latin.csv").write_bytes("city\nKöln\n".encode("latin-1"))
    refused(tmp_path / "latin.csv", "'city'", "UTF-8")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 10_000)[:50])
    refused(tmp_path / "cut.csv.gz", "cut.csv.gz")


def test_truncated_parquet_and_arrow(tmp_path):
    table = pa.table({"x": np.arange(1000.0)})
    pq.write_table(table, tmp_path / "t.parquet")
    feather.write_feather(table, tmp_path / "t.arrow")
    for name in ("t.parquet", "t.arrow"):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        refused(tmp_path / name, name, "is the file whole")


def test_duckdb_tables(tmp_path):
    file = tmp_path / "t.duckdb"
    with duckdb.connect(str(file)) as base:
        base.execute("create table a as select 1.5 as x")
        assert read_table(file).n == 1
        base.execute("create table b as select 2.5 as x")
    refused(file, "2 tables", "::TABLE", "a, b")
    refused(f"{file}::c", "no table 'c'", "a, b")
    assert read_table(f"{file}::b").arrow["x"].to_pylist() == [2.5]
    (tmp_path / "junk.duckdb").write_bytes(b"junk" * 100)
    refused(tmp_path / "junk.duckdb", "junk.duckdb", "DuckDB")


def test_duplicate_names(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,a\n1,2,3\n")
    refused(tmp_path / "t.csv", "two columns named 'a'", "rename")
    refused(pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a'")
    refused(pd.DataFrame([[1, 2]], columns=["1", 1]), "two columns named '1'")
    refused(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), "two columns named 'a'")
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), tmp_path / "t.parquet")
    refused(tmp_path / "t.parquet", "two columns named 'a'")


@pytest.mark.parametrize(
    "source",
    [
        pd.DataFrame(),
        pd.DataFrame({"a": []}),
        pl.DataFrame({"a": []}),
        pl.LazyFrame({"a": []}),
        {},
        {"a": []},
        np.empty((0, 3)),
        np.empty((3, 0)),
        pa.table({}),
    ],
)
def test_empty_tables(source):
    refused(source, "current has no", "give a table", name="current")


@pytest.mark.parametrize(
    "source",
    [3, None, object(), np.zeros((2, 2, 2)), np.float64(3), {"a": [1, 2], "b": [1]}, {"a": 3}, pd.Series([1.0])],
)
def test_what_is_no_table(source):
    refused(source, "reference")


def test_a_lazy_frame_that_fails():
    refused(pl.LazyFrame({"a": ["x"]}).select(pl.col("none")), "reference", "none")


def test_files_that_do_not_fit_together(tmp_path):
    pd.DataFrame({"a": [1], "b": [2]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "2.parquet")
    refused(tmp_path, "column 'b' is in", "2.parquet", "same columns")
    pd.DataFrame({"a": [1], "b": ["x"]}).to_parquet(tmp_path / "2.parquet")
    refused(str(tmp_path / "*.parquet"), "column 'b' is int64", "2.parquet", "same types")


def frames(a, b):
    return read_table(a), read_table(b, name="current")


def test_disjoint_columns():
    with pytest.raises(BadInput, match=r"no column in common: reference has a, current has b;"):
        align_tables(*frames({"a": [1.0]}, {"b": [1.0]}))


def test_names_that_are_not_there():
    both = frames({"price": [1.0, 2.0], "late": [0, 1]}, {"price": [1.0, 2.0]})
    with pytest.raises(BadInput, match=r"columns: 'prize' is not in the reference; did you mean 'price'\?"):
        align_tables(*both, Roles.of(columns=["prize"]))
    with pytest.raises(BadInput, match=r"columns: 'late' is not in current; it has price"):
        align_tables(*both, Roles.of(columns=["late"]))
    with pytest.raises(BadInput, match=r"ignore: 'prices' is in neither table; did you mean 'price'\?"):
        align_tables(*both, Roles.of(ignore=["prices"]))
    with pytest.raises(BadInput, match=r"target: column 'lates' is not in the reference; did you mean 'late'\?"):
        align_tables(*both, Roles.of(target="lates"))
    with pytest.raises(BadInput, match="entity: column 'late' is not in current"):
        align_tables(*both, Roles.of(entity="late"))
    assert align_tables(*both, Roles.of(target="late")).roles["target"][1] is None


def test_nothing_left():
    both = frames({"a": [1.0, 2.0], "b": [1, 2]}, {"a": [1.0, 2.0], "b": [1, 2]})
    with pytest.raises(BadInput, match="no column is left to compare"):
        align_tables(*both, Roles.of(ignore="a", target="b"))
    assert align_tables(*both, Roles.of(columns="a")).names == ("a",)


def test_names_that_would_break_the_sentence():
    hostile = "a\n<script>alert(1)</script>" + "x" * 500
    both = frames({hostile: [1.0]}, {"b": [1.0]})
    with pytest.raises(BadInput) as error:
        align_tables(*both)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


def test_other_types_in_the_two_tables():
    both = frames({"x": [1.0, 2.0], "y": [1.0, 2.0]}, {"x": ["1.0", "two"], "y": [1.0, 2.0]})
    found = align_tables(*both)
    assert found.names == ("y",)
    assert (
        found.untested[0].name == "x"
        and "numbers in reference, text in current (such as 'two')" in found.untested[0].reason
    )
    with pytest.raises(BadInput, match="columns: 'x' has other types in the two tables: numbers in reference"):
        align_tables(*both, Roles.of(columns=["x", "y"]))
    with pytest.raises(BadInput, match="prediction: column 'x' cannot be used: numbers in reference, text"):
        align_tables(*both, Roles.of(prediction="x"))


def test_roles_that_cannot_be_used():
    both = frames(
        {"x": [1.0, 2.0], "t": ["a", "b"], "n": [None, None]}, {"x": [1.0, 2.0], "t": ["a", "b"], "n": [None, None]}
    )
    with pytest.raises(BadInput, match=r"probability: column 't' holds text such as 'a'; give numbers in \[0, 1\]"):
        align_tables(*both, Roles.of(probability=["t"]))
    with pytest.raises(BadInput, match="time: column 't' holds text such as 'a'; give date-times or numbers"):
        align_tables(*both, Roles.of(time="t"))
    with pytest.raises(BadInput, match="target: column 'n' is missing in every row"):
        align_tables(*both, Roles.of(target="n"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bytes")
    table = pa.table({"x": [1.5, None, 3.0], "city": ["Ulm", "Köln", None], "n": [1, 2, 3]})
    pq.write_table(table, folder / "t.parquet")
    feather.write_feather(table, folder / "t.arrow")
    (folder / "t.csv").write_text("x,city,n\n1.5,Ulm,1\n,Köln,2\n3.0,,3\n")
    return folder


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["t.parquet", "t.arrow", "t.csv"]), st.integers(0, 4000), st.binary(max_size=12), st.booleans())
def test_damaged_files_are_read_or_refused_in_one_sentence(folder, name, at, junk, cut):
    whole = (folder / name).read_bytes()
    at %= len(whole) + 1
    bad = folder / f"bad{(folder / name).suffix}"
    bad.write_bytes(whole[:at] + junk + (b"" if cut else whole[at + len(junk) :]))
    try:
        frame = read_table(bad)
        assert isinstance(frame, Frame)
        align_tables(frame, frame)
    except BadInput as error:
        assert "\n" not in str(error) and "bad" in str(error)
