"""The service's doors: token, limits, check, score, health, metrics, each over HTTP."""

import base64
import io
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("fastapi", reason="the service needs fastapi")
pytest.importorskip("httpx", reason="the service's test client needs httpx")

from starlette.testclient import TestClient

from ecotone.contracts import BadInput
from ecotone.serve import Limits, Settings, app, read_token

TOKEN = "0123456789abcdef0123"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def table(n, shift=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return pa.table({"x": rng.normal(shift, 1, n), "y": rng.normal(size=n), "k": rng.choice(list("abc"), n)})


@pytest.fixture(scope="module")
def client():
    settings = Settings(reference=table(400), scorers={"near": "detector:KNNDistance"}, token=TOKEN)
    with TestClient(app(settings), raise_server_exceptions=False) as made:
        yield made


def basic(password):
    return {"Authorization": "Basic " + base64.b64encode(b"me:" + password.encode()).decode()}


def test_nobody_gets_in_without_the_token(client):
    for headers in ({}, {"Authorization": "Bearer " + TOKEN[:-1]}, {"Authorization": TOKEN}, basic("wrong")):
        for path in ("/metrics", "/score", "/openapi.json", "/nothing"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer"), path
            assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/metrics", headers=BEARER).status_code == 200


def test_a_browsers_password_looks_and_changes_nothing(client):
    assert client.get("/score", headers=basic(TOKEN)).status_code == 200
    assert client.post("/score/near", json=[{"x": 1}], headers=basic(TOKEN)).status_code == 401


def test_a_probe_needs_no_token(client):
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json()["status"] == "ready"


def test_a_changed_table_is_found_and_an_unchanged_one_is_not(client):
    same, moved = (client.post("/check", json=table(300, s, 7).to_pylist(), headers=BEARER) for s in (0.0, 1.0))
    assert same.json()["headline"]["alarms"] == []
    assert "material" in moved.json()["headline"]["alarms"] and moved.json()["format"] == "ecotone.check/1"


def test_a_check_as_a_page_and_from_parquet(client):
    sink = io.BytesIO()
    pq.write_table(table(300, 1.0), sink)
    headers = {**BEARER, "Content-Type": "application/vnd.apache.parquet", "Accept": "text/html"}
    page = client.post("/check?ignore=k&alpha=0.01", content=sink.getvalue(), headers=headers)
    assert page.headers["content-type"].startswith("text/html") and page.text.startswith("<!doctype html>")


def test_a_row_far_off_has_the_smallest_pvalue_and_null_is_a_value(client):
    rows = [{"x": 0.0, "y": 0.0, "k": "a"}, {"x": 50.0, "y": 0.0, "k": "a"}, {"x": 0.1, "y": None, "k": None}]
    found = client.post("/score/near", json=rows, headers=BEARER).json()
    assert found["calibration_rows"] == 200 and found["pvalue"][1] == 1 / 201
    assert found["score"][1] < found["score"][0] and len(found["pvalue"]) == 3


def test_pvalues_of_unchanged_rows_keep_their_level(client):
    found = client.post("/score/near", json=table(2000, 0.0, 5).to_pylist(), headers=BEARER).json()
    assert np.mean(np.array(found["pvalue"]) <= 0.1) < 0.1 + 4 * np.sqrt(0.09 / 2000 + 0.09 / 200)


@pytest.mark.parametrize(
    "method, path, sent, status, words",
    [
        ("GET", "/nothing", {}, 404, "/openapi.json lists"),
        ("POST", "/score/other", {"json": [{"x": 1}]}, 404, "there is near"),
        ("POST", "/score/near", {"json": [{"x": 1}]}, 422, "'y' is not in the table"),
        ("POST", "/check", {"content": b"x", "headers": {"Content-Type": "text/csv"}}, 415, "send one of"),
        ("POST", "/check?alpha=7", {"json": [{"x": 1}]}, 422, "alpha must lie"),
        ("POST", "/check?alpha=a", {"json": [{"x": 1}]}, 422, "query.alpha"),
        ("POST", "/check?target=z", {"json": table(50).to_pylist()}, 422, "z"),
        ("PUT", "/check", {}, 405, "Not Allowed"),
    ],
)
def test_errors_are_problem_documents(client, method, path, sent, status, words):
    headers = {**BEARER, **sent.pop("headers", {})}
    answer = client.request(method, path, headers=headers, **sent)
    assert answer.status_code == status and words in answer.json()["detail"], answer.text
    assert answer.headers["content-type"] == "application/problem+json" and answer.json()["status"] == status


def test_a_body_is_refused_by_what_it_declares_and_by_what_it_sends():
    with TestClient(app(Settings(reference=table(100), limits=Limits(bytes=1000)))) as small:
        assert small.post("/check", content=b"[" + b" " * 2000 + b"]").status_code == 413
        assert small.post("/check", content=iter([b" " * 600, b" " * 600])).status_code == 413  # declares nothing


def test_a_fault_of_our_own_says_nothing_of_itself(client, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("a secret")

    monkeypatch.setattr("ecotone.serve._check_route.check", broken)
    answer = client.post("/check", json=[{"x": 1}], headers=BEARER)
    assert answer.status_code == 500 and "secret" not in answer.text and answer.json()["title"]


def test_without_a_reference_there_is_no_check():
    with TestClient(app(Settings())) as bare:
        assert "--reference" in bare.post("/check", json=[{"x": 1}]).json()["detail"]


def test_metrics_have_help_units_and_few_labels(client):
    for name in range(20):
        client.get(f"/made/up/{name}", headers=BEARER)
    text = client.get("/metrics", headers=BEARER).text
    routes = set(re.findall(r'route="([^"]*)"', text))
    assert routes <= {"/healthz", "/readyz", "/metrics", "/check", "/score", "/score/{name}", "other"}
    names = set(re.findall(r"^# TYPE (\S+)", text, re.M))
    assert names == set(re.findall(r"^# HELP (\S+) \S", text, re.M)) and "ecotone_rows_total" in names
    assert "python_gc" not in text


def test_no_answer_may_be_kept_or_run(client):
    headers = client.get("/score", headers=BEARER).headers
    assert headers["cache-control"] == "no-store" and "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "text, words", [("", "0 characters"), ("short\n", "5 characters"), ("a b" * 9, "without spaces")]
)
def test_a_token_that_is_none_is_refused(tmp_path, text, words):
    (tmp_path / "token").write_text(text)
    with pytest.raises(BadInput, match=words):
        read_token(tmp_path / "token")


def test_a_token_file_that_is_not_there(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_token(tmp_path / "none")


@pytest.mark.parametrize("what, words", [("detector:Nothing", "KNNDistance"), ("none.model", "none.model")])
def test_a_scorer_that_cannot_be_opened_stops_the_start(what, words):
    with pytest.raises(BadInput, match=words):
        app(Settings(reference=table(100), scorers={"s": what}))
