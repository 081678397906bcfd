"""Command lines of every verb over tables of every type, from one seed and a number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.feather as feather
import pyarrow.parquet as pq
from fuzz_columns import ALL, Random, column

NAMES = ["x", "y", "k", "a b", "a,b", "", " ", "é", "日本", "a.b", "id", "row_id", "__index_level_0__", "<b>", "null",
         "-x", "--target", "x [missing]", "(other)", "n" * 300, "a\tb", 'q"q', "row", "pvalue", "%s", "{x}",
         "time"]  # fmt: skip
ROLES = ("target", "prediction", "probability", "columns", "ignore", "id", "ordinal", "entity", "time", "groups",
         "features")  # fmt: skip
SIZES = [0, 1, 2, 3, 9, 20, 60, 150]


def table(rng: Random, names: list[str], kinds: list[str], n: int) -> pa.Table:
    return pa.table({name: column(rng, n, kind) for name, kind in zip(names, kinds)})


def stored(rng: Random, made: pa.Table, folder: Path, stem: str) -> str:
    """Write a table in some format that holds it; now and then damage it."""
    for how in rng.permutation(["parquet", "arrow", "ipc", "csv", "duckdb", "tsv"]).tolist():
        path = folder / f"{stem}.{how}"
        try:
            _write(rng, made, path, how)
        except Exception:
            path.unlink(missing_ok=True)
            continue
        if rng.random() < 0.05:
            _damage(rng, path)
        return str(path)
    path = folder / f"{stem}.arrow"
    feather.write_feather(pa.table({"x": [1.0, 2.0]}), path)
    return str(path)


def _write(rng: Random, made: pa.Table, path: Path, how: str) -> None:
    if how == "parquet":
        pq.write_table(made, path, row_group_size=int(rng.choice([7, 1000])))
    elif how == "arrow":
        feather.write_feather(made, path, compression=str(rng.choice(["uncompressed", "lz4"])))
    elif how == "ipc":
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, made.schema) as writer:
            writer.write_table(made, max_chunksize=int(rng.choice([5, 1000])))
    elif how == "duckdb":
        import duckdb

        with duckdb.connect(str(path)) as base:
            base.register("v", made)
            base.execute("create table t as select * from v")
    else:
        mark = "\t" if how == "tsv" else str(rng.choice([",", ";"]))
        pcsv.write_csv(made, path, pcsv.WriteOptions(delimiter=mark))


def _damage(rng: Random, path: Path) -> None:
    data = bytearray(path.read_bytes())
    if rng.random() < 0.5:
        path.write_bytes(data[: int(rng.integers(0, len(data) + 1))])
        return
    for at in rng.integers(0, len(data), 3):
        data[at] ^= 1 << int(rng.integers(8))
    path.write_bytes(data)


class Bench:
    """The files of one command, and its words."""

    def __init__(self, rng: Random, folder: Path) -> None:
        self.rng, self.folder = rng, folder
        k = int(rng.choice([1, 1, 2, 3, 5]))
        self.names = [str(n) for n in rng.choice(NAMES, k, replace=False)]
        self.kinds = [ALL[i] for i in rng.integers(0, len(ALL), k)]
        if k > 1 and rng.random() < 0.5:
            self.kinds[0] = str(rng.choice(["double", "int64", "string", "bool"]))

    def source(self, stem: str) -> str:
        kinds = [ALL[int(self.rng.integers(len(ALL)))] if self.rng.random() < 0.05 else kind for kind in self.kinds]
        names = [n for n in self.names if self.rng.random() > 0.02] or self.names
        return stored(self.rng, table(self.rng, names, kinds, int(self.rng.choice(SIZES))), self.folder, stem)

    def some(self, options: dict[str, Callable[[], Any]], share: float = 0.25) -> list[str]:
        words: list[str] = []
        for option, value in options.items():
            if self.rng.random() < share:
                got = value()
                words += [option] if got is None else [option, str(got)]
        return words

    def name(self) -> str:
        return str(self.rng.choice(self.names)) if self.rng.random() < 0.9 else "none"

    def out(self, ending: str) -> str:
        return str(self.folder / f"out.{ending}")

    def one(self, *values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]


def check(b: Bench) -> list[str]:
    options: dict[str, Callable[[], Any]] = {
        **{f"--{role}": b.name for role in ROLES},
        **{f"--{flag}": lambda: None for flag in ("independent", "redact", "quiet")},
        "--metric": lambda: b.one("accuracy", "mae", "roc_auc", "log_loss", "mape", "f1", "r2", "none"),
        "--positive": lambda: b.one("1", "true", "a", "z"),
        "--alpha": lambda: b.one(0.05, 0, 1, "nan", 0.5),
        "--fdr": lambda: b.one(0.1, 0, 2),
        "--min-effect": lambda: b.one(0, 0.5, -1),
        "--seed": lambda: b.one(0, -1, 2**40),
        "--json": lambda: b.out("json"),
        "--report": lambda: b.out("html"),
        "--rows": lambda: b.out("pq"),
        "--fail-on": lambda: b.one("any", "never", "outliers,changed", "x"),
    }
    return ["check", b.source("a"), b.source("b"), *b.some(options, 0.12)]


def profile(b: Bench) -> list[list[str]]:
    first, second = str(b.folder / "a.profile"), str(b.folder / "b.profile")
    more = b.some({"--no-rows": lambda: None, "--seed": lambda: b.one(0, 7), "--contract": lambda: b.out("json")})
    like = b.some({"--like": lambda: first}, 0.6)
    lines = [["profile", b.source("a"), "-o", first, *more], ["profile", b.source("b"), "-o", second, *like, *more]]
    lines.append(["check", first, b.one(second, b.source("c"))])
    lines.append(["merge", first, second, "-o", b.out("profile")])
    return lines


def learn(b: Bench) -> list[list[str]]:
    model = b.out("model")
    lines = [["fit", b.source("a"), "-o", model, "--steps", "1", "--width", "8", *b.some({"--columns": b.name})]]
    given = f"{b.name()}={b.one('', '1', 'a', '0..1', '{a,b}', '..')}"
    lines.append(["sample", model, "-n", b.one("3", "0", "-1"), "-o", b.out(b.one("csv", "parquet", "arrow", "x")),
                  *b.some({"--given": lambda: given})])  # fmt: skip
    lines.append(["score", model, b.source("b")])
    lines.append(["impute", model, b.source("c"), "-o", b.out("arrow")])
    return lines


def detect(b: Bench) -> list[str]:
    paths = {}
    for side in ("reference", "data", "calibration"):
        n, path = int(b.rng.choice([0, 1, 5, 40])), b.folder / f"{side}.npz"
        arrays: dict[str, Any] = {"features": b.rng.normal(size=(n, 3)), "logits": b.rng.normal(size=(n, 2))}
        arrays |= {"labels": b.rng.integers(0, 2, n)} if b.rng.random() < 0.5 else {}
        if b.rng.random() < 0.3:
            odd = b.one(np.float64(3), np.zeros(n, "M8[s]"), np.full((n, 3), np.nan), np.full((n, 3), np.inf),
                        np.zeros((n, 3, 2)), np.zeros((n, 0)), np.array(["a"] * n), np.zeros((n, 3), "c16"),
                        np.zeros((n, 3), np.float16), np.zeros((n, 3), bool), np.full((n, 3), 1e308))  # fmt: skip
            arrays[b.one("features", "logits", "labels", "weight", "zzz", "layer.a")] = odd
        np.savez(path, **arrays)
        if b.rng.random() < 0.1:
            _damage(b.rng, path)
        paths[side] = str(path)
    words = ["detect", "--reference", paths["reference"], "--data", paths["data"]]
    options: dict[str, Callable[[], Any]] = {
        "--calibration": lambda: paths["calibration"],
        "--score": lambda: b.one("energy", "KNN", "x"),
        "--fdr": lambda: b.one(0.1, 2),
        "--json": lambda: b.out("json"),
        "-o": lambda: b.out("csv"),
        "--report": lambda: b.out("html"),
    }
    return [*words, *b.some(options, 0.4)]


def lines_of(seed: int, number: int, folder: Path) -> list[list[str]]:
    """The command lines of one number, over files that are made in a folder."""
    rng = np.random.default_rng((seed, number))
    bench = Bench(rng, folder)
    kind = rng.choice(["check", "profile", "learn", "detect", "words"], p=[0.3, 0.45, 0.08, 0.1, 0.07])
    if kind == "check":
        return [check(bench)]
    if kind == "detect":
        return [detect(bench)]
    if kind == "profile":
        return profile(bench)
    if kind == "learn":
        return learn(bench)
    words = [
        "check",
        "profile",
        "--help",
        "-o",
        "--",
        "",
        "none.csv",
        "*",
        "methods",
        "cite",
        "MSP",
        "--version",
        "\0",
        "é",
    ]
    return [[str(w) for w in rng.choice(words, int(rng.integers(0, 5)))]]
