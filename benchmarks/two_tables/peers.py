"""The same tables through other tools, in an environment of their own.

    python -m venv .venv-monitoring && .venv-monitoring/bin/pip install -r benchmarks/peers/monitoring.txt
    .venv-monitoring/bin/python benchmarks/two_tables/peers.py evidently nannyml ks  # or with cells after them
    python -m venv .venv-alibi && .venv-alibi/bin/pip install -r benchmarks/peers/alibi.txt
    .venv-alibi/bin/python benchmarks/two_tables/peers.py alibi

An alarm is: any column drifted (Evidently's default preset, and its own verdict that half the columns did); any column
alerted in any chunk (NannyML, ten chunks, its defaults); any column at Bonferroni's level (KS and chi-square); the
test's own verdict at .05 (alibi-detect, tabular). Each goes on where it stopped.
"""

from __future__ import annotations

import os

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import logging
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from cells import CELLS
from scenarios import two_sample
from stored import Results

REPLICATES = (20, 60)  # all cells with the first, then all with the second
CELLS_ASKED = [
    "null_n1000_d10", "null_n5000_d10", "null_n1000_d50", "mean_n1000_d10_gauss", "mean_n1000_d10", "corr_n1000_d10",
    "hetero_n1000_d10", "xor_n1000_d10", "variance_n1000_d10", "subgroup_n1000_d10", "category_n1000_d10",
    "missing_n1000_d10", "missing_pattern_n1000_d10", "dense_n1000_d50",
]  # fmt: skip


def evidently(reference: pd.DataFrame, current: pd.DataFrame) -> dict[str, bool]:
    from evidently import Report
    from evidently.presets import DataDriftPreset

    found = Report([DataDriftPreset()]).run(current, reference).dict()["metrics"]
    counted = found[0]["value"]
    return {"evidently, any column": counted["count"] > 0, "evidently, dataset": counted["share"] >= 0.5}


def nannyml(reference: pd.DataFrame, current: pd.DataFrame) -> dict[str, bool]:
    import nannyml as nml

    names = [c for c in reference if reference[c].nunique() > 1 and not c.startswith("id_like")]
    found = nml.UnivariateDriftCalculator(column_names=names).fit(reference).calculate(current)
    frame = found.filter(period="analysis").to_df()
    alerts = frame.loc[:, frame.columns.get_level_values(-1) == "alert"]
    return {"nannyml, any column": bool(alerts.to_numpy().any())}


def ks(reference: pd.DataFrame, current: pd.DataFrame) -> dict[str, bool]:
    from scipy import stats

    pvalues = []
    for name in reference:
        a, b = reference[name].dropna(), current[name].dropna()
        if a.dtype.kind in "if":
            pvalues.append(stats.ks_2samp(a, b).pvalue)
        elif a.nunique() <= 200:
            counts = pd.DataFrame({"a": a.value_counts(), "b": b.value_counts()}).fillna(0)
            pvalues.append(stats.chi2_contingency(counts[counts.sum(axis=1) > 0]).pvalue)
    return {"KS + Bonferroni": min(pvalues) * len(pvalues) <= 0.05}


def alibi(reference: pd.DataFrame, current: pd.DataFrame) -> dict[str, bool]:
    from alibi_detect.cd import TabularDrift

    names = [c for c in reference if not c.startswith("id_like")]
    kept = pd.concat([reference[names], current[names]]).reset_index(drop=True)
    words = {i: None for i, c in enumerate(names) if kept[c].dtype == object}
    for i in words:
        kept[names[i]] = pd.factorize(kept[names[i]])[0]
    matrix = kept.fillna(kept.median(numeric_only=True)).to_numpy(dtype=np.float32)
    split = len(reference)
    found = TabularDrift(matrix[:split], p_val=0.05, categories_per_feature=words).predict(matrix[split:])
    return {"alibi-detect, tabular": bool(found["data"]["is_drift"])}


TOOLS = {"evidently": evidently, "nannyml": nannyml, "ks": ks, "alibi": alibi}


def main(names: list[str]) -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    asked = [name for name in names if name in CELLS] or CELLS_ASKED
    for name in (name for name in names if name not in CELLS):
        tool, results, entry = TOOLS[name], Results(HERE), f"peer_{name}"
        said = results.value(entry) if entry in results else {}
        for goal in REPLICATES:
            for cell in (CELLS[a] for a in asked):
                found, start = said.setdefault(cell.name, {}), time.time()
                done = min((n for _, n in found.values()), default=0)
                for seed in range(cell.seed + done, cell.seed + goal):  # goes on where it stopped
                    reference, current, _ = two_sample(seed=seed, **cell.draw)
                    for figure, up in tool(reference, current).items():
                        share, n = found.get(figure, (0.0, 0))
                        found[figure] = [(round(share * n) + bool(up)) / (n + 1), n + 1]
                    results.put(entry, said)
                if done < goal:
                    print(name, cell.name, found, f"{time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
