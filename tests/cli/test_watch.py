"""``ecotone watch``: the words of the command line, and its exit codes."""

import json

import numpy as np
import pandas as pd
import pytest

from ecotone.cli._main import run


def table(n, rng, **moved):
    made = pd.DataFrame(rng.normal(size=(n, 2)), columns=list("ab"))
    for name, by in moved.items():
        made[name] += by
    return made


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    monkeypatch.chdir(tmp_path)
    table(1500, rng).to_parquet("old.parquet")
    (tmp_path / "live").mkdir()
    table(400, rng).to_parquet("live/1.parquet")
    return tmp_path


def watch(*more):
    return run(["watch", "--state", "m.duckdb", *more])


def test_a_life(folder, capsys):
    rng = np.random.default_rng(1)
    assert watch("old.parquet", "live/*.parquet", "--arl", "5000", "--by", "100") == 0
    table(300, rng, b=1.0).to_parquet("live/2.parquet")
    capsys.readouterr()
    assert watch("old.parquet", "live/*.parquet") == 1
    said = capsys.readouterr().out
    assert said.startswith("ALARM 1 at row 4") and ": b; since row" in said and "moved      * b" in said
    assert watch("old.parquet", "live/*.parquet") == 0  # an alarm is announced once
    assert watch("status", "--json", "s.json") == 1
    status = json.loads((folder / "s.json").read_text())
    assert status["rows"] == 700 and status["episodes"][0]["check"]["format"].startswith("ecotone.check/")
    assert watch("accept") == 0 and watch("status") == 0
    table(300, rng, b=1.0).to_parquet("live/3.parquet")
    assert watch("old.parquet", "live/*.parquet") == 0
    table(300, rng).to_parquet("live/4.parquet")
    assert watch("old.parquet", "live/*.parquet", "--fail-on", "harm") == 0
    assert watch("reset", "--quiet") == 0 and watch("status") == 0


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("old.parquet",), "REFERENCE and SOURCE"),
        (("stop",), "REFERENCE and SOURCE"),
        (("old.parquet", "live", "--arl", "5", "--ever", "0.1"), "not both"),
        (("old.parquet", "live", "--by", "month"), "--by must be"),
        (("old.parquet", "live", "--by", "day"), "name the column with time"),
        (("old.parquet", "live", "--fail-on", "sometimes"), "--fail-on must be"),
        (("old.parquet", "none/*.csv"), "no file matches"),
        (("status",), "no such file"),
        (("old.parquet", "live", "--every", "0"), "every must be"),
    ],
)
def test_bad_input_is_one_sentence(folder, capsys, arguments, words):
    assert watch(*arguments) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


def test_another_budget_or_reference_than_the_file_has(folder, capsys):
    assert watch("old.parquet", "live", "--arl", "5000", "--quiet") == 0
    assert watch("old.parquet", "live", "--arl", "6000") == 2
    assert "is not what m.duckdb was made with" in capsys.readouterr().err
    assert watch("live/1.parquet", "live") == 2 and "another reference" in capsys.readouterr().err
