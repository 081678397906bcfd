"""Bodies and headers made to do harm: bombs, lies about sizes, names and types that nobody means."""

import io
import json
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("fastapi", reason="the service needs fastapi")
pytest.importorskip("httpx", reason="the service's test client needs httpx")

from starlette.testclient import TestClient

from ecotone.serve import Limits, Settings, app
from ecotone.serve._bodies import decoded
from ecotone.serve._parquet_pages import expanded_pages
from ecotone.serve._refused import Refused
from ecotone.watch import MonitorStore

JSON, STREAM, PARQUET = (
    "application/json",
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
)
TOKEN = "0123456789abcdef0123"


def parquet(table, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def ipc(table):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def refused(body, media, limits=None):
    with pytest.raises(Refused) as raised:
        decoded(body, media, limits or Limits())
    return raised.value


@pytest.fixture
def client(tmp_path):
    rng = np.random.default_rng(0)
    old = {"x": rng.normal(size=400), "k": rng.choice(list("abc"), 400)}
    MonitorStore.create(tmp_path / "m.duckdb", old, by=50).close()
    settings = Settings(reference=pa.table(old), monitors={"m": tmp_path / "m.duckdb"}, token=TOKEN)
    with TestClient(app(settings), raise_server_exceptions=False) as made:
        made.headers["Authorization"] = f"Bearer {TOKEN}"
        yield made


# ---------------------------------------------------------------------- Parquet
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip"])
def test_pages_are_measured_by_their_own_headers(version, compression):
    rng = np.random.default_rng(0)
    table = pa.table({"x": rng.random(5000), "k": rng.choice(["a", "b"], 5000), "z": np.zeros(5000)})
    body = parquet(
        table, compression=compression, data_page_version=version, row_group_size=2000, data_page_size=2000,
        write_statistics=True,
    )  # fmt: skip
    metadata = pq.ParquetFile(pa.BufferReader(body)).metadata
    said = sum(metadata.row_group(k).total_byte_size for k in range(3))  # the writer's count, headers among it
    found = expanded_pages(body, metadata, 1 << 30)
    assert 0.95 * said < found < said
    assert expanded_pages(body, metadata, 1000) > 1000


def bomb(lie):
    """Two megabytes of one text of forty, compressed to kilobytes; the footer says ``lie`` of their size."""
    body = parquet(
        pa.table({"k": ["a" * (40 << 20)]}), compression="zstd", use_dictionary=False, write_statistics=False
    )
    metadata = pq.ParquetFile(pa.BufferReader(body)).metadata
    true = metadata.row_group(0).column(0).total_uncompressed_size

    def zigzag(value):
        value, out = value << 1, b""
        while value > 127:
            out += bytes([value & 127 | 128])
            value >>= 7
        return out + bytes([value])

    size = struct.unpack("<I", body[-8:-4])[0]
    footer = body[-8 - size : -8].replace(zigzag(true), zigzag(lie))
    return body[: -8 - size] + footer + struct.pack("<I", len(footer)) + b"PAR1"


def test_a_bomb_is_not_lit_whatever_its_footer_says():
    body = bomb(100)
    metadata = pq.ParquetFile(pa.BufferReader(body)).metadata
    assert metadata.row_group(0).column(0).total_uncompressed_size == 100 and len(body) < 100_000
    before = pa.total_allocated_bytes()
    error = refused(body, PARQUET, Limits(expanded=1 << 20))
    assert error.status == 413 and "bytes" in error.detail and pa.total_allocated_bytes() - before < 1 << 20


@pytest.mark.parametrize("kind", [pa.binary(), pa.binary(1 << 16), pa.large_binary(), pa.list_(pa.int64())])
def test_values_that_stand_once_and_count_a_thousand_times_are_not_read(kind):
    value = [1] * 1000 if pa.types.is_list(kind) else b"a" * (1 << 16)
    table = pa.table({"k": pa.array([value] * 9000, kind)})
    assert refused(parquet(table, compression="zstd"), PARQUET).status == 422


def test_damaged_pages_are_refused():
    body = parquet(pa.table({"x": np.arange(1000.0)}), compression="none")
    for at in range(4, 60):
        broken = body[:at] + b"\xff" * 12 + body[at + 12 :]
        try:
            decoded(broken, PARQUET, Limits())
        except Refused as error:
            assert error.status in (400, 413, 422)


# ---------------------------------------------------------------------- types and names
@pytest.mark.parametrize(
    "values",
    [
        pa.array([[1]]), pa.array([{"a": 1}]), pa.array([b"a"]), pa.array(["a"], pa.string_view()),
        pa.array([(1, 2, 3)], pa.month_day_nano_interval()), pa.array([1], pa.timestamp("us", tz="No/Where")),
        pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int32()), pa.array([1.0])),
        pa.array([b"a"]).dictionary_encode(), pa.array([b"0" * 16], pa.uuid()),
    ],
)  # fmt: skip
def test_types_that_no_column_means_are_named(values):
    error = refused(ipc(pa.table({"odd": values})), STREAM)
    assert error.status == 422 and "'odd'" in error.detail and "leave it out" in error.detail


@pytest.mark.parametrize(
    "values",
    [
        np.array([1, 2], np.float16), pa.array([None, None]), pa.array([1, 2], pa.time32("s")),
        pa.array([1, 2], pa.duration("ns")), pa.array([1, 2], pa.date32()), pa.array([2**64 - 1] * 2, pa.uint64()),
        pa.array([2**62] * 2, pa.timestamp("s")), pa.array([1, 2], pa.timestamp("ns", tz="Europe/Berlin")),
        pa.array(["a", None]).dictionary_encode(), pa.array([1, 2]).dictionary_encode(), pa.array([1e308, -1e308]),
        pa.array([np.inf, np.nan]), pa.array(["\0", "a" * 100_000]), pa.array([1, 2]).cast(pa.decimal128(30, 3)),
    ],
)  # fmt: skip
def test_odd_types_for_a_watched_column_are_taken_and_never_stop_the_monitor(client, values):
    for name in ("x", "k", "new"):
        rows = {"x": pa.array([0.0, 1.0]), "k": pa.array(["a", "b"])} | {name: values}
        answer = client.post("/monitors/m/rows", content=ipc(pa.table(rows)), headers={"Content-Type": STREAM})
        assert answer.status_code == 200, (name, answer.text)
    assert client.get("/readyz").status_code == 200 and client.get("/monitors/m").json()["rows"] == 6
    assert client.get("/").status_code == client.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    "body, status, words",
    [
        (b'[{"' + b"a" * 501 + b'": 1}]', 422, "501 characters"),
        (b'[{"\\ud800": 1}]', 422, "surrogate"),
        (b'[{"x": ' + b"9" * 5000 + b"}]", 400, "4300 digits"),
        (b"\xef\xbb\xbf[]", 400, "BOM"),
        ('[{"x": 1}]'.encode("utf-16"), 400, "not UTF-8"),
        (b'[{"x": 1}]]', 400, "Extra data"),
        (b'{"a":' * 60_000, 400, "nested too deeply"),
        (json.dumps([{f"c{k % 900}": 1} for k in range(90_000)]).encode(), 413, "90000 rows of 900 columns"),
        (json.dumps([{f"c{k}": 1} for k in range(90_000)]).encode(), 413, "1001 columns"),
    ],
)  # fmt: skip
def test_json_that_grows_or_means_nothing_is_refused(body, status, words):
    error = refused(body, JSON)
    assert error.status == status and words in error.detail


def test_numbers_beyond_a_double_are_infinite_and_stay_so():
    assert decoded(b'[{"x": 1e999}, {"x": -1e999}]', JSON, Limits())["x"].to_pylist() == [np.inf, -np.inf]


# ---------------------------------------------------------------------- addresses and headers
@pytest.mark.parametrize(
    "path",
    [
        "/monitors/..%2f..%2fetc%2fpasswd", "/monitors/%00", "/monitors/m%2frows", "/score/%2e%2e%2fx",
        "/monitors/m/report/../../../etc/passwd", "/monitors/m.duckdb", "/monitors/%ff%fe",
    ],
)  # fmt: skip
def test_a_name_in_an_address_is_a_name_and_no_path(client, path):
    answer = client.get(path)
    assert answer.status_code in (404, 405) and "root:" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_names_that_are_made_up_do_not_stay_in_memory(client):
    for k in range(50):
        path = f"/monitors/m/sources/%2e%2e%2f{k}%00%ff"
        assert client.get(path).json()["rows"] == 0
    assert len(client.app.state.writers["m"].store._records._places) == 0


@pytest.mark.parametrize(
    "headers, status, words",
    [
        ({"Content-Encoding": "gzip"}, 415, "send it as it is"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415, "send one of"),
        ({"Content-Type": ""}, 415, "send one of"),
        ({"Ecotone-Position": "9" * 30, "Ecotone-Source": "a"}, 409, "0 rows of source 'a' are kept"),
        ({"Ecotone-Position": "1e3", "Ecotone-Source": "a"}, 422, "valid integer"),
        ({"Idempotency-Key": "k\x7f"}, 422, "printable ASCII"),
        ({"Authorization": "Bearer " + "\xe9" * 20}, 401, "not this service's"),
        ({"Authorization": "Basic " + "/" * 9999}, 401, "Bearer TOKEN"),
    ],
)
def test_headers_that_say_what_cannot_be_are_refused(client, headers, status, words):
    named = {key: value.encode("latin-1") for key, value in {"Content-Type": JSON, **headers}.items()}
    answer = client.post("/monitors/m/rows", content=b'[{"x": 1.0, "k": "a"}]', headers=named)
    assert answer.status_code == status and words in answer.json()["detail"], answer.text
    assert client.get("/monitors/m").json()["rows"] == 0


@pytest.mark.parametrize("query", ["alpha=nan", "alpha=inf", "fdr=nan", "min_effect=nan", "seed=-1", "seed=1e3"])
def test_arguments_of_a_check_that_are_no_numbers_are_said(client, query):
    answer = client.post(f"/check?{query}", json=[{"x": 1.0, "k": "a"}] * 50)
    assert answer.status_code == 422 and query.split("=")[0] in answer.json()["detail"], answer.text


def test_who_shows_no_token_is_not_listened_to(client):
    answer = client.post("/monitors/m/rows", content=b"[]", headers={"Authorization": "Bearer no"})
    assert answer.status_code == 401 and answer.headers["connection"] == "close"
