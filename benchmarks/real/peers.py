"""The same tables through Evidently and NannyML, in an environment of their own.

    python benchmarks/real/run.py export DIR
    python -m venv .venv-monitoring && .venv-monitoring/bin/pip install -r benchmarks/peers/monitoring.txt
    .venv-monitoring/bin/python benchmarks/real/peers.py DIR evidently nannyml

Evidently alarms when its default preset finds a drifted column, or by its own verdict that half of them drifted.
NannyML alarms when univariate drift of any column goes off in any chunk, its defaults (reference and current in ten
chunks each, three standard deviations of the reference's chunks); columns of one value are left out, on which it fails.
Its estimate without labels (CBPE for a class, DLE for a number) is of all the current rows as one chunk, with the
interval that it gives (three standard errors of sampling). Each tool goes on where it stopped.
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
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

sys.path[:0] = [str(Path(__file__).parents[1])]
from stored import Results

RESULTS = Results(Path(__file__).parent)
About = dict[str, Any]


def evidently(about: About, reference: pd.DataFrame, current: pd.DataFrame) -> dict[str, Any]:
    from evidently import Report
    from evidently.presets import DataDriftPreset

    names = about["features"]
    found = Report([DataDriftPreset()]).run(current[names], reference[names]).dict()["metrics"]
    counted = found[0]["value"]
    return {"alarm": counted["count"] > 0, "dataset": counted["share"] >= 0.5, "drifted": int(counted["count"])}


def nannyml(about: About, reference: pd.DataFrame, current: pd.DataFrame) -> dict[str, Any]:
    import nannyml as nml

    names = [c for c in about["features"] if reference[c].nunique() > 1]
    dates = [c for c in names if reference[c].dtype.kind == "M"]
    names = [c for c in names if c not in dates]
    found = nml.UnivariateDriftCalculator(column_names=names).fit(reference).calculate(current)
    frame = found.filter(period="analysis").to_df()
    alerts = frame.loc[:, frame.columns.get_level_values(-1) == "alert"].to_numpy()
    return {"alarm": bool(alerts.any()), "most chunks": bool((alerts.mean(axis=0) > 0.5).any())}


def estimated(about: About, reference: pd.DataFrame, current: pd.DataFrame) -> dict[str, Any]:
    """NannyML's estimate of the metric on the current rows without their labels, and its alert over ten chunks."""
    import nannyml as nml

    metric, target = about["metric"], about["target"]
    blind = current.drop(columns=target)

    def fitted(**chunks: int) -> Any:
        outputs = {"y_true": target, "y_pred": "prediction", "metrics": [metric], **chunks}
        if about["number"]:
            return nml.DLE(feature_column_names=about["features"], **outputs).fit(reference)
        more = {"y_pred_proba": "probability", "problem_type": "classification_binary"}
        return nml.CBPE(**outputs, **more).fit(reference)

    whole = fitted(chunk_number=1).estimate(blind).filter(period="analysis").to_df()[metric].iloc[0]
    tenths = fitted(chunk_number=10).estimate(blind).filter(period="analysis").to_df()[metric]
    low, high = float(whole["lower_confidence_boundary"]), float(whole["upper_confidence_boundary"])
    return {"estimate": float(whole["value"]), "interval": [low, high], "raised": bool(tenths["alert"].any())}


TOOLS = {"evidently": evidently, "nannyml": nannyml}


def judged(tool: str, folder: Path) -> dict[str, Any]:
    about = json.loads((folder / "about.json").read_text())
    reference, current = (pd.read_parquet(folder / f"{part}.parquet") for part in ("reference", "current"))
    said = {k: about[k] for k in ("table", "split", "shift", "truth") if k in about}
    start = time.process_time()
    try:
        said |= TOOLS[tool](about, reference, current)
        said["seconds"] = time.process_time() - start
        if tool == "nannyml" and "shift" in about:
            said |= estimated(about, reference, current)
    except Exception as error:  # what a tool refuses is a result
        said["failed"] = f"{type(error).__name__}: {error}"[:300]
    return said


def main(folder: Path, tools: list[str]) -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    pairs = sorted(p.parent for p in folder.glob("*/about.json"))  # shifts and nulls by split: even where stopped
    pairs.sort(key=lambda p: p.name.startswith("null"))
    for tool in tools:
        entry = f"peer_{tool}"
        said = RESULTS.value(entry) if entry in RESULTS else {"version": version(tool), "pairs": {}}
        if said["version"] != version(tool):
            raise SystemExit(f"{entry} was made with {tool} {said['version']}; forget it to start again")
        for pair in pairs:
            if pair.name not in said["pairs"]:
                said["pairs"][pair.name] = judged(tool, pair)
                RESULTS.put(entry, said)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
