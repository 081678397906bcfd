"""The summary of the columns as a data frame, of whichever library is there."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import ecotone
from ecotone.checkup._columns_frame import columns_table


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(0)
    day = np.datetime64("2024-01-01", "s")

    def table(shift):
        return {
            "x": rng.normal(shift, 1, 400), "still": rng.normal(size=400), "city": rng.choice(["Ulm", "Bonn"], 400),
            "when": pa.array(day + rng.integers(0, 10**6, 400)), "y": rng.integers(0, 2, 400),
            ("old" if not shift else "new"): [[1]] * 400,
        }  # fmt: skip

    return ecotone.check(pa.table(table(0)), pa.table(table(1)), target="y")


def test_every_column_has_a_row_with_its_facts(result):
    frame = result.columns_frame()
    assert isinstance(frame, pd.DataFrame) and frame["name"].is_unique
    assert set(frame["name"]) == {"x", "still", "city", "when", "y", "old", "new"}
    x = frame.iloc[0]
    assert (x["name"], x["role"], bool(x["material"])) == ("x", "moved", True)
    assert x["effect_low"] < x["effect"] < x["effect_high"] and x["how"].startswith("mean ")
    by_name = frame.set_index("name")
    assert by_name.loc["when", "untested"] and by_name.loc["when", "min_reference"].startswith("2024-01-0")
    assert by_name.loc["y", "role"] == "not compared" and by_name.loc["y", "count_current"] == 400
    assert pd.isna(by_name.loc["new", "count_reference"]) and by_name.loc["new", "count_current"] == 400


def test_without_pandas_it_is_polars_and_without_both_arrow(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert isinstance(result.columns_frame(), pl.DataFrame)
    monkeypatch.setitem(sys.modules, "polars", None)
    assert isinstance(result.columns_frame(), pa.Table)


def test_figures_are_numbers_where_no_date_is_among_them():
    rng = np.random.default_rng(1)
    a, b = ({"x": rng.normal(size=60), "k": np.arange(60) % 7} for _ in "ab")
    assert columns_table(ecotone.check(a, b).found).schema.field("max_current").type == pa.float64()
