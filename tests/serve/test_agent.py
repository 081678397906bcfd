"""The agent's door, through the protocol's own client."""

import asyncio
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("mcp", reason="the agent's door needs mcp")

import mcp

from ecotone.contracts import BadInput
from ecotone.serve._agent import agent
from ecotone.watch import MonitorStore


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    for name, shift in (("old", 0.0), ("new", 1.0)):
        rows = pa.table({"x": rng.normal(shift, 1, 400), "k": rng.choice(list("abc"), 400)})
        pq.write_table(rows, tmp_path / f"{name}.parquet")
    (tmp_path / "out").mkdir()
    return tmp_path


def call(server, name, **arguments):
    async def run():
        async with mcp.Client(server) as client:
            return await client.call_tool(name, arguments)

    return asyncio.run(run())


def listed(server):
    async def run():
        async with mcp.Client(server) as client:
            return {tool.name: tool for tool in (await client.list_tools()).tools}

    return asyncio.run(run())


def test_over_standard_input_and_output(files):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    server = mcp.StdioServerParameters(command=sys.executable, args=["-m", "ecotone", "mcp"], env=env)

    async def run():
        async with mcp.Client(server) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            return names, await client.call_tool("profile", {"source": str(files / "old.parquet")})

    names, found = asyncio.run(run())
    assert names == ["check", "profile", "methods", "watch_status", "score"]
    assert found.structured_content["rows"] == 400 and not found.is_error


def test_a_check_says_what_changed(files):
    found = call(agent(), "check", reference=str(files / "old.parquet"), current=str(files / "new.parquet"))
    answer = found.structured_content
    assert "material" in answer["alarms"] and [c["name"] for c in answer["columns"]] == ["x"]
    assert "mean" in answer["columns"][0]["words"] and answer["guarantee"] == "exact" and answer["written"] is None


def test_schemas_are_typed_and_nothing_can_be_written_unless_allowed(files):
    shut, open_ = listed(agent()), listed(agent(files / "out"))
    assert "write" not in shut["check"].input_schema["properties"] and shut["check"].annotations.read_only_hint
    assert "write" in open_["check"].input_schema["properties"] and not open_["check"].annotations.read_only_hint
    for tool in shut.values():
        assert tool.description and tool.output_schema and "folder" not in tool.input_schema["properties"]
    assert shut["check"].input_schema["required"] == ["reference", "current"]


def test_what_may_be_written_goes_into_that_folder_alone(files):
    server, source = agent(files / "out"), str(files / "old.parquet")
    found = call(server, "profile", source=source, write="a.profile").structured_content
    assert found["written"] == str(files / "out" / "a.profile") and (files / "out" / "a.profile").is_file()
    (files / "out" / "link.profile").symlink_to(files / "elsewhere.profile")
    for name in ("../b.profile", "/tmp/b.profile", "a.profile", ".profile", "link.profile", "b.txt"):
        refused = call(server, "profile", source=source, write=name)
        assert refused.is_error, name
    assert sorted(p.name for p in files.iterdir()) == ["new.parquet", "old.parquet", "out"]
    report = call(server, "check", reference=source, current=source, write="r.html").structured_content
    assert Path(report["written"]).read_text().startswith("<!doctype html>")


def test_errors_are_sentences_for_the_agent(files):
    for name, arguments, words in (
        ("profile", {"source": str(files / "none.csv")}, "none.csv"),
        ("score", {"source": str(files / "old.parquet"), "model": "x.model"}, "not a file that is there"),
        ("score", {"source": str(files / "old.parquet"), "model": "detector:KNNDistance"}, "--reference"),
        ("watch_status", {"state": str(files / "none.duckdb")}, "no such file"),
        ("check", {"reference": "a"}, "current"),
    ):
        found = call(agent(), name, **arguments)
        assert found.is_error and words in found.content[0].text, found.content


def test_scores_name_the_least_typical_rows(files):
    rows = pa.table({"x": [0.0, 30.0, 0.1], "k": ["a", "b", "c"]})
    pq.write_table(rows, files / "three.parquet")
    found = call(
        agent(), "score", source=str(files / "three.parquet"), model="detector:KNNDistance",
        reference=str(files / "old.parquet"), most=1,
    ).structured_content  # fmt: skip
    assert found["rows"] == 3 and [r["row"] for r in found["least_typical"]] == [1]
    assert found["least_typical"][0]["pvalue"] == 1 / 201


def test_methods_are_found_by_words():
    found = call(agent(), "methods", search="conformal p-values", most=5).structured_content["result"]
    assert "Calibrated" in {m["name"] for m in found} and len(found) <= 5
    assert all(set(m["evidence"]) <= {"contract", "oracle", "claim"} for m in found)


def test_where_a_monitor_stands(files):
    rng = np.random.default_rng(0)
    with MonitorStore.create(files / "m.duckdb", {"x": rng.normal(size=500)}, arl=20_000) as store:
        store.ingest({"x": rng.normal(1, 1, 300)})
    found = call(agent(), "watch_status", state=str(files / "m.duckdb")).structured_content
    assert found["alarm"] and found["rows"] == 300 and found["episodes"][0]["about"] == "data"
    assert found["leading"] and set(found["leading"][0]) >= {"detector", "columns", "share"}


def test_the_folder_must_be_there(tmp_path):
    with pytest.raises(BadInput, match="make it first"):
        agent(tmp_path / "none")
