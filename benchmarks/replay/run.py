"""When would each tool have paged, beside the model's realised loss?

python benchmarks/replay/run.py                    # Ecotone and KS with Bonferroni, all replays
python benchmarks/replay/run.py --only flights
python benchmarks/replay/run.py --export DIR       # the periods as Parquet, for the tools in peers.py
python benchmarks/replay/run.py --table            # the summary from the results; write.py makes the page
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import json
import sys
import warnings
from pathlib import Path

import pandas as pd
from scipy import stats

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from periods import REPLAYS, Replay, features, realised
from stored import Results
from table import table

import ecotone

RESULTS = Results(HERE)


def bonferroni_ks(reference: pd.DataFrame, current: pd.DataFrame, names: list[str], alpha: float = 0.05) -> bool:
    """The usual recipe: Kolmogorov-Smirnov or chi-square for each column, Bonferroni."""
    pvalues = []
    for name in names:
        a, b = reference[name].dropna(), current[name].dropna()
        if a.dtype.kind in "if":
            pvalues.append(stats.ks_2samp(a, b).pvalue)
        else:
            counts = pd.DataFrame({"a": a.value_counts(), "b": b.value_counts()}).fillna(0)
            pvalues.append(stats.chi2_contingency(counts[counts.sum(axis=1) > 0]).pvalue)
    return min(pvalues) * len(pvalues) <= alpha


def one_period(replay: Replay, label: str, current: pd.DataFrame) -> dict[str, object]:
    """What Ecotone says with the period's labels, and without them."""
    roles = {"target": replay.target, "metric": replay.metric}
    if replay.prediction:
        roles["prediction"] = replay.prediction
    if replay.probability:
        roles["probability"] = replay.probability
    if replay.time:
        roles["time"] = replay.time
    seen = ecotone.check(replay.reference, current, **roles)
    blind = ecotone.check(replay.reference, current.drop(columns=replay.target), **roles)
    estimate = blind.performance
    return {
        "replay": replay.name,
        "period": label,
        "rows": len(current),
        "realised": realised(replay, current),
        "changed": seen.verdict["changed"],
        "material": seen.verdict["material"],
        "performance": "performance" in seen.alarms,
        "outside": "outliers" in seen.alarms,
        "estimate": estimate["estimate"],
        "interval": estimate["interval"],
        "unknown": estimate["unknown"] is not None,
        "performance_blind": "performance" in blind.alarms,
        "guarantee": seen.headline["guarantee"],
        "ks_bonferroni": bonferroni_ks(replay.reference, current, features(replay)),
    }


def measure(name: str) -> None:
    """All periods of one replay, appended as they are done."""
    replay = REPLAYS[name]()
    done = {record["period"] for record in RESULTS.records(name)}
    if not done:
        before = realised(replay, replay.reference)
        RESULTS.append(name, {"period": "reference", "realised": before, "metric": replay.metric})
    spread = [period for start in (0, 4, 2, 6, 1, 5, 3, 7) for period in replay.periods[start::8]]
    for label, current in spread:  # every eighth first: wherever it is stopped, the whole time is covered
        if label not in done:
            RESULTS.append(name, one_period(replay, label, current))


def export(folder: Path) -> None:
    """Reference and periods as Parquet files, with a description that peers.py reads."""
    for name, make in REPLAYS.items():
        replay = make()
        (folder / name).mkdir(parents=True, exist_ok=True)
        replay.reference.to_parquet(folder / name / "reference.parquet")
        for i, (label, current) in enumerate(replay.periods):
            current.assign(period_label=label).to_parquet(folder / name / f"{i:04d}.parquet")
        about = {k: getattr(replay, k) for k in ("target", "prediction", "probability", "time", "metric")}
        about |= {"features": features(replay), "realised": {label: realised(replay, c) for label, c in replay.periods}}
        (folder / name / "about.json").write_text(json.dumps(about))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(REPLAYS))
    parser.add_argument("--export", type=Path)
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.table:
        print(table(RESULTS))
    elif given.export:
        export(given.export)
    else:
        for name in [given.only] if given.only else REPLAYS:
            measure(name)
        print(table(RESULTS))


if __name__ == "__main__":
    main()
