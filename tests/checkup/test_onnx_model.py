"""An ONNX file in the place of a model, with an input for each column or one for all."""

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

import ecotone
from ecotone.checkup.performance._onnx_model import OnnxModel
from ecotone.cli._main import run
from ecotone.contracts import BadInput
from ecotone.data.activations import OnnxNetwork, open_dataset, read_activations

COEFFICIENTS = {"x 1": 2.0, "b": -1.0}


def _save(path, nodes, inputs, outputs, weights=(), ml=False):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(weights))
    sets = [helper.make_opsetid("", 17)] + [helper.make_opsetid("ai.onnx.ml", 3)] * ml
    onnx.save(helper.make_model(graph, opset_imports=sets, ir_version=8), path)
    return path


def _value(name, side, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, ["n", side])


def _classifier(path, *, columns=True, words=False, maps=False):
    """Logistic in the two columns, as converters of pipelines write it."""
    names = list(COEFFICIENTS) if columns else ["rows"]
    nodes = [helper.make_node("Concat", names, ["all"], axis=1)] if columns else []
    labels = {"classlabels_strings": ["no", "yes"]} if words else {"classlabels_ints": [0, 1]}
    w = list(COEFFICIENTS.values())
    nodes.append(helper.make_node(
        "LinearClassifier", ["all" if columns else "rows"], ["label", "p"], domain="ai.onnx.ml",
        post_transform="LOGISTIC",
        coefficients=[-v for v in w] + w, intercepts=[0.0, 0.0], **labels,
    ))  # fmt: skip
    last = _value("p", 2)
    if maps:
        labels = {key.replace("ints", "int64s"): value for key, value in labels.items()}
        nodes.append(helper.make_node("ZipMap", ["p"], ["maps"], domain="ai.onnx.ml", **labels))
        kind = TensorProto.STRING if words else TensorProto.INT64
        tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
        inner = helper.make_sequence_type_proto(helper.make_map_type_proto(kind, tensor))
        last = helper.make_value_info("maps", inner)
    kind = TensorProto.STRING if words else TensorProto.INT64
    ends = [helper.make_tensor_value_info("label", kind, ["n"]), last]
    inputs = [_value(name, 1) for name in names] if columns else [_value("rows", 2)]
    return _save(path, nodes, inputs, ends, ml=True)


def _table(seed, words=False, n=300):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(rng.standard_normal((n, 3)), columns=["b", "other", "x 1"]).astype(np.float32)
    y = rng.random(n) < 1 / (1 + np.exp(-(2 * rows["x 1"] - rows["b"])))
    return rows.assign(y=np.where(y, "yes", "no") if words else y * 1)


@pytest.mark.parametrize(("words", "maps"), [(False, False), (True, False), (False, True), (True, True)])
def test_inputs_by_name_are_the_columns_that_it_reads(tmp_path, words, maps):
    path = _classifier(tmp_path / "m.onnx", words=words, maps=maps)
    before, now = _table(0, words), _table(1, words)
    found = ecotone.check(before, now, target="y", model=str(path)).performance
    assert found["details"]["columns"]["used"] == ["b", "x 1"]
    margin = 2 * before["x 1"] - before["b"]
    right = ((margin > 0) == (before["y"] == ("yes" if words else 1))).mean()
    assert found["reference"]["value"] == pytest.approx(right)
    p = OnnxModel(path).predict_proba(before[["x 1", "b"]])
    np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp(-margin)), rtol=1e-4)


def test_one_input_needs_its_columns_named(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _classifier("m.onnx", columns=False)
    _table(0).to_parquet("a.parquet")
    _table(1).to_parquet("b.parquet")
    words = ["check", "a.parquet", "b.parquet", "--target", "y", "--model", "m.onnx", "--fail-on", "performance"]
    assert run(words) == 2 and "features=" in capsys.readouterr().err
    assert run([*words, "--features", "x 1,b", "--verbose"]) == 0
    assert "2 columns that the model reads" in capsys.readouterr().out


def test_a_number_is_a_regression_and_a_matrix_is_of_classes(tmp_path):
    rng = np.random.default_rng(2)
    tables = [pd.DataFrame(rng.standard_normal((200, 2)), columns=["a", "b"]).astype(np.float32) for _ in (0, 1)]
    weight = numpy_helper.from_array(np.array([[1.0], [2.0]], np.float32), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["z"])]
    path = _save(tmp_path / "r.onnx", nodes, [_value("x", 2)], [_value("z", 1)], [weight])
    given = [t.assign(y=t.a + 2 * t.b + 0.1) for t in tables]
    found = ecotone.check(*given, target="y", model=path).performance
    assert found["metric"] == "mae" and found["reference"]["value"] == pytest.approx(0.1, abs=1e-5)
    wide = numpy_helper.from_array(np.array([[1.0, 0, -1], [0, 1.0, -1]], np.float32), "w")
    path = _save(tmp_path / "c.onnx", nodes, [_value("x", 2)], [_value("z", 3)], [wide])
    model = OnnxModel(path)
    assert model.classes_.tolist() == [0, 1, 2]
    p = model.predict_proba(tables[0].to_numpy())
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert (model.predict(tables[0].to_numpy()) == p.argmax(axis=1)).all()


def test_refused(tmp_path):
    with pytest.raises(BadInput, match="is a path; give the model itself"):
        ecotone.check(_table(0), _table(1), target="y", model="model.joblib")
    with pytest.raises(BadInput, match="not a file that is there"):
        ecotone.check(_table(0), _table(1), target="y", model="model.onnx")
    path = _classifier(tmp_path / "m.onnx")
    with pytest.raises(BadInput, match="fitted on 'b', which current lacks"):
        ecotone.check(_table(0), _table(1).drop(columns="b"), target="y", model=path)


def test_a_network_reads_its_inputs_by_name(tmp_path):
    columns = ["word", "b"]
    keep = [helper.make_node("Concat", ["b", "b"], ["z"], axis=1)]
    inputs = [helper.make_tensor_value_info("word", TensorProto.STRING, ["n", 1]), _value("b", 1)]
    network = OnnxNetwork(_save(tmp_path / "n.onnx", keep, inputs, [_value("z", 2)]))
    table = pd.DataFrame({"id": range(4), "b": np.arange(4.0), "word": list("abca")})
    acts = read_activations(network, open_dataset(table))
    np.testing.assert_allclose(acts.logits[:, 0], np.arange(4.0))
    with pytest.raises(BadInput, match="lacks column 'word', an input of the graph"):
        read_activations(network, open_dataset(table[["id", *columns[1:]]]))
