"""Sources: each row of each is taken once, whoever kills the process; what is odd about a source is said."""

import io
import multiprocessing
import os
import time

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecotone.contracts import BadInput
from ecotone.watch import MonitorStore, feed
from ecotone.watch._feed_stdin import feed_stdin


def table(n, rng, **moved):
    made = pd.DataFrame(rng.normal(size=(n, 2)), columns=list("ab"))
    made["kind"] = rng.choice(["x", "y", "z"], n)
    made["n"] = np.arange(n)
    for name, by in moved.items():
        made[name] += by
    return made


@pytest.fixture
def monitor(tmp_path):
    path = tmp_path / "monitor.duckdb"
    MonitorStore.create(path, table(1000, np.random.default_rng(0)).drop(columns="n"), by=700).close()
    return path


def contents(path):
    with duckdb.connect(str(path), read_only=True) as base:
        order = {"state": "name", "recent": "first", "chunks": "first", "sources": "name", "episodes": "number"}
        queries = {name: f"select * from {name} order by {by}" for name, by in order.items()}
        queries["breaks"], queries["blocks"] = (
            "select * from breaks order by number",
            "select * from blocks order by line",
        )
        return {name: base.execute(query).fetchall() for name, query in queries.items()}


def test_killed_at_any_moment_nothing_is_lost_and_nothing_counted_twice(tmp_path, monitor):
    rng = np.random.default_rng(7)
    folder, whole = tmp_path / "live", tmp_path / "whole.duckdb"
    folder.mkdir()
    for k in range(8):
        table(900, rng, a=0.6 * (k > 5)).to_parquet(folder / f"{k:02}.parquet")
    whole.write_bytes(monitor.read_bytes())
    feed(whole, str(folder))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ecotone.watch._feed", "pandas", "duckdb", "scipy.stats"])
    killed = 0
    while True:
        child = context.Process(target=feed, args=(monitor, str(folder)))
        child.start()
        child.join(rng.uniform(0.02, 0.2) if killed < 7 else 120)
        if child.exitcode is not None:
            break
        os.kill(child.pid, 9)
        child.join()
        killed += 1
    assert child.exitcode == 0 and killed
    assert contents(monitor) == contents(whole)
    with MonitorStore.open(monitor) as store:
        assert store.rows == 8 * 900 and store.alarms()[0].columns == ("a",)


def test_files_that_are_not_what_they_were(tmp_path, monitor):
    rng = np.random.default_rng(2)
    folder = tmp_path / "live"
    folder.mkdir()
    first, second = table(300, rng), table(300, rng)
    first.to_csv(folder / "1.csv", index=False)
    assert feed(monitor, str(folder)).rows == 300
    assert feed(monitor, str(folder)).rows == 0
    os.utime(folder / "1.csv")
    assert feed(monitor, str(folder)).breaks == 0
    (folder / "2.csv").write_bytes((folder / "1.csv").read_bytes())
    second.to_csv(folder / "1.csv", index=False)
    pq.write_table(pa.table({"a": [1.0]}), folder / "3.parquet")
    half = (folder / "3.parquet").read_bytes()[:50]
    (folder / "3.parquet").write_bytes(half)
    found = []
    feed(monitor, str(folder), heard=lambda store, update: found.extend(b.what for b in update.breaks))
    assert found == ["changed source", "repeated source", "unreadable source"]
    second.to_parquet(folder / "3.parquet")
    assert feed(monitor, str(folder)).rows == 300
    with MonitorStore.open(monitor) as store:
        assert store.rows == 600


def test_nothing_readable_is_bad_input(tmp_path, monitor):
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadInput, match="whole"):
        feed(monitor, str(tmp_path / "bad.parquet"))
    with pytest.raises(BadInput, match="no file"):
        feed(monitor, str(tmp_path / "*.csv"))


def test_a_table_that_grows_by_its_key(tmp_path, monitor):
    rng = np.random.default_rng(3)
    rows, source = table(500, rng), str(tmp_path / "data.duckdb") + "::t"
    with duckdb.connect(str(tmp_path / "data.duckdb")) as base:
        base.execute("create table t as select * from rows where n < 200 order by n desc")
    assert (feed(monitor, source, key="n").rows, feed(monitor, source, key="n").rows) == (200, 0)
    with duckdb.connect(str(tmp_path / "data.duckdb")) as base:
        base.execute("insert into t select * from rows where n >= 200")
    assert feed(monitor, source, key="n").rows == 300
    with MonitorStore.open(monitor) as store:
        assert store.recent(0)["n" if "n" in store.recent(0).column_names else "a"].to_pylist() == rows["a"].tolist()
    with pytest.raises(BadInput, match="--key"):
        feed(monitor, source)
    with pytest.raises(BadInput, match="was read by 'n'"):
        feed(monitor, source, key="a")


def lines(frame, kind):
    if kind == "csv":
        return frame.to_csv(index=False).encode()
    if kind == "json":
        return frame.to_json(orient="records", lines=True).encode()
    sink = io.BytesIO()
    whole = pa.Table.from_pandas(frame, preserve_index=False)
    with pa.ipc.new_stream(sink, whole.schema) as out:
        out.write_table(whole, 100)
    return sink.getvalue()


@pytest.mark.parametrize("kind", ["csv", "json", "arrow"])
def test_standard_input(monitor, kind):
    rows = table(250, np.random.default_rng(4))
    with MonitorStore.open(monitor) as store:
        assert sum(u.rows for u in feed_stdin(store, "n", io.BytesIO(lines(rows[:200], kind)))) == 200
        again = list(feed_stdin(store, "n", io.BytesIO(lines(rows, kind))))
        assert sum(u.rows for u in again) == 50 and again[0].breaks[0].what == "repeated rows"
        np.testing.assert_allclose(store.recent(0)["a"].to_pylist(), rows["a"], atol=1e-9)


@pytest.mark.parametrize("data", [b'{"a": 1.0}\n{"a": \n', b"a,b\n1,2\n3\n", b"\xff\xff\xff\xff\x10\x00\x00\x00ab"])
def test_standard_input_that_is_broken(monitor, data):
    with MonitorStore.open(monitor) as store:
        with pytest.raises(BadInput, match="standard input is no"):
            list(feed_stdin(store, None, io.BytesIO(data)))
        assert store.rows == 0 and not list(feed_stdin(store, None, io.BytesIO(b"")))


def test_rows_of_a_pipe_are_read_as_they_come(monitor):
    rows = table(40, np.random.default_rng(5))
    read, write = os.pipe()
    data = lines(rows, "json")
    cut = data.index(b"\n", len(data) // 2) + 1
    with os.fdopen(read, "rb") as incoming, MonitorStore.open(monitor) as store:
        os.write(write, data[: cut + 5])  # whole lines, and the beginning of one
        updates = feed_stdin(store, None, incoming)
        first = next(updates).rows
        os.write(write, data[cut + 5 :])
        os.close(write)
        assert first == data[:cut].count(b"\n") and first + sum(u.rows for u in updates) == 40


def test_following_lets_go_of_the_file_in_between(tmp_path, monitor):
    context = multiprocessing.get_context("forkserver")
    folder = tmp_path / "live"
    folder.mkdir()
    child = context.Process(target=feed, args=(monitor, str(folder)), kwargs={"follow": True})
    child.start()
    try:
        table(300, np.random.default_rng(6)).to_parquet(folder / "a.parquet")
        until = time.monotonic() + 180  # a process of its own, which imports everything first
        rows = 0
        while rows < 300 and time.monotonic() < until:
            time.sleep(0.1)
            try:
                with MonitorStore.open(monitor, read_only=True) as store:
                    rows = store.rows
            except BadInput as error:
                assert "in use by another process" in str(error)
        assert rows == 300
    finally:
        child.kill()
        child.join()
