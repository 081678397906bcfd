"""Two tables of one source: random parts, which differ by chance alone, and parts that differ in truth."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sources import SOURCES

SIZES = ((2000, 2000), (2000, 300), (500, 500), (2000, 2000), (2000, 2000))  # of the splits 0 to 4, and again
FIT, REFERENCE, CURRENT = 3000, 3000, 2000
Mask = Callable[[pd.DataFrame], "pd.Series[bool]"]


@dataclass(frozen=True)
class Shift:
    """Two parts of a source, told apart by columns that are then ``hidden``; ``target`` is what a model predicts.

    Parameters
    ----------
    kind : str
        What tells the parts apart: time, region, group or label.
    before, after : callable
        Rows of the two parts.
    number : bool
        Whether the target is a number; otherwise it is 0 or 1.
    """

    name: str
    kind: str
    source: str
    before: Mask
    after: Mask
    target: str
    hidden: tuple[str, ...] = ()
    prepare: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table
    number: bool = False


def split(table: pd.DataFrame, name: str, number: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two parts of random rows of a table; smaller tables are divided in the same proportion."""
    first, second = SIZES[number % len(SIZES)]
    rng = np.random.default_rng([zlib.crc32(name.encode()), number])
    order = rng.permutation(len(table))[: first + second]
    cut = len(order) * first // (first + second)
    return table.iloc[order[:cut]].reset_index(drop=True), table.iloc[order[cut:]].reset_index(drop=True)


def drawn(shift: Shift, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Random rows to fit a model on, other rows of the same part as reference, and rows of the other part."""
    table = shift.prepare(table)
    parts = []
    for number, mask in enumerate((shift.before, shift.after)):
        rng = np.random.default_rng([zlib.crc32(shift.name.encode()), number])
        rows = np.flatnonzero(mask(table).to_numpy())
        parts.append(table.iloc[rng.permutation(rows)].drop(columns=list(shift.hidden)).reset_index(drop=True))
    before, after = parts
    cut = min(FIT, len(before) // 2)
    reference = before.iloc[cut : cut + REFERENCE].reset_index(drop=True)
    return before.iloc[:cut], reference, after.iloc[:CURRENT]


def _flag(name: str, says: Callable[[pd.DataFrame], pd.Series]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def prepare(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(**{name: says(table).astype("int64")})

    return prepare


def _late(table: pd.DataFrame) -> pd.DataFrame:
    table = table[table["arr_delay"].notna()]
    kept = ["month", "carrier", "origin", "distance", "hour", "temp", "humid", "wind_speed", "precip", "visib"]
    return table[kept].assign(late=(table["arr_delay"] > 15).astype("int64"))


def _census(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=["id", "prediction", "predicted_probability"])


def _more_leave(table: pd.DataFrame) -> pd.DataFrame:
    """Leavers made the majority: of the second half of the table, every leaver and one in five of the others."""
    leaves = (table["churn"] == "Yes").astype("int64")
    late = np.random.default_rng(0).random(len(table)) < 0.5
    kept = leaves.eq(1) | (np.random.default_rng(1).random(len(table)) < 0.2)
    return table.assign(churn=leaves, late=late)[~late | kept]


def _dear(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(price=np.log(table["price"]))


_income = _flag("income", lambda t: t["income"] == ">50K")
_bad = _flag("Status", lambda t: t["Status"] == "bad")
SHIFTS = [
    Shift("employment, 2015 and 2018", "time", "employment", lambda t: t["year"] == 2015, lambda t: t["year"] == 2018,
          "employed", ("year",), _census),
    Shift("employment, born in the US and abroad", "group", "employment", lambda t: t["NATIVITY"].astype(str) == "1",
          lambda t: t["NATIVITY"].astype(str) == "2", "employed", ("year", "NATIVITY", "CIT"), _census),
    Shift("flights, winter and July", "time", "flights", lambda t: t["month"] <= 2, lambda t: t["month"] == 7, "late",
          ("month",), _late),
    Shift("flights, Newark and LaGuardia", "region", "flights", lambda t: t["origin"] == "EWR",
          lambda t: t["origin"] == "LGA", "late", ("origin", "month"), _late),
    Shift("bikeshare, 2011 and 2017", "time", "bikeshare", lambda t: t["time"].dt.year == 2011,
          lambda t: t["time"].dt.year == 2017, "count", ("time",), number=True),
    Shift("adult, men and women", "group", "adult", lambda t: t["sex"] == "Male", lambda t: t["sex"] == "Female",
          "income", ("sex", "relationship"), _income),
    Shift("adult, born in the US and elsewhere", "region", "adult", lambda t: t["native_country"] == "United-States",
          lambda t: t["native_country"].notna() & (t["native_country"] != "United-States"), "income",
          ("native_country",), _income),
    Shift("adult, white and black", "group", "adult", lambda t: t["race"] == "White", lambda t: t["race"] == "Black",
          "income", ("race",), _income),
    Shift("california, south and north", "region", "california", lambda t: t["Latitude"] < 36,
          lambda t: t["Latitude"] >= 36, "dear", ("Latitude", "Longitude")),
    Shift("diamonds, ideal cut and fair or good", "group", "diamonds", lambda t: t["cut"] == "Ideal",
          lambda t: t["cut"].isin(["Fair", "Good"]), "price", ("cut",), _dear, number=True),
    Shift("credit, owners and tenants", "group", "credit", lambda t: t["Home"] == "owner",
          lambda t: t["Home"] == "rent", "Status", ("Home",), _bad),
    Shift("churn, more leavers", "label", "churn", lambda t: ~t["late"], lambda t: t["late"], "churn", ("late",),
          _more_leave),
    Shift("churn, customers of over and under two years", "time", "churn", lambda t: t["tenure"] > 24,
          lambda t: t["tenure"] <= 24, "churn", ("tenure", "total_charges"),
          _flag("churn", lambda t: t["churn"] == "Yes")),
    Shift("flchain, samples of 1995 and from 1997", "time", "flchain", lambda t: t["sample.yr"] <= 1996,
          lambda t: t["sample.yr"] >= 1997, "death", ("sample.yr", "futime", "chapter")),
    Shift("wages, 1992 and 2004", "time", "wages", lambda t: t["year"] == 1992, lambda t: t["year"] == 2004, "earnings",
          ("year",), number=True),
    Shift("storms, to 1999 and from 2010", "time", "storms", lambda t: t["year"] < 2000, lambda t: t["year"] >= 2010,
          "wind", ("year", "name", "status", "category", "tropicalstorm_force_diameter", "hurricane_force_diameter"),
          number=True),
]  # fmt: skip
NULLS = sorted(SOURCES)
