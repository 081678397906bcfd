"""Artefacts that are damaged or made to mislead are refused in one sentence."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecotone.contracts import BadInput
from ecotone.data import Profile, profile
from ecotone.data._artefact import read_artefact, write_artefact

Parts = tuple[dict[str, Any], dict[str, Any], bytes]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    rng = np.random.default_rng(0)
    t = {"x": rng.normal(size=400), "c": rng.choice(["a", "b", "é"], 400), "k": rng.integers(0, 9, 400)}
    path = tmp_path_factory.mktemp("p") / "p"
    profile(t, like=profile(t), reservoir=50).save(path)
    return path.read_bytes()


def parts(data: bytes) -> Parts:
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    return header, json.loads(header["__metadata__"]["ecotone"]), data[8 + length :]


def joined(header: dict[str, Any], outer: Any, rest: bytes) -> bytes:
    header["__metadata__"]["ecotone"] = outer if isinstance(outer, str) else json.dumps(outer)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + rest


def refused(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        Profile.load(path)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message and len(message) < 600
    return message


RAW: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda d: b"",
    "nine bytes": lambda d: d[:9],
    "cut in the header": lambda d: d[:200],
    "cut in the arrays": lambda d: d[:-7],
    "bytes after the end": lambda d: d + b"\0" * 8,
    "a parquet file": lambda d: b"PAR1" + d[4:],
    "a pickle": lambda d: b"\x80\x04\x95" + d[3:],
    "huge header length": lambda d: b"\xff" * 8 + d[8:],
    "header longer than the file": lambda d: struct.pack("<Q", len(d)) + d[8:],
    "zero header length": lambda d: struct.pack("<Q", 0) + d[8:],
    "header not UTF-8": lambda d: d[:9] + b"\xff\xfe" + d[11:],
    "header not JSON": lambda d: d[:8] + b"[" + d[9:],
    "deeply nested header": lambda d: struct.pack("<Q", 200_000) + b"[" * 200_000,
    "repeated key": lambda d: struct.pack("<Q", 14) + b'{"a":1,"a":2} ' + d[8:],
}


@pytest.mark.parametrize("name", RAW)
def test_damaged_bytes(name: str, good: bytes, tmp_path: Path) -> None:
    refused(tmp_path / "p", RAW[name](good))


def _header(key: str, value: Any) -> Callable[[Parts], Parts]:
    def change(p: Parts) -> Parts:
        p[0]["c0.quantiles"][key] = value
        return p

    return change


def _body(*path: Any, value: Any) -> Callable[[Parts], Parts]:
    def change(p: Parts) -> Parts:
        at: Any = p[1]["body"]
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        return p

    return change


def _renamed(new: str) -> Callable[[Parts], Parts]:
    def change(p: Parts) -> Parts:
        p[0][new] = p[0].pop("c0.quantiles")
        return p

    return change


def _outer(text: Any) -> Callable[[Parts], Parts]:
    return lambda p: (p[0], text(p[1]) if callable(text) else text, p[2])


MISLEADING: dict[str, Callable[[Parts], Parts]] = {
    "wrong version": _outer(lambda o: o | {"format": "ecotone.profile/2"}),
    "wrong kind": _outer(lambda o: o | {"format": "ecotone.detector/1"}),
    "format not text": _outer(lambda o: o | {"format": ["ecotone.profile/1"]}),
    "no format": _outer(lambda o: {"body": o["body"]}),
    "metadata not JSON": _outer("{"),
    "NaN in JSON": _outer(lambda o: json.dumps(o).replace('"seed": 0', '"seed": NaN')),
    "infinity in JSON": _outer(lambda o: json.dumps(o).replace('"seed": 0', '"seed": 1e999')),
    "repeated key in JSON": _outer(lambda o: json.dumps(o).replace('"seed": 0', '"seed": 0, "seed": 1')),
    "huge integer in JSON": _outer(lambda o: json.dumps(o).replace('"n": 400', '"n": ' + "9" * 5000, 1)),
    "body is a list": _outer(lambda o: o | {"body": []}),
    "negative shape": _header("shape", [-1]),
    "negative product of shapes": _header("shape", [-1, -1]),
    "huge shape": _header("shape", [1 << 62]),
    "shape that overflows": _header("shape", [1 << 30, 1 << 30, 1 << 30]),
    "shape of floats": _header("shape", [1.5]),
    "shape of booleans": _header("shape", [True]),
    "unknown dtype": _header("dtype", "O"),
    "other dtype": _header("dtype", "I64"),
    "offsets beyond the file": _header("data_offsets", [0, 1 << 40]),
    "offsets backwards": _header("data_offsets", [800, 0]),
    "offsets overlap": _header("data_offsets", [8, 8]),
    "path-like name": _renamed("../../etc/passwd"),
    "absolute name": _renamed("/etc/passwd"),
    "empty name": _renamed(""),
    "array that belongs to nothing": _renamed("c9.quantiles"),
    "negative n": _body("n", value=-1),
    "n as a float": _body("n", value=400.0),
    "rows of a column differ": _body("columns", 0, "rows", value=7),
    "missing more than rows": _body("columns", 0, "missing", value=401),
    "unknown family": _body("columns", 0, "family", value="__class__"),
    "name not text": _body("columns", 0, "name", value=None),
    "column twice": _body("columns", 0, "name", value="c"),
    "range backwards": _body("columns", 0, "low", value=1e9),
    "range of text": _body("columns", 0, "low", value="0"),
    "fraction by zero": _body("columns", 0, "moments", 1, value="1/0"),
    "fraction of code": _body("columns", 0, "moments", 1, value="__import__('os')"),
    "fraction too large": _body("columns", 0, "moments", 1, value="9" * 3000),
    "level sizes": _body("columns", 0, "quantiles", 2, value=[1 << 20] * 40),
    "negative level": _body("columns", 0, "quantiles", 2, value=[-1]),
    "too many levels": _body("columns", 0, "quantiles", 2, value=[0] * 10**5),
    "frequent counts negative": _body("columns", 1, "frequent", 2, value=[["a", -5]]),
    "frequent repeats": _body("columns", 1, "frequent", 2, value=[["a", 1], ["a", 1]]),
    "rows of another type": _body("rows", "columns", 0, 1, value="extension<py>"),
    "rows of a type with a hostile zone": _body("rows", "columns", 0, 1, value="timestamp[us, tz=../../x y]"),
    "text as numbers": _body("rows", "columns", 1, 1, value="double"),
    "numbers as text": _body("rows", "columns", 0, 1, value="string"),
    "fewer rows than kept": _body("rows", "k", value=3),
    "huge k": _body("rows", "k", value=1 << 40),
    "sums over other rows": _body("sums", "n", value=1),
    "other cut points than the id": _body("sums", "id", value="0" * 16),
    "cut twice": lambda p: _body("sums", "cuts", 1, value=p[1]["body"]["sums"]["cuts"][0])(p),
    "cut of an unknown column": _body("sums", "cuts", 0, 0, value="zzz"),
    "a part too many": _body("extra", value=1),
    "lone surrogate": _body("columns", 0, "name", value="\ud800"),
}


@pytest.mark.parametrize("name", MISLEADING)
def test_misleading_contents(name: str, good: bytes, tmp_path: Path) -> None:
    refused(tmp_path / "p", joined(*MISLEADING[name](parts(good))))


def test_unchanged_contents_are_read(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(joined(*parts(good)))
    assert Profile.load(tmp_path / "p").n == 400


def test_priorities_out_of_order(good: bytes, tmp_path: Path) -> None:
    header, outer, rest = parts(good)
    begin, end = header["r.priority"]["data_offsets"]
    swapped = np.frombuffer(rest[begin:end], "<u8")[::-1].tobytes()
    assert "order" in refused(tmp_path / "p", joined(header, outer, rest[:begin] + swapped + rest[end:]))


def test_flipped_bytes_are_refused_or_harmless(good: bytes, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    path, read = tmp_path / "p", 0
    for _ in range(300):
        data = bytearray(good)
        for at in rng.integers(0, len(data), rng.integers(1, 4)):
            data[at] = rng.integers(0, 256)
        path.write_bytes(bytes(data))
        try:
            p = Profile.load(path)
        except BadInput:
            continue
        p.to_dict(), p.frame(), p.merge(p), p.cuts(), repr(p)
        read += 1
    assert 0 < read < 300


def test_paths_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="check the path"):
        Profile.load(tmp_path / "gone")
    with pytest.raises(BadInput, match="not a file"):
        Profile.load(tmp_path)
    with pytest.raises(BadInput, match="cannot write"):
        profile({"x": [1.0]}).save(tmp_path / "no" / "p")
    with pytest.raises(BadInput, match="cannot write"):
        profile({"x": [1.0]}).save(tmp_path)
    assert not list(tmp_path.iterdir())  # nothing half written is left behind


def test_an_artefact_keeps_arrays_and_text(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6, dtype=np.int16).reshape(2, 3), "b": np.array([np.nan, np.inf]), "c": np.empty((0, 4))}
    body = {"é": [1, 2.5, None, True, "</script>"]}
    write_artefact(tmp_path / "t", "thing", 3, body, arrays)
    back, found = read_artefact(tmp_path / "t", "thing", 3)
    assert back == body and set(found) == set(arrays)
    for name, a in arrays.items():
        assert found[name].dtype == a.dtype and found[name].shape == a.shape
        assert found[name].tobytes() == a.tobytes() and found[name].flags.writeable
    with pytest.raises(BadInput, match=r"thing/3.*thing/4"):
        read_artefact(tmp_path / "t", "thing", 4)
