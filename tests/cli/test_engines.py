"""Engines at the command line: a check of two tables through profiles, and options that need an engine."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecotone.cli._main import run


@pytest.fixture
def tables(tmp_path: Path) -> tuple[str, str]:
    rng = np.random.default_rng(1)
    for name, shift in (("a", 0.0), ("b", 0.4)):
        x = rng.normal(size=(20_000, 2))
        columns = {"moved": x[:, 0] + shift, "same": x[:, 1], "k": rng.choice(["p", "q"], 20_000)}
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    return str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")


def checked(tables: tuple[str, str], path: Path, *options: str) -> dict:
    assert run(["check", *tables, "--json", str(path), "--quiet", *options]) in (0, 1)
    found = json.loads(path.read_text())
    return {key: found[key] for key in ("verdict", "columns")}


def test_a_check_on_an_engine_is_that_of_the_profiles(tables: tuple[str, str], tmp_path: Path) -> None:
    one = checked(tables, tmp_path / "1.json", "--engine", "local", "--workers", "1")
    assert one == checked(tables, tmp_path / "2.json", "--engine", "local", "--workers", "2", "--partitions", "3")
    first, second = (str(tmp_path / f"{name}.profile") for name in "ab")
    assert run(["profile", tables[0], "-o", first]) == 0
    assert run(["profile", tables[1], "-o", second, "--like", first]) == 0
    assert one == checked((first, second), tmp_path / "3.json")
    assert {c["name"]: c["marginal"]["changed"] for c in one["columns"]} == {"moved": True, "same": False, "k": False}


@pytest.mark.parametrize("option", [("--workers", "2"), ("--address", "h:1"), ("--partitions", "3")])
def test_options_of_an_engine_need_one(tables: tuple[str, str], option: tuple[str, str], capsys) -> None:
    assert run(["check", *tables, *option]) == 2
    assert f"{option[0]} {option[1]} is about an engine; add --engine local" in capsys.readouterr().err
