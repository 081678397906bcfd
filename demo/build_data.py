"""Make the demo's three tables from the full nycflights13 data (CC0).

    python demo/build_data.py DIR

DIR holds ``flights.csv``, ``weather.csv`` and ``planes.csv`` as the R package nycflights13 exports them
(``write.csv(nycflights13::flights, "flights.csv", row.names = FALSE)`` and so on). The tables are already in
``demo/data``: this is how they were made, and is not needed to run the demo.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

OUT = Path(__file__).parent / "data"
FEATURES = [
    "time_hour", "day", "tailnum", "carrier", "origin", "dest", "distance", "scheduled_hour", "weekday",
    "seats", "plane_age", "temp", "humid", "wind_speed", "precip", "pressure", "visib", "late",
]  # fmt: skip


def build(folder: Path) -> dict[str, pd.DataFrame]:
    """Winter (train, reference) and autumn flights with weather, plane and whether they came in late."""
    flights, weather, planes = (pd.read_csv(folder / f"{name}.csv") for name in ("flights", "weather", "planes"))
    weather = weather.drop_duplicates(["origin", "time_hour"])
    weather = weather[["origin", "time_hour", "temp", "humid", "wind_speed", "precip", "pressure", "visib"]]
    planes = planes[["tailnum", "year", "seats"]].rename(columns={"year": "built"})
    table = flights.merge(weather, on=["origin", "time_hour"], how="left").merge(planes, on="tailnum", how="left")
    table = table[table["arr_delay"].notna()]
    when = pd.to_datetime(table["time_hour"], utc=True).dt.tz_localize(None)
    local = pd.to_datetime(table[["year", "month", "day"]])
    table = table.assign(
        time_hour=when.astype("datetime64[s]"),
        day=local.astype("datetime64[s]"),
        weekday=local.dt.day_name().str[:3],
        scheduled_hour=table["hour"].astype("int16"),
        plane_age=(2013 - table["built"]).astype("float32"),
        late=np.where(table["arr_delay"] > 15, "late", "on time"),
    )
    for name in ("seats", "temp", "humid", "wind_speed", "precip", "pressure", "visib"):
        table[name] = table[name].astype("float32")
    table["distance"] = table["distance"].astype("int32")
    month, rng = table["month"], np.random.default_rng(2013)
    winter, autumn = table[month.isin([12, 1, 2, 3])], table[month.isin([9, 10, 11])]
    days = rng.permutation(np.sort(winter["day"].unique()))
    training = winter["day"].isin(days[: len(days) * 2 // 5])
    parts = {"train": (winter[training], 20_000), "winter": (winter[~training], 40_000), "autumn": (autumn, 40_000)}
    return {
        name: part.sample(rows, random_state=13).sort_values("time_hour", kind="stable")[FEATURES]
        for name, (part, rows) in parts.items()
    }


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for name, part in build(Path(sys.argv[1])).items():
        part.to_parquet(OUT / f"{name}.parquet", index=False, compression="zstd", compression_level=19)
        print(name, part.shape, (OUT / f"{name}.parquet").stat().st_size)
