"""Tables in an object store: a real server that speaks S3, started here, and servers that refuse or are silent."""

import logging
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.feather as feather
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest

from ecotone.cli._main import run
from ecotone.contracts import BadInput
from ecotone.data import profile, read_table
from ecotone.data.engines import open_engine
from ecotone.data.sources import _stores


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The endpoint of moto's server, with one bucket."""
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    held = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    held.start()
    host, port = held.get_host_and_port()
    yield f"{host}:{port}"
    held.stop()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ACCESS_KEY_ID", "it"), ("SECRET_ACCESS_KEY", "is a test"), ("EC2_METADATA_DISABLED", "true")):
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.fixture
def bucket(server: str, keys: None, table: pa.Table) -> str:
    """``?`` and the options that lead to the server, whose bucket holds the table in several formats."""
    store = pafs.S3FileSystem(endpoint_override=server, scheme="http", region="us-east-1", allow_bucket_creation=True)
    options = f"?endpoint_override={server}&scheme=http&region=us-east-1"
    if store.get_file_info("bucket/year=2024/a.parquet").is_file:
        return options
    store.create_dir("bucket")
    for place, start, stop in (("year=2024/a", 0, 1_500_000), ("year=2025/b", 1_500_000, 2_700_000)):
        part = table.slice(start, stop - start)
        pq.write_table(part, f"bucket/{place}.parquet", filesystem=store, row_group_size=400_000)
    pq.write_table(table.slice(0, 10), "bucket/year=2024/_hidden.parquet", filesystem=store)
    with store.open_output_stream("bucket/few.csv.gz", compression="gzip") as sink:
        pcsv.write_csv(table.slice(0, 90), sink)
    with store.open_output_stream("bucket/few.arrow") as sink:
        feather.write_feather(table.slice(0, 90), sink)
    return options


def test_a_profile_of_a_bucket_is_that_of_the_files(bucket: str, table: pa.Table, tmp_path: Path) -> None:
    profile(table).save(tmp_path / "here.profile")
    with open_engine("local", workers=2) as engine:
        for address in ("s3://bucket/year=*/[!_]*.parquet", "s3://bucket/**/[ab].parquet"):
            profile(address + bucket, engine=engine, partitions=3).save(tmp_path / "there.profile")
            assert (tmp_path / "there.profile").read_bytes() == (tmp_path / "here.profile").read_bytes()


def test_prefixes_and_single_keys(bucket: str, table: pa.Table) -> None:
    frame = read_table("s3://bucket/year=2024" + bucket)
    assert frame.n == 1_500_000 and [part.name for part in frame.parts] == ["s3://bucket/year=2024/a.parquet"]
    assert read_table("s3://bucket/year=2025/b.parquet" + bucket).n == 1_200_000
    for name in ("few.csv.gz", "few.arrow"):
        found = read_table(f"s3://bucket/{name}{bucket}").arrow
        assert found.column("t").to_pylist() == table.column("t").slice(0, 90).to_pylist()


def test_ray_workers_read_the_store(bucket: str, cluster: str, table: pa.Table, tmp_path: Path) -> None:
    """Keys reach workers by their environment; here Ray carries this process's."""
    ray = pytest.importorskip("ray")
    variables = {f"AWS_{k}": v for k, v in (("ACCESS_KEY_ID", "it"), ("SECRET_ACCESS_KEY", "is a test"))}
    ray.init(address=cluster, runtime_env={"env_vars": variables}, log_to_driver=False)
    try:
        with open_engine("ray", address=cluster) as engine:
            profile("s3://bucket/few.arrow" + bucket, engine=engine).save(tmp_path / "there.profile")
    finally:
        ray.shutdown()
    profile(table.slice(0, 90)).save(tmp_path / "here.profile")
    assert (tmp_path / "there.profile").read_bytes() == (tmp_path / "here.profile").read_bytes()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("s3://bucket/nothing.parquet", "there is no file s3://bucket/nothing.parquet; check the bucket"),
        ("s3://bucket/year=1999/*.parquet", "there is no file s3://bucket/year=1999/.*; check the bucket"),
        ("s3://bucket/year=2024/*.json", "names no file that can be read; check the prefix or the pattern"),
        ("s3://no-such-bucket/*.parquet", "check the"),
    ],
)
def test_addresses_that_name_nothing(bucket: str, address: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        profile(address + bucket)


def test_addresses_that_are_refused_unasked(bucket: str) -> None:
    with pytest.raises(BadInput, match="holds a key, which every list of processes would show"):
        profile("s3://me:secret@bucket/a.parquet" + bucket)
    with pytest.raises(BadInput, match="has an option 'regoin'; there are region"):
        profile("s3://bucket/a.parquet?regoin=eu")


def test_too_many_keys(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing that goes on and on: the real one, held up as ten million keys would."""
    forever, listed = threading.Event(), _stores._listed

    def slow(files: pafs.FileSystem, base: str, *, deep: bool) -> object:
        forever.wait(30)
        return listed(files, base, deep=deep)

    monkeypatch.setattr(_stores, "_listed", slow)
    monkeypatch.setattr(_stores, "LISTED_WITHIN", 0.2)
    with pytest.raises(BadInput, match=r"millions of keys.*narrower prefix"):
        profile("s3://bucket/*.parquet" + bucket)
    forever.set()


class Denies(BaseHTTPRequestHandler):
    """Answers 403 to everything."""

    def do_GET(self) -> None:
        body = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_store_that_denies(keys: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Denies) as held:
        threading.Thread(target=held.serve_forever, daemon=True).start()
        options = f"?endpoint_override=127.0.0.1:{held.server_port}&scheme=http&region=us-east-1"
        for address in ("s3://bucket/a.parquet", "s3://bucket/*.parquet"):
            assert run(["profile", address + options, "-o", str(tmp_path / "a.profile")]) == 2
            said = capsys.readouterr().err
            assert "the store refuses: check the credentials" in said and said.count("\n") == 1
        held.shutdown()
    assert not list(tmp_path.iterdir())


def test_a_store_that_is_silent(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stores, "_ANSWER", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        with pytest.raises(BadInput, match="the store does not answer: check the endpoint"):
            profile(f"s3://bucket/a.parquet?endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1")


def test_a_store_that_is_not_there(keys: None) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(BadInput, match="the store does not answer: check the endpoint"):
            profile(f"s3://bucket/a.parquet?endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1")


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("b/x/*.parquet", "b/x/a.parquet", True),
        ("b/x/*.parquet", "b/x/y/a.parquet", False),
        ("b/**/*.parquet", "b/a.parquet", True),
        ("b/**/*.parquet", "b/x/y/a.parquet", True),
        ("b/[!x]*/a.?q", "b/y1/a.pq", True),
        ("b/[!x]*/a.?q", "b/x1/a.pq", False),
        ("b/x", "b/x/y/a.parquet", True),
        ("b/x", "b/x/_y/a.parquet", False),
        ("b/x", "b/xy/a.parquet", False),
    ],
)
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    _, found, _ = _stores._split(pattern)
    assert bool(found.fullmatch(path)) == fits
