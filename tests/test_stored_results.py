"""Results of benchmarks: what is stored is what was measured, and pages are what is stored."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from stored import HERE as BENCHMARKS
from stored import Results

NESTED = {"seed": 3, "share": 0.1 + 0.2, "parts": {"names": ["ä", None], "raised": True}}


def test_records_come_back_before_and_after_they_are_collected(tmp_path):
    results = Results(tmp_path)
    results.append("cell", NESTED)
    results.append("cell", {"seed": np.int64(4), "share": np.float32(0.5)})
    results.put("peer", [NESTED, 1.5])
    assert results.records("cell") == [NESTED, {"seed": 4, "share": 0.5}]
    assert results.collect() == 2
    assert not list((tmp_path / "shards").iterdir())
    again = Results(tmp_path)
    assert again.records("cell") == [NESTED, {"seed": 4, "share": 0.5}]
    assert again.value("peer") == [NESTED, 1.5]
    assert again.names() == ["cell", "peer"]
    assert again.names("p*") == ["peer"]


def test_a_shard_continues_or_replaces_what_is_collected(tmp_path):
    results = Results(tmp_path)
    for name in ("continued", "replaced", "forgotten"):
        results.append(name, 1)
    results.collect()
    results.append("continued", 2)
    results.append("replaced", 2)
    results.put("replaced", 3)
    results.append("replaced", 4)
    results.put("forgotten")
    for seen in (results, Results(tmp_path)):
        assert [seen.records(n) for n in ("continued", "replaced", "forgotten")] == [[1, 2], [3, 4], []]
        assert "forgotten" not in seen
    results.collect()
    assert Results(tmp_path).names() == ["continued", "replaced"]
    assert Results(tmp_path).records("replaced") == [3, 4]


def test_collecting_that_was_cut_short_doubles_nothing(tmp_path):
    results = Results(tmp_path)
    results.append("cell", NESTED)
    shard = (tmp_path / "shards" / "cell.jsonl").read_text(encoding="utf-8")
    results.collect()
    (tmp_path / "shards" / "cell.jsonl").write_text(shard, encoding="utf-8")
    assert Results(tmp_path).records("cell") == [NESTED]


@pytest.mark.parametrize("name", ["real", "replay", "tables"])
def test_a_page_is_made_of_what_is_stored(name):
    code = "import sys; sys.path[:0] = ['.', '..']; import write; sys.stdout.buffer.write(write.page().encode())"
    run = subprocess.run([sys.executable, "-c", code], cwd=BENCHMARKS / name, capture_output=True, check=True)
    assert run.stdout.decode() == (BENCHMARKS / name / "README.md").read_text(encoding="utf-8")
