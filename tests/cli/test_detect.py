"""``ecotone detect``: activations, a torch module, an ONNX file, a pickled classifier; bad input."""

import json

import joblib
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from networks import foreign, network, passed, rows
from PIL import Image
from safetensors.torch import save_model
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ecotone.cli._main import run
from ecotone.cli._networks import NetworkOptions, _preprocess

ARRAYS = ["detect", "--reference", "reference.npz", "--data", "live.npz"]
MODULES = ["detect", "--reference", "a", "--data", "b", "--module"]
MODULE = """
from torch import nn

def make():
    return nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 4))

def pictures():
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 12), nn.ReLU(), nn.Linear(12, 2))

def broken():
    raise RuntimeError("no weights here")
"""


def _sides():
    live = np.vstack([rows(150, 5)[0], foreign(50, 6)])
    return {"reference": rows(500, 3), "held": rows(400, 4), "live": (live, None)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("detect")
    for name, (x, y) in _sides().items():
        acts = passed(x, y)
        weight, bias = (np.asarray(part) for part in acts.head)
        labels = {} if y is None else {"labels": y}
        np.savez(where / f"{name}.npz", features=acts.features, logits=acts.logits, weight=weight, bias=bias, **labels)
        np.savez(where / f"{name}_x.npz", x=x, **({} if y is None else {"y": y}))
        frame = pd.DataFrame(x, columns=list("abcdef"))
        (frame if y is None else frame.assign(kind=y)).to_csv(where / f"{name}.csv", index=False)
    (where / "detect_module.py").write_text(MODULE)
    save_model(network().module, where / "w.safetensors")
    frame = pd.read_csv(where / "reference.csv")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame[list("abcdef")], frame["kind"])
    joblib.dump(model, where / "model.joblib")
    return where


def _detect(folder, *more, ending=".npz", data="live"):
    sides = ["--reference", f"reference{ending}", "--calibration", f"held{ending}", "--data", f"{data}{ending}"]
    return run(["detect", *more, *sides])


@pytest.fixture(autouse=True)
def _there(folder, monkeypatch):
    monkeypatch.chdir(folder)


def test_activations_need_no_network(folder, capsys):
    assert _detect(folder, "--all", "-o", "s.parquet", "--report", "r.html", "--json", "d.json") == 1
    said = capsys.readouterr().out
    assert "of 200 rows lie outside by" in said and "not had: AdaSCALE, BLOOD, ODIN" in said
    table = pq.read_table("s.parquet").to_pandas()
    named = table.index[table.outside]
    assert len(table) == 200 and (named >= 150).sum() > 45 and len(named) < 70
    assert json.loads((folder / "d.json").read_text())["found"]["rows"] == named.tolist()
    assert "<h2>Rows outside</h2>" in (folder / "r.html").read_text()
    assert _detect(folder, "--score", "Energy", "--score", "ViM", "--quiet", data="held") == 0
    assert capsys.readouterr().out == ""


def test_a_torch_module_with_weights_reads_once_and_keeps(folder, capsys):
    words = ["--module", "detect_module:make", "--weights", "w.safetensors", "--score", "ViM", "--layer", "2"]
    assert _detect(folder, *words, "--keep", "acts", "-o", "t.parquet", ending="_x.npz") == 1
    assert "because of column" in capsys.readouterr().out
    first = pq.read_table("t.parquet")
    assert run(["detect", *words, "--reference", "acts/reference", "--calibration", "acts/calibration", "--data",
                "acts/data", "-o", "u.parquet", "--quiet"]) == 1  # fmt: skip
    np.testing.assert_allclose(first["score.ViM"], pq.read_table("u.parquet")["score.ViM"], rtol=1e-6)
    from_arrays = _detect(folder, "--score", "ViM", "-o", "v.parquet", "--quiet")
    assert from_arrays == 1
    np.testing.assert_allclose(first["score.ViM"], pq.read_table("v.parquet")["score.ViM"], rtol=1e-4)


def test_an_onnx_file(folder, capsys):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    state = {name: value.numpy() for name, value in network().module.state_dict().items()}
    weights = [numpy_helper.from_array(value, name) for name, value in state.items()]
    nodes, before = [], "x"
    for i in (0, 2, 4):
        nodes.append(helper.make_node("Gemm", [before, f"{i}.weight", f"{i}.bias"], [f"z{i}"], transB=1))
        if i < 4:
            nodes.append(helper.make_node("Relu", [f"z{i}"], [f"h{i}"]))
        before = f"h{i}"
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", d]) for n, d in (("x", 6), ("z4", 4))]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "net.onnx")
    assert _detect(folder, "net.onnx", "--score", "ViM", "-o", "n.parquet", ending="_x.npz") == 1
    assert _detect(folder, "--score", "ViM", "-o", "m.parquet", "--quiet") == 1
    np.testing.assert_allclose(
        pq.read_table("n.parquet")["score.ViM"], pq.read_table("m.parquet")["score.ViM"], rtol=1e-4, atol=1e-4
    )
    capsys.readouterr()
    assert _detect(folder, "net.onnx", "--layer", "h9", ending="_x.npz") == 2
    assert "h9" in capsys.readouterr().err


def test_a_pickled_classifier_on_tables(folder, capsys):
    words = ["model.joblib", "--target", "kind", "--score", "Mahalanobis", "-o", "c.parquet"]
    assert _detect(folder, *words, ending=".csv") == 2
    assert "--trust" in capsys.readouterr().err
    live = pd.read_csv("live.csv").assign(kind=-1)
    live.to_csv("live.csv", index=False)
    assert _detect(folder, *words, "--trust", ending=".csv") == 1
    said = capsys.readouterr().out
    assert "live.csv, row" in said and any(f"{column} = " in said for column in "cdef")
    named = np.flatnonzero(pq.read_table("c.parquet")["outside"])
    assert set(range(150, 200)) <= set(named)


def test_live_rows_need_no_labels(folder, capsys):
    words = ["model.joblib", "--trust", "--target", "kind", "--score", "Mahalanobis"]
    live = pd.DataFrame(_sides()["live"][0], columns=list("abcdef"))
    live.to_csv("bare.csv", index=False)
    live.assign(kind=[None] * (len(live) - 1) + [1]).to_csv("late.csv", index=False)
    for data in ("bare.csv", "late.csv"):
        sides = ["--reference", "reference.csv", "--calibration", "held.csv", "--data", data]
        assert run(["detect", *words, *sides, "--json", f"{data}.json"]) == 1
    bare, late = (json.loads((folder / f"{data}.json").read_text()) for data in ("bare.csv", "late.csv"))
    assert bare["found"] == late["found"] and len(bare["found"]["rows"]) >= 50
    np.save("bare.npy", live.to_numpy(np.float32))
    arrays = ["--reference", "reference_x.npz", "--calibration", "held_x.npz"]
    words[3] = "y"
    assert run(["detect", *words, *arrays, "--data", "bare.npy"]) == 1
    assert run(["detect", *words, *arrays, "--data", "live_x.npz"]) == 1
    capsys.readouterr()
    assert run(["detect", *words, "--reference", "bare.csv", "--calibration", "held.csv", "--data", "bare.csv"]) == 2
    assert "no column 'y'" in capsys.readouterr().err, "the reference needs labels"


def test_labels_are_found_as_equal_values_or_refused(folder, capsys):
    for name, write in (("float", float), ("word", "class {}".format)):
        for side in ("reference", "held"):
            frame = pd.read_csv(f"{side}.csv")
            frame.assign(kind=frame["kind"].map(write)).to_csv(f"{side}_{name}.csv", index=False)
    found = {}
    for end in ("", "_float", "_word"):
        words = ["--reference", f"reference{end}.csv", "--calibration", f"held{end}.csv", "--data", "live.csv"]
        more = ["--trust", "--target", "kind", "--score", "Mahalanobis", "--json", "l.json"]
        found[end] = (
            run(["detect", "model.joblib", *words, *more]),
            json.loads((folder / "l.json").read_text())["found"],
        )
    assert found[""][0] == 1 and found["_float"] == found[""] and found["_word"][0] == 2
    assert "none of the network's classes (0, 1, 2, 3)" in capsys.readouterr().err


def test_folders_of_pictures(folder, capsys):
    g = np.random.default_rng(0)
    for side, size, kinds in (("train", 40, ("dark", "light")), ("held", 40, ("dark", "light")), ("live", 20, ("",))):
        for kind in kinds:
            (folder / "pics" / side / kind).mkdir(parents=True, exist_ok=True)
            for i in range(size):
                level = 40 if kind == "dark" or (not kind and i % 2) else 190
                pixels = g.integers(0, 50, (4, 4, 3)) + level
                Image.fromarray(pixels.astype(np.uint8)).save(folder / "pics" / side / kind / f"{i:03d}.png")
    words = ["detect", "--module", "detect_module:pictures", "--score", "KNN", "--report", "p.html", "--quiet"]
    sides = ["--reference", "pics/train", "--calibration", "pics/held", "--data", "pics/live"]
    assert run([*words, *sides]) in (0, 1)
    assert "<!doctype html>" in (folder / "p.html").read_text()
    assert run([*words, *sides, "--mean", "0.5", "--std", "0.5,0.5,0.5", "--size", "4"]) in (0, 1)
    assert run([*words, *sides, "--std", "0"]) == 2 and "--std" in capsys.readouterr().err
    (folder / "pics" / "train" / "third").mkdir()
    Image.new("RGB", (4, 4)).save(folder / "pics" / "train" / "third" / "0.png")
    assert run([*words, *sides]) == 2
    assert "labels has 2 at row 80" in capsys.readouterr().err
    assert run(["detect", "--module", "detect_module:pictures", *sides, "--grey"]) == 2  # one channel, not three
    assert "the network cannot read pics/train" in capsys.readouterr().err


def test_what_enters_the_network():
    bytes_ = np.full((2, 3, 2, 2), 51, np.uint8)
    prepared = _preprocess(NetworkOptions(mean=(0.1, 0.2, 0.3), std=(0.5, 1.0, 2.0)))(bytes_)
    np.testing.assert_allclose(prepared[0, :, 0, 0], [(0.2 - 0.1) / 0.5, 0.0, -0.05], atol=1e-6)
    by_bytes = _preprocess(NetworkOptions(scale=1.0, mean=(127.0,), std=(128.0,)))(bytes_)
    np.testing.assert_allclose(by_bytes, (51 - 127) / 128, rtol=1e-6)
    floats = _preprocess(NetworkOptions())(np.ones((2, 5)))
    np.testing.assert_array_equal(floats, np.ones((2, 5)))  # only bytes are scaled


def test_a_page_that_fails_leaves_no_file(folder, monkeypatch, capsys):
    def broken(result, *, redact):
        raise RuntimeError("no page")

    monkeypatch.setattr("ecotone.checkup.outside._outside_report.outside_report", broken)
    assert _detect(folder, "--score", "ViM", "-o", "z.parquet", "--report", "z.html", "--json", "z.json") == 3
    assert "no page" in capsys.readouterr().err
    assert not [path.name for path in folder.iterdir() if "z." in path.name]


def test_the_formats_of_scores(folder):
    for ending, read in ((".csv", pd.read_csv), (".feather", pd.read_feather), (".parquet", pd.read_parquet)):
        assert _detect(folder, "--score", "ViM", "-o", f"f{ending}", "--quiet") == 1
        assert len(read(f"f{ending}")) == 200


def test_without_calibration_the_pvalues_say_so(folder, capsys):
    assert run(["detect", "--reference", "reference.npz", "--data", "live.npz", "--score", "ViM"]) == 1
    assert "uncalibrated" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["detect", "--data", "live.npz"], "--reference is missing"),
        (["detect", "--reference", "reference.npz", "--data", "gone.npz"], "gone.npz"),
        (["detect", "gone.onnx", "--reference", "a", "--data", "b"], "does not exist"),
        (["detect", "w.safetensors", "--reference", "a", "--data", "b"], "neither .onnx nor .joblib"),
        (["detect", "--reference", "live.csv", "--data", "live.npz"], "no network to read it"),
        (["detect", "--reference", "reference_x.npz", "--data", "live.npz"], "has x, y"),
        ([*ARRAYS, "--all", "--score", "MSP"], "leave out --score"),
        ([*ARRAYS, "--score", "Enrgy"], "Enrgy"),
        ([*ARRAYS, "-o", "x.txt"], ".parquet"),
        ([*ARRAYS, "--mean", "a"], "--mean"),
        ([*MODULES, "detect_module"], "package:function"),
        ([*MODULES, "detect_module:gone"], "gone"),
        ([*MODULES, "detect_module:broken"], "no weights here"),
        ([*MODULES, "detect_module:pictures", "--weights", "w.safetensors"], "does not fit"),
    ],
)  # fmt: skip
def test_bad_input(words, said, capsys):
    assert run(words) == 2
    assert said in capsys.readouterr().err


def test_torch_is_used_as_it_is():
    assert torch.is_grad_enabled()  # a command leaves no mode behind
