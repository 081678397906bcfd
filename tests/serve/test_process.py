"""The service as a process: killed, stopped, and looked at by a real browser."""

import contextlib
import json
import signal
import socket
import time
from http.client import HTTPConnection, HTTPException

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the service needs fastapi")
pytest.importorskip("uvicorn", reason="the service needs uvicorn")

from served import BEARER, TOKEN, Service

from ecotone.cli._main import run
from ecotone.watch import MonitorStore


@pytest.fixture
def folder(tmp_path):
    MonitorStore.create(tmp_path / "m.duckdb", {"x": np.random.default_rng(0).normal(size=400)}, by=100).close()
    return tmp_path


def batch(k):
    return {"x": np.random.default_rng((1, k)).normal(size=50).tolist()}


def test_killed_in_the_middle_nothing_is_lost_and_nothing_counted_twice(folder):
    rng, sent = np.random.default_rng(5), 0
    for life in range(4):
        service = Service(folder)
        end = time.monotonic() + rng.uniform(0.05, 0.4)
        try:
            while sent < 60 and (life == 3 or time.monotonic() < end):
                place = {"Ecotone-Source": "a", "Ecotone-Position": str(50 * sent)}
                if life < 3 and rng.random() < 0.3:  # the answer is never heard
                    with socket.create_connection(("127.0.0.1", service.port)) as line:
                        body = json.dumps(batch(sent)).encode()
                        head = "".join(
                            f"{k}: {v}\r\n" for k, v in {**BEARER, **place, "Content-Length": len(body)}.items()
                        )
                        line.sendall(f"POST /monitors/m/rows HTTP/1.1\r\nHost: a\r\n{head}\r\n".encode() + body)
                    continue
                status, _ = service.ask("POST", "/monitors/m/rows", batch(sent), place)
                sent += status == 200
        except (OSError, HTTPException):
            pass
        assert service.end(signal.SIGKILL if life < 3 else signal.SIGTERM) in (-signal.SIGKILL, -signal.SIGTERM, 0)
    assert sent == 60
    unbroken = MonitorStore.create(folder / "u.duckdb", {"x": np.random.default_rng(0).normal(size=400)}, by=100)
    for k in range(60):
        unbroken.ingest(batch(k), source="a", position=50 * k)
    with MonitorStore.open(folder / "m.duckdb") as killed, unbroken:
        a, b = killed.status(), unbroken.status()
        assert a.rows == b.rows == 3000 and killed.place("a")[0] == 3000
        assert [one.evidence for one in a.leading] == pytest.approx([one.evidence for one in b.leading])
        assert [c.rows for c in killed.chunks()] == [c.rows for c in unbroken.chunks()]


def test_a_service_that_is_told_to_stop_answers_what_it_accepted(folder):
    service = Service(folder)
    connections = []
    for k in range(5):
        connection = HTTPConnection("127.0.0.1", service.port, timeout=30)
        rows = {"x": np.random.default_rng(k).normal(size=2000).tolist()}
        connection.request("POST", "/monitors/m/rows", json.dumps(rows), {**BEARER, "Idempotency-Key": f"k{k}"})
        connections.append(connection)
    kept = json.loads(connections[0].getresponse().read())["rows"]
    service.process.send_signal(signal.SIGTERM)
    for connection in connections[1:]:
        with contextlib.suppress(OSError, HTTPException):  # one that was not accepted before the stop
            kept += json.loads(connection.getresponse().read()).get("rows", 0)
    assert service.end(signal.SIGTERM) in (0, -signal.SIGTERM)
    with MonitorStore.open(folder / "m.duckdb") as store:
        assert store.status().rows == kept >= 2000


def test_a_body_that_declares_more_than_it_sends_is_nobodys_rows(folder):
    service = Service(folder)
    try:
        with socket.create_connection(("127.0.0.1", service.port)) as line:
            head = f"POST /monitors/m/rows HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n"
            head += "Content-Length: 500\r\n\r\n"
            line.sendall(head.encode() + b'[{"x": 1}]')
            line.shutdown(socket.SHUT_WR)
            line.settimeout(10)
            line.recv(1000)
        assert json.loads(service.ask("GET", "/monitors/m")[1])["rows"] == 0
    finally:
        service.end(signal.SIGTERM)


@pytest.mark.parametrize(
    "words, said",
    [
        (["--host", "0.0.0.0"], "--token-file"),
        (["--state", "none.duckdb"], "--reference"),
        (["--score", "a b=detector:KNNDistance"], "NAME=WHAT"),
        (["--score", "a=x", "--score", "a=y"], "twice"),
        (["--token-file", "none"], "cannot be read"),
        (["--reference", "none.parquet"], "none.parquet"),
    ],
)
def test_a_start_that_cannot_work_ends_with_a_sentence(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["serve", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_port_that_is_taken_is_said(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["serve", "--port", str(taken.getsockname()[1])]) == 2
    assert "choose another" in capsys.readouterr().err


def test_a_monitor_is_begun_where_there_is_none(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": np.random.default_rng(0).normal(size=300)}), tmp_path / "old.parquet")
    service = Service(tmp_path, "--reference", str(tmp_path / "old.parquet"), "--arl", "5000")
    try:
        status = json.loads(service.ask("GET", "/monitors/m")[1])
        assert status["rows"] == 0 and status["settings"]["arl"] == 5000
        assert service.ask("POST", "/check", batch(1))[0] == 200
    finally:
        service.end(signal.SIGTERM)
