"""Folders of pictures and texts, arrays, tables: rows with labels, and errors that name the file."""

import builtins

import numpy as np
import pandas as pd
import polars as pl
import pytest
from networks import network, rows
from PIL import Image
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

import ecotone.data
from ecotone.contracts import BadInput
from ecotone.data.activations import EstimatorNetwork, ImageFolder, open_dataset, read_activations

G = np.random.default_rng(0)


@pytest.fixture
def pictures(tmp_path):
    """Two classes of three pictures of 5 x 4 pixels, and what is not to be read."""
    values = G.integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
    for i, name in enumerate(["b/x", "b/y", "b/deep/z", "a/x", "a/y", "a/z"]):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values[i]).save(tmp_path / f"{name}.png")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / "a" / "._x.png").write_bytes(b"x")
    (tmp_path / "a" / "notes.txt").write_text("about")
    return tmp_path, values[[3, 4, 5, 2, 0, 1]].transpose(0, 3, 1, 2)


def test_pictures(pictures):
    folder, values = pictures
    data = ImageFolder(folder)
    assert data.shape == (6, 3, 4, 5) and len(data) == 6 and data.classes == ("a", "b")
    np.testing.assert_array_equal(data.labels, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(data[:], values)
    for rows_ in (slice(4, 0, -2), [5, 0, 0], np.arange(6) > 3, 2, -1):
        np.testing.assert_array_equal(data[rows_], values[rows_])
    assert data.where(0).endswith("a/x.png")
    assert ImageFolder(folder, size=7)[2:4].shape == (2, 3, 7, 7)
    assert ImageFolder(folder, size=(2, 3), channels=1)[1:].shape == (5, 1, 2, 3)
    flat = open_dataset(folder / "a", classes=["a", "b"])
    assert flat.labels is None and len(flat) == 3 and flat.classes == ("a", "b")
    other = open_dataset(str(folder), classes=["b", "c"])
    np.testing.assert_array_equal(other.labels, [-1, -1, -1, 0, 0, 0])
    np.testing.assert_array_equal(open_dataset(folder, [5, 4, 3, 2, 1, 0]).labels, [5, 4, 3, 2, 1, 0])


def test_kinds_of_pictures(tmp_path):
    grey = (np.arange(12).reshape(3, 4) * 5000).astype(np.uint16)
    Image.fromarray(grey).save(tmp_path / "1.png")
    assert ImageFolder(tmp_path, channels=1)[0].tolist() == [(grey // 257).tolist()]
    Image.new("RGBA", (4, 3), (10, 20, 30, 0)).save(tmp_path / "2.png")
    Image.new("P", (4, 3), 0).save(tmp_path / "3.gif")
    turned = Image.new("RGB", (3, 4), (200, 0, 0))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "4.jpg", exif=exif)
    data = ImageFolder(tmp_path)
    assert data[:].shape == (4, 3, 3, 4) and data[1][:, 0, 0].tolist() == [10, 20, 30]


def test_a_picture_that_cannot_be_read_is_named(pictures, monkeypatch):
    folder, _ = pictures
    whole = (folder / "b" / "x.png").read_bytes()
    (folder / "b" / "x.png").write_bytes(whole[: len(whole) // 2])
    data = ImageFolder(folder)
    data[:4]
    with pytest.raises(BadInput, match=r"b/x\.png cannot be read as a picture"):
        data[:]
    Image.new("RGB", (9, 9)).save(folder / "b" / "x.png")
    with pytest.raises(BadInput, match=r"b/x\.png has 9 x 9 pixels and .*a/x\.png has 5 x 4; give size"):
        data[4]
    Image.new("RGB", (5, 4)).save(folder / "lost.png")
    with pytest.raises(BadInput, match=r"files beside its subfolders \(lost.png\)"):
        ImageFolder(folder)
    with pytest.raises(BadInput, match="no folder"):
        ImageFolder(folder / "c")
    (folder / "empty").mkdir()
    with pytest.raises(BadInput, match="no files ending in"):
        ImageFolder(folder / "empty")
    for settings in ({"channels": 4}, {"size": 0}, {"size": (3, 4, 5)}):
        with pytest.raises(BadInput, match=next(iter(settings))):
            ImageFolder(folder, **settings)
    real = builtins.__import__

    def without(name, *arguments, **named):
        if name == "PIL":
            raise ModuleNotFoundError("No module named 'PIL'", name="PIL")
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(BadInput, match="decoded by Pillow; install it"):
        ImageFolder(folder)


def test_a_picture_that_cannot_be_read_halfway_is_repaired_and_resumed(pictures, tmp_path):
    folder, values = pictures

    def net(x, maps=False):
        return ecotone.contracts.Activations(logits=np.asarray(x, float).mean((2, 3)), features=x.reshape(len(x), -1))

    good = (folder / "b" / "x.png").read_bytes()
    (folder / "b" / "x.png").write_bytes(b"broken")
    with pytest.raises(BadInput, match=r"x\.png"):
        read_activations(net, ImageFolder(folder), batch=2, output=tmp_path / "out")
    (folder / "b" / "x.png").write_bytes(good)
    acts = read_activations(net, ImageFolder(folder), batch=2, output=tmp_path / "out")
    np.testing.assert_array_equal(acts.features[:], values.reshape(6, -1))
    np.testing.assert_array_equal(acts.labels, [0, 0, 0, 1, 1, 1])
    assert acts[[5]].inputs.shape == (1, 3, 4, 5)


def test_arrays(tmp_path):
    x, y = rows(50, 3)
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "both.npz", images=x, y=y, other=y)
    np.savez(tmp_path / "named.npz", x=x, kind=np.array(["a", "b"])[y % 2])
    mapped = open_dataset(tmp_path / "x.npy", y)
    assert isinstance(mapped.values, np.memmap) and mapped.shape == x.shape
    for data in (mapped, open_dataset(tmp_path / "both.npz"), open_dataset(x, y)):
        acts = read_activations(network(), data, batch=20)
        np.testing.assert_array_equal(acts.labels, y)
        np.testing.assert_array_equal(acts.inputs[10:12], x[10:12])
    named = open_dataset(tmp_path / "named.npz", "kind")
    assert named.classes == ("a", "b") and named.labels.tolist() == (y % 2).tolist()
    assert open_dataset(named) is named and named.where(3).endswith("named.npz, row 3")
    np.savez(tmp_path / "two.npz", one=x, two=x)
    (tmp_path / "bad.npy").write_bytes(b"\x93NUMPY but cut")
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    for source, target, words in (
        ("two.npz", None, "has the arrays one, two"), ("both.npz", "labels", "no array 'labels'; it has images, y"),
        ("x.npy", "y", "one array and no 'y'"), ("bad.npy", None, "cannot be read"), ("no.npy", None, "cannot be read"),
        ("objects.npy", None, "cannot be read"), ("x.npy", y[:40], "40 labels for 50 rows"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=words):
            open_dataset(tmp_path / source, target)
    with pytest.raises(BadInput, match="number classes from 0"):
        open_dataset(x, np.full(50, -2))
    with pytest.raises(BadInput, match="dtype object; give numbers"):
        open_dataset(np.array([[None]]))


def test_texts(tmp_path):
    (tmp_path / "lines.txt").write_text("one\n\n two \r\nthree", encoding="utf-8")
    lines = open_dataset(tmp_path / "lines.txt", [2, 0, 1])
    assert lines[:] == ["one", "two", "three"] and lines.where(1).endswith("lines.txt, line 3")
    assert lines[np.array([True, False, True])] == ["one", "three"] and lines.labels.tolist() == [2, 0, 1]
    for name in ("spam/1.txt", "ham/1.txt", "ham/2.txt"):
        (tmp_path / "mail" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mail" / name).write_text(name)
    mail = open_dataset(tmp_path / "mail")
    assert mail[:] == ["ham/1.txt", "ham/2.txt", "spam/1.txt"] and mail.classes == ("ham", "spam")
    assert open_dataset(["a", "b"], ["y", "x"]).labels.tolist() == [1, 0]
    (tmp_path / "blank.txt").write_text("\n \n")
    (tmp_path / "latin.txt").write_bytes("é".encode("latin-1"))
    for name, words in (("blank", "no lines of text"), ("latin", "not UTF-8"), ("gone", "cannot read")):
        with pytest.raises(BadInput, match=words):
            open_dataset(tmp_path / f"{name}.txt")
    with pytest.raises(BadInput, match="target 'kind' names a column"):
        open_dataset(tmp_path / "mail", "kind")


def test_tables(tmp_path):
    x = G.normal(size=(60, 3))
    frame = pd.DataFrame(x, columns=list("abc")).assign(kind=np.where(x[:, 0] > 0, "yes", "no"))
    frame.to_parquet(tmp_path / "t.parquet")
    model = EstimatorNetwork(HistGradientBoostingClassifier(max_iter=5).fit(frame[list("cab")], frame["kind"]))
    wanted = read_activations(model, frame[list("cab")]).logits
    for source in (tmp_path / "t.parquet", frame, pl.from_pandas(frame)):
        data = open_dataset(source, "kind", classes=model.classes)
        acts = read_activations(model, data, batch=25, output=tmp_path / f"out{len(list(tmp_path.iterdir()))}")
        np.testing.assert_allclose(acts.logits[:], wanted, rtol=1e-6)
        np.testing.assert_array_equal(acts.labels, x[:, 0] > 0)
        np.testing.assert_array_equal(acts[[7, 3]].inputs["a"], x[[7, 3], 0])
    assert data.names == ("a", "b", "c")
    assert open_dataset(tmp_path / "t.parquet").where(4).endswith("t.parquet, row 4")
    plain = LogisticRegression().fit(x, x[:, 0] > 0)
    np.testing.assert_allclose(read_activations(plain, data).features, x, rtol=1e-6)
    six, _ = rows(20, 0)
    table = open_dataset({f"x{i}": six[:, i] for i in range(6)})
    np.testing.assert_allclose(read_activations(network(), table).logits, read_activations(network(), six).logits, 1e-5)
    with pytest.raises(BadInput, match="no column 'sort'; its columns are a, b, c, kind"):
        open_dataset(frame, "sort")
    with pytest.raises(BadInput, match="fitted on 'c', which the table lacks"):
        read_activations(model, open_dataset(frame[["a", "b"]]))
    with pytest.raises(BadInput, match=r"column 'kind' has '.*', no number"):
        read_activations(network(), open_dataset(frame))
    with pytest.raises(BadInput, match="there is no file"):
        open_dataset(tmp_path / "none.csv")
    gaps = open_dataset({"x": [1.0, 2.0, 3.0], "kind": ["b", None, "a"]}, "kind")
    assert gaps.labels.tolist() == [1, -1, 0]


def test_the_room_offers_them():
    assert ecotone.data.open_dataset is open_dataset and ecotone.data.read_activations is read_activations
