"""The page of a run: what it shows, that it needs nothing else, and that names from the data are text on it."""

import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ecotone.cli._main import run
from ecotone.data import Roles
from ecotone.watch import MonitorStore
from ecotone.watch.report import run_page, timeline
from ecotone.watch.report._series import Series
from ecotone.watch.report._timeline import usual_distance


def rows(n, first, rng, shift=0.0, city="Ulm <i>"):
    made = pd.DataFrame(
        {"x": rng.normal(size=n) + shift, "y": rng.normal(size=n), "city": rng.choice([city, "Bonn"], n)}
    )
    made["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(first + np.arange(n), unit="h")
    return made


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("run") / "m.duckdb", np.random.default_rng(0)
    with MonitorStore.create(path, rows(1500, -1500, rng), roles=Roles.of(time="when"), by="week") as store:
        store.ingest(rows(1200, 0, rng), source="a", position=0)
        store.ingest(rows(800, 1200, rng, shift=0.8, city="<b>new</b>"), source="b", position=0)
    return path


def test_the_page_names_the_change_and_needs_nothing_else(run_file):
    with MonitorStore.open(run_file, read_only=True) as store:
        page = run_page(store, title="a <script>")
        episode = store.status().episodes[0]
    assert "rows no longer look like the reference" in page and f"{episode.alarm.row:,}" in page
    assert "<script" not in page and "<b>new</b>" not in page and "<i>" not in page
    assert not re.search(r'(src|href)="|url\(', page)
    assert page.count('class="series"') >= 4 and 'class="mark"' in page and 'class="since"' in page


def test_the_timeline_is_the_chunks(run_file):
    with MonitorStore.open(run_file, read_only=True) as store:
        found, chunks = timeline(store), store.chunks()
    assert found["rows"].to_pylist() == [c.rows for c in chunks if c.rows] and sum(found["rows"].to_pylist()) == 2000
    assert found["alarms"].to_pylist()[0] == 0 and sum(found["alarms"].to_pylist()) > 0
    moved = found["x.moved"].to_pylist()
    assert max(moved[-3:]) > max(moved[:5]) and found["loss"].null_count == found.num_rows
    assert found["unseen"].to_pylist()[0] == 0 and found["unseen"].to_pylist()[-1] > 0.2


def test_the_command_writes_both_and_only_reads(run_file, tmp_path, capfd):
    before = run_file.read_bytes()
    assert run(["report", str(run_file), "-o", str(tmp_path / "r.html"), "--table", str(tmp_path / "t.parquet")]) == 0
    assert "2,000 rows" in capfd.readouterr().out and run_file.read_bytes() == before
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")
    assert sum(pq.read_table(tmp_path / "t.parquet")["rows"].to_pylist()) == 2000
    assert run(["report", str(run_file), "-o", str(run_file)]) == 2
    assert run(["report", str(tmp_path / "none.duckdb"), "-o", str(tmp_path / "r.html")]) == 2
    assert run_file.read_bytes() == before


def test_an_empty_run_says_so(tmp_path):
    rng = np.random.default_rng(1)
    with MonitorStore.create(tmp_path / "m.duckdb", {"x": rng.normal(size=300)}) as store:
        page = run_page(store)
        assert "No row has been read yet" in page and "No alarm stands" in page and timeline(store).num_rows == 0


def test_gaps_in_a_line_stay_gaps():
    drawn = str(Series("loss", [1.0, 2.0, None, 3.0], [(0, 2), None, None, (2, 4)]).drawn(("a", "b<")))
    lines = re.findall(r'polyline class="cur line" points="([^"]*)"', drawn)
    assert [len(line.split()) for line in lines] == [2, 2] and drawn.count("<polygon") == 2 and "b&lt;" in drawn


def test_the_distance_that_unchanged_rows_show():
    rng = np.random.default_rng(2)
    seen = [np.abs(np.bincount(rng.integers(0, 20, 500), minlength=20) / 500 - 0.05).sum() / 2 for _ in range(400)]
    assert usual_distance(500) == pytest.approx(np.mean(seen), rel=0.03)
