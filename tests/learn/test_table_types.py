"""Columns of every type: learned, drawn within what they can be, and given back as they went in."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ecotone.contracts import BadInput
from ecotone.learn import TableModel, Training, load
from ecotone.learn.tables import MaskedPerceptron
from ecotone.learn.tables._arrow import encode, stored
from ecotone.learn.tables._fit_table import fit_table
from ecotone.learn.tables._lattice import decimal_places

N = 120
SMALL, QUICK = MaskedPerceptron(width=16, depth=1), Training(steps=3, eval_every=3)
NUMBERS = np.random.default_rng(0).integers(0, 10**6, N)
WORDS = np.array(["a", "b", "c"])[NUMBERS % 3].tolist()


def fitted(table, **settings):
    return TableModel(SMALL, training=QUICK, **settings).fit(table)


def holes(values):
    return [None if i % 5 == 0 else v for i, v in enumerate(values)]


def arrow_columns():
    whole = [int(v) for v in NUMBERS]
    days = [dt.date(2020, 1, 1) + dt.timedelta(v % 400) for v in whole]
    bare = {
        "decimal128": pa.array([Decimal(v).scaleb(-2) for v in whole], pa.decimal128(30, 2)),
        "decimal_of_hundreds": pa.array([Decimal(v * 100) for v in whole], pa.decimal128(20, -2)),
        "decimal256": pa.array([Decimal(v * 10**45 + 7) for v in whole], pa.decimal256(70, 0)),
        "date32": pa.array(days, pa.date32()),
        "date64": pa.array(days, pa.date64()),
        "time32": pa.array([v % 86_400 for v in whole], pa.time32("s")),
        "time64": pa.array([v * 1000 for v in whole], pa.time64("ns")),
        "duration": pa.array(whole, pa.duration("ms")),
        "text": pa.array(WORDS, pa.large_string()),
        "view": pa.array(WORDS, pa.string_view()),
        "bytes": pa.array([w.encode() for w in WORDS], pa.binary()),
        "three_bytes": pa.array([3 * w.encode() for w in WORDS], pa.binary(3)),
        "truth": pa.array([v % 2 == 0 for v in whole]),
        "int8": pa.array([v % 100 for v in whole], pa.int8()),
        "uint64": pa.array([2**63 + v for v in whole], pa.uint64()),
        "int64": pa.array([-(2**63) + v for v in whole], pa.int64()),
        "ends": pa.array([2**63 - 1 if v % 2 else -(2**63) for v in whole], pa.int64()),
        "float16": pa.array((NUMBERS % 97 / 7).astype(np.float16)),
        "float32": pa.array((NUMBERS / 100).astype(np.float32)),
        "huge": pa.array(1.7e308 * (NUMBERS / 10**6) - 0.85e308),
        "tiny": pa.array(NUMBERS / 7 * 1e-310),
    }
    for unit, more in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        bare[f"timestamp_{unit}"] = pa.array([1_600_000_000 * more + v for v in whole], pa.timestamp(unit, "UTC"))
    bare |= {f"{name}, with gaps": pa.array(holes(a.to_pylist()), a.type) for name, a in bare.items()}
    return bare | {
        "of_integers": pa.array(NUMBERS % 4).dictionary_encode(),
        "of_dates": pa.array([dt.date(2020, 1, 1 + v % 4) for v in whole]).dictionary_encode(),
        "of_floats": pa.array(np.array([0.1, np.inf, np.nan])[NUMBERS % 3]).dictionary_encode(),
        "of_truth": pa.DictionaryArray.from_arrays(pa.array(NUMBERS % 2), pa.array([True, False])),
        "ordered": pa.DictionaryArray.from_arrays(
            pa.array(NUMBERS % 2, pa.uint16()), pa.array(["x", "y", "never"]), ordered=True
        ),
        "bool8": pa.ExtensionArray.from_storage(pa.bool8(), pa.array(NUMBERS % 2, pa.int8())),
    }


def check(model, table, columns):
    """It draws, scores, fills and saves every column."""
    assert set(columns) <= set(model.columns_), model.left_out_
    drawn = model.sample(30, seed=0)
    assert np.isfinite(model.log_prob(table)).all(), "every row that was learned can be"
    assert np.isfinite(model.log_prob(drawn)).all(), "and every one that is drawn"
    return drawn, model.impute(table, seed=0)


def test_arrow_types_come_back(tmp_path):
    table = pa.table(arrow_columns())
    model = fitted(table)
    drawn, full = check(model, table, table.column_names)
    assert drawn.schema.types == table.schema.types and full.schema.types == table.schema.types
    assert drawn.schema.names == table.schema.names and drawn.column("ordered").type.ordered
    assert drawn.column("ordered").combine_chunks().dictionary.to_pylist() == ["x", "y", "never"]
    assert all(full.column(c).null_count == 0 for c in full.column_names)
    assert all(
        not c.null_count for n, c in zip(drawn.column_names, drawn.columns) if "gaps" not in n and n != "of_floats"
    )
    model.save(tmp_path / "m")
    assert load(tmp_path / "m").sample(30, seed=0).equals(drawn)


def pandas_frame():
    day = pd.Series(pd.to_datetime("2024-01-01") + pd.to_timedelta(NUMBERS % 99, unit="D"))
    frame = {
        "Int64": pd.array(holes(NUMBERS % 9), dtype="Int64"),
        "Float64": pd.array(holes(NUMBERS / 7), dtype="Float64"),
        "boolean": pd.array(holes(NUMBERS % 2 == 0), dtype="boolean"),
        "string": pd.array(holes(WORDS), dtype="string"),
        "object": pd.Series(holes(WORDS), dtype=object),
        "objects of dates": pd.Series([dt.date(2020, 1, 1 + int(v % 20)) for v in NUMBERS], dtype=object),
        "objects of decimals": pd.Series([Decimal(int(v)).scaleb(-2) for v in NUMBERS], dtype=object),
        "ordered": pd.Categorical(WORDS, ["c", "b", "a", "never"], ordered=True),
        "of integers": pd.Categorical(NUMBERS % 5),
        "of dates": pd.Categorical(day.dt.to_period("M").dt.to_timestamp()),
        "of periods": pd.Categorical(day.dt.to_period("M")),
        "cut": pd.cut(NUMBERS, 4),
        "cut with gaps": pd.cut(NUMBERS % 3, [0, 1, 2]),
        "intervals": pd.arrays.IntervalArray.from_tuples([(int(v % 3), int(v % 3) + 1) for v in NUMBERS]),
        "period": pd.PeriodIndex(day, freq="D"),
        "zone": day.dt.tz_localize("Europe/Berlin").astype("datetime64[ms, Europe/Berlin]"),
        "ns": day.astype("datetime64[ns]"),
        "timedelta": pd.Series(pd.to_timedelta(NUMBERS % 99, unit="D")).astype("timedelta64[s]"),
        "float32": (NUMBERS / 7).astype(np.float32),
        "uint8": (NUMBERS % 50).astype(np.uint8),
        "arrow": pd.array(holes([int(v % 9) for v in NUMBERS]), dtype="int64[pyarrow]"),
        "sparse": pd.arrays.SparseArray(NUMBERS % 3),
        7: NUMBERS / 3,
    }
    return pd.DataFrame(frame).set_axis(np.random.default_rng(1).permutation(N) + 1000)


def test_pandas_dtypes_labels_and_index_come_back(tmp_path):
    frame = pandas_frame()
    model = fitted(frame)
    drawn, full = check(model, frame, map(str, frame.columns))
    pd.testing.assert_series_equal(drawn.dtypes, frame.dtypes)
    pd.testing.assert_series_equal(full.dtypes, frame.dtypes)
    assert full.index.equals(frame.index) and list(full.columns) == list(frame.columns)
    assert full.notna().all().all() and full[frame.notna()].equals(frame), "what was there stays"
    model.save(tmp_path / "m")
    pd.testing.assert_frame_equal(load(tmp_path / "m").sample(30, seed=0), drawn)


def test_a_frame_filled_keeps_its_rows_apart_from_the_order():
    frame = pd.DataFrame({"rent": NUMBERS / 7, "city": WORDS, "note": [{"any": 1}] * N})
    model = fitted(frame[["rent", "city"]])
    some = frame.sample(50, random_state=1)
    some.iloc[:5, 0] = np.nan
    back = some.assign(rent=model.impute(some[["rent", "city"]], seed=0)["rent"])
    assert back.rent.notna().all() and back.rent[5:].equals(some.rent[5:])


def test_polars_types_come_back():
    frame = pl.DataFrame(
        {
            "enum": pl.Series(holes(WORDS), dtype=pl.Enum(["c", "b", "a", "never"])),
            "category": pl.Series(WORDS, dtype=pl.Categorical),
            "decimal": pl.Series([Decimal(int(v)).scaleb(-2) for v in NUMBERS], dtype=pl.Decimal(12, 2)),
            "time": pl.Series(NUMBERS * 1000).cast(pl.Time),
            "zone": pl.Series(1_600_000_000_000 + NUMBERS).cast(pl.Datetime("ms", "Europe/Berlin")),
            "int8": pl.Series(holes(NUMBERS % 99), dtype=pl.Int8),
        }
    )
    drawn, full = check(fitted(frame), frame, frame.columns)
    assert drawn.schema == frame.schema and full.schema == frame.schema and not full.null_count().sum_horizontal()[0]


@pytest.mark.parametrize(
    "values",
    [
        NUMBERS % 2, np.full(N, 7), np.where(NUMBERS % 3 > 0, 7.0, np.nan), np.array([1 / 3, 2 / 3])[NUMBERS % 2],
        np.array([1, 2, 3])[NUMBERS % 3] / 7, np.array(["2024-01-01", "2024-01-05"], "datetime64[D]")[NUMBERS % 2],
        np.full(N, "2024-01-01").astype("datetime64[s]"), np.full(N, "one"), np.array([0.1, 0.5])[NUMBERS % 2],
    ],
)  # fmt: skip
def test_few_values_are_drawn_exactly(values):
    drawn = fitted(pd.DataFrame({"v": values, "o": NUMBERS / 7})).sample(60, seed=0).v
    assert set(drawn.dropna()) <= set(pd.Series(values).dropna())
    assert drawn.isna().any() == pd.isna(values).any(), "missing only where rows are"


def test_whole_numbers_beyond_float64_keep_their_range():
    near, step = 2**62 + 2**61 + NUMBERS * 10**9, 2**60 + NUMBERS % 50
    drawn = fitted(pd.DataFrame({"near": near, "step": step})).sample(200, seed=0)
    for name, x in (("near", near), ("step", step)):
        low, high = int(x.min()), int(x.max())
        assert all(2 * low - high <= int(v) <= 2 * high - low for v in drawn[name])
    assert all((int(v) - int(near.min())) % 10**9 == 0 for v in drawn.near), "a shared step is kept"


def test_hashes_are_left_out_or_levels():
    rng = np.random.default_rng(0)
    every, few = rng.integers(0, 2**64 - 1, N, dtype=np.uint64), rng.integers(-(2**63), 2**63 - 1, 5)
    few = few[NUMBERS % 5]
    model = fitted(pd.DataFrame({"every": every, "few": few}))
    assert "hashes" in model.left_out_["every"] and set(model.sample(60, seed=0).few) <= set(few)


@pytest.mark.parametrize("kind", [float, Decimal, np.float32])
def test_decimals_stay_on_their_grid(kind):
    money = np.round(np.random.default_rng(0).normal(100, 50, N), 2)
    values = [Decimal(f"{v:.2f}") for v in money] if kind is Decimal else money.astype(kind)
    drawn = fitted(pd.DataFrame({"v": values, "o": NUMBERS / 7})).sample(200, seed=0).v
    assert drawn.dtype == pd.Series(values).dtype
    assert all(kind(v) == kind(f"{v:.2f}") for v in drawn) and len(set(drawn)) > 20


def test_decimal_places():
    x = np.random.default_rng(0).normal(size=1000)
    assert [decimal_places(np.round(x, d), 2.0**-53) for d in (1, 4, 9)] == [1, 4, 9]
    assert decimal_places(x, 2.0**-53) is None and decimal_places(np.array([1 / 7, 2 / 7]), 2.0**-53) is None
    assert decimal_places(np.round(x, 2).astype(np.float32).astype(float), 2.0**-24) == 2
    off = encode(pa.array([0.5, 0.505, 1e300, np.inf]), fit_table(pa.table({"x": np.round(x, 2)})).columns[0])
    assert off.token[0] > 0 and off.token[1] == -1, "0.505 has no probability"


def test_rows_of_weight_zero_count_nowhere():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"c": ["old"] * 400 + ["new"] * 400, "v": np.r_[rng.normal(size=400), rng.normal(20, 1, 400)]})
    frame.loc[500, "v"] = np.nan
    weight = np.r_[np.ones(400), np.zeros(400)]
    model, alone = fitted(frame[:400]), TableModel(SMALL, training=QUICK).fit(frame, sample_weight=weight)
    assert model.levels("c") == alone.levels("c") == ("old",)
    pd.testing.assert_frame_equal(model.sample(20, seed=0), alone.sample(20, seed=0))
    assert np.array_equal(model.calibration_, alone.calibration_)
    with pytest.raises(BadInput, match="at least 20 rows of weight above 0, got 5"):
        TableModel(SMALL).fit(frame, sample_weight=np.arange(800) < 5)


def test_conditions_on_levels_that_are_no_texts():
    model = fitted(pandas_frame())
    among = pd.Interval(0, 1)
    for number, day in ((3, dt.datetime(2024, 2, 1)), ("3", "2024-02-01")):  # as from a command line
        drawn = model.sample(5, given={"of integers": number, "of dates": day, "cut with gaps": among}, seed=0)
        assert set(drawn["of integers"]) == {3} and set(drawn["of dates"]) == {pd.Timestamp("2024-02-01")}
        assert set(drawn["cut with gaps"]) == {among}
    assert model.levels("of integers") and all(isinstance(v, int) for v in model.levels("of integers"))
    with pytest.raises(BadInput, match="never seen; its levels are"):
        model.sample(2, given={"of integers": 17})
    with pytest.raises(BadInput, match="no row that was learned lacks it"):
        model.sample(2, given={"uint8": None})


def test_every_value_can_be_stored_again():
    for name, array in arrow_columns().items():
        codec = fit_table(pa.table({"x": array})).columns[0]
        coded = encode(array, codec)
        back = stored(codec, codec.decode(coded.token, coded.z))
        if codec.kind == "number" and codec.unit == 0:
            continue
        plain = array.storage.cast(pa.bool_()) if name == "bool8" else array
        assert back.to_pylist() == plain.to_pylist() or name == "of_floats", name


def test_sparse_and_mixed_columns_are_filled_as_they_were():
    frame = pd.DataFrame({
        "sparse": pd.arrays.SparseArray([1.0 if v % 3 else 0.0 for v in NUMBERS]),
        "category": pd.Categorical([1 if v % 2 else "a" for v in NUMBERS]), "x": NUMBERS * 1.0,
        "objects": pd.Series([1 if v % 2 else "a" for v in NUMBERS], dtype=object),
    })  # fmt: skip
    gaps = frame.copy()
    gaps["sparse"] = pd.arrays.SparseArray([None, *frame["sparse"].tolist()[1:]], dtype="Sparse[float64]")
    gaps.loc[:4, ["category", "objects"]] = None
    filled = fitted(frame).impute(gaps, seed=0)
    assert not filled.isna().any().any() and (filled.dtypes == gaps.dtypes).all()
    assert filled["category"].cat.categories.tolist() == [1, "a"] and set(filled["objects"]) == {1, "a"}


def test_conditions_weights_and_seeds_that_are_none():
    model = fitted(pd.DataFrame({"k": WORDS, "x": NUMBERS}))
    with pytest.raises(BadInput, match="never seen"):
        model.sample(2, given={"k": {"a": 1}})
    with pytest.raises(BadInput, match="seed must be a whole number"):
        model.sample(2, seed="x")
    with pytest.raises(BadInput, match="sample_weight must be numbers"):
        TableModel(SMALL, training=QUICK).fit(pd.DataFrame({"x": NUMBERS}), sample_weight=["a"] * N)


def test_whole_numbers_of_a_column_learned_as_text_are_filled_as_text():
    filled = fitted(pa.table({"k": ["x", "y"] * 60})).impute(pa.table({"k": pa.array([1, None], pa.int32())}), seed=0)
    assert filled.column("k").to_pylist()[0] == "1" and filled.column("k").to_pylist()[1] in ("x", "y")
