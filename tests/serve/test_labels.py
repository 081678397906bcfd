"""Late labels over HTTP: joined once, in whatever order, and said where they fit nothing."""

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the service needs fastapi")
pytest.importorskip("httpx", reason="the service's test client needs httpx")

import pyarrow as pa
from starlette.testclient import TestClient

from ecotone.data import Roles
from ecotone.serve import Settings, app
from ecotone.serve._waiting import Waiting
from ecotone.watch import MonitorStore


def table(n, wrong=0.1, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.choice(["yes", "no"], n)
    other = np.where(y == "yes", "no", "yes")
    return {
        "x": rng.normal(size=n).tolist(), "order": [f"o{k}" for k in range(n)],
        "yhat": np.where(rng.random(n) < wrong, other, y).tolist(), "y": y.tolist(),
    }  # fmt: skip


def rows_of(table):
    return {name: values for name, values in table.items() if name != "y"}


def labels_of(table, start=0, stop=None):
    return {name: table[name][start:stop] for name in ("order", "y")}


@pytest.fixture
def client(tmp_path):
    roles = Roles.of(target="y", prediction="yhat", id="order")
    MonitorStore.create(tmp_path / "m.duckdb", table(1500), roles=roles, by=100, arl=2000).close()
    with TestClient(app(Settings(monitors={"m": tmp_path / "m.duckdb"})), raise_server_exceptions=False) as made:
        yield made


def post(client, what, body, **headers):
    named = {k.replace("_", "-"): str(v) for k, v in headers.items()}
    return client.post(f"/monitors/m/{what}", json=body, headers=named)


def test_labels_come_once_whatever_is_sent_again(client):
    sent = table(200, seed=1)
    assert post(client, "rows", rows_of(sent), ecotone_source="a", ecotone_position=0).json()["rows"] == 200
    for repeated in (0, 80):
        found = post(client, "labels", labels_of(sent, 0, 80), ecotone_source="a", ecotone_position=0).json()
        assert (found["labels"], found["repeated"], found["breaks"]) == (80 - repeated, repeated, [])
    for repeated in (0, 120):
        found = post(client, "labels", labels_of(sent, 80), idempotency_key="k").json()
        assert (found["labels"], found["repeated"]) == (120 - repeated, repeated)
    assert client.get("/monitors/m/sources/a?labels=true").json()["rows"] == 80
    assert client.get("/monitors/m/sources/a").json()["rows"] == client.get("/monitors/m").json()["rows"] == 200
    risk = client.get("/monitors/m").json()["risk"]
    assert risk["labels"] == 200 and risk["loss"] == np.mean(np.array(sent["y"]) != np.array(sent["yhat"]))
    assert 'ecotone_loss{end="value",monitor="m"}' in client.get("/metrics").text


def test_labels_that_fit_nothing_are_said_and_not_counted(client):
    sent = table(60, seed=2)
    post(client, "rows", rows_of(sent))
    post(client, "labels", labels_of(sent, 0, 40))
    odd = labels_of(sent, 38, 42)
    odd["y"][0] = "no" if sent["y"][38] == "yes" else "yes"
    odd["order"].append("nobody")
    odd["y"].append("yes")
    found = post(client, "labels", odd)
    assert found.status_code == 200 and found.json()["labels"] == 2
    said = {b["what"]: b["detail"] for b in found.json()["breaks"]}
    assert said["unknown label"].startswith("1 labels, the first of order nobody")
    assert "o38" in said["contradicting label"] and "o39" in said["repeated label"]
    assert client.get("/monitors/m").json()["risk"]["labels"] == 42


def test_labels_that_wait_together_with_their_rows_come_after_them(client):
    sent = table(50, seed=3)
    writer = client.app.state.writers["m"]
    waits = [Waiting(pa.table(labels_of(sent)), labels=True), Waiting(pa.table(rows_of(sent)))]
    with writer.store.transaction():  # the thread waits here
        for waiting in waits:
            writer.submit(waiting)
    assert [w.answer.result(20).update.rows for w in waits] == [50, 50]
    assert not waits[0].answer.result().update.breaks


def test_a_risen_loss_is_an_alarm_of_harm(client):
    sent = table(1000, wrong=0.5, seed=4)
    post(client, "rows", rows_of(sent))
    alarms = post(client, "labels", labels_of(sent)).json()["alarms"]
    assert alarms and alarms[0]["detector"] == "loss"
    assert [e["about"] for e in client.get("/monitors/m/alarms").json()] == ["harm"]
    assert 'ecotone_alarm_open{about="harm",monitor="m"} 1.0' in client.get("/metrics").text
    assert "Harm" in client.get("/").text


def test_labels_without_a_column_or_a_monitor_for_them_are_refused(client, tmp_path):
    lacking = post(client, "labels", {"order": ["o1"]})
    assert lacking.status_code == 422 and "no column 'y'" in lacking.json()["detail"]
    MonitorStore.create(tmp_path / "n.duckdb", {"x": np.random.default_rng(0).normal(size=300)}).close()
    with TestClient(app(Settings(monitors={"m": tmp_path / "n.duckdb"}))) as bare:
        refused = post(bare, "labels", {"order": ["o1"], "y": ["yes"]})
        assert refused.status_code == 422 and "start with them" in refused.json()["detail"]
        assert bare.get("/readyz").status_code == 200


def test_an_alarm_has_the_check_of_its_rows_beside_it(tmp_path):
    rng = np.random.default_rng(5)
    MonitorStore.create(tmp_path / "m.duckdb", {"x": rng.normal(size=500), "z": rng.normal(size=500)}).close()
    with TestClient(app(Settings(monitors={"m": tmp_path / "m.duckdb"}))) as client:
        for shift in (0.0, 0.0, 1.5, 1.5):
            post(client, "rows", {"x": rng.normal(shift, 1, 150).tolist(), "z": rng.normal(size=150).tolist()})
        examiner = client.app.state.writers["m"]._examiner
        examiner._running.result(60)
        (episode,) = client.get("/monitors/m/alarms").json()
        moved = [c["name"] for c in episode["check"]["columns"] if c["marginal"]["changed"]]
        assert moved == ["x"] and "A check of the rows since then" in client.get("/").text
        first = examiner._next[1]
        post(client, "rows", {"x": rng.normal(1.5, 1, 50).tolist(), "z": rng.normal(size=50).tolist()})
        assert examiner._next[1] == first  # not again before four times as many rows
        client.post("/monitors/m/reset")
        post(client, "rows", {"x": rng.normal(size=5000).tolist(), "z": rng.normal(size=5000).tolist()})
        assert examiner._next[1] == first


def test_a_monitor_with_roles_is_begun_as_the_guide_says(tmp_path, monkeypatch):
    import io

    import pyarrow.parquet as pq

    from ecotone.cli._main import run

    pq.write_table(pa.table(table(500)), tmp_path / "old.parquet")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    state = tmp_path / "orders.duckdb"
    words = ["--id", "order", "--target", "y", "--prediction", "yhat"]
    assert run(["watch", str(tmp_path / "old.parquet"), "-", "--state", str(state), *words]) == 0
    with TestClient(app(Settings(monitors={"m": state}))) as client:
        assert post(client, "rows", rows_of(table(30))).json()["rows"] == 30
        assert post(client, "labels", labels_of(table(30))).json()["labels"] == 30
