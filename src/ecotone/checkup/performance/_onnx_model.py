"""An ONNX file in the place of a fitted model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Floats, Predictor
from ecotone.data.activations._onnx_graph import Graph, load_graph, open_session

_SUM = 1e-3


class OnnxModel:
    """A graph of tables as an object with ``predict`` and, for classes, ``predict_proba`` and ``classes_``.

    A graph with an input for each column (as converters of pipelines make them) gets each column by its name; one
    with a single input gets a matrix. A label is an output of whole numbers, words or truth values; probabilities are
    a matrix, or a map from each class. A matrix alone is of classes: its rows, if they do not sum to one, are logits.
    A single number a row is a regression.

    Parameters
    ----------
    path : path

    Raises
    ------
    BadInput
        For a file that is no graph, or outputs of another kind.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        model = load_graph(self.path)
        from onnx import TensorProto

        self._inputs = [(v.name, v.type.tensor_type) for v in Graph(model, self.path.parent).inputs]
        outputs = list(model.graph.output)
        self._session = open_session(model, [v.name for v in outputs], self.path.parent, ["CPUExecutionProvider"])
        floats = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
        scores = [v for v in outputs if v.type.HasField("sequence_type") or v.type.tensor_type.elem_type in floats]
        labels = [v.name for v in outputs if v not in scores]
        self._label, self._score = (labels or [None])[0], (scores[0].name if scores else None)
        if len(self._inputs) > 1:
            self.feature_names_in_ = np.array([name for name, _ in self._inputs], dtype=object)
        elif width := self._width(self._inputs[0][1]):
            self.n_features_in_ = width
        sides = [] if not scores else scores[0].type.tensor_type.shape.dim
        several = bool(scores) and (scores[0].type.HasField("sequence_type") or (len(sides) > 1 and self._wide(sides)))
        if self._label is not None or several:
            self.classes_ = self._classes(model, sides)
            if several:
                self.predict_proba = self._probabilities

    @staticmethod
    def _width(kind: Any) -> int:
        sides = kind.shape.dim
        return int(sides[1].dim_value) if len(sides) > 1 else 0

    @staticmethod
    def _wide(sides: Any) -> bool:
        return int(sides[1].dim_value) != 1

    def predict(self, rows: Any) -> NDArray[Any]:
        """(n,) classes or numbers."""
        if self._label is not None:
            return np.asarray(self._run(rows, self._label)).reshape(len(rows), -1)[:, 0]
        if hasattr(self, "classes_"):
            return np.asarray(self.classes_[self._probabilities(rows).argmax(axis=1)])
        return np.asarray(self._run(rows, self._score), dtype=np.float64).reshape(len(rows), -1)[:, 0]

    def _probabilities(self, rows: Any) -> Floats:
        found = self._run(rows, self._score)
        if isinstance(found, list):  # a map for each row
            found = [[row[c] for c in self.classes_.tolist()] for row in found]
        p = np.asarray(found, dtype=np.float64)
        if self._label is None and (np.abs(p.sum(axis=1) - 1) > _SUM).any():
            p = np.exp(p - p.max(axis=1, keepdims=True))
        return np.asarray(p / p.sum(axis=1, keepdims=True))

    def _run(self, rows: Any, output: str | None) -> Any:
        from onnx import helper

        fed = {}
        for name, kind in self._inputs:
            values = np.asarray(rows[name])[:, None] if len(self._inputs) > 1 else np.asarray(rows)
            wanted = np.dtype(helper.tensor_dtype_to_np_dtype(kind.elem_type))
            fed[name] = _words(values) if wanted.kind == "O" else values.astype(wanted)
        return self._session.run([output], fed)[0]

    def _classes(self, model: Any, sides: Any) -> NDArray[Any]:
        """As a classifier's node lists them, else numbered."""
        for node in model.graph.node:
            for item in node.attribute:
                if item.name.startswith("classlabels") and (item.ints or item.strings):
                    return np.array(list(item.ints) or [s.decode() for s in item.strings], dtype=object)
        known = len(sides) > 1 and sides[1].dim_value
        if not known:
            raise BadInput(
                f"model: {self.path} does not say how many classes it has; give its probabilities as columns with "
                "probability="
            )
        return np.arange(int(sides[1].dim_value)).astype(object)


def _words(values: NDArray[Any]) -> NDArray[Any]:
    """Text for a graph, empty where it is missing."""
    said = ["" if v is None or v != v else str(v) for v in values.ravel().tolist()]
    return np.array(said, dtype=object).reshape(values.shape)


def opened(model: Predictor | str | Path | None) -> Predictor | None:
    """A model given by the path of an ONNX file, opened; any other object as it is.

    Raises
    ------
    BadInput
        For a path of another kind: a pickle is opened by its owner alone.
    """
    if not isinstance(model, str | Path):
        return model
    path = Path(model)
    if path.suffix != ".onnx":
        raise BadInput(f"model {str(path)!r} is a path; give the model itself, or the path of an .onnx file")
    if not path.is_file():
        raise BadInput(f"model {path} is not a file that is there")
    return OnnxModel(path)
