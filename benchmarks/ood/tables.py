"""Rows of a table outside what gradient boosting knows: trained on people aged 25 to 60, asked about children too.

    python benchmarks/ood/tables.py

US census employment, Massachusetts 2015. Leaves the page in benchmarks/cache/ood/tables.html and what it named in
the entry `tables` of the results.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path[:0] = [str(Path(__file__).parents[1])]
from data import CACHE, employment
from sklearn.ensemble import HistGradientBoostingClassifier
from stored import Results

from ecotone.checkup.outside import detect_outliers
from ecotone.data.activations import EstimatorNetwork, open_dataset, read_activations

RESULTS = Results(Path(__file__).parent)


def main() -> None:
    """Train, look, store."""
    people = employment()
    people = people[people["year"] == 2015].sample(frac=1, random_state=0)
    x = people.drop(columns=["id", "year", "employed", "prediction", "predicted_probability"]).astype(float)
    x["employed"] = np.where(people["employed"] == 1, "yes", "no")
    known, foreign = x[x["AGEP"].between(25, 60)], x[x["AGEP"] < 16]
    train, held, rest = known[:16000], known[16000:20000], known[20000:21800]
    live = pd.concat([rest, foreign[:200]], ignore_index=True)
    model = HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(
        train.drop(columns="employed"), train["employed"]
    )
    network = EstimatorNetwork(model)
    acts = [
        read_activations(network, open_dataset(frame, "employed", classes=network.classes), batch=4096)
        for frame in (train, held, live)
    ]
    found = detect_outliers(*acts, scores="all", fdr=0.1, classes=network.classes, explain=12)
    named = np.array(found.outside)
    result = {
        "recommended": found.content["recommended"], "named": len(named), "foreign": int((named >= len(rest)).sum()),
        "of": 200, "share": found.content["found"]["share"], "interval": found.content["found"]["interval"],
    }  # fmt: skip
    print(found)
    for entry in found.content["scores"]:
        kinds = " ".join(f"{kind} {auroc:.2f}," for kind, auroc in entry["pseudo"].items())
        print(entry["name"], entry["named"], kinds)
    found.save(report=CACHE / "ood" / "tables.html")
    RESULTS.put("tables", result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
