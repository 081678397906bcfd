"""ONNX files: the same activations as torch's, the head in every form, layers that are not there."""

import numpy as np
import onnx
import pytest
import torch
from networks import network, passed, rows
from onnx import TensorProto, helper, numpy_helper

from ecotone.contracts import BadInput
from ecotone.data.activations import OnnxNetwork, TorchNetwork, read_activations
from ecotone.detect.posthoc import ViM

X, Y = rows(60, 5)
WEIGHTS = {name: value.numpy() for name, value in network().module.state_dict().items()}


def save(path, nodes, weights, inputs, outputs=("z",), kind=TensorProto.FLOAT):
    """A model of these nodes."""
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def hidden():
    """The shared network's layers below its head."""
    node = helper.make_node
    return [
        node("Gemm", ["x", "0.weight", "0.bias"], ["0"], transB=1), node("Relu", ["0"], ["1"]),
        node("Gemm", ["1", "2.weight", "2.bias"], ["2"], name="second", transB=1), node("Relu", ["2"], ["3"]),
    ]  # fmt: skip


def heads():
    """The last layer in the forms that exporters write, ending in "z"."""
    node, w, b = helper.make_node, WEIGHTS["4.weight"], WEIGHTS["4.bias"]
    return {
        "gemm": ([node("Gemm", ["3", "w", "b"], ["z"], transB=1)], {"w": w, "b": b}),
        "gemm, scaled": ([node("Gemm", ["3", "w", "b"], ["z"], alpha=0.5, beta=2.0)], {"w": 2 * w.T, "b": b / 2}),
        "product, sum": ([node("MatMul", ["3", "w"], ["p"]), node("Add", ["b", "p"], ["z"])], {"w": w.T, "b": b}),
        "transposed": (
            [node("Transpose", ["w"], ["t"], perm=[1, 0]), node("Identity", ["b"], ["c"]),
             node("MatMul", ["3", "t"], ["p"]), node("Identity", ["p"], ["q"]), node("Add", ["q", "c"], ["z"])],
            {"w": w, "b": b},
        ),
        "constant": (
            [node("Constant", [], ["w"], value=numpy_helper.from_array(w)),
             node("Gemm", ["3", "w", "b"], ["z"], transB=1)],
            {"b": b},
        ),
        "softmax": (
            [node("Gemm", ["3", "w", "b"], ["y"], transB=1), node("Softmax", ["y"], ["z"], axis=1)], {"w": w, "b": b}
        ),
    }  # fmt: skip


@pytest.mark.parametrize("form", list(heads()))
def test_the_same_as_torch(tmp_path, form):
    nodes, weights = heads()[form]
    path = save(tmp_path / "net.onnx", hidden() + nodes, WEIGHTS | weights, {"x": ["n", 6]})
    acts = read_activations(OnnxNetwork(path, layers=["0", "second", "penultimate"]), X, labels=Y, batch=25)
    wanted = passed(X, Y)
    for ours, theirs in (
        (acts.features, wanted.features), (acts.logits, wanted.logits), (acts.layers["0"], wanted.layers["0"]),
        (acts.layers["second"], wanted.layers["2"]), *zip(acts.head, wanted.head),
    ):  # fmt: skip
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    scores = [ViM().fit(a).score_samples(a) for a in (acts, wanted)]
    np.testing.assert_allclose(*scores, rtol=1e-3, atol=1e-4)
    assert acts.have() >= {"second_pass", "head"} and "gradient" not in acts.have()
    assert acts.network(X[:3]).logits.shape == (3, 4)


def test_convolutions_bytes_and_fixed_rows(tmp_path):
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 5, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
        torch.nn.Linear(5, 3),
    )  # fmt: skip
    node = helper.make_node
    nodes = [
        node("Conv", ["image", "0.weight", "0.bias"], ["conv"], kernel_shape=[3, 3]), node("Relu", ["conv"], ["relu"]),
        node("GlobalAveragePool", ["relu"], ["mean"]), node("Flatten", ["mean"], ["flat"]),
        node("Gemm", ["flat", "4.weight", "4.bias"], ["z"], transB=1),
    ]  # fmt: skip
    weights = {name: value.numpy() for name, value in module.state_dict().items()}
    x = np.random.default_rng(0).integers(0, 256, (10, 3, 8, 8), dtype=np.uint8)
    for n in ("n", 4):
        path = save(tmp_path / f"{n}.onnx", nodes, weights, {"image": [n, 3, 8, 8]})
        for maps in (False, True):
            ours = read_activations(path, x, layers=["conv"], maps=maps, output=tmp_path / f"{n}{maps}")
            theirs = read_activations(TorchNetwork(module, ["0"]), x, maps=maps)
            np.testing.assert_allclose(ours.layers["conv"][:], theirs.layers["0"], rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(ours.logits[:], theirs.logits, rtol=1e-4, atol=1e-5)
    with pytest.raises(BadInput, match=r"shape \(10, 3, 8, 7\) and the graph's 'image' is \(4, 3, 8, 8\)"):
        read_activations(path, x[..., 1:])
    read_activations(path, x, output=tmp_path / "again")
    save(path, nodes, weights | {"4.bias": np.ones(3, np.float32)}, {"image": [4, 3, 8, 8]})
    with pytest.raises(BadInput, match="graph was"):
        read_activations(path, x, output=tmp_path / "again")


def test_tokens_of_two_inputs_and_a_linear_model(tmp_path):
    g = np.random.default_rng(0)
    node = helper.make_node
    nodes = [
        node("Gather", ["words", "ids"], ["found"]), node("Cast", ["mask"], ["m"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["m", "axis"], ["m3"]), node("Mul", ["found", "m3"], ["kept"]),
        node("ReduceMean", ["kept"], ["mean"], axes=[1], keepdims=0), node("MatMul", ["mean", "w"], ["z"]),
    ]  # fmt: skip
    words, w = g.normal(size=(11, 5)).astype(np.float32), g.normal(size=(5, 3)).astype(np.float32)
    weights = {"words": words, "w": w, "axis": np.array([2])}
    inputs = {"ids": ["n", "l"], "mask": ["n", "l"]}
    path = save(tmp_path / "tokens.onnx", nodes, weights, inputs, kind=TensorProto.INT64)
    ids, mask = g.integers(0, 11, (9, 4)), g.integers(0, 2, (9, 4))
    acts = read_activations(path, [{"ids": ids, "mask": mask, "labels": ids[:, 0] % 3}], layers=["found"])
    np.testing.assert_allclose(acts.features, (words[ids] * mask[..., None]).mean(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(acts.layers["found"], words[ids].mean(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(acts.head[1], 0)
    with pytest.raises(BadInput, match="the graph's inputs are ids, mask"):
        read_activations(path, ids)
    linear = save(tmp_path / "linear.onnx", [node("MatMul", ["x", "w"], ["z"])], {"w": w}, {"x": ["n", 5]})
    np.testing.assert_array_equal(read_activations(linear, words).features, words)


def test_weights_beside_the_file(tmp_path):
    nodes, weights = heads()["gemm"]
    path = save(tmp_path / "net.onnx", hidden() + nodes, WEIGHTS | weights, {"x": ["n", 6]})
    model = onnx.load(str(path))
    onnx.save(
        model, str(path), save_as_external_data=True, all_tensors_to_one_file=True, location="w.bin", size_threshold=0
    )
    assert (tmp_path / "w.bin").exists()
    np.testing.assert_allclose(read_activations(path, X).features, passed(X).features, rtol=1e-4, atol=1e-5)


def test_what_the_graph_lacks_is_named(tmp_path):
    nodes, weights = heads()["gemm"]
    path = save(tmp_path / "net.onnx", hidden() + nodes, WEIGHTS | weights, {"x": ["n", 6]}, ("z", "2"))
    with pytest.raises(BadInput, match="no layer 'layer3'; some of its 5 are 0, 1, 2, 3, z"):
        OnnxNetwork(path, layers=["layer3"])
    with pytest.raises(BadInput, match="no output 'y'; its outputs are z, 2"):
        OnnxNetwork(path, output="y")
    with pytest.raises(BadInput, match="head '1' is not made by a Gemm"):
        OnnxNetwork(path, head="1")
    assert OnnxNetwork(path, head="2")(X).logits.shape == (60, 16)
    no_head = read_activations(save(tmp_path / "relu.onnx", hidden(), WEIGHTS, {"x": ["n", 6]}, ("3",)), X)
    assert no_head.features is None and no_head.head is None
    with pytest.raises(BadInput, match="no file"):
        read_activations(tmp_path / "other.onnx", X)
    (tmp_path / "bad.onnx").write_bytes(b"not a model, really")
    with pytest.raises(BadInput, match="is not an ONNX model"):
        OnnxNetwork(tmp_path / "bad.onnx")
    unknown = save(tmp_path / "odd.onnx", [helper.make_node("Wobble", ["x"], ["z"])], {}, {"x": ["n", 6]})
    with pytest.raises(BadInput, match="cannot run the graph"):
        OnnxNetwork(unknown)
    three = save(tmp_path / "three.onnx", [helper.make_node("Relu", ["x"], ["z"])], {}, {"x": ["n", 6, 1]})
    with pytest.raises(BadInput, match="not logits of shape"):
        read_activations(three, X[:, :, None])
