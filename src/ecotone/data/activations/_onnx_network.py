"""An ONNX file as a network whose tensors can be read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import Activations, BadInput

from ._arrow_rows import columns_by_name, is_arrow, matrix
from ._onnx_graph import Graph, load_graph, open_session, pooled

PENULTIMATE = "penultimate"


class OnnxNetwork:
    """An ONNX file run by ONNX Runtime, and what to read of it.

    Features are what enters the last linear layer, the ``Gemm`` or ``MatMul`` (with ``Add``) that makes the logits;
    its weights are the head. Where the graph ends in a softmax, the logits are what enters that.

    Parameters
    ----------
    path : path
        The file, with its external data, if any, beside it.
    layers : sequence of str
        Tensors, or nodes, whose values to keep; averaged over places as :class:`TorchNetwork` does.
    head : str, optional
        The tensor of the logits, or the node that makes them, where the graph's output is not theirs.
    preprocess : callable, optional
        A block of inputs to the array that enters the graph, or to a mapping of arrays by name of input; by default
        bytes that enter as floats are divided by 255.
    output : str, optional
        Of several outputs, the one of the logits; by default ``"logits"``, or the first.
    providers : sequence of str, optional
        ONNX Runtime's words; by default CUDA where it is there, and the CPU.

    Raises
    ------
    BadInput
        For a file that is no ONNX model, or a layer that its graph does not have.

    Notes
    -----
    Graphs exported for a fixed number of rows are run in blocks of that many.

    Examples
    --------
    >>> import tempfile
    >>> import onnx
    >>> from onnx import TensorProto, helper, numpy_helper
    >>> nodes = [
    ...     helper.make_node("Relu", ["x"], ["hidden"]),
    ...     helper.make_node("Gemm", ["hidden", "w", "b"], ["z"], transB=1),
    ... ]
    >>> x, z = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", d]) for n, d in (("x", 3), ("z", 2)))
    >>> w, b = np.ones((2, 3), np.float32), np.zeros(2, np.float32)
    >>> weights = [numpy_helper.from_array(w, "w"), numpy_helper.from_array(b, "b")]
    >>> graph = helper.make_graph(nodes, "small", [x], [z], weights)
    >>> model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     onnx.save(model, f"{folder}/small.onnx")
    ...     acts = OnnxNetwork(f"{folder}/small.onnx", layers=["hidden"])(np.ones((5, 3), np.float32))
    >>> acts.features.shape, acts.logits.shape, list(acts.layers)
    ((5, 3), (5, 2), ['hidden'])
    """

    differentiable = False

    def __init__(
        self,
        path: str | Path,
        layers: Sequence[str] = (),
        head: str | None = None,
        preprocess: Any = None,
        *,
        output: str | None = None,
        providers: Sequence[str] | None = None,
    ) -> None:
        self.path = Path(path)
        self.layers = tuple(name for name in layers if name != PENULTIMATE)
        self.head, self.preprocess = head, preprocess
        model = load_graph(self.path)
        self._graph = Graph(model, self.path.parent)
        self._logits = self._graph.logits(output) if head is None else self._graph.tensor(head)
        self._linear = self._graph.linear(self._logits)
        if head is not None and self._linear is None:
            raise BadInput(f"head {head!r} is not made by a Gemm or MatMul with weights of its own; name one that is")
        self._tensors = [self._graph.tensor(name) for name in self.layers]
        self._wanted = list(dict.fromkeys([self._logits, *self._tensors, *self._entering()]))
        self._session = open_session(model, self._wanted, self.path.parent, providers)
        self._inputs = {value.name: value.type.tensor_type for value in self._graph.inputs}

    def __call__(self, inputs: Any, *, maps: bool = False) -> Activations:
        """Run one block of inputs."""
        fed = self._fed(inputs)
        parts = [self._session.run(self._wanted, some) for some in self._pieces(fed)]
        n = len(next(iter(fed.values())))
        joined = parts[0] if len(parts) == 1 else [np.concatenate(values) for values in zip(*parts)]
        found = {name: value[:n] for name, value in zip(self._wanted, joined)}
        if found[self._logits].ndim != 2:
            raise BadInput(
                f"the graph gave {found[self._logits].shape}, not logits of shape (n, classes); name output= or head="
            )
        layers = {name: found[tensor] for name, tensor in zip(self.layers, self._tensors)}
        features = self._features(found | fed)
        return Activations.unchecked(
            features=features, logits=found[self._logits], inputs=inputs, network=self,
            head=self._linear.head if self._linear and features is not None else None,
            layers={name: value if maps else pooled(value) for name, value in layers.items()},
        )  # fmt: skip

    def settings(self) -> dict[str, Any]:
        """What decides the values beside the data, for readings that go on later."""
        made = hashlib.blake2b(digest_size=8)
        with self.path.open("rb") as file:
            while chunk := file.read(1 << 24):
                made.update(chunk)
        prepared = getattr(self.preprocess, "__qualname__", type(self.preprocess).__name__)
        return {
            "graph": made.hexdigest(), "layers": list(self.layers), "logits": self._logits,
            "preprocess": None if self.preprocess is None else prepared,
        }  # fmt: skip

    def _entering(self) -> list[str]:
        """What enters the head, where that is not an input of the graph."""
        if self._linear is None or self._linear.features not in self._graph.makers:
            return []
        return [self._linear.features]

    def _features(self, found: Mapping[str, NDArray[Any]]) -> NDArray[Any] | None:
        value = found.get(self._linear.features) if self._linear else None
        return value if value is not None and value.ndim == 2 else None

    def _fed(self, inputs: Any) -> dict[str, NDArray[Any]]:
        from onnx import helper

        x = inputs if self.preprocess is None else self.preprocess(inputs)
        if is_arrow(x) and len(self._inputs) > 1:  # a column for each input
            x = columns_by_name(x, tuple(self._inputs))
        named = x if isinstance(x, Mapping) else {next(iter(self._inputs)): x}
        if set(named) != set(self._inputs):
            raise BadInput(f"the graph's inputs are {', '.join(self._inputs)}, and {', '.join(map(str, named))} given")
        fed = {}
        for name, kind in self._inputs.items():
            wanted = np.dtype(helper.tensor_dtype_to_np_dtype(kind.elem_type))
            values = matrix(named[name]) if is_arrow(named[name]) else np.asarray(named[name])
            scale = values.dtype == np.uint8 and wanted.kind == "f" and self.preprocess is None
            fed[name] = values.astype(wanted) / wanted.type(255) if scale else values.astype(wanted)
            sides = [side.dim_value for side in kind.shape.dim]
            if kind.HasField("shape") and (
                len(sides) != values.ndim or any(a and a != b for a, b in zip(sides[1:], values.shape[1:]))
            ):
                shown = ", ".join(str(side) if side else "any" for side in sides)
                raise BadInput(f"inputs have shape {values.shape} and the graph's {name!r} is ({shown}); reshape them")
        return fed

    def _pieces(self, fed: dict[str, NDArray[Any]]) -> list[dict[str, NDArray[Any]]]:
        """Blocks of the number of rows that the graph was exported for, the last one filled up."""
        kind = next(iter(self._inputs.values()))
        fixed = kind.shape.dim[0].dim_value if kind.HasField("shape") and kind.shape.dim else 0
        if not fixed:
            return [fed]
        n = len(next(iter(fed.values())))
        rows = np.minimum(np.arange(-(-n // fixed) * fixed), n - 1).reshape(-1, fixed)
        return [{name: value[some] for name, value in fed.items()} for some in rows]
