"""The ``ecotone`` command as a process of its own, and its smaller verbs."""

import json
import os
import signal
import subprocess
import sys
import time

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecotone.cli._main import run


class Words:
    """A model that wants a column that is not there."""

    feature_names_in_ = np.array(["x", "wanted"])

    def predict(self, rows):
        return np.zeros(len(rows))


class Raises:
    def predict(self, rows):
        raise RuntimeError("out of\nluck")


class Leaves:
    def predict(self, rows):
        raise SystemExit(0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two tables that differ, one like the first, a model, things that are none."""
    path = tmp_path_factory.mktemp("tables")
    for name, seed, shift in (("old", 0, 0.0), ("new", 1, 1.0), ("like", 2, 0.0)):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal(400) + shift
        table = {"x": x, "c": rng.choice(["a", "b"], 400), "y": rng.integers(0, 2, 400), "p": rng.uniform(size=400)}
        pq.write_table(pa.table(table), path / f"{name}.parquet")
    (path / "cut.parquet").write_bytes((path / "old.parquet").read_bytes()[:900])
    for name, thing in (("words", Words()), ("raises", Raises()), ("leaves", Leaves()), ("none", {"no": "model"})):
        joblib.dump(thing, path / f"{name}.joblib")
    (path / "broken.joblib").write_bytes(b"no pickle")
    return path


def said(capfd, *line, code):
    capfd.readouterr()
    assert run([str(word) for word in line]) == code
    return capfd.readouterr()


def ecotone(folder, *line, **options):
    return subprocess.run(
        [sys.executable, "-m", "ecotone", *map(str, line)], cwd=folder, capture_output=True, timeout=120, **options
    )


def test_codes_of_a_process(folder, tmp_path):
    """Found, not found, refused; the JSON is whole whenever the code says found."""
    out = tmp_path / "o.json"
    cases = [
        (["check", "old.parquet", "new.parquet", "--json", out], 1, ""),
        (["check", "old.parquet", "like.parquet", "--json", out], 0, ""),
        (["check", "old.parquet", "new.parquet", "--fail-on", "never", "--quiet"], 0, ""),
        (["check", "old.parquet", "none.parquet"], 2, "there is no file none.parquet"),
        (["check", "old.parquet", "cut.parquet", "--json", out], 2, "cut.parquet cannot be read"),
        (["check", "old.parquet", "new.parquet", "--json", "nowhere/o.json"], 2, "the folder nowhere does not exist"),
        (["check", "old.parquet", "new.parquet", "--report", "old.parquet"], 2, "would be overwritten"),
        (["check", "old.parquet", "new.parquet", "--model", "words.joblib", "--target", "y"], 2, "--trust"),
        (["check", "old.parquet"], 2, "Missing argument"),
        (["check", "--bogus"], 2, "No such option"),
        (["check", "old.parquet", b"\xff\x1b[31m.csv"], 2, "no file matches"),
        (["cite", "enrgy_distance"], 2, "did you mean"),
        (["--help"], 0, ""),
        ([], 2, None),
    ]
    for line, code, words in cases:
        out.unlink(missing_ok=True)
        line = [word if isinstance(word, bytes) else str(word) for word in line]
        done = subprocess.run([sys.executable, "-m", "ecotone", *line], cwd=folder, capture_output=True, timeout=120)
        about = (line, done.returncode, done.stderr)
        assert done.returncode == code, about
        assert b"Traceback" not in done.stderr + done.stdout, about
        if words:
            assert words.encode() in done.stderr and done.stderr.count(b"\n") == 1, about
            assert b"\x1b" not in done.stderr and not out.exists(), about
        elif words == "":
            assert done.stderr == b"" and (bool(done.stdout) != ("--quiet" in line)), about
            assert not out.parent.samefile(folder) and ("--json" not in line or json.loads(out.read_text()))
    assert sorted(p.suffix for p in folder.iterdir()) == [".joblib"] * 5 + [".parquet"] * 4


def test_an_interrupt_ends_with_130_and_leaves_nothing(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        columns = {f"v{j}": rng.standard_normal(100_000) for j in range(40)}
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    line = [sys.executable, "-m", "ecotone", "check", "a.parquet", "b.parquet", "--json", "o.json", "--verbose"]
    with subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert "read" in process.stderr.readline()  # the check has begun
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "ecotone: interrupted" in err and "Traceback" not in err
    assert sorted(os.listdir(tmp_path)) == ["a.parquet", "b.parquet"]


def test_a_reader_that_goes_away_changes_no_code(folder):
    shell = f"set -o pipefail; {sys.executable} -m ecotone check old.parquet new.parquet | true"
    done = subprocess.run(["bash", "-c", shell], cwd=folder, capture_output=True, timeout=120)
    assert done.returncode == 1 and done.stderr == b""


def test_plain_ascii_terminals(folder):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = ecotone(folder, "check", "old.parquet", "new.parquet", env=environment)
    assert done.returncode == 1 and done.stderr == b"" and done.stdout


def test_importing_is_light():
    code = (
        "import sys, time; start = time.perf_counter(); import ecotone; took = time.perf_counter() - start\n"
        "ecotone.__version__; heavy = {'sklearn', 'scipy', 'pyarrow', 'duckdb', 'pandas', 'torch'} & set(sys.modules)\n"
        "print(took, sorted(heavy))"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    seconds, _, heavy = zip(*(r.stdout.strip().partition(" ") for r in runs))
    assert set(heavy) == {"[]"}
    assert min(map(float, seconds)) < 0.3


@pytest.mark.parametrize(
    ("model", "more", "words"),
    [
        ("words.joblib", [], "--trust"),
        ("words.joblib", ["--trust"], "wanted"),
        ("raises.joblib", ["--trust"], "RuntimeError: out of luck"),
        ("leaves.joblib", ["--trust"], "SystemExit"),
        ("none.joblib", ["--trust"], "no predict()"),
        ("broken.joblib", ["--trust"], "cannot be opened"),
        ("absent.joblib", ["--trust"], "is not a file"),
    ],
)
def test_models_that_are_none(folder, capfd, model, more, words):
    line = ["check", folder / "old.parquet", folder / "new.parquet", "--target", "y", "--model", folder / model]
    err = said(capfd, *line, *more, code=2).err
    assert words in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        ({"p0": 0.6, "p1": 0.6}, ["--probability", "p0,p1"], "sums to 1.2"),
        ({"p0": 1.5}, ["--probability", "p0"], "1.5"),
        ({"p0": -0.5}, ["--probability", "p0"], "-0.5"),
        ({"p0": float("nan")}, ["--probability", "p0"], "p0"),
        ({"p0": "high"}, ["--probability", "p0"], "'high'"),
        ({"p0": 0.3, "p1": 0.3, "p2": 0.4}, ["--probability", "p0,p1,p2"], None),
    ],
)
def test_probabilities(capfd, tmp_path, columns, options, words):
    n = 60
    rng = np.random.default_rng(0)
    for name in "ab":
        table = {"x": rng.standard_normal(n), "y": rng.integers(0, 3 if len(columns) == 3 else 2, n)}
        pq.write_table(pa.table({**table, **{k: [v] * n for k, v in columns.items()}}), tmp_path / f"{name}.parquet")
    line = ["check", tmp_path / "a.parquet", tmp_path / "b.parquet", "--target", "y", "--quiet", *options]
    out = said(capfd, *line, code=2 if words else 0)
    assert words is None or words in out.err


def test_fail_on_decides_the_code(folder, capfd):
    line = ["check", folder / "old.parquet", folder / "new.parquet", "--ignore", "y,p", "--quiet", "--fail-on"]
    codes = {"material": 1, "changed": 1, "any": 1, "never": 0, "outliers,changed": 1}
    for wanted, code in codes.items():
        assert said(capfd, *line, wanted, code=code) == ("", "")
    assert "needs a model" in said(capfd, *line, "performance", code=2).err
    assert "'most'" in said(capfd, *line, "most", code=2).err


def test_verbose_says_the_stages(folder, capfd):
    err = said(capfd, "check", folder / "old.parquet", folder / "like.parquet", "--verbose", code=0).err
    assert [line.split("] ")[1] for line in err.splitlines()][:3] == ["read", "dependence", "verdict"]


def test_columns_whose_names_hold_commas(capfd, tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        pq.write_table(pa.table({"a,b": rng.standard_normal(50), "c": rng.standard_normal(50)}), tmp_path / name)
        (tmp_path / name).rename(tmp_path / f"{name}.parquet")
    line = ["check", tmp_path / "a.parquet", tmp_path / "b.parquet", "--quiet", "--json", tmp_path / "o.json"]
    said(capfd, *line, "--columns", '"a,b"', code=0)
    assert list(json.loads((tmp_path / "o.json").read_text())["data"]["types"]) == ["a,b"]
    assert "'a'" in said(capfd, *line, "--columns", "a,b", code=2).err


def test_a_device_is_written_to_not_replaced(folder, capfd):
    said(capfd, "check", folder / "old.parquet", folder / "like.parquet", "--quiet", "--json", os.devnull, code=0)
    assert not os.path.isfile(os.devnull)


def test_profiles_from_the_first_to_the_check(folder, capfd, tmp_path):
    profiles = [tmp_path / f"{name}.profile" for name in ("old", "new", "like", "both", "bare")]
    for name, path in zip(("old", "new", "like"), profiles):
        assert "400 rows" in said(capfd, "profile", folder / f"{name}.parquet", "-o", path, code=0).out
    assert "800 rows" in said(capfd, "merge", profiles[0], profiles[2], "-o", profiles[3], code=0).out
    said(capfd, "profile", folder / "old.parquet", "-o", profiles[4], "--like", profiles[0], "--no-rows", code=0)
    out = tmp_path / "o.json"
    for reference, current, code in (
        (profiles[0], folder / "new.parquet", 1),
        (folder / "old.parquet", profiles[1], 1),
        (profiles[0], profiles[1], 1),
        (profiles[3], folder / "new.parquet", 1),
        (profiles[0], profiles[2], 0),
    ):
        out.unlink(missing_ok=True)
        said(capfd, "check", reference, current, "--quiet", "--json", out, code=code)
        assert any("tests run on the" in note for note in json.loads(out.read_text())["data"]["notes"])
    said(capfd, "check", profiles[4], folder / "new.parquet", "--quiet", "--json", out, code=1)
    assert any("has counts alone" in note for note in json.loads(out.read_text())["data"]["notes"])
    err = said(capfd, "check", profiles[4], folder / "new.parquet", "--entity", "x", code=2).err
    assert "needs rows" in err and "without --no-rows" in err and "bare.profile" in err
    assert "ends in .profile" in said(capfd, "profile", folder / "old.parquet", "-o", tmp_path / "o.csv", code=2).err
    assert "at least two" in said(capfd, "merge", profiles[0], "-o", tmp_path / "x.profile", code=2).err
    assert "it is read" in said(capfd, "merge", profiles[0], profiles[1], "-o", profiles[0], code=2).err


def test_methods_and_cite(capfd):
    listed = json.loads(said(capfd, "methods", "--json", code=0).out)
    names = [entry["name"] for entry in listed]
    assert len(names) >= 30 and len(set(names)) == len(names)
    assert {"feature_shift_test", "BBSE"} <= set(names)
    assert all(entry["link"].startswith("http") and "contract" in entry["evidence"] for entry in listed)
    table = said(capfd, "methods", code=0).out
    light = {entry["name"] for entry in listed if entry["evidence"].get("little_weight")}
    assert "DTE" in light and {row.split()[0] for row in table.splitlines() if "little weight" in row} == light
    assert all(name[:20] in table for name in names) and len(table.splitlines()) == len(names) + 1
    assert said(capfd, "cite", "crude", code=0).out.startswith("@")
    err = said(capfd, "cite", "feature_shift", code=2).err
    assert "did you mean" in err and "feature_shift_test" in err
    assert "`ecotone methods` lists them" in said(capfd, "cite", "zzzzzz", code=2).err


@pytest.mark.parametrize("verb", [[], ["check"], ["profile"], ["merge"], ["methods"], ["cite"]])
def test_help(capfd, verb):
    assert "Usage: ecotone" in said(capfd, *verb, "--help", code=0).out
