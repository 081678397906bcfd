"""Off terminals a long run says every so often that it is at work, and at what."""

import time

import pytest

from ecotone.cli import _progress
from ecotone.cli._main import run


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(_progress, "EVERY", 0.05)


def test_a_line_comes_every_so_often_with_the_stage(quick, capfd):
    with _progress.beating(["check", "a", "b"]):
        time.sleep(0.08)
        _progress.tell("columns", 0.5)
        time.sleep(0.08)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) >= 2 and all(line.startswith("ecotone check: at work for 0 s") for line in lines)
    assert "(columns, 50%)" in lines[-1] and "columns" not in lines[0]
    time.sleep(0.1)
    assert capfd.readouterr().err == ""  # it ends with the command


@pytest.mark.parametrize("arguments", [["check", "a", "--quiet"], []])
def test_quiet_runs_say_nothing(quick, capfd, arguments):
    with _progress.beating(arguments), _progress.progress(quiet=True) as tell:
        tell("read", 0.0)
        time.sleep(0.12)
    assert capfd.readouterr().err == ""


def test_short_runs_say_nothing(capfd):
    assert run(["check", "none.csv", "none.csv"]) == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_verbose_runs_say_a_stage_once_with_the_share_where_it_is_known(capfd):
    with _progress.progress(verbose=True) as tell:
        tell("read", 0.0)
        tell("training", 0.5)
        tell("training, held-out loss 2", 0.6)
        tell("fitting KNN", None)
    assert capfd.readouterr().err == "[  0%] read\n[ 50%] training\n[  ··] fitting KNN\n"
