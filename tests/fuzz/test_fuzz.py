"""The short form of the fuzz: every Arrow type profiled, and a few hundred command lines without an internal error."""

import importlib.util
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from fuzz_columns import ALL, column
from fuzz_commands import stored

spec = importlib.util.spec_from_file_location("fuzz_run", Path(__file__).with_name("run.py"))
fuzz = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz)


@pytest.mark.parametrize("part", range(4))
def test_no_command_ends_as_an_internal_error(part, tmp_path):
    for number in range(1000 + part * 12, 1000 + part * 12 + 12):
        folder = tmp_path / str(number)
        folder.mkdir()
        for line, code, said, _ in fuzz.run_number(1, number, folder):
            assert code in (0, 1, 2) and "Traceback" not in said, (number, line, said)


def test_every_type_is_profiled(tmp_path):
    for i, what in enumerate(ALL):
        rng = np.random.default_rng(i)
        path = stored(rng, pa.table({"x": column(rng, 30, what)}), tmp_path, f"t{i}")
        code, said = fuzz.run_line(["profile", path, "-o", str(tmp_path / "p.profile")])
        assert code in (0, 2), (what, path, said)


def test_a_number_gives_the_same_lines_again(tmp_path):
    one, other = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    other.mkdir()
    first, second = (fuzz.lines_of(0, 5, folder) for folder in (one, other))
    assert [[w.replace(str(one), "") for w in line] for line in first] == [
        [w.replace(str(other), "") for w in line] for line in second
    ]
