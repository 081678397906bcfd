"""Where an ONNX graph has its logits, its last linear layer and its other tensors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Head

_CARRIES = ("Identity", "Cast", "Dropout")  # the same values go on
_SOFTMAX = ("Softmax", "LogSoftmax")


class Linear(NamedTuple):
    """The last linear layer: the tensor that enters it, and its weights."""

    features: str
    head: Head


class Graph:
    """An ONNX model's graph, with its weights on demand."""

    def __init__(self, model: Any, folder: Path) -> None:
        self.graph, self.folder = model.graph, folder
        self.makers = {name: node for node in self.graph.node for name in node.output if name}
        self.constants = {tensor.name: tensor for tensor in self.graph.initializer}
        for node in self.graph.node:
            if node.op_type == "Constant":
                for item in (item for item in node.attribute if item.name == "value"):
                    self.constants[node.output[0]] = item.t

    @property
    def inputs(self) -> list[Any]:
        """What has to be given, without the weights."""
        return [value for value in self.graph.input if value.name not in self.constants]

    def tensor(self, name: str) -> str:
        """The tensor that a layer's name means: its own, or the first that a node of that name makes."""
        if name in self.makers and name not in self.constants:
            return name
        for node in self.graph.node:
            if name and node.name == name:
                return str(node.output[0])
        known = [n for n in self.makers if n not in self.constants]
        shown = ", ".join(known if len(known) <= 20 else [*known[:10], "...", *known[-10:]])
        raise BadInput(f"the graph has no layer {name!r}; some of its {len(known)} are {shown}")

    def logits(self, output: str | None) -> str:
        """The tensor of the logits: an output of the graph, or what enters the softmax that makes it."""
        names = [value.name for value in self.graph.output]
        if output is not None and output not in names:
            raise BadInput(f"the graph has no output {output!r}; its outputs are {', '.join(names)}")
        name = output or ("logits" if "logits" in names else names[0])
        node = self._made(name)
        return str(node.input[0]) if node is not None and node.op_type in _SOFTMAX else name

    def linear(self, logits: str) -> Linear | None:
        """The linear layer whose output is the logits: Gemm, or MatMul with or without Add."""
        node = self._made(logits)
        if node is None:
            return None
        if node.op_type == "Gemm":
            return self._gemm(node)
        if node.op_type == "MatMul":
            return self._product(node, None)
        if node.op_type == "Add":
            for one, other in (tuple(node.input), tuple(node.input)[::-1]):
                made, bias = self._made(one), self.value(other)
                if made is not None and made.op_type == "MatMul" and bias is not None:
                    return self._product(made, bias)
        return None

    def value(self, name: str) -> NDArray[Any] | None:
        """A weight of the graph, or None for what depends on the inputs."""
        from onnx import numpy_helper

        if name in self.constants:
            return np.asarray(numpy_helper.to_array(self.constants[name], str(self.folder)))
        node = self.makers.get(name)
        if node is not None and node.op_type == "Identity":
            return self.value(node.input[0])
        if node is not None and node.op_type == "Transpose":
            found = self.value(node.input[0])
            return None if found is None or found.ndim != 2 else found.T
        return None

    def _made(self, name: str) -> Any:
        """The node that computes a tensor, past those that only carry it."""
        node = self.makers.get(name)
        while node is not None and node.op_type in _CARRIES:
            node = self.makers.get(node.input[0])
        return node

    def _gemm(self, node: Any) -> Linear | None:
        given = {item.name: item.f if item.name in ("alpha", "beta") else item.i for item in node.attribute}
        weight = self.value(node.input[1])
        if weight is None or given.get("transA"):
            return None
        weight = (weight if given.get("transB") else weight.T) * given.get("alpha", 1.0)
        bias = self.value(node.input[2]) if len(node.input) > 2 and node.input[2] else np.zeros(len(weight))
        return None if bias is None else _linear(node.input[0], weight, bias * given.get("beta", 1.0))

    def _product(self, node: Any, bias: NDArray[Any] | None) -> Linear | None:
        weight = self.value(node.input[1])
        if weight is None or weight.ndim != 2:
            return None
        return _linear(node.input[0], weight.T, np.zeros(weight.shape[1]) if bias is None else bias)


def _linear(features: str, weight: NDArray[Any], bias: NDArray[Any]) -> Linear:
    whole = np.broadcast_to(bias.reshape(-1), (len(weight),))
    return Linear(str(features), Head(weight.astype(np.float32), whole.astype(np.float32)))


def pooled(values: NDArray[Any]) -> NDArray[Any]:
    """Averages over places: ``(n, c, *space)`` to ``(n, c)``; tokens ``(n, length, c)`` over their length."""
    if values.ndim == 3:
        return np.asarray(values.mean(1))
    return np.asarray(values.mean(tuple(range(2, values.ndim)))) if values.ndim > 3 else values


def load_graph(path: Path) -> Any:
    """The model in a file, without external weights."""
    try:
        import onnx
        import onnxruntime  # noqa: F401
    except ModuleNotFoundError as error:
        raise BadInput(
            f"an ONNX file needs {error.name}; install it with pip install '.[onnx]' -c constraints.txt, from a clone"
        ) from None
    if not path.is_file():
        raise BadInput(f"there is no file {path}; check the path")
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf's own type
        raise BadInput(f"{path} is not an ONNX model ({type(error).__name__}); give a .onnx file") from None
    if not model.graph.node or not model.graph.output:
        raise BadInput(f"{path} is not an ONNX model that computes anything; give a whole .onnx file")
    return model


def open_session(model: Any, wanted: Sequence[str], folder: Path, providers: Sequence[str] | None) -> Any:
    """The graph with what is wanted among its outputs."""
    import onnx
    import onnxruntime

    known = {value.name for value in model.graph.output}
    for name in wanted:
        if name not in known:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
    there = onnxruntime.get_available_providers()
    used = list(providers or [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in there])
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=used)
    except Exception as error:  # the runtime's own types
        line = str(error).split("\n")[0][:300]
        raise BadInput(f"ONNX Runtime cannot run the graph ({line}); export it for a version that it knows") from None
