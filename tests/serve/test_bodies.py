"""Tables over the network: every format read, every limit held, nothing trusted."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("fastapi", reason="the service needs fastapi")

from ecotone.serve import Limits
from ecotone.serve._bodies import decoded
from ecotone.serve._refused import Refused

TABLE = pa.table({"x": [1.5, None, 3.0], "n": [1, 2, 3], "k": ["a", "b", None], "b": [True, None, False]})
JSON, LINES, STREAM, PARQUET = (
    "application/json",
    "application/x-ndjson",
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
)


def ipc(table, make=pa.ipc.new_stream, **options):
    sink = io.BytesIO()
    with make(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return sink.getvalue()


def parquet(table, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def bodies(table):
    rows = table.to_pylist()
    return [
        (JSON, json.dumps(rows).encode()),
        (JSON, json.dumps(table.to_pydict()).encode()),
        (LINES, "\n".join(map(json.dumps, rows)).encode() + b"\n\n"),
        (STREAM, ipc(table)),
        (STREAM, ipc(table, pa.ipc.new_file)),
        (PARQUET, parquet(table)),
    ]


@pytest.mark.parametrize("media, body", bodies(TABLE))
def test_every_format_gives_the_same_table(media, body):
    assert decoded(body, media, Limits()).to_pydict() == TABLE.to_pydict()


def test_dates_come_out_of_json_as_dates():
    found = decoded(b'[{"t": "2024-03-01T12:00:00", "s": "2024-13-01"}]', JSON, Limits())
    assert pa.types.is_timestamp(found["t"].type) and found["s"].to_pylist() == ["2024-13-01"]


@pytest.mark.parametrize("media, body", bodies(TABLE))
@pytest.mark.parametrize("limits", [Limits(rows=2), Limits(columns=3)])
def test_more_than_the_limit_is_refused(media, body, limits):
    with pytest.raises(Refused, match="are taken") as raised:
        decoded(body, media, limits)
    assert raised.value.status == 413


@pytest.mark.parametrize(
    "media, body, status, words",
    [
        (JSON, b"", 400, "empty"),
        (JSON, b"\xff[]", 400, "not UTF-8 at byte 0"),
        (JSON, b"[" * 200_000, 400, "nested too deeply"),
        (JSON, b'[{"x": NaN}]', 400, "null for a missing value"),
        (JSON, b'[{"x": 1}', 400, "not JSON"),
        (JSON, b"3", 400, "a list of rows"),
        (JSON, b"[3]", 422, "row 0 is a JSON int"),
        (JSON, b"[]", 422, "at least one"),
        (JSON, b"[{}]", 422, "at least one"),
        (JSON, b'{"x": [1], "y": []}', 422, "0 to 1 values"),
        (JSON, b'{"x": 1}', 422, "list of its values"),
        (JSON, b'[{"x": {"y": 1}}]', 422, "lists or objects"),
        (JSON, b'[{"x": 1}, {"x": "a"}]', 422, "several types \\(int, str\\)"),
        (JSON, b'[{"x": "\\ud800"}]', 422, "surrogate"),
        (JSON, b'[{"x": 1' + b"0" * 400 + b"}]", 422, "double's range"),
        (LINES, b'{"x": 1}\n{"x": \n', 400, "line 2 is not JSON"),
        (STREAM, b"no arrow at all", 400, "Arrow IPC"),
        (PARQUET, b"PAR1 and nothing", 400, "Parquet"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(media, body, status, words):
    with pytest.raises(Refused, match=words) as raised:
        decoded(body, media, Limits())
    assert raised.value.status == status


def test_whole_numbers_beyond_64_bits_become_doubles():
    assert decoded(b'[{"x": 99999999999999999999}, {"x": null}]', JSON, Limits())["x"].to_pylist() == [1e20, None]


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
@pytest.mark.parametrize("make", [pa.ipc.new_stream, pa.ipc.new_file])
def test_compressed_arrow_is_refused_before_it_is_expanded(codec, make):
    with pytest.raises(Refused, match="compressed") as raised:
        decoded(ipc(pa.table({"x": np.zeros(100_000)}), make, compression=codec), STREAM, Limits(rows=10))
    assert raised.value.status == 415


def test_compressed_dictionaries_are_seen_too():
    with pytest.raises(Refused, match="compressed"):
        decoded(
            ipc(pa.table({"k": pa.array(["a" * 500, "b"]).dictionary_encode()}), compression="zstd"), STREAM, Limits()
        )


def test_codes_that_stand_for_more_than_is_taken_are_refused():
    words = pa.table({"k": pa.array(["a" * 100_000] * 5000).dictionary_encode()})
    for media, body in ((STREAM, ipc(words)), (PARQUET, parquet(words))):
        assert len(body) < 1_000_000
        with pytest.raises(Refused, match="bytes") as raised:
            decoded(body, media, Limits())
        assert raised.value.status == 413


@pytest.mark.parametrize("media, body", [(m, b) for m, b in bodies(TABLE) if m in (STREAM, PARQUET)])
def test_damaged_binary_tables_are_refused_and_never_crash(media, body):
    rng = np.random.default_rng(3)
    for _ in range(150):
        broken = bytearray(body[: rng.integers(1, len(body) + 1)])
        for at in rng.integers(0, len(broken), 3):
            broken[at] = rng.integers(0, 256)
        try:
            decoded(bytes(broken), media, Limits())
        except Refused as refused:
            assert refused.status in (400, 413, 415, 422)
