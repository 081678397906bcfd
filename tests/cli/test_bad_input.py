"""Two thousand hostile inputs through the command line's entry: an exit code, a sentence, nothing half-written."""

import json
import os
import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from ecotone.cli._main import run

OUTPUTS = ("--json", "--report", "--rows")
ENDINGS = {"--json": "json", "--report": "html", "--rows": "parquet"}
OLD = b"what was there before"


def strict(text):
    def refuse(word):
        raise AssertionError(f"{word} is not strict JSON")

    return json.loads(text, parse_constant=refuse)


class Bench:
    """Runs command lines in a folder of its own and checks the contract after each."""

    def __init__(self, folder, capfd):
        self.folder, self.capfd, self.codes = folder, capfd, {0: 0, 1: 0, 2: 0}
        self.out = folder / "out"
        self.out.mkdir()

    def __call__(self, *arguments, expect=None, words=()):
        """Exit code and what was said; ``expect`` is the set of codes that may come."""
        line = [str(a) for a in arguments]
        self.capfd.readouterr()
        before = sorted(os.listdir(self.folder))
        code = run(line)
        out, err = self.capfd.readouterr()
        about = f"{[a[:80] for a in line]} -> {code}: {err[:2000]}"
        assert code in (expect or {0, 1, 2}), about
        self.codes[code] += 1
        assert "Traceback" not in out + err, about
        if code == 2:
            assert err.count("\n") == 1 and err.startswith("ecotone: "), about
            assert err[:-1].isprintable() and 15 < len(err) < 1100, about
            assert out == "", about
            for word in words:
                assert word in err, (word, about)
        else:
            assert err == "", about
        assert sorted(os.listdir(self.folder)) == before, about
        return code, out + err

    def check(self, reference, current, *more, expect=None, words=(), outputs=OUTPUTS):
        """``ecotone check`` with outputs that held something before; None or the JSON."""
        paths = {option: self.out / f"o.{ENDINGS[option]}" for option in outputs}
        for path in self.out.iterdir():
            path.unlink()
        for path in paths.values():
            path.write_bytes(OLD)
        files = [word for option, path in paths.items() for word in (option, path)]
        code, _ = self("check", reference, current, "--quiet", *files, *more, expect=expect, words=words)
        assert sorted(os.listdir(self.out)) == sorted(p.name for p in paths.values())
        if code == 2:
            assert all(path.read_bytes() == OLD for path in paths.values())
            return None
        if "--rows" in paths:
            assert pq.read_table(paths["--rows"]).column_names == ["file", "row", "pvalue", "named", "kept"]
        if "--report" in paths:
            page = paths["--report"].read_text(encoding="utf-8")
            assert page.lstrip().lower().startswith("<!doctype html>") and "</html>" in page[-20:]
            assert "<script" not in page and "<img" not in page
        if "--json" not in paths:
            return {}
        found = strict(paths["--json"].read_text(encoding="utf-8"))
        assert found["format"] == "ecotone.check/1"
        assert (code == 1) == ("material" in found["headline"]["alarms"]) or "--fail-on" in more or "--target" in more
        return found


@pytest.fixture
def bench(tmp_path, capfd):
    return Bench(tmp_path, capfd)


def save(path, table):
    """Write a table so that names and types survive."""
    path = Path(path)
    if path.suffix == ".csv":
        pcsv.write_csv(table, path)
    elif path.suffix == ".arrow":
        feather.write_feather(table, path, compression="uncompressed")
    else:
        pq.write_table(table, path)
    return path


def plain(n, seed=0, **more):
    rng = np.random.default_rng(seed)
    columns = {
        "x": rng.standard_normal(n),
        "c": rng.choice(["red", "green", "blue"], n),
        "k": rng.poisson(2, n),
        "y": rng.integers(0, 2, n),
        "p": rng.uniform(size=n),
        "t": np.arange(n) * 1.5,
        "e": np.repeat(np.arange(n), 3)[:n],
    }
    return pa.table({**columns, **more})


# ------------------------------------------------------------------------------------------------ a zoo of columns
TEXTS = ["", " ", "a", "b", "<b>", "\x1b[31m", "../..", "NaN", "inf", "1e999", "0x10", "2020-01-01", "ü" * 50, "\x00"]
ZOO = {
    "normal": lambda rng, n: [rng.gauss(0, 1) for _ in range(n)],
    "constant": lambda rng, n: [7.0] * n,
    "nan": lambda rng, n: [float("nan")] * n,
    "null": lambda rng, n: pa.nulls(n),
    "typed null": lambda rng, n: pa.nulls(n, pa.string()),
    "infinite": lambda rng, n: [rng.choice([1.0, float("inf"), -float("inf")]) for _ in range(n)],
    "all infinite": lambda rng, n: [float("inf")] * n,
    "huge floats": lambda rng, n: [rng.choice([1e308, -1e308, 5e-324, 0.0, -0.0]) for _ in range(n)],
    "huge integers": lambda rng, n: [rng.choice([2**63 - 1, -(2**63), 2**53 + 1, 0]) for _ in range(n)],
    "unsigned": lambda rng, n: pa.array([rng.choice([2**64 - 1, 0, 1]) for _ in range(n)], pa.uint64()),
    "decimal": lambda rng, n: pa.array(
        [Decimal(rng.randint(-9, 9)).scaleb(20) for _ in range(n)], pa.decimal128(38, 2)
    ),
    "wide decimal": lambda rng, n: pa.array([Decimal(10) ** 70] * n, pa.decimal256(76, 0)),
    "half": lambda rng, n: pa.array(np.array([rng.random() for _ in range(n)], np.float16)),
    "bytes": lambda rng, n: [bytes([rng.randrange(256)]) for _ in range(n)],
    "boolean": lambda rng, n: [rng.random() < 0.5 for _ in range(n)],
    "true": lambda rng, n: [True] * n,
    "some missing": lambda rng, n: [None if rng.random() < 0.4 else rng.randint(0, 3) for _ in range(n)],
    "dates": lambda rng, n: [date(2020, 1, 1) + timedelta(rng.randint(0, 9)) for _ in range(n)],
    "far dates": lambda rng, n: pa.array([rng.choice([2**31 - 1, -(2**31), 0]) for _ in range(n)], pa.date32()),
    "stamps": lambda rng, n: [datetime(2020, 1, 1) + timedelta(hours=rng.randint(0, 99)) for _ in range(n)],
    "far stamps": lambda rng, n: pa.array([rng.choice([2**62, -(2**62)]) for _ in range(n)], pa.timestamp("us")),
    "zones": lambda rng, n: pa.array([rng.randint(0, 9) for _ in range(n)], pa.timestamp("ns", "Europe/Berlin")),
    "clock": lambda rng, n: [time(rng.randint(0, 23)) for _ in range(n)],
    "duration": lambda rng, n: [timedelta(seconds=rng.randint(0, 9)) for _ in range(n)],
    "text": lambda rng, n: [rng.choice(TEXTS) for _ in range(n)],
    "blank": lambda rng, n: [""] * n,
    "numbers as text": lambda rng, n: [str(rng.randint(0, 5)) for _ in range(n)],
    "dates as text": lambda rng, n: [f"2020-01-{rng.randint(1, 28):02}" for _ in range(n)],
    "prose": lambda rng, n: [
        " ".join(rng.choice(["the", "quick", "brown", "fox"]) for _ in range(9)) for _ in range(n)
    ],
    "ids": lambda rng, n: [f"user-{rng.randrange(10**9)}" for _ in range(n)],
    "rising": lambda rng, n: list(range(n)),
    "uuid": lambda rng, n: [f"{rng.getrandbits(128):032x}" for _ in range(n)],
    "long text": lambda rng, n: [rng.choice("ab") * 10_000 for _ in range(n)],
    "levels": lambda rng, n: pa.array([rng.choice("abc") for _ in range(n)]).dictionary_encode(),
    "coded numbers": lambda rng, n: pa.array([rng.randint(0, 3) for _ in range(n)]).dictionary_encode(),
    "list": lambda rng, n: [[1, 2]] * n,
    "struct": lambda rng, n: [{"a": 1}] * n,
    "map": lambda rng, n: pa.array([[("a", 1)]] * n, pa.map_(pa.string(), pa.int64())),
    "empty struct": lambda rng, n: [[]] * n,
}
"""Hostile columns of n values, by what they hold."""

NAMES = [
    "x", "x ", " x", "", " ", "\t", "a\nb", "\x1b[31mred\x1b[0m", "<script>alert(1)</script>",
    "../../etc/passwd", "x" * 10_000,
    "ü", "名前", "a,b", '"q"', "'", "x [missing]", "x=1", "__index_level_0__", "file", "row", "pvalue", "=1+1",
    "\u202etxt", "&amp;",
    "id", "C:\\x", "%s", "{0}", "-x", "--json", "null", "\x7f", "e\u0301", "\u00e9", "(other)",
]  # fmt: skip


def names(rng, d):
    return rng.sample(NAMES, d) if rng.random() < 0.5 else [f"v{j}" for j in range(d)]


def as_table(columns):
    return pa.table(
        {name: column if isinstance(column, pa.Array) else pa.array(column) for name, column in columns.items()}
    )


# --------------------------------------------------------------------------------------- generated: 2 000 and more
CHUNKS = {"columns": 8, "files": 14, "arguments": 14, "models": 6}
IN_A_CHUNK = 50


def test_there_are_two_thousand():
    assert sum(CHUNKS.values()) * IN_A_CHUNK >= 2000


def cases(what, chunk):
    for k in range(IN_A_CHUNK):
        yield random.Random(f"{what} {chunk} {k}")


@pytest.mark.parametrize("chunk", range(CHUNKS["columns"]))
def test_generated_columns(bench, chunk):
    """Any columns of any types under any names: an answer or a sentence, also where both tables hold other types."""
    for rng in cases("columns", chunk):
        n, m = rng.choice([(1, 5), (2, 2), (3, 7), (12, 12), (25, 3), (30, 40)])
        called = names(rng, rng.randint(1, 4))
        kinds = [rng.choice(sorted(ZOO)) for _ in called]
        others = kinds if rng.random() < 0.6 else [rng.choice(sorted(ZOO)) for _ in called]
        tables = [
            as_table({x: ZOO[k](rng, size) for x, k in zip(called, ks)}) for ks, size in ((kinds, n), (others, m))
        ]
        paths = [save(bench.folder / f"{side}.parquet", t) for side, t in zip("ab", tables)]
        bench.check(*paths, expect={2} if n == 1 else None)
    assert bench.codes[2] < IN_A_CHUNK / 2


@pytest.mark.parametrize("chunk", range(CHUNKS["files"]))
def test_generated_damage(bench, chunk):
    """Files cut, overwritten and renamed, on either side of a check and in every place that takes a profile."""
    good = save(bench.folder / "good.parquet", plain(12, 1))
    sound = [save(bench.folder / f"s{end}", plain(12, 2)) for end in (".parquet", ".csv", ".arrow")]
    for name, more in (("full", []), ("bare", ["--no-rows"])):
        sound.append(bench.folder / f"{name}.profile")
        assert run(["profile", str(good), "-o", str(sound[-1]), *more]) == 0
    held = {path: path.read_bytes() for path in sound}
    for rng in cases("files", chunk):
        source = rng.choice(sound)
        ending = source.suffix if rng.random() < 0.9 else rng.choice(sound).suffix
        bad = bench.folder / f"bad{ending}"
        bad.write_bytes(damaged(rng, held[source]))
        output = bench.out / "o.profile"
        output.write_bytes(OLD)
        place = rng.choice(["reference", "current", "profile", "like", "merge"])
        if place in ("reference", "current"):
            output.unlink()
            bench.check(*((bad, good) if place == "reference" else (good, bad)))
            for path in bench.out.iterdir():
                path.unlink()
        else:
            line = {
                "profile": [place, bad],
                "like": ["profile", good, "--like", bad],
                "merge": [place, bad, sound[-1]],
            }[place]
            code, _ = bench(*line, "-o", output)
            assert (output.read_bytes() == OLD) == (code == 2)
            assert [p.name for p in bench.out.iterdir()] == ["o.profile"]
    assert bench.codes[2] > IN_A_CHUNK / 2


def damaged(rng, whole):
    data, at = bytearray(whole), rng.randrange(len(whole))
    how = rng.choice(["cut", "head", "bit", "bytes", "zeros", "insert", "junk", "empty"])
    if how == "cut":
        return bytes(data[:at])
    if how == "head":
        return bytes(data[at:])
    if how == "bit":
        data[at] ^= 1 << rng.randrange(8)
    elif how == "bytes":
        for _ in range(20):
            data[rng.randrange(len(data))] = rng.randrange(256)
    elif how == "zeros":
        data[at : at + 50] = bytes(len(data[at : at + 50]))
    elif how == "insert":
        data[at:at] = rng.randbytes(9)
    else:
        return rng.randbytes(200) if how == "junk" else b""
    return bytes(data)


@pytest.mark.parametrize("chunk", range(CHUNKS["arguments"]))
def test_generated_arguments(bench, chunk):
    """Options with values that do not exist, do not fit, contradict each other, or are no numbers."""
    a, b = (save(bench.folder / f"{k}.csv", plain(6, k)) for k in (1, 2))
    (bench.folder / "is_a_folder").mkdir()
    columns = [
        "x",
        "c",
        "k",
        "y",
        "p",
        "t",
        "e",
        "none",
        "",
        "X",
        " x",
        "x,c",
        "x,none",
        "\x1b[31m",
        "<b>",
        "é" * 300,
        "../x",
    ]
    numbers = ["0", "1", "-1", "nan", "inf", "1e-9", "0.05", "five", "", "1e400", "0x1", "９"]
    places = [bench.folder / "none" / "o", bench.folder / "is_a_folder", a, b, "/proc/none/o", "\x00", "x" * 300, ""]
    options = {
        **dict.fromkeys(("--target", "--prediction", "--probability", "--entity", "--time", "--groups"), columns),
        **dict.fromkeys(("--columns", "--ignore", "--id", "--ordinal"), columns),
        **dict.fromkeys(("--alpha", "--fdr", "--min-effect", "--seed"), numbers),
        "--metric": ["accuracy", "mae", "nope", ""],
        "--positive": ["1", "2", ""],
        "--fail-on": ["never", "any,never", "performance", "material,changed", "all", "", ","],
        "--model": [a, "none.joblib", bench.folder / "is_a_folder", "\x00"],
        **dict.fromkeys(("--json", "--report", "--rows"), places),
    }
    flags = ["--trust", "--redact", "--nope", "--help=1", "-z"]
    sources = [a, a, a, b, b, "none.csv", "", "\x00", bench.folder, bench.folder / "*.none", "x::y", "x" * 5000, "-"]
    for rng in cases("arguments", chunk):
        line = [rng.choice(sources), rng.choice(sources)]
        for option in rng.sample(sorted(options), rng.randint(1, 4)):
            line += [option, rng.choice(options[option])]
        line += rng.sample(flags, rng.choice([0, 0, 0, 1]))
        rng.random() < 0.05 and line.pop(0)
        bench("check", *line, "--quiet")
        for path in bench.folder.glob("is_a_folder/*"):
            raise AssertionError(path)
    assert bench.codes[2] > IN_A_CHUNK / 2


@pytest.mark.parametrize("chunk", range(CHUNKS["models"]))
def test_generated_models(bench, chunk):
    """Targets, predictions and probabilities of any type, with labels now and without."""
    for rng in cases("models", chunk):
        n, m = rng.choice([(2, 2), (3, 7), (12, 12), (25, 3), (60, 60)])
        a, b = (_scored(rng, size) for size in (n, m))
        if rng.random() < 0.4:
            b = b.drop_columns(["y", "y3", "r", "gaps"])
        paths = [save(bench.folder / f"{side}.parquet", t) for side, t in zip("ab", (a, b))]
        line = ["--target", rng.choice(["y", "y", "y3", "r", "gaps", "c", "x", "one", "t", "none", "k", "e"])]
        kind = rng.choice(["--probability", "--prediction", "neither"])
        if kind == "--probability":
            line += [kind, rng.choice(["p", "p0", "x", "c", "p0,p1,p2", "p0,p1", "p,p", "y", "none"])]
        elif kind == "--prediction":
            line += [kind, rng.choice(["p", "y", "y3", "x", "c", "k", "r", "t", "gaps"])]
        for option, values in {
            "--metric": ["accuracy", "roc_auc", "log_loss", "mae", "rmse", "r2", "f1", "brier", "mape", "precision"],
            "--positive": ["1", "0", "red", "True"],
            "--groups": ["c", "k", "x", "e", "y", "one", "p"],
            "--entity": ["e", "c", "one", "x", "k"],
            "--time": ["t", "k", "c", "one", "e", "x"],
            "--fail-on": ["any", "never", "changed,outliers"],
        }.items():
            line += [option, rng.choice(values)] if rng.random() < 0.2 else []
        bench.check(*paths, *line, outputs=OUTPUTS if rng.random() < 0.2 else ("--json",))


def _scored(rng, n):
    table = plain(n, rng.randrange(10**6))
    for _ in range(rng.choice([0, 1, 2])):
        name = rng.choice("xckypte")
        column = ZOO[rng.choice(sorted(ZOO))](rng, n)
        column = column if isinstance(column, pa.Array) else pa.array(column)
        table = table.set_column(table.column_names.index(name), name, column)
    of = np.random.default_rng(rng.randrange(10**6))
    chances = of.dirichlet([1, 1, 1], n)
    more = {f"p{j}": chances[:, j] * rng.choice([1, 1, 1, 1, 1.1]) for j in range(3)}
    more |= {"y3": of.integers(0, 3, n), "r": of.normal(size=n), "one": ["same"] * n}
    more["gaps"] = [None if rng.random() < 0.3 else rng.gauss(0, 1) for _ in range(n)]
    for name, column in more.items():
        table = table.append_column(name, pa.array(column))
    return table
