"""The same periods through Evidently and NannyML, in an environment of their own.

    python benchmarks/replay/run.py --export DIR
    python -m venv .venv-monitoring && .venv-monitoring/bin/pip install -r benchmarks/peers/monitoring.txt
    .venv-monitoring/bin/python benchmarks/replay/peers.py DIR evidently nannyml

Evidently pages when its default preset finds a drifted column, or by its own verdict that half the columns drifted.
NannyML pages when one of its alerts goes off, all at its defaults (three standard deviations of the reference chunks,
either side): univariate drift of any feature; performance estimated without labels (CBPE for a probability, DLE for a
regression); performance with labels. The period is one chunk, and the reference is cut into chunks of as many rows,
the remainder dropped; "by week" cuts it into calendar weeks instead, however few of its rows lie in one. Each tool goes
on where it stopped; every eighth period first.
"""

from __future__ import annotations

import os

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

sys.path[:0] = [str(Path(__file__).parents[1])]
from stored import Results

RESULTS = Results(Path(__file__).parent)
Said = dict[str, Any]  # {"pages": {tool label: bool}, and figures to look at}


def evidently(about: dict[str, Any], reference: pd.DataFrame) -> Callable[[pd.DataFrame], Said]:
    """Evidently's preset on the feature columns."""
    from evidently import Report
    from evidently.presets import DataDriftPreset

    names = about["features"]

    def judge(current: pd.DataFrame) -> Said:
        found = Report([DataDriftPreset()]).run(current[names], reference[names]).dict()["metrics"]
        counted = found[0]["value"]
        pages = {"Evidently, any column": counted["count"] > 0, "Evidently, dataset": counted["share"] >= 0.5}
        return {"pages": pages, "drifted": int(counted["count"])}

    return judge


def nannyml(about: dict[str, Any], reference: pd.DataFrame) -> Callable[[pd.DataFrame], Said]:
    """NannyML's three calculators, fitted once for each way to cut the reference."""
    import nannyml as nml
    from nannyml.chunk import Chunker, PeriodBasedChunker, SizeBasedChunker

    metric, target, clock = about["metric"], about["target"], about["time"]

    def calculators(chunker: Chunker) -> tuple[Any, Any, Any]:
        common = {"timestamp_column_name": clock, "chunker": chunker}
        outputs = {"y_true": target, "metrics": [metric], **common}
        if about["probability"]:
            outputs |= {"y_pred_proba": about["probability"], "problem_type": "classification_binary"}
            estimator, judged = nml.CBPE(**outputs), nml.PerformanceCalculator(**outputs)
        else:
            outputs |= {"y_pred": about["prediction"]}
            estimator = nml.DLE(feature_column_names=about["features"], **outputs)
            judged = nml.PerformanceCalculator(problem_type="regression", **outputs)
        drift = nml.UnivariateDriftCalculator(column_names=about["features"], **common)
        return drift.fit(reference), estimator.fit(reference), judged.fit(reference)

    @cache
    def by_rows(rows: int) -> tuple[Any, Any, Any]:
        return calculators(SizeBasedChunker(rows, incomplete="drop", timestamp_column_name=clock))

    @cache
    def by_week() -> tuple[Any, Any, Any]:
        return calculators(PeriodBasedChunker(offset="W", timestamp_column_name=clock))

    def ask(fitted: tuple[Any, Any, Any], current: pd.DataFrame) -> tuple[dict[str, bool], dict[str, Any]]:
        drift, estimator, judged = fitted
        univariate = drift.calculate(current)
        chunks = len(univariate.filter(period="reference").to_df())
        univariate = univariate.filter(period="analysis").to_df()
        alerts = univariate.loc[:, univariate.columns.get_level_values(-1) == "alert"]
        blind = estimator.estimate(current.drop(columns=target)).filter(period="analysis").to_df()[metric]
        seen = judged.calculate(current).filter(period="analysis").to_df()[metric]
        if not len(univariate) == len(blind) == len(seen) == 1 or pd.isna([blind["alert"][0], seen["alert"][0]]).any():
            raise RuntimeError("the period is not one chunk, or a metric could not be computed")
        pages = {
            "performance (labels)": bool(seen["alert"][0]),
            "performance (no labels)": bool(blind["alert"][0]),
            "drift of any column": bool(alerts.to_numpy().any()),
        }
        limits = ("value", "lower_threshold", "upper_threshold")
        return pages, {
            "reference_chunks": chunks,
            "drifted": int(alerts.to_numpy().sum()),
            "labels": [float(seen[k][0]) for k in limits],
            "no labels": [float(blind[k][0]) for k in limits],
        }

    def judge(current: pd.DataFrame) -> Said:
        answers = {"NannyML": ask(by_rows(len(current)), current)}
        if clock:  # a period is a week: all its rows at its first hour, lest another time zone cut it in two
            answers["NannyML by week"] = ask(by_week(), current.assign(**{clock: current[clock].min()}))
        pages = {f"{how}, {what}": up for how, (said, _) in answers.items() for what, up in said.items()}
        return {"pages": pages, "figures": {how: figures for how, (_, figures) in answers.items()}}

    return judge


TOOLS = {"evidently": evidently, "nannyml": nannyml}


def replay(folder: Path, tool: str) -> None:
    """One tool on all periods of one replay; the results are written after each."""
    about = json.loads((folder / "about.json").read_text())
    judge = TOOLS[tool](about, pd.read_parquet(folder / "reference.parquet"))
    entry = f"peer_{tool}_{folder.name}"
    said = RESULTS.value(entry) if entry in RESULTS else {"version": version(tool), "pages": {}, "periods": {}}
    if said["version"] != version(tool):
        raise SystemExit(f"{entry} was made with {tool} {said['version']}; forget it to start again")
    files = sorted(folder.glob("[0-9]*.parquet"))
    spread = [file for start in (0, 4, 2, 6, 1, 5, 3, 7) for file in files[start::8]]  # the order of run.py
    begun = time.time()
    for i, file in enumerate(spread, 1):
        current = pd.read_parquet(file)
        label = current.pop("period_label").iloc[0]
        if label in said["periods"]:
            continue
        found = judge(current)
        for figure, up in found.pop("pages").items():
            said["pages"].setdefault(figure, {})[label] = bool(up)
        said["periods"][label] = {"loss": about["realised"][label], **found}
        RESULTS.put(entry, said)
        if i % 10 == 0 or i == len(spread):
            print(f"{tool} {folder.name} {i} of {len(spread)}, {time.time() - begun:.0f} s", flush=True)


def main(folder: Path, tools: list[str]) -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    for tool in tools:
        for name in ("flights", "employment", "bikeshare"):
            replay(folder / name, tool)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
