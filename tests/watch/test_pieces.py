"""Pieces of many sources read as one table: the same rows, places and evidence as one after another."""

import numpy as np
import pyarrow as pa
import pytest

from ecotone.contracts import BadInput
from ecotone.watch import MonitorStore, SourceRows


def table(n, seed):
    rng = np.random.default_rng(seed)
    return pa.table({"x": rng.normal(size=n), "k": rng.choice(list("abc"), n)})


def made(path):
    return MonitorStore.create(path, table(400, 0), by=50)


def test_together_is_one_after_another(tmp_path):
    pieces = [(table(30 + k, k + 1), f"s{k % 3}", f"m{k}") for k in range(7)]
    with made(tmp_path / "a.duckdb") as a, made(tmp_path / "b.duckdb") as b:
        found = a.ingest_together([SourceRows(*piece) for piece in pieces])
        for rows, source, mark in pieces:
            b.ingest(rows, source=source, mark=mark)
        assert found.rows == a.rows == b.rows == sum(p[0].num_rows for p in pieces)
        assert [a.place(f"s{k}") for k in range(3)] == [b.place(f"s{k}") for k in range(3)]
        assert a.place("s0") == (33 + 30 + 36, "m6", False)
        assert [c.rows for c in a.chunks()] == [c.rows for c in b.chunks()]
        ours, theirs = a.status().leading, b.status().leading
        assert [one.columns for one in ours] == [one.columns for one in theirs]
        np.testing.assert_allclose([one.evidence for one in ours], [one.evidence for one in theirs])
        assert a.recent().equals(b.recent())
    with MonitorStore.open(tmp_path / "a.duckdb") as again:
        assert again.place("s0") == (99, "m6", False) and again.rows == found.rows


def test_pieces_that_came_before_are_said_by_the_file_too(tmp_path, monkeypatch):
    monkeypatch.setattr("ecotone.watch._blocks.MOST", 4)
    monkeypatch.setattr("ecotone.watch._blocks.SPARE", 2)
    rows = [table(20, k) for k in range(9)]
    with made(tmp_path / "m.duckdb") as store:
        said = store.ingest_together([SourceRows(rows[0]), SourceRows(rows[1]), SourceRows(rows[0])]).breaks
        assert [(b.what, b.row) for b in said] == [("repeated rows", 40)] and "from row 0 on" in said[0].detail
        for k in range(1, 6):
            said = store.ingest(rows[k]).breaks
            assert len(said) == (k == 1), k
        assert not store.ingest(rows[0]).breaks  # more than four pieces ago
    with MonitorStore.open(tmp_path / "m.duckdb") as again:
        assert 4 <= again._base.execute("select count(*) from blocks").fetchone()[0] <= 6
        assert "from row 160 on" in again.ingest(rows[0]).breaks[0].detail
        assert again.ingest(rows[5]).breaks and not again.ingest(rows[2]).breaks


def test_what_failed_is_forgotten_in_memory_too(tmp_path):
    with made(tmp_path / "m.duckdb") as store:
        store.ingest(table(25, 1), source="s", position=0)
        with pytest.raises(BadInput), store.transaction():
            store.ingest(table(25, 2), source="s", position=25)
            store.ingest(table(25, 3), source="s", position=80)
        assert store.place("s") == (25, "", False) and store.rows == 25
        assert store.ingest(table(25, 2), source="s", position=25).breaks == ()
