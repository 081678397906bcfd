"""Real tables cut into a reference and the periods that followed, with the output of a model trained before both."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

sys.path.insert(0, str(Path(__file__).parents[1]))
import data


@dataclass(frozen=True)
class Replay:
    """A model in use: what it was judged on, and what came after.

    Parameters
    ----------
    reference : frame
        Rows that the model was not trained on, with target and prediction.
    periods : list of (label, frame)
    target, prediction, probability, time : str or None
        Columns of both.
    metric : str
    """

    name: str
    reference: pd.DataFrame
    periods: list[tuple[str, pd.DataFrame]]
    target: str
    prediction: str | None
    probability: str | None
    time: str | None
    metric: str


def bikeshare() -> Replay:
    """Rides each hour; trained on three weeks of each month of 2011, judged on the fourth, then week by week."""
    table = data.bikeshare().sort_values("time").dropna().reset_index(drop=True)
    table = table.assign(
        hour=table["time"].dt.hour, weekday=table["time"].dt.dayofweek, month=table["time"].dt.month
    ).drop(columns="date")
    features = ["tmin", "tmax", "pn", "hour", "weekday", "month"]
    year = table["time"].dt.year
    week_of_month = (table["time"].dt.day - 1) // 7
    training = (year == 2011) & (week_of_month != 2)
    model = HistGradientBoostingRegressor(max_iter=200, random_state=0).fit(
        table.loc[training, features], table.loc[training, "count"]
    )
    table["prediction"] = model.predict(table[features])
    reference = table[(year == 2011) & (week_of_month == 2)]
    later = table[year >= 2012]
    weeks = later.groupby(later["time"].dt.to_period("W").astype(str), sort=True)
    periods = [(label, week) for label, week in weeks if len(week) >= 100]
    return Replay("bikeshare", reference, periods, "count", "prediction", None, "time", "mae")


def flights() -> Replay:
    """Late arrivals; trained on half the days of January and February, judged on the other half, then by week."""
    table = data.flights()
    table = table[table["arr_delay"].notna()]
    day = pd.to_datetime(table[["year", "month", "day"]])
    table = pd.DataFrame(
        {
            "time": pd.to_datetime(table["time_hour"], utc=True).dt.tz_localize(None),
            "carrier": table["carrier"], "origin": table["origin"], "distance": table["distance"],
            "hour": table["hour"], "weekday": day.dt.dayofweek, "temp": table["temp"], "humid": table["humid"],
            "wind_speed": table["wind_speed"], "precip": table["precip"], "visib": table["visib"],
            "late": (table["arr_delay"] > 15).astype(int), "day": day,
        }
    )  # fmt: skip
    features = ["carrier", "origin", "distance", "hour", "weekday", "temp", "humid", "wind_speed", "precip", "visib"]
    matrix = table[features].assign(
        carrier=table["carrier"].astype("category"), origin=table["origin"].astype("category")
    )
    winter = table["day"] < "2013-03-01"
    odd = np.random.default_rng(0).permutation(60)[:30]
    training = winter & table["day"].dt.dayofyear.isin(odd)
    model = HistGradientBoostingClassifier(max_iter=100, categorical_features="from_dtype", random_state=0)
    model.fit(matrix[training], table.loc[training, "late"])
    table["probability"] = model.predict_proba(matrix)[:, 1]
    table = table.sort_values("time", kind="stable")
    reference = table[(table["day"] < "2013-03-01") & ~table["day"].dt.dayofyear.isin(odd)].drop(columns="day")
    later = table[table["day"] >= "2013-03-01"]
    weeks = later.groupby(later["day"].dt.to_period("W").astype(str), sort=True)
    periods = [(label, week.drop(columns="day")) for label, week in weeks if len(week) >= 100]
    return Replay("flights", reference, periods, "late", None, "probability", "time", "roc_auc")


def employment() -> Replay:
    """Employment by census; the published model's output, judged on 2015, then draws of 5 000 of each later year."""
    table = data.employment().drop(columns="id")
    table = table.rename(columns={"predicted_probability": "probability"}).drop(columns="prediction")
    reference = table[table["year"] == 2015].sample(20_000, random_state=0)
    periods = []
    for year in (2016, 2017, 2018):
        rows = table[table["year"] == year].sample(frac=1, random_state=year)
        periods += [
            (f"{year}/{i + 1:02d}", rows.iloc[5000 * i : 5000 * (i + 1)].drop(columns="year")) for i in range(12)
        ]
    return Replay(
        "employment", reference.drop(columns="year"), periods, "employed", None, "probability", None, "roc_auc"
    )


REPLAYS = {"bikeshare": bikeshare, "flights": flights, "employment": employment}


def realised(replay: Replay, table: pd.DataFrame) -> float:
    """The model's metric on a period, with all its labels."""
    if replay.metric == "mae":
        return float(np.abs(table[replay.target] - table[replay.prediction]).mean())
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(table[replay.target], table[replay.probability]))


def features(replay: Replay) -> list[str]:
    """Columns that a tool is to watch: neither target nor the model's output nor time."""
    roles = {replay.target, replay.prediction, replay.probability, replay.time}
    return [c for c in replay.reference.columns if c not in roles]


def all_replays(names: list[str]) -> Iterator[Replay]:
    for name in names:
        yield REPLAYS[name]()
