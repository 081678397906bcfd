"""Real tables: random parts and parts that differ, through Ecotone and through KS and chi-square with Bonferroni.

python benchmarks/real/run.py nulls              # named tables, ten random splits of each
python benchmarks/real/run.py shifts             # parts that differ in truth, with a model
python benchmarks/real/run.py export DIR         # nulls and shifts as Parquet, for the tools in peers.py

Each goes on where it stopped; --only NAME keeps to one, --again repeats what was withdrawn or alarmed.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from columnwise import bonferroni
from model import with_model
from pairs import NULLS, SHIFTS, Shift, drawn, split
from sources import SOURCES
from stored import Results

import ecotone

RESULTS = Results(HERE)
SPLITS = 10


def compared(reference: pd.DataFrame, current: pd.DataFrame, **roles: Any) -> dict[str, Any]:
    """What Ecotone says of two tables, and how long it took."""
    start, clock = time.process_time(), time.time()
    found = ecotone.check(reference, current, **roles)
    took, waited = time.process_time() - start, time.time() - clock
    said = found.to_dict()
    named = [c["name"] for c in said["columns"] if c["marginal"] and c["marginal"].get("material")]
    return {
        "rows": [len(reference), len(current)], "columns": reference.shape[1], "alarms": said["headline"]["alarms"],
        "guarantee": said["headline"]["guarantee"], "reason": said["headline"]["reason"],
        "sentence": said["headline"]["sentence"], "named": named, "seconds": took, "waited": waited,
        "performance": said["performance"],
    }  # fmt: skip


def null(name: str, table: pd.DataFrame, number: int) -> dict[str, Any]:
    """One random split of a table, judged by Ecotone and column by column."""
    reference, current = split(table, name, number)
    said = {"table": name, "split": number, **compared(reference, current)}
    del said["performance"], said["named"]
    return {**said, "columnwise": bonferroni(reference, current)}


def shift(asked: Shift) -> dict[str, Any]:
    """Two parts that differ: without the current labels as in use, then with them; the truth beside the estimate."""
    reference, current, features, metric = with_model(asked, *drawn(asked, SOURCES[asked.source].read()))
    roles: dict[str, Any] = {"target": asked.target, "prediction": "prediction", "features": features, "metric": metric}
    if not asked.number:
        roles["probability"] = "probability"
    blind = compared(reference, current.drop(columns=asked.target), **roles)
    seen = compared(reference, current, **roles)
    estimate, actual = blind.pop("performance"), seen.pop("performance")
    truth = [loss(reference, asked.target, asked.number), loss(current, asked.target, asked.number)]
    return {
        "shift": asked.name, **blind, "metric": metric, "truth": truth, "estimate": estimate["estimate"],
        "interval": estimate["interval"], "unknown": estimate["unknown"], "alarms with labels": seen["alarms"],
        "raised": actual["raised"], "columnwise": bonferroni(reference[features], current[features]),
    }  # fmt: skip


def loss(table: pd.DataFrame, target: str, number: bool) -> float:
    """Mean absolute error of a number, accuracy of a class."""
    if number:
        return float((table[target] - table["prediction"]).abs().mean())
    return float((table[target] == table["prediction"]).mean())


def nulls(only: str | None) -> None:
    done = {(r["table"], r["split"]) for r in RESULTS.records("nulls")}
    names = [n for n in NULLS if only in (None, n)]
    tables = {name: SOURCES[name].read() for name in names}
    for number in range(SPLITS):
        for name in names:
            if (name, number) not in done:
                RESULTS.append("nulls", null(name, tables[name], number))


def shifts(only: str | None) -> None:
    done = {r["shift"] for r in RESULTS.records("shifts")}
    for asked in SHIFTS:
        if asked.name not in done and only in (None, asked.name):
            RESULTS.append("shifts", shift(asked))


def forget(entry: str) -> None:
    """Leave out what was withdrawn or alarmed, so that it is measured again."""
    kept = [r for r in RESULTS.records(entry) if not r.get("alarms") and r.get("guarantee") != "withdrawn"]
    RESULTS.put(entry, *kept)


def export(folder: Path) -> None:
    """Pairs of tables as Parquet, with a description of each that peers.py reads."""
    folder.mkdir(parents=True, exist_ok=True)

    def put(name: str, reference: pd.DataFrame, current: pd.DataFrame, about: dict[str, Any]) -> None:
        place = folder / name.replace(" ", "_").replace(",", "").replace("/", "+")
        place.mkdir(exist_ok=True)
        reference.to_parquet(place / "reference.parquet")
        current.to_parquet(place / "current.parquet")
        (place / "about.json").write_text(json.dumps(about))

    for name in NULLS:
        table = SOURCES[name].read()
        for number in range(SPLITS):
            pair = split(table, name, number)
            put(f"null {number} {name}", *pair, {"table": name, "split": number, "features": list(table)})
    for asked in SHIFTS:
        reference, current, features, metric = with_model(asked, *drawn(asked, SOURCES[asked.source].read()))
        about = {"shift": asked.name, "features": features, "target": asked.target, "number": asked.number}
        about |= {"metric": metric, "truth": loss(current, asked.target, asked.number)}
        put(f"shift {asked.name}", reference, current, about)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["nulls", "shifts", "export"])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--only")
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.what == "export":
        export(given.folder)
        return
    if given.again:
        forget(given.what)
    {"nulls": nulls, "shifts": shifts}[given.what](given.only)


if __name__ == "__main__":
    main()
