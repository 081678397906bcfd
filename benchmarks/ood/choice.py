"""Is the recommended score the right one? Classifiers of tables and of texts, asked about rows of a kind left out.

    python benchmarks/ood/choice.py tables             # 26 kinds of rows left out, four classifiers each
    .venv-text/bin/python benchmarks/ood/choice.py texts       # 8 draws of groups known and groups left out
    python benchmarks/ood/run.py --table               # the page

The score is chosen by pseudo-outliers of 1 000 held-out rows (500 texts). Stores, in the entry choice_KIND, the AUROC
of every score between other rows of the known kind and rows left out, and which was chosen.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import data as real
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from stored import Results

from ecotone.checkup.outside import fit_scores
from ecotone.contracts import Activations, BadInput, as_numpy
from ecotone.data.activations import EstimatorNetwork, open_dataset, read_activations
from ecotone.detect.evaluate import ood_metrics, recommend

RESULTS = Results(HERE)
TRAIN, CHOOSE, ASK = 8000, 1000, 1000
Texts = tuple[list[str], list[str]]  # with their groups
Parts = Callable[[], list[Activations]]


def _tables() -> dict[str, tuple[pd.DataFrame, str]]:
    """Tables with the column that is predicted."""
    sys.path.append(str(HERE.parent / "tables"))
    from tasks import TASKS

    found = {}
    for name, make in TASKS.items():
        task = make()
        whole = pd.concat([task.train, task.test], ignore_index=True)
        found[name] = (whole.drop(columns="count") if name == "bikeshare" else whole, task.target)
    found["california"] = (real.california().assign(dear=lambda t: np.where(t["dear"] == 1, "yes", "no")), "dear")
    found["diamonds"] = (
        real.diamonds().assign(ideal=lambda t: np.where(t.pop("cut") == "Ideal", "yes", "no")),
        "ideal",
    )
    return found


# Of each table: a kind of rows that is known, and one that is left out. The splits of the first list were looked at
# when the pseudo-outliers were settled, those of the second only afterwards.
LOOKED_AT = {
    "adult: under 20": lambda t: (t.age.between(25, 60), t.age < 20),
    "adult: born abroad": lambda t: (
        t.native_country == "United-States", t.native_country.notna() & (t.native_country != "United-States"),
    ),
    "adult: self-employed": lambda t: (
        t.workclass == "Private", t.workclass.isin(["Self-emp-inc", "Self-emp-not-inc"]),
    ),
    "adult: part time": lambda t: (t.hours_per_week.between(35, 50), t.hours_per_week < 20),
    "employment: children": lambda t: (t.AGEP.between(25, 60), t.AGEP < 16),
    "employment: over 75": lambda t: (t.AGEP.between(25, 60), t.AGEP > 75),
    "employment: no citizens": lambda t: (t.CIT == "1", t.CIT == "5"),
    "flights: very far": lambda t: (t.distance < 1500, t.distance > 2300),
    "flights: fog": lambda t: (t.visib >= 9, t.visib < 2),
    "flights: autumn": lambda t: (t.month <= 9, t.month >= 10),
    "flights: from Newark": lambda t: (t.origin != "EWR", t.origin == "EWR"),
    "bikeshare: winter": lambda t: (t.month.between(4, 10), t.month.isin([12, 1, 2])),
    "bikeshare: night": lambda t: (t.hour.between(7, 22), t.hour < 5),
}  # fmt: skip
FRESH = {
    "adult: higher degrees": lambda t: (
        t.education_num < 13, t.education.isin(["Masters", "Doctorate", "Prof-school"]),
    ),
    "adult: women": lambda t: (t.sex == "Male", t.sex == "Female"),
    "employment: came from abroad": lambda t: (t.MIG == "1", t.MIG == "2"),
    "employment: never married": lambda t: (t.MAR == "1", t.MAR == "5"),
    "flights: frost": lambda t: (t.temp > 50, t.temp < 25),
    "flights: another carrier": lambda t: (t.carrier != "MQ", t.carrier == "MQ"),
    "bikeshare: rain": lambda t: (t.pn == 0, t.pn > 15),
    "bikeshare: weekend": lambda t: (t.weekday < 5, t.weekday >= 5),
    "california: rich": lambda t: (t.MedInc < 6, t.MedInc > 7),
    "california: north": lambda t: (t.Latitude < 37, t.Latitude > 38.5),
    "diamonds: large": lambda t: (t.carat < 1, t.carat > 1.5),
    "diamonds: tinted": lambda t: (t.color.isin(list("DEFG")), t.color.isin(["I", "J"])),
    "diamonds: flawed": lambda t: (~t.clarity.isin(["I1", "SI2"]), t.clarity == "I1"),
}  # fmt: skip


def _for_trees() -> Any:
    levels = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
    return _columns(SimpleImputer(strategy="median"), levels)


def _for_sums() -> Any:
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return _columns(numbers, OneHotEncoder(handle_unknown="ignore", min_frequency=20))


def _columns(numbers: Any, levels: Any) -> Any:
    parts = [(numbers, make_column_selector(dtype_include="number"))]
    parts.append((levels, make_column_selector(dtype_exclude="number")))
    return make_column_transformer(*parts, sparse_threshold=0)


MODELS = {
    "boosting": lambda: make_pipeline(_for_trees(), HistGradientBoostingClassifier(random_state=0)),
    "perceptron": lambda: make_pipeline(_for_sums(), MLPClassifier((128, 64), max_iter=15, random_state=0)),
    "forest": lambda: make_pipeline(_for_trees(), RandomForestClassifier(100, min_samples_leaf=3, random_state=0)),
    "logistic": lambda: make_pipeline(_for_sums(), LogisticRegression(max_iter=300)),
}


def of_tables() -> Iterator[tuple[str, Parts]]:
    """Names, and what reads the rows to fit on, to choose by, of the known kind, and left out."""
    tables = _tables()
    for name, split in (LOOKED_AT | FRESH).items():
        table, target = tables[name.split(":")[0]]
        known, left = (table[rows].sample(frac=1, random_state=0) for rows in split(table))
        ends = np.cumsum([0, min(TRAIN, len(known) - CHOOSE - ASK), CHOOSE, ASK])
        frames = [known.iloc[a:b] for a, b in pairwise(ends)] + [left.iloc[:ASK]]
        for kind, make in MODELS.items():
            yield f"{name}, {kind}", partial(_read_tables, make(), frames, target)


def _read_tables(model: Any, frames: list[pd.DataFrame], target: str) -> list[Activations]:
    network = EstimatorNetwork(model.fit(frames[0].drop(columns=target), frames[0][target]))
    sets = [open_dataset(frame.reset_index(drop=True), target, classes=network.classes) for frame in frames]
    return [read_activations(network, rows, batch=4096) for rows in sets]


def of_texts() -> Iterator[tuple[str, Parts]]:
    """The same of sentence embeddings of newsgroups."""
    from text import minilm, newsgroups

    encoder, train, test = minilm(), newsgroups("train"), newsgroups("test")
    for seed in range(8):
        yield f"draw {seed}", partial(_read_texts, encoder, train, test, np.random.default_rng(seed))


def _read_texts(encoder: Any, train: Texts, test: Texts, rng: np.random.Generator) -> list[Activations]:
    from text import Sentences

    order = rng.permutation(sorted(set(train[1])))
    known, left = sorted(order[:4]), sorted(order[4:8])

    def some(of: Texts, kinds: list[str], count: int) -> Texts:
        rows = rng.permutation(np.flatnonzero(np.isin(of[1], kinds)))[:count]
        return [of[0][i] for i in rows], [of[1][i] for i in rows]

    texts, labels = some(train, known, 1700)
    z = encoder.encode(texts[:1200], batch_size=64).astype(np.float64)
    network = Sentences(encoder, LogisticRegression(max_iter=500).fit(z, labels[:1200]))
    asked = [(some(test, kinds, count)[0], None) for kinds, count in ((known, 500), (left, 300))]
    parts = [(texts[:1200], labels[:1200]), (texts[1200:], labels[1200:]), *asked]
    return [read_activations(network, open_dataset(t, y, classes=known)) for t, y in parts]


def measure(reference: Activations, choosing: Activations, inside: Activations, left: Activations) -> dict[str, Any]:
    """AUROC by score, and which one was chosen."""
    fitted = fit_scores(reference, (choosing, inside, left), scores="all").scores
    found = recommend(fitted, choosing, seed=0)
    auroc = {}
    for name, score in fitted.items():
        try:
            values = [as_numpy(score.score_samples(rows)) for rows in (inside, left)]
        except BadInput:
            continue
        auroc[name] = round(ood_metrics(*values).auroc, 4)
    return {"chosen": found.name, "auroc": auroc}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("tables", "texts"))
    kind = parser.parse_args().kind
    entry = f"choice_{kind}"
    results = RESULTS.value(entry) if entry in RESULTS else {}
    for name, parts in {"tables": of_tables, "texts": of_texts}[kind]():
        if name in results:
            continue
        results[name] = measure(*parts())
        got = results[name]
        best = max(got["auroc"], key=got["auroc"].get)
        print(
            f"{name}: {got['chosen']} {got['auroc'][got['chosen']]:.3f}, best {best} {got['auroc'][best]:.3f}",
            flush=True,
        )
        RESULTS.put(entry, results)


if __name__ == "__main__":
    main()
