"""The demo: a model of flight delays, trained in winter 2013 and still in use in autumn.

Trains a small model on two fifths of the winter's days, then runs ``ecotone check`` on the other winter days
against autumn, and says where the report is.
"""

import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

HERE = Path(__file__).parent
OUT = HERE.parent / "demo-out"
TARGET = "late"
WORDS = ["carrier", "origin", "dest", "weekday"]
NUMBERS = ["distance", "scheduled_hour", "seats", "plane_age"]
NUMBERS += ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]


def train(table: pa.Table) -> object:
    """A boosted classifier of late arrivals from the schedule, the plane and the weather at departure."""
    names = [name for name in table.column_names if name != TARGET]
    rows = np.column_stack([np.array(table[name].to_pylist(), dtype=object) for name in names])
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=200)
    inputs = ColumnTransformer(
        [
            ("words", encode, [names.index(name) for name in WORDS]),
            ("numbers", "passthrough", [names.index(name) for name in NUMBERS]),
        ]
    )
    trees = HistGradientBoostingClassifier(max_iter=80, learning_rate=0.06, max_leaf_nodes=15, random_state=0)
    return make_pipeline(inputs, trees).fit(rows, table[TARGET].to_pylist())


def main() -> int:
    OUT.mkdir(exist_ok=True)
    joblib.dump(train(pq.read_table(HERE / "data" / "train.parquet")), OUT / "model.joblib")
    command = [
        "check", "demo/data/winter.parquet", "demo/data/autumn.parquet",
        "--target", TARGET, "--model", "demo-out/model.joblib", "--trust", "--metric", "roc_auc", "--positive", "late",
        "--entity", "day", "--report", "demo-out/report.html", "--json", "demo-out/report.json",
    ]  # fmt: skip
    print("$ ecotone", " ".join(command), flush=True)
    done = subprocess.run([sys.executable, "-m", "ecotone", *command], cwd=HERE.parent, check=False)
    if done.returncode not in (0, 1):
        return done.returncode
    print(f"\nexit code {done.returncode}; the report is {OUT / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
