"""pandas' periods are date-times, in every door."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecotone.data import align_tables, read_table
from ecotone.data.sources._periods import period_starts

FREQUENCIES = ["Y", "Y-MAR", "Q", "Q-JAN", "Q-NOV", "M", "W", "W-MON", "W-WED", "W-THU", "W-FRI", "W-SAT", "D", "B",
               "h", "min", "s", "ms", "us", "3M"]  # fmt: skip


@pytest.mark.parametrize("freq", FREQUENCIES)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_starts_are_those_that_pandas_gives(freq):
    periods = pd.PeriodIndex(pd.to_datetime(["1969-11-07", "1970-01-01", "2024-02-29", "2031-12-31"]), freq=freq)
    ordinals = np.array([p.ordinal for p in periods])
    want = periods.to_timestamp(how="start").to_numpy().astype("datetime64[us]")
    assert period_starts(ordinals, str(periods.dtype)[7:-1]).tolist() == want.tolist()


@pytest.mark.parametrize("door", ["frame", "parquet", "unregistered"])
def test_periods_are_set_aside_as_dates_are(door, tmp_path):
    def table(low):
        months = pd.Series(pd.PeriodIndex([f"2024-{low + k % 3:02d}" for k in range(60)], freq="M"))
        months[3] = pd.NaT
        return pd.DataFrame({"month": months, "x": np.random.default_rng(low).normal(size=60)})

    def given(low):
        made = table(low)
        if door == "frame":
            return made
        made.to_parquet(tmp_path / f"{low}.parquet")
        if door == "parquet":
            return tmp_path / f"{low}.parquet"
        read = pq.read_table(tmp_path / f"{low}.parquet")
        field = pa.field("month", pa.int64(), metadata={
            "ARROW:extension:name": "pandas.period", "ARROW:extension:metadata": '{"freq": "M"}'})  # fmt: skip
        storage = pa.chunked_array([c.storage for c in read["month"].chunks])
        return pa.table([storage, read["x"]], pa.schema([field, pa.field("x", pa.float64())]))

    both = align_tables(read_table(given(1)), read_table(given(4), name="current"))
    assert both.names == ("month [missing]", "x")
    assert [(u.name, u.kind) for u in both.untested] == [("month", "datetime")]
    assert both.aside["month"][0].values[0] == pd.Timestamp("2024-01-01").timestamp()


@pytest.mark.parametrize(
    ("texts", "first"), [(["2024-03", "2023-11"], "2024-03-01"), (["2024Q2", "2023Q4"], "2024-04-01")]
)
def test_months_and_quarters_as_text_are_dates(texts, first):
    both = align_tables(
        read_table({"t": texts * 20, "x": np.arange(40.0) ** 0.5}), read_table({"t": texts, "x": [1.0, 2.5]})
    )
    assert [(u.name, u.kind) for u in both.untested] == [("t", "datetime")]
    assert both.aside["t"][0].values[0] == pd.Timestamp(first).timestamp()
    part_numbers = align_tables(
        read_table({"t": ["1234-05", "2024-13", "1234-05"]}), read_table({"t": ["1234-05", "2024-13"]})
    )
    assert part_numbers.reference["t"].kind == "category"
