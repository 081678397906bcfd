"""Labels with their rows or late: each is counted once, and a risen loss is an alarm of its own."""

import numpy as np
import pandas as pd
import pytest

from ecotone.contracts import BadInput
from ecotone.data import Roles
from ecotone.watch import MonitorStore, feed

ROLES = Roles.of(target="y", prediction="yhat", id="order")


def table(n, rng, wrong=0.1, first=0):
    made = pd.DataFrame(rng.normal(size=(n, 2)), columns=list("ab"))
    made["order"] = [f"o{k}" for k in range(first, first + n)]
    made["y"] = rng.choice(["yes", "no"], n)
    flip = rng.random(n) < wrong
    made["yhat"] = np.where(flip, np.where(made["y"] == "yes", "no", "yes"), made["y"])
    return made


@pytest.fixture
def store(tmp_path):
    rng = np.random.default_rng(0)
    with MonitorStore.create(tmp_path / "m.duckdb", table(2000, rng), roles=ROLES, by=100, arl=2000) as made:
        yield made


def test_labels_that_come_with_their_rows(store):
    rng = np.random.default_rng(1)
    rows = table(300, rng)
    rows.loc[50:, "y"] = None
    assert not store.ingest(rows).alarms
    risk, known = store.status().risk, rows[:50]
    assert risk.labels == 50 and risk.loss == (known["y"] != known["yhat"]).mean() and risk.waiting == 250
    assert risk.low <= risk.loss <= risk.high and 0.1 < risk.limit < 0.13
    assert [(c.labels, c.loss) for c in store.chunks()] == [
        (50, (known["y"] != known["yhat"]).sum()),
        (0, 0.0),
        (0, 0.0),
    ]


def test_late_labels_are_joined_and_harm_is_an_episode_of_its_own(store):
    rng = np.random.default_rng(2)
    rows = table(800, rng, wrong=0.3)
    assert not store.ingest(rows.drop(columns="y")).alarms
    late = rows[["order", "y"]].sample(frac=1, random_state=0)
    for start in range(0, 800, 200):
        found = store.label(late[start : start + 200], source="desk", position=start)
        assert found.rows == 200
    harm = [e for e in store.episodes() if e.about == "harm"]
    assert len(harm) == 1 and harm[0].alarm.columns == ("y",) and harm[0].alarm.since is None
    wrong = (rows["y"] != rows["yhat"]).to_numpy()
    assert [(c.labels, c.loss) for c in store.chunks()] == [(100, w.sum()) for w in wrong.reshape(8, 100)]
    store.reset()
    assert store.status().risk.evidence == 0 and not store.status().open
    with MonitorStore.open(store.path) if store.close() is None else store as again:
        assert again.status().risk.labels == 800 and again.status().risk.loss == wrong.mean()


def test_labels_that_do_not_fit_are_said_and_not_counted(store):
    rng = np.random.default_rng(3)
    rows = table(100, rng)
    store.ingest(rows.drop(columns="y"))
    assert store.label(rows[["order", "y"]][:60]).rows == 60
    odd = rows[["order", "y"]][50:62].copy()
    odd.loc[50, "y"] = "maybe"
    odd = pd.concat([odd, pd.DataFrame({"order": ["nobody", "o99", "o99"], "y": ["yes", None, rows["y"][99]]})])
    found = store.label(odd)
    assert found.rows == 3
    assert {b.what: b.detail.split()[0] for b in found.breaks} == {
        "unknown label": "1", "repeated label": "9", "contradicting label": "1",
    }  # fmt: skip
    assert store.status().risk.labels == 63
    again = store.label(rows[["order", "y"]][:60], source="s", position=0)
    assert again.rows == 0
    assert store.label(rows[["order", "y"]][:60], source="s", position=0).breaks[0].what == "repeated rows"


def test_numbers_are_scaled_by_the_reference(tmp_path):
    rng = np.random.default_rng(4)

    def made(n, noise):
        x = rng.normal(size=n)
        return pd.DataFrame({"x": x, "order": np.arange(n), "y": x + noise * rng.normal(size=n), "yhat": x})

    with MonitorStore.create(tmp_path / "m.duckdb", made(1000, 1.0), roles=ROLES, arl=2000) as store:
        assert not store.ingest(made(300, 1.0)).alarms
        assert [a.detector for a in store.ingest(made(300, 2.0)).alarms][:1] == ["loss"]
        with pytest.raises(BadInput, match="holds words"):
            store.ingest(made(10, 1.0).assign(y="high"))
        assert store.rows == 600


def test_a_file_of_labels(tmp_path, store):
    rng = np.random.default_rng(5)
    rows = table(200, rng)
    store.close()
    rows.drop(columns="y").to_csv(tmp_path / "rows.csv", index=False)
    rows[["order", "y"]].to_csv(tmp_path / "labels.csv", index=False)
    for _ in range(2):
        feed(store.path, str(tmp_path / "rows.csv"), labels=str(tmp_path / "labels.csv"))
    with MonitorStore.open(store.path) as again:
        assert again.status().risk.labels == 200 == again.rows


@pytest.mark.parametrize(
    "roles, options, words",
    [
        (ROLES, {"tolerance": 2.0}, "tolerance must"),
        (Roles(), {"tolerance": 0.1}, "name target and prediction"),
        (Roles(target="y", prediction="nothing"), {}, "'nothing' is not in the reference"),
    ],
)
def test_what_harm_needs(tmp_path, roles, options, words):
    with pytest.raises(BadInput, match=words):
        MonitorStore.create(tmp_path / "m.duckdb", table(500, np.random.default_rng(6)), roles=roles, **options)


def test_labels_that_cannot_be_joined(tmp_path, store):
    with pytest.raises(BadInput, match="no column 'y'"):
        store.label({"order": ["o1"]})
    other = MonitorStore.create(tmp_path / "n.duckdb", table(500, np.random.default_rng(7)))
    with other, pytest.raises(BadInput, match="target, prediction and id"):
        other.label({"order": ["o1"], "y": ["yes"]})
