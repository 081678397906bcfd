"""Connections made to do harm: slow ones, endless ones, half ones, and many that decide at the same time."""

import signal
import socket
import threading
import time

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the service needs fastapi")
pytest.importorskip("uvicorn", reason="the service needs uvicorn")

from served import TOKEN, Service
from starlette.testclient import TestClient

from ecotone.serve import Settings, app
from ecotone.watch import MonitorStore

HEAD = f"Host: a\r\nAuthorization: Bearer {TOKEN}\r\n"
ROW = b'[{"x": 0.5}]'


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    MonitorStore.create(folder / "m.duckdb", {"x": np.random.default_rng(0).normal(size=400)}, by=100).close()
    made = Service(folder)
    yield made
    made.end(signal.SIGTERM)


def said(service, sent, *, shut=False, seconds=10):
    """What comes back until the connection ends, or nothing comes for a while."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=seconds) as line:
        found = b""
        try:
            line.sendall(sent)
            if shut:
                line.shutdown(socket.SHUT_WR)
            while part := line.recv(1 << 16):
                found += part
        except OSError:  # it was closed before all of it was sent
            pass
        return found


def rows(service):
    import json

    return json.loads(service.ask("GET", "/monitors/m")[1])["rows"]


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\0b: c\r\n\r\n", b"A" * 100_000,
        b"POST /check HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"POST /check HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\naaaaaa",
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_the_service_lives(service, sent):
    answer = said(service, sent, shut=True)
    assert answer.split(b"\r\n")[0].split()[1:2] in ([b"400"], [b"401"], []), answer[:200]
    assert service.ask("GET", "/healthz")[0] == 200


def test_one_body_is_not_two_requests(service):
    """Both lengths: the chunks count, and what follows them is no request of this token's."""
    before = rows(service)
    inner = b"POST /monitors/m/rows HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n" + ROW
    head = f"POST /monitors/m/rows HTTP/1.1\r\n{HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = said(service, head.encode() + b"c\r\n" + ROW + b"\r\n0\r\n\r\n" + inner, seconds=4)
    statuses = [part.split()[0] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses in ([b"200", b"401"], [b"400"]) and rows(service) - before == (len(statuses) == 2)


def test_a_body_in_chunks_is_taken_and_one_that_breaks_off_is_not(service):
    before = rows(service)
    head = f"POST /monitors/m/rows HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in ROW)
    assert said(service, head + pieces + b"0\r\n\r\n", seconds=4).startswith(b"HTTP/1.1 200")
    assert not said(service, head + pieces, shut=True).startswith(b"HTTP/1.1 200")
    assert b"400" in said(service, head + b"zz\r\n", shut=True)[:20]
    assert rows(service) == before + 1


def test_an_endless_body_without_a_token_is_cut_off(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as line:
        line.sendall(b"POST /monitors/m/rows HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent, part = 0, b"10000\r\n" + b" " * 65_536 + b"\r\n"
        with pytest.raises(OSError):
            while sent < 200 << 20:
                line.sendall(part)
                sent += len(part)
        assert sent < 100 << 20


def test_an_answer_is_not_split_by_what_was_asked(service):
    for path in ("/monitors/a%0d%0aSet-Cookie:%20x=y", "/score/%0d%0a%0d%0aHTTP/1.1%20200"):
        answer = said(service, f"GET {path} HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n".encode())
        head = answer.split(b"\r\n\r\n")[0].lower()
        assert head.startswith(b"http/1.1 404") and b"set-cookie" not in head and answer.count(b"HTTP/1.1") == 1


def test_who_drips_headers_is_sent_away_and_others_are_served(service, tmp_path):
    lines = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(200)]
    try:
        for line in lines:
            line.sendall(b"GET /healthz HTTP/1.1\r\nX-A: ")
        gone, until = 0, time.monotonic() + 60
        while gone < len(lines) and time.monotonic() < until:
            assert service.ask("GET", "/healthz")[0] == 200
            time.sleep(1)
            gone = sum(dripped(line) for line in lines)
        assert gone == len(lines)
    finally:
        for line in lines:
            line.close()


def dripped(line):
    """Whether a connection has ended, one more letter of a header later."""
    try:
        line.send(b"a")
        line.setblocking(False)
        return line.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        line.setblocking(True)


def test_many_that_decide_and_send_at_once_lose_nothing(tmp_path):
    rng = np.random.default_rng(1)
    MonitorStore.create(tmp_path / "m.duckdb", {"x": rng.normal(size=400)}, by=100, arl=2000).close()
    answers = []
    with TestClient(app(Settings(monitors={"m": tmp_path / "m.duckdb"})), raise_server_exceptions=False) as client:

        def send(which):
            for k in range(6):
                body = {"x": np.random.default_rng((which, k)).normal(1.5 * (k % 2), 1, 80).tolist()}
                place = {"Ecotone-Source": f"s{which}", "Ecotone-Position": str(80 * k)}
                answers.append(client.post("/monitors/m/rows", json=body, headers=place))

        def decide(how):
            for _ in range(8):
                answers.append(client.post(f"/monitors/m/{how}"))
                answers.append(client.get("/"))
                answers.append(client.get("/metrics"))

        threads = [threading.Thread(target=send, args=(k,)) for k in range(3)]
        threads += [threading.Thread(target=decide, args=(how,)) for how in ("accept", "reset")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {a.status_code for a in answers} <= {200, 409}, {a.text for a in answers if a.status_code > 409}
        assert client.get("/monitors/m").json()["rows"] == 3 * 6 * 80 and client.get("/readyz").status_code == 200
        assert all(client.get(f"/monitors/m/sources/s{k}").json()["rows"] == 480 for k in range(3))
