"""A model that is asked for its output on every row that comes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from ecotone.checkup.performance import opened, predict_with
from ecotone.contracts import BadInput, Predictor
from ecotone.data import ModelOptions, Roles

#: A fitted model, or the path of an ONNX file.
Asked = Predictor | str | Path
#: What its output is called among the columns; of a class's probability, "probability: CLASS".
PREDICTION, PROBABILITY = "prediction", "probability: "


@dataclass(frozen=True)
class Scorer:
    """Adds a model's output to tables, as columns.

    Parameters
    ----------
    model : object with ``predict``
    digest : str
        What a monitor knows the model by.
    apart : frozenset of str
        Columns that it does not read.
    """

    model: Predictor
    digest: str
    apart: frozenset[str] = frozenset()

    @classmethod
    def of(cls, model: Asked, roles: Roles) -> Scorer:
        """Of a model, or of the path of an ONNX file; ``roles`` are those of the other columns.

        Raises
        ------
        BadInput
            A file that is no model.
        """
        import joblib

        made = opened(model)
        if made is None:
            raise BadInput("model is None; give an object with predict(), or the path of an ONNX file")
        known = Path(model).read_bytes() if isinstance(model, str | Path) else model
        return cls(made, str(joblib.hash(known)), frozenset(n for n in (roles.target, roles.entity, roles.time) if n))

    def __call__(self, table: pa.Table) -> pa.Table:
        """The table with the model's output beside its columns.

        Raises
        ------
        BadInput
            The model wants other columns, raises, or its output's name is taken.
        """
        features = [n for n in table.column_names if n not in self.apart]
        if any(n == PREDICTION or n.startswith(PROBABILITY) for n in features):
            raise BadInput(f"model: the rows have a column {PREDICTION!r} or {PROBABILITY!r}… already; rename it")
        if not table.num_rows:
            return table
        said, given = predict_with(ModelOptions(self.model), table.select(features), features, "the rows")
        table = table.append_column(PREDICTION, pa.array(said))
        if given is not None:
            for name, column in zip(self.classes(given.shape[1]), given.T):
                table = table.append_column(PROBABILITY + name, pa.array(np.ascontiguousarray(column)))
        return table

    def classes(self, count: int) -> tuple[str, ...]:
        """Names of the classes whose probabilities it gives."""
        named = getattr(self.model, "classes_", None)
        return tuple(map(str, range(count) if named is None else named))

    def roles(self, roles: Roles, table: pa.Table) -> Roles:
        """Roles, with those of the columns that it has added to a table.

        Raises
        ------
        BadInput
            A role that its own output takes.
        """
        for role, name in (("prediction", roles.prediction), ("probability", ", ".join(roles.probability))):
            if name:
                raise BadInput(f"{role} {name}: the model says what it predicts; give one or the other")
        probability = tuple(n for n in table.column_names if n.startswith(PROBABILITY))
        return replace(roles, prediction=PREDICTION, probability=probability)
