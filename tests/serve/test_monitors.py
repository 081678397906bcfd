"""Monitors over HTTP: nothing lost, nothing counted twice, whoever repeats, races or is wrong."""

import threading

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("fastapi", reason="the service needs fastapi")
pytest.importorskip("httpx", reason="the service's test client needs httpx")

from starlette.testclient import TestClient

from ecotone.contracts import BadInput
from ecotone.serve import Limits, Settings, app
from ecotone.serve._keys import Key, Keys
from ecotone.serve._plan import Plan
from ecotone.serve._waiting import Waiting
from ecotone.watch import MonitorStore


def table(n, shift=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(shift, 1, n).tolist(), "y": rng.normal(size=n).tolist()}


@pytest.fixture
def state(tmp_path):
    MonitorStore.create(tmp_path / "m.duckdb", table(500), arl=20_000, by=100).close()
    return tmp_path / "m.duckdb"


@pytest.fixture
def client(state):
    with TestClient(app(Settings(monitors={"m": state})), raise_server_exceptions=False) as made:
        yield made


def post(client, rows, **headers):
    return client.post("/monitors/m/rows", json=rows, headers={k.replace("_", "-"): str(v) for k, v in headers.items()})


def test_a_repeated_position_counts_nothing_twice_and_an_overlap_only_what_is_new(client):
    first = post(client, table(50), ecotone_source="a", ecotone_position=0)
    again = post(client, table(50), ecotone_source="a", ecotone_position=0)
    overlap = post(client, table(60), ecotone_source="a", ecotone_position=20)
    found = [(r.json()["rows"], r.json()["repeated"], r.json()["first"]) for r in (first, again, overlap)]
    assert found == [(50, 0, 0), (0, 50, 50), (30, 30, 50)]
    assert client.get("/monitors/m").json()["rows"] == 80
    assert client.get("/monitors/m/sources/a").json() == {"source": "a", "rows": 80}
    assert client.get("/monitors/m/sources/never").json()["rows"] == 0


def test_a_gap_is_a_conflict_that_says_where_to_go_on(client):
    post(client, table(50), ecotone_source="a", ecotone_position=0)
    gap = post(client, table(50), ecotone_source="a", ecotone_position=60)
    assert gap.status_code == 409 and gap.headers["ecotone-position"] == "50"
    assert client.get("/monitors/m").json()["rows"] == 50


def test_keys_are_remembered_by_the_file_and_not_by_the_process(state):
    for k in range(3):
        with TestClient(app(Settings(monitors={"m": state}))) as client:
            answer = post(client, table(40), idempotency_key="one").json()
            assert (answer["rows"], answer["repeated"]) == ((40, 0) if k == 0 else (0, 40))
            assert answer["first"] == 0
            other = post(client, table(41), idempotency_key="one")
            assert other.status_code == 422 and "another body" in other.json()["detail"]
            assert client.get("/monitors/m").json()["rows"] == 40


def test_the_oldest_keys_give_way(state, monkeypatch):
    monkeypatch.setattr("ecotone.serve._keys.MOST", 3)
    with MonitorStore.open(state) as store:
        keys = Keys(store)
        for k in range(5):
            source, mark = keys.put([Key(f"k{k}", "d", k, 1)])
            store.ingest(table(1), source=source, mark=mark)
        for held in (keys, Keys(store)):
            assert [held.seen(f"k{k}", "d") is not None for k in range(5)] == [False, False, True, True, True]
            assert held.next == 5


def test_bodies_that_wait_together_are_read_as_one_in_the_order_of_their_positions(state):
    rows = pa.table(table(10))
    other = pa.table({"x": [1.0], "y": ["a"]})
    with MonitorStore.open(state) as store:
        plan = Plan(Keys(store), lambda source: 0, 0)
        plan.add([
            Waiting(rows, "a", 10), Waiting(rows, "a", 0), Waiting(rows, "b", 0), Waiting(rows, "a", 5),
            Waiting(rows, "a", 90), Waiting(other, "b", 10), Waiting(rows, key="k", digest="1"),
            Waiting(rows, key="l", digest="2"), Waiting(rows, key="k", digest="1"), Waiting(rows, key="l", digest="3"),
        ])  # fmt: skip
    shapes = [[(p.waiting.source, p.rows.num_rows, p.first) for p in b.pieces] for b in plan.batches]
    together = [("", 10, 0), ("", 10, 10), ("a", 10, 20), ("a", 5, 30), ("a", 5, 35), ("b", 10, 40)]
    assert shapes == [together, [("b", 1, 50)]]
    assert [key.key for key in plan.batches[0].keys] == ["k", "l"]
    assert [(w.key, first) for w, first in plan.repeats] == [("k", 0)]
    assert [refused.status for _, refused in plan.refusals] == [422, 409] and plan.rows == 51


def test_what_is_kept_does_not_depend_on_what_was_read_together(tmp_path):
    ends = []
    for together in (True, False):
        path = tmp_path / f"{together}.duckdb"
        MonitorStore.create(path, table(500), arl=20_000, by=100).close()
        parts = [table(30, 0.4, seed) for seed in range(12)]
        with TestClient(app(Settings(monitors={"m": path}))) as client:
            if together:
                writer = client.app.state.writers["m"]
                waits = [Waiting(pa.table(p), "a", 30 * k) for k, p in enumerate(parts)]
                with writer.store.transaction():  # the thread waits here, and all the others behind it
                    for waiting in waits:
                        writer.submit(waiting)
                rows = sum(w.answer.result(20).update.rows for w in waits)
            else:
                rows = sum(
                    post(client, p, ecotone_source="a", ecotone_position=30 * k).json()["rows"]
                    for k, p in enumerate(parts)
                )
            status = client.get("/monitors/m").json()
            evidence = [(one["detector"], one["columns"], pytest.approx(one["evidence"])) for one in status["leading"]]
            ends.append((rows, status["rows"], evidence, status["episodes"]))
    assert ends[0] == ends[1] and ends[0][0] == 360


def test_two_clients_at_once_lose_nothing(client):
    answers = []

    def send(source):
        for k in range(8):
            answers.append(post(client, table(25, seed=k), ecotone_source=source, ecotone_position=25 * k).json())

    threads = [threading.Thread(target=send, args=(s,)) for s in "abc"]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sum(a["rows"] for a in answers) == client.get("/monitors/m").json()["rows"] == 600
    places = sorted((a["first"], a["rows"]) for a in answers)
    assert [first for first, _ in places] == list(range(0, 600, 25))


def test_one_bad_body_costs_no_other_its_rows(client, monkeypatch):
    store = client.app.state.writers["m"].store
    true = store.ingest_together

    def ingest(pieces):
        if any(piece.rows.num_rows == 7 for piece in pieces):
            raise BadInput("seven rows cannot be read")
        return true(pieces)

    monkeypatch.setattr(store, "ingest_together", ingest)
    writer = client.app.state.writers["m"]
    waits = [Waiting(pa.table(table(n)), source, 0) for source, n in (("a", 5), ("b", 7), ("c", 9))]
    with store.transaction():
        for waiting in waits:
            writer.submit(waiting)
    assert waits[0].answer.result(20).update.rows == 5 and waits[2].answer.result(20).update.rows == 9
    with pytest.raises(BadInput, match="seven"):
        waits[1].answer.result(20)
    assert client.get("/monitors/m").json()["rows"] == 14


def test_a_file_that_cannot_be_written_is_503_and_recovers(client, state, monkeypatch):
    writer = client.app.state.writers["m"]

    def full(pieces):
        raise BadInput(f"state {state} cannot be written (disk full); free some room and run again")

    with monkeypatch.context() as patched:
        patched.setattr(writer.store, "ingest_together", full)
        refused = post(client, table(5))
        assert refused.status_code == 503 and "free some room" in refused.json()["detail"]
        assert client.get("/readyz").status_code == 503
    assert post(client, table(5)).json()["rows"] == 5 and client.get("/readyz").status_code == 200


def test_an_alarm_is_answered_listed_shown_and_ended(client):
    assert post(client, table(300, 0.0, 3)).json()["alarms"] == []
    found = [a for k in range(4) for a in post(client, table(100, 1.5, 4 + k)).json()["alarms"]]
    assert found and found[0]["columns"] == ["x"] and 300 < found[0]["row"] < 400
    episode = client.get("/monitors/m/alarms").json()[0]
    assert episode["about"] == "data" and episode["ended"] == "" and episode["alarm"]["since"]["low"] <= 300
    text = client.get("/metrics").text
    assert (
        'ecotone_alarm_open{about="data",monitor="m"} 1.0' in text and 'ecotone_rows_total{monitor="m"} 700.0' in text
    )
    page = client.get("/").text
    assert "<title>Alarm" in page and "x" in page and "http://" not in page and "<script" not in page
    assert client.post("/monitors/m/accept").json()["accepted"] >= 200
    assert client.get("/monitors/m/alarms").json()[0]["ended"] == "accept"
    assert client.post("/monitors/m/accept").status_code == 409
    assert client.post("/monitors/m/reset").json() == {"reset": True}


def test_the_timeline_has_chunks_with_columns_where_asked(client):
    post(client, table(250))
    chunks = client.get("/monitors/m/timeline").json()
    assert [c["rows"] for c in chunks] == [100, 100, 50] and "columns" not in chunks[0] and "sums" not in chunks[0]
    (last,) = client.get("/monitors/m/timeline?last=1&columns=true").json()
    assert [c["name"] for c in last["columns"]] == ["x", "y"] and last["columns"][0]["present"] == 50
    report = client.get("/monitors/m/report").text
    assert report.startswith("<!doctype html>") and "http-equiv" not in report and "250 rows" in report


def test_text_of_a_stream_is_escaped_on_the_page(tmp_path):
    evil = "<script>alert(1)</script>"
    rng = np.random.default_rng(0)
    old = {evil: rng.normal(size=300), "k": rng.choice(["a", "b"], 300)}
    MonitorStore.create(tmp_path / "m.duckdb", old, arl=20_000).close()
    with TestClient(app(Settings(monitors={"m": tmp_path / "m.duckdb"}))) as client:
        post(client, {evil: [1.0] * 50, "k": [evil] * 50, evil + "2": [1] * 50})
        for path in ("/", "/monitors/m/report"):
            assert "<script" not in client.get(path).text and "&lt;script&gt;" in client.get(path).text


@pytest.mark.parametrize(
    "path, headers, status, words",
    [
        ("/monitors/other/rows", {}, 404, "there is m"),
        ("/monitors/m/rows", {"Idempotency-Key": "k", "Ecotone-Position": "0"}, 422, "one of them"),
        ("/monitors/m/rows", {"Ecotone-Position": "-1"}, 422, "greater than or equal"),
        ("/monitors/m/rows", {"Idempotency-Key": "a b"}, 422, "printable ASCII"),
        ("/monitors/m/rows", {"Ecotone-Source": "a" * 121}, 422, "printable ASCII"),
    ],
)
def test_bad_requests_are_said(client, path, headers, status, words):
    answer = client.post(path, json=table(2), headers=headers)
    assert answer.status_code == status and words in answer.json()["detail"], answer.text


def test_more_than_may_wait_is_sent_away(state):
    with TestClient(app(Settings(monitors={"m": state}, limits=Limits(waiting=2)))) as client:
        writer = client.app.state.writers["m"]
        with writer.store.transaction():
            for k in range(8):  # those that waited when it looked are with the thread already
                try:
                    writer.submit(Waiting(pa.table(table(3)), "", None))
                except Exception as refused:
                    assert refused.status == 503 and refused.headers["Retry-After"] == "1" and k >= 2
                    break
            else:
                raise AssertionError("all were taken")


def test_what_was_accepted_is_kept_when_the_service_stops(state):
    with TestClient(app(Settings(monitors={"m": state}))) as client:
        writer = client.app.state.writers["m"]
        waits = [Waiting(pa.table(table(20, seed=k)), "a", 20 * k) for k in range(10)]
        for waiting in waits:
            writer.submit(waiting)
    assert all(w.answer.done() for w in waits)
    assert "stopped" in writer.unready()
    with MonitorStore.open(state) as store:
        assert store.status().rows == 200


def test_a_state_that_is_in_use_stops_the_start(client, state):
    import subprocess
    import sys

    lines = f"from ecotone.serve import app, Settings; app(Settings(monitors={{'m': {str(state)!r}}}))"
    found = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True)
    assert found.returncode == 1 and "in use by another process" in found.stderr
