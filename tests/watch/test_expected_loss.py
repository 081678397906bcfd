"""A model asked on every row, and a chunk's loss before its labels come."""

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from typer.testing import CliRunner

from ecotone.cli._app import app
from ecotone.contracts import BadInput
from ecotone.data import Roles
from ecotone.watch import LossEstimate, MonitorStore
from ecotone.watch.report import run_page, timeline

ROLES = Roles.of(target="y")


def rows(n, rng, *, shift=0.0, flipped=0.0):
    x = rng.normal(size=(n, 3))
    x[:, 0] += shift
    y = (rng.random(n) < 1 / (1 + np.exp(-1.5 * x[:, 0] - 0.5 * x[:, 1]))).astype(int)
    y = np.where(rng.random(n) < flipped, 1 - y, y)
    return pa.table({f"x{j}": x[:, j] for j in range(3)} | {"y": y})


@pytest.fixture(scope="module")
def model():
    table = rows(2000, np.random.default_rng(1))
    return LogisticRegression().fit(table.drop_columns("y").to_pandas(), table["y"].to_pandas())


@pytest.fixture(scope="module")
def watched(model, tmp_path_factory):
    """A reference and six chunks: two as before, two with rows moved, two with labels flipped as well."""
    path, rng = tmp_path_factory.mktemp("watched") / "m.duckdb", np.random.default_rng(0)
    with MonitorStore.create(path, rows(4000, rng), roles=ROLES, model=model, estimate=True, by=1000) as store:
        for shift, flipped in ((0, 0), (0, 0), (0.5, 0), (0.5, 0), (0, 0.2), (0, 0.2), (0, 0)):
            store.ingest(rows(1000, rng, shift=shift, flipped=flipped))
    return path


def test_the_estimate_is_near_the_loss_unless_the_labels_moved(watched):
    with MonitorStore.open(watched, read_only=True) as store:
        found = timeline(store).to_pandas()
    kept, flipped = found.iloc[:4], found.iloc[4:6]
    assert (abs(kept.loss - kept.estimated) < 0.05).all()
    assert (kept.estimated_low < kept.estimated).all() and (kept.estimated < kept.estimated_high).all()
    assert ((kept.estimated_low <= kept.loss) & (kept.loss <= kept.estimated_high)).sum() >= 3
    assert (flipped.loss - flipped.estimated > 0.05).all()  # p(y|x) moved, which nobody sees without labels
    assert found.unknown.iloc[-1].startswith("the chunk is open") and np.isnan(found.estimated.iloc[-1])


def test_labels_that_came_with_the_rows_are_not_looked_at(model, tmp_path):
    made = []
    for k, hide in enumerate((False, True)):
        rng = np.random.default_rng(3)
        with MonitorStore.create(tmp_path / f"{k}", rows(1000, rng), roles=ROLES, model=model, estimate=True) as store:
            few = rows(1001, rng, flipped=0.5)
            few = few.set_column(3, "y", pc.add(few["y"], 1))  # a class that the reference does not have
            store.ingest(few.drop_columns("y") if hide else few)
            made.append(store.chunks()[0].estimate)
    assert made[0] == made[1] and made[0].value is not None


def test_an_estimate_is_kept_to_the_bit_however_rows_come(watched, model, tmp_path):
    with MonitorStore.open(watched, read_only=True) as store:
        want = [c.estimate for c in store.chunks()]
    rng = np.random.default_rng(0)
    with MonitorStore.create(tmp_path / "m", rows(4000, rng), roles=ROLES, model=model, estimate=True) as store:
        both = pa.concat_tables([rows(1000, rng), rows(1000, rng)])
    for at in range(0, 2000, 700):  # closed and opened in between
        with MonitorStore.open(tmp_path / "m", model=model) as store:
            store.ingest(both.slice(at, 700), source="s", position=at)
    with MonitorStore.open(tmp_path / "m", model=model) as store:
        store.ingest(both.slice(0, 1))
        assert [c.estimate for c in store.chunks()[:2]] == want[:2]


def test_a_chunk_is_estimated_while_its_last_rows_are_kept(model, tmp_path, monkeypatch):
    monkeypatch.setattr("ecotone.watch._recent.MOST", 1000)
    rng = np.random.default_rng(4)
    with MonitorStore.create(
        tmp_path / "m", rows(1000, rng), roles=ROLES, model=model, estimate=True, by=3000
    ) as store:
        store.ingest(rows(6001, rng))
        found = [c.estimate for c in store.chunks()[:2]]
    assert all(1000 <= e.rows < 3000 and e.value is not None for e in found)


def test_numbers_are_in_the_unit_of_their_loss(tmp_path):
    rng = np.random.default_rng(5)

    def made(n, noise):
        x = rng.normal(size=n)
        return pa.table({"x": x, "y": 2 * x + noise * rng.normal(size=n)})

    line = LinearRegression().fit(np.arange(5.0)[:, None], 2 * np.arange(5.0))
    with MonitorStore.create(tmp_path / "m", made(2000, 1.0), roles=ROLES, model=line, estimate=True) as store:
        store.ingest(made(1001, 1.0))
        (first, _) = timeline(store).to_pylist()
    assert abs(first["loss"] - first["estimated"]) < 0.04 and 0.2 < first["estimated"] < 0.5


def test_joined_estimates_are_means_by_rows():
    a, b = LossEstimate(100, 0.1, 0.0, 0.2), LossEstimate(300, 0.3, 0.2, 0.4)
    assert a.joined(b) == LossEstimate(400, pytest.approx(0.25), pytest.approx(0.15), pytest.approx(0.35))
    nothing = LossEstimate(0, None, None, None, "why")
    assert a.joined(nothing) == a and nothing.joined(b) == b
    assert LossEstimate(5, 0.1, 0.0, 0.2, "why").joined(b).interval is None


def test_the_page_says_what_is_known_without_labels(watched):
    with MonitorStore.open(watched, read_only=True) as store:
        page = run_page(store)
    assert "Loss without labels" in page and "if p(y|x) has not moved" in page and "without labels</th>" in page


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"estimate": True}, "estimate is about a model's loss"),
        ({"estimate": True, "roles": Roles.of(target="y", prediction="x0")}, "needed"),
        ({"model": "LR", "roles": Roles.of(target="y", prediction="x0")}, "the model says what it predicts"),
    ],
)
def test_bad_settings(asked, words, model, tmp_path):
    asked = {**asked, "model": model} if "model" in asked else asked
    table = rows(300, np.random.default_rng(0))
    if words == "needed":
        table = table.set_column(3, "y", pa.array([None] * 250 + [1] * 50, pa.int64()))
    with pytest.raises(BadInput, match=words):
        MonitorStore.create(tmp_path / "m", table, **asked)
    assert not list(tmp_path.iterdir())


def test_a_monitor_knows_its_model(watched, model):
    rng = np.random.default_rng(8)
    with MonitorStore.open(watched) as store, pytest.raises(BadInput, match="asks a model"):
        store.ingest(rows(10, rng))
    other = LogisticRegression(C=0.01).fit(np.array([[0.0], [1.0]]), [0, 1])
    with pytest.raises(BadInput, match="made with another model"):
        MonitorStore.open(watched, model=other)
    with MonitorStore.open(watched, model=model) as store, pytest.raises(BadInput, match="already; rename it"):
        store.ingest(rows(10, rng).append_column("prediction", pa.array([0] * 10)))


def test_from_the_command_line(model, tmp_path):
    rng = np.random.default_rng(11)
    pq.write_table(rows(1000, rng), tmp_path / "old.parquet")
    pq.write_table(rows(1200, rng), tmp_path / "new.parquet")
    joblib.dump(model, tmp_path / "m.joblib")
    base = ["watch", *(str(tmp_path / f"{n}.parquet") for n in ("old", "new")), "--state", str(tmp_path / "s.duckdb")]
    call = CliRunner().invoke(app, [*base, "--target", "y", "--model", str(tmp_path / "m.joblib"), "--estimate"])
    assert call.exit_code != 0 and "--trust" in str(call.exception)
    asked = [*base, "--target", "y", "--model", str(tmp_path / "m.joblib"), "--trust", "--estimate"]
    call = CliRunner().invoke(app, asked, standalone_mode=False)
    assert call.exception is None and "1,200" in call.output
    call = CliRunner().invoke(app, ["watch", "report", "--state", str(tmp_path / "s.duckdb")], standalone_mode=False)
    assert call.exception is None and "Loss without labels" in (tmp_path / "s.html").read_text()
