"""Processes of this machine: the same profile, however the table is cut and whoever dies."""

import os
import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from ecotone.contracts import BadInput
from ecotone.data import profile
from ecotone.data.engines import MergeTree, TreeNode, open_engine
from ecotone.data.sources import Stretch, open_source, unit_rows
from ecotone.data.sources._stretch import Piece, cut_source

ROWS = 2_700_000


def as_bytes(found, path: Path) -> bytes:
    found.save(path)
    return path.read_bytes()


@pytest.mark.parametrize("rows", [True, False])
def test_partitions_and_workers_change_no_bit(stored: Path, table: pa.Table, tmp_path: Path, rows: bool) -> None:
    whole = as_bytes(profile(stored, rows=rows), tmp_path / "w.profile")
    assert as_bytes(profile(table, rows=rows), tmp_path / "m.profile") == whole
    with open_engine("local", workers=2) as two, open_engine("local", workers=1) as one:
        for engine, partitions in ((one, None), (one, 2), (two, 3), (two, None)):
            found = profile(stored, rows=rows, engine=engine, partitions=partitions)
            assert as_bytes(found, tmp_path / "p.profile") == whole


def test_like_a_reference(stored: Path, tmp_path: Path) -> None:
    like = profile(stored)
    whole = as_bytes(profile(stored, like=like), tmp_path / "w.profile")
    with open_engine("local", workers=2) as two:
        assert as_bytes(profile(stored, like=like, engine=two), tmp_path / "p.profile") == whole


def test_sources_that_do_not_seek(table: pa.Table, tmp_path: Path) -> None:
    table = table.slice(0, 2_100_000)
    pcsv.write_csv(table.slice(0, 900_000), tmp_path / "a.csv")
    pcsv.write_csv(table.slice(900_000), tmp_path / "b.csv")
    whole = as_bytes(profile(tmp_path), tmp_path / "w.profile")
    opened = open_source(tmp_path, "t")
    assert [s.start for s in opened.stretches(8)] == [0, 1 << 20]
    with open_engine("local", workers=2) as two:
        assert as_bytes(profile(tmp_path, engine=two), tmp_path / "p.profile") == whole


def test_frames_travel_without_the_rest(table: pa.Table) -> None:
    import pickle

    stretches = open_source(table, "t").stretches(3)
    assert [s.rows for s in stretches] == [2 << 19, 1 << 19, ROWS - (3 << 19)]
    last = pickle.loads(pickle.dumps(stretches[2]))
    assert sum(len(b) for b in last.batches()) == ROWS - (3 << 19)
    assert len(pickle.dumps(stretches[2])) < 0.5 * len(pickle.dumps(table))


def once(item: tuple[Path, int]) -> int:
    """Dies where nobody has died for this item before."""
    folder, at = item
    if at % 3 == 1 and not (folder / str(at)).exists():
        (folder / str(at)).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return at * at


def always(item: int) -> int:
    if item == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def refuses(item: int) -> int:
    if item == 3:
        raise BadInput("three is not to be had")
    return item


def test_killed_workers_lose_nothing(tmp_path: Path) -> None:
    with open_engine("local", workers=2) as engine:
        assert sorted(engine.map(once, [(tmp_path, at) for at in range(8)])) == [(at, at * at) for at in range(8)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1", "4", "7"]


def test_an_item_that_kills_every_worker_is_given_up() -> None:
    with open_engine("local", workers=2) as engine, pytest.raises(BadInput, match="workers died 4 times"):
        list(engine.map(always, range(6)))


def test_what_the_work_raises_is_raised_and_the_rest_cancelled() -> None:
    with open_engine("local", workers=2) as engine:
        with pytest.raises(BadInput, match="three is not to be had"):
            list(engine.map(refuses, range(100)))
        assert sorted(engine.map(abs, [-1, -2])) == [(0, 1), (1, 2)]


def test_a_listener_can_stop_it() -> None:
    from ecotone.data.engines import run_parts

    def stop(stage: str, done: float | None) -> None:
        raise KeyboardInterrupt

    with open_engine("local", workers=2) as engine, pytest.raises(KeyboardInterrupt):
        list(run_parts(engine, abs, range(50), what="numbers", progress=stop))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "spark"}, "local, ray, got 'spark'"),
        ({"name": "local", "address": "h:1"}, "--engine ray"),
        ({"name": "local", "workers": 0}, "at least 1, got 0"),
    ],
)
def test_bad_arguments(arguments: dict, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        open_engine(**arguments)


def test_a_stream_is_read_here_alone(table: pa.Table) -> None:
    table = table.slice(0, 3000)
    with open_engine("local", workers=2) as engine, pytest.raises(BadInput, match="stream, which only one process"):
        profile(pa.RecordBatchReader.from_batches(table.schema, table.to_batches()), engine=engine)


def test_a_table_that_shrinks_between_counting_and_reading(table: pa.Table, tmp_path: Path) -> None:
    pq.write_table(table.slice(0, 3000), tmp_path / "a.parquet")
    stretch = open_source(tmp_path, "t").stretches(2)[0]
    pq.write_table(table.slice(0, 2700), tmp_path / "a.parquet")
    with pytest.raises(BadInput, match="had 3000 rows from row 0 on and then 2700"):
        list(stretch.batches())


class Rows:
    """A part that seeks, of so many rows that nobody reads."""

    name, seeks = "rows", True


def test_stretches_of_a_large_table_leave_few_nodes() -> None:
    schema = pa.schema([("x", pa.float64())])
    unit, total = unit_rows(1), 10**11 + 7
    found = cut_source(Stretch("t", schema, (Piece(Rows()), Piece(Rows()))), [total // 3, total - total // 3], 400)
    assert [s.start for s in found] == [0, *np.cumsum([s.rows for s in found])[:-1]] and len(found) == 400
    assert sum(s.rows for s in found) == total
    assert max(s.rows for s in found) < 1.3 * total / 400
    nodes = []
    for stretch in found:
        tree = MergeTree(lambda left, right: left)
        first, last = stretch.start // unit, -(-(stretch.start + stretch.rows) // unit)
        tree.extend(TreeNode(0, leaf, leaf) for leaf in range(first, last))
        nodes.append(len(tree.nodes()))
    assert np.mean(nodes[:-1]) < 4  # runs of 477 units that end anywhere leave eight
