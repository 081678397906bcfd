"""What stands at the ends of a command line: outputs that are no plain files, damaged inputs, streams that are shut."""

import io
import os
import stat
import subprocess
import sys
import zipfile

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecotone import __version__
from ecotone.cli._main import run
from ecotone.contracts import BadInput, write_whole
from ecotone.data import table_bytes


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    pq.write_table(pa.table({"x": rng.normal(size=80), "k": rng.choice(list("abc"), 80)}), tmp_path / "a.parquet")
    return tmp_path / "a.parquet"


def node(path, minor):
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
    except PermissionError:
        pytest.skip("making a device takes root")
    return path


def test_a_device_stays_a_device_whatever_writes_to_it(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    commands = {
        "null.profile": ["profile", "a.parquet", "-o"],
        "null.json": ["check", "a.parquet", "a.parquet", "--quiet", "--json"],
        "null": ["fit", "a.parquet", "--steps", "1", "--width", "8", "--quiet", "-o"],
    }
    for name, words in commands.items():
        node(tmp_path / name, 3)
        before = sorted(os.listdir())
        assert run([*words, name]) == 0, name
        assert stat.S_ISCHR(os.stat(name).st_mode) and sorted(os.listdir()) == before, name


def test_a_full_device_is_a_sentence(table, tmp_path, capsys):
    full = node(tmp_path / "full.json", 7)
    assert run(["check", str(table), str(table), "--json", str(full), "--quiet"]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_links_are_written_through(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "new").symlink_to("made")
    write_whole([(tmp_path / "link", b"one"), (tmp_path / "new", b"two")])
    assert (tmp_path / "link").is_symlink() and (tmp_path / "new").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"one" and (tmp_path / "made").read_bytes() == b"two"
    assert stat.S_IMODE(os.stat(tmp_path / "real").st_mode) == 0o640
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(BadInput, match="cannot write"):
        write_whole([(tmp_path / "loop", b"x")])


def test_a_pipe_gets_the_bytes(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_whole([(tmp_path / "pipe", b"answer")])
    assert os.read(reader, 99) == b"answer" and stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)
    os.close(reader)


def test_nothing_is_replaced_where_one_file_cannot_be_written(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(BadInput, match="none"):
        write_whole([(tmp_path / "a", b"new"), (tmp_path / "none" / "b", b"new")])
    assert (tmp_path / "a").read_text() == "old" and os.listdir(tmp_path) == ["a"]


def test_streams_that_are_shut_or_full_change_no_code(table, tmp_path):
    full = node(tmp_path / "full", 7)
    for more in (">&-", f">{full}", "2>&-", f"2>{full}", ">&- 2>&- <&-", "| true"):
        tail = "; exit ${PIPESTATUS[0]}" if more == "| true" else ""
        for line, code in [("profile none.csv -o p.profile", 2) if "2>" in more else ("--version", 0)]:
            done = subprocess.run(
                ["bash", "-c", f'{sys.executable} -c "from ecotone.cli._main import main; main()" '
                 f"{line} {more}{tail}"],
                cwd=tmp_path, capture_output=True, timeout=120, check=False,
            )  # fmt: skip
            assert done.returncode == code, (line, more, done.stderr)


def test_standard_output_through_a_link_gets_the_json(table, tmp_path):
    (tmp_path / "out").symlink_to("/proc/self/fd/1")
    with open(tmp_path / "so", "wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", "from ecotone.cli._main import main; main()", "check", str(table), str(table),
             "--json", "out"], cwd=tmp_path, stdout=file, timeout=200, check=False,
        )  # fmt: skip
    text = (tmp_path / "so").read_text()
    assert done.returncode == 0 and text.startswith("{") and '"schema"' in text and len(text.split("\n}\n")[1]) > 100
    assert (tmp_path / "out").is_symlink()


def test_the_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"ecotone {__version__}\n"


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path.read_bytes()


def header(shape, descr="<f8"):
    text = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def zipped(data, name="features.npy", method=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr(name, data)
    return made.getvalue()


def damaged(tmp_path):
    rng = np.random.default_rng(0)
    whole = npz(tmp_path / "ok.npz", features=rng.normal(size=(300, 4)), logits=rng.normal(size=(300, 3)))
    torn = bytearray(whole)
    torn[500] ^= 255
    npy = io.BytesIO()
    np.save(npy, np.eye(3))
    yield from {
        "empty": b"", "truncated": whole[:2000], "crc": bytes(torn), "npy": npy.getvalue(), "text": b"features\n1\n",
        "no end": whole[:-30], "32 TiB": zipped(header((1 << 40, 4))), "of nothing": zipped(header((1 << 40, 0))),
        "short": zipped(header((10, 4)) + b"\0" * 8), "long": zipped(header((1, 1)) + b"\0" * 800),
        "header": zipped(b"\x93NUMPY\x01\x00\xff\xff{"), "code": zipped(header((1,)).replace(b"'shape'", b"__imp()")),
        "open": zipped(header((3, 2)).replace(b"2)", b"2 ")),
        "version": zipped(b"\x93NUMPY\x09\x00" + header((1, 1))[8:]), "magic": zipped(b"hello"),
        "objects": zipped(header((2, 2), "|O") + b"\0" * 32), "folder": zipped(b"", "features/"),
    }.items()  # fmt: skip
    yield "single", npz(tmp_path / "0.npz", features=np.float64(3))
    yield "dates", npz(tmp_path / "d.npz", features=np.zeros((3, 4), "M8[s]"), logits=np.zeros((3, 3)))
    yield "structured", npz(tmp_path / "s.npz", features=np.zeros(3, [("a", "f8")]))
    yield "pickled", npz(tmp_path / "p.npz", features=np.array([{}, []], object))
    yield "words", npz(tmp_path / "w.npz", features=np.array([["a", "b"]]))
    yield "text labels", npz(tmp_path / "t.npz", features=np.eye(3), labels=np.array(["a", "b", "c"]))


def test_damaged_arrays_are_a_sentence(tmp_path, capsys):
    good = tmp_path / "good.npz"
    rng = np.random.default_rng(0)
    npz(good, features=rng.normal(size=(60, 4)), logits=rng.normal(size=(60, 3)))
    bad = tmp_path / "bad.npz"
    joblib.dump(_classifier(), tmp_path / "m.joblib")
    for what, data in damaged(tmp_path):
        bad.write_bytes(data)
        for words in (["--reference", good, "--data", bad], ["--reference", bad, "--data", good],
                      [tmp_path / "m.joblib", "--trust", "--reference", bad, "--data", bad]):  # fmt: skip
            code = run(["detect", *map(str, words)])
            said = capsys.readouterr().err
            if what == "text labels" and ".joblib" in str(words[0]):
                assert code in (0, 1, 2), said
                continue
            assert code == 2 and said.startswith("ecotone: ") and said.count("\n") == 1, (what, code, said)
    npy = tmp_path / "x.npy"
    npy.write_bytes(header((1 << 40, 4)))
    assert run(["detect", str(tmp_path / "m.joblib"), "--trust", "--reference", str(npy), "--data", str(npy)]) == 2


def _classifier():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(np.eye(4), [0, 1, 0, 1])


class Exits:
    def __reduce__(self):
        return sys.exit, (0,)


class Stops:
    def __reduce__(self):
        return stop, ()


def stop():
    raise KeyboardInterrupt


class Guesses:
    def predict(self, x):
        return np.zeros(len(x))

    def predict_proba(self, x):
        return np.full((len(x), 2), "half")


def test_pickles_that_are_none(table, tmp_path, capsys):
    joblib.dump(Exits(), tmp_path / "exits.joblib")
    (tmp_path / "empty.joblib").write_bytes(b"")
    (tmp_path / "garbage.joblib").write_text("garbage")
    (tmp_path / "folder.joblib").mkdir()
    os.mkfifo(tmp_path / "pipe.joblib")
    joblib.dump([1, 2], tmp_path / "list.joblib")
    joblib.dump(None, tmp_path / "nothing.joblib")
    joblib.dump(Stops(), tmp_path / "stops.joblib")
    joblib.dump(Guesses(), tmp_path / "guesses.joblib")
    for name in ("exits", "empty", "garbage", "folder", "pipe", "list", "nothing", "stops", "guesses", "none"):
        network = str(tmp_path / f"{name}.joblib")
        assert run(["detect", network, "--trust", "--reference", str(table), "--data", str(table)]) == 2, name
        assert run(["check", str(table), str(table), "--model", network, "--trust", "--target", "k"]) == 2, name
        assert capsys.readouterr().err.count("\n") == 2


@pytest.mark.parametrize(
    "text",
    ["def f(:", "raise ValueError(1)", "def f():\n import sys; sys.exit(0)", "import sys; sys.exit(3)",
     "raise EOFError", "import no_such_module_at_all", "x = 1", "def f(): raise EOFError", "f = 3",
     "def f(): return 3", "\0", "raise KeyboardInterrupt", "raise GeneratorExit", "raise BaseException(1)",
     "def f(): raise KeyboardInterrupt", "def f(): raise GeneratorExit", "def f(): return f()"],
)  # fmt: skip
def test_modules_that_fail(text, table, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    name = f"made{abs(hash(text))}"
    (tmp_path / f"{name}.py").write_text(text)
    for option in ("--module", "--preprocess"):
        words = [option, f"{name}:f"] if option == "--module" else ["n.onnx", option, f"{name}:f"]
        assert run(["detect", *words, "--reference", str(table), "--data", str(table)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "words", [".x:f", "..:f", "x", ":f", "x:", "a b:f", "os.path:", "é\0:f", "__main__:nothing", "os:sep"]
)
def test_modules_that_are_none(words, table, capsys):
    assert run(["detect", "--module", words, "--reference", str(table), "--data", str(table)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_format_that_cannot_hold_a_table_is_a_sentence(tmp_path):
    far = pa.table({"t": pa.array([2**62], pa.timestamp("s"))})
    with pytest.raises(BadInput, match="cannot hold this table"):
        table_bytes(tmp_path / "t.parquet", far)
    assert len(table_bytes(tmp_path / "t.arrow", far)) > 0
