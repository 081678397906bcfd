"""A model's predictions on two tables, from the model itself or from columns, checked and coded."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ecotone.compare.estimate import Predictions
from ecotone.contracts import BadInput, Floats, Ints
from ecotone.data import Pair
from ecotone.data._table import tree_matrix
from ecotone.measure.scores import metric_named

_MOST_CLASSES = 20  # whole numbers with more values than this are predicted as numbers
_SUM_TOLERANCE = 1e-3


def predict_with(
    model: Any, table: pa.Table, feature_names: Sequence[str], where: str = "the table"
) -> tuple[NDArray[Any], Floats | None]:
    """A model's predictions on the rows of a table, and its probabilities if it has any.

    The model gets the columns that it was fitted on (``feature_names_in_``), else ``feature_names``: as a data frame
    where it knows its columns by name, else as a matrix.

    Parameters
    ----------
    model : object with ``predict`` and perhaps ``predict_proba``
    table : pyarrow.Table
    feature_names : sequence of str
        Columns in the model's order, for one that does not name its own.
    where : str
        What messages call the table.

    Returns
    -------
    (n,) array, (n, k) float64 or None

    Raises
    ------
    BadInput
        For columns that the table lacks, a model that raises, or output of the wrong shape.
    """
    if not callable(getattr(model, "predict", None)):
        raise BadInput(f"model of type {type(model).__name__} has no predict(); give an object with predict()")
    own = getattr(model, "feature_names_in_", None)
    names = [str(name) for name in (feature_names if own is None else own)]
    missing = [name for name in names if name not in table.column_names]
    if missing:
        listed = ", ".join(map(repr, missing[:5])) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise BadInput(f"model: it was fitted on {listed}, which {where} lacks; give a table that has every column")
    rows = _rows_for(table.select(names), by_name=own is not None)
    predicted = np.asarray(_call(model.predict, rows, where))
    if predicted.ndim == 2 and predicted.shape[1] == 1:
        predicted = predicted[:, 0]
    if predicted.shape != (table.num_rows,):
        raise BadInput(
            f"model: predict() gave shape {predicted.shape} for {table.num_rows} rows of {where}; give one number "
            "or class per row"
        )
    if not callable(getattr(model, "predict_proba", None)):
        return predicted, None
    probability = np.asarray(_call(model.predict_proba, rows, where), dtype=np.float64)
    if probability.ndim != 2 or len(probability) != table.num_rows:
        raise BadInput(f"model: predict_proba() gave shape {probability.shape} for {table.num_rows} rows of {where}")
    return predicted, probability


def _call(function: Any, rows: Any, where: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(rows)
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())[:300] or "no message"
        raise BadInput(f"model: it failed on {where} with {type(error).__name__}: {said}") from None


def _rows_for(table: pa.Table, by_name: bool) -> Any:
    """What a model is given: a data frame for names, else numbers, else objects."""
    if by_name:
        for library in ("pandas", "polars"):
            try:
                module = __import__(library)
            except ImportError:
                continue
            return table.to_pandas() if library == "pandas" else module.from_arrow(table)
    columns = [column.to_numpy() for column in table.columns]
    if all(c.dtype.kind in "iufb" for c in columns):
        return np.column_stack(columns).astype(np.float64)
    return np.column_stack([c.astype(object) for c in columns]) if columns else np.empty((table.num_rows, 0))


# ---------------------------------------------------------------------------------------------------- keys of classes
def _key(value: Any) -> str | None:
    """One name for equal labels: 1, 1.0 and True are one class."""
    if value is None or (isinstance(value, (float, np.floating)) and math.isnan(value)):
        return None
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _keys(values: Any) -> NDArray[np.object_]:
    """Names of classes, None where missing."""
    if isinstance(values, (pa.ChunkedArray, pa.Array)):
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        coded = (values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values).dictionary_encode()
        names = np.array([_key(v) for v in coded.dictionary.to_pylist()] + [None], dtype=object)
        return np.asarray(names[coded.indices.fill_null(len(names) - 1).to_numpy(zero_copy_only=False)])
    found, place = np.unique(np.asarray(values), return_inverse=True)
    return np.asarray(np.array([_key(v) for v in found.tolist()], dtype=object)[place])


def _numeric(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _numbers(values: Any, name: str, where: str) -> Floats:
    if isinstance(values, (pa.ChunkedArray, pa.Array)):
        if not (_numeric(values.type) or pa.types.is_boolean(values.type) or pa.types.is_null(values.type)):
            raise BadInput(f"{name} of {where} holds {values.type}, not numbers; a regression needs numbers")
        values = values.cast(pa.float64(), safe=False).to_numpy()
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadInput(f"{name} of {where} does not hold numbers; a regression needs numbers") from None


# ---------------------------------------------------------------------------------------------------- both tables
class Outputs:
    """Target and model output of both tables, aligned with the rows of a pair; coded by :meth:`predictions`."""

    def __init__(
        self,
        pair: Pair,
        frames: tuple[pa.Table, pa.Table],
        *,
        model: Any = None,
        prediction: str | None = None,
        probability: str | Sequence[str] | None = None,
        target: str | None = None,
        metric: str | None = None,
        positive: str | None = None,
    ) -> None:
        names = (probability,) if isinstance(probability, str) else tuple(probability or ())
        self.pair, self.columns, self.positive = pair, names, positive
        self.notes: list[str] = []
        self.tables = tuple(frame.take(pa.array(t.rows)) for frame, t in zip(frames, (pair.reference, pair.current)))
        if target is None:
            raise BadInput("target is missing; name the column that holds the labels with target=")
        if target not in self.tables[0].column_names:
            raise BadInput(f"target {target!r} is not a column of the reference; its labels are needed there")
        self.target = [t[target] if target in t.column_names else None for t in self.tables]
        self.model = model
        if model is not None:
            self._ask(model, target)
        else:
            self.predicted = [t[prediction] if prediction else None for t in self.tables]
            self.given = [self._read(t, side) for t, side in zip(self.tables, ("the reference", "current"))]
        if not (names or prediction or model is not None):
            raise BadInput("give model, prediction or probability: one of them must say what the model predicts")
        self.regression = self._is_regression(metric)
        if self.regression and all(p is None for p in self.predicted):
            raise BadInput(
                f"metric {metric!r} measures numbers, but probability {', '.join(map(repr, names[:3]))} speaks of "
                "classes; name the column of predicted numbers with prediction=, or choose a metric of classes"
            )

    def _ask(self, model: Any, target: str) -> None:
        roles = {c.name for sides in self.pair.roles.values() for c in sides if c is not None}
        names = [n for n in self.tables[0].column_names if n != target]
        wanted = getattr(model, "n_features_in_", None)
        if wanted is not None and wanted != len(names):
            names = [n for n in names if n not in roles]
            if wanted != len(names) and getattr(model, "feature_names_in_", None) is None:
                raise BadInput(
                    f"model: it was fitted on {wanted} columns without names and the tables have {len(names)}"
                )
        found = [predict_with(model, t, names, w) for t, w in zip(self.tables, ("the reference", "current"))]
        self.predicted = [p for p, _ in found]
        self.given = [p for _, p in found]

    def _read(self, table: pa.Table, where: str) -> Floats | None:
        if not self.columns:
            return None
        return np.column_stack([_numbers(table[name], f"probability column {name!r}", where) for name in self.columns])

    def _is_regression(self, metric: str | None) -> bool:
        if metric is not None:
            return metric_named(metric).task == "regression"
        if any(p is not None for p in self.given):
            return False
        if self.model is not None:
            from sklearn.base import is_classifier, is_regressor

            if hasattr(self.model, "classes_") or is_classifier(self.model):
                return False
            if is_regressor(self.model):
                return True
        assert self.target[0] is not None
        if not _numeric(self.target[0].type):
            return False
        values = _numbers(self.target[0], "target", "the reference")
        values = values[np.isfinite(values)]
        return bool((values != np.floor(values)).any()) or len(np.unique(values)) > _MOST_CLASSES

    # ------------------------------------------------------------------ the result
    def predictions(self) -> tuple[Predictions, Ints]:
        """Coded predictions, and the positions of the reference rows that have a label."""
        matrices = [tree_matrix(t) for t in (self.pair.reference, self.pair.current)]
        labels, classes = self._regression_labels() if self.regression else self._class_labels()
        missing = np.isnan(labels[0]) if self.regression else labels[0] < 0
        keep = np.flatnonzero(~missing)
        if len(keep) == 0:
            raise BadInput("target is missing in every row of the reference; labels are needed there")
        if len(keep) < len(missing):
            self.notes.append(f"{int(missing.sum())} reference rows without a label were left out")
        proba = self._probabilities(classes) if not self.regression else [None, None]
        predicted = self._predicted(classes, proba)
        units = self.pair.units
        now = labels[1]
        return Predictions(
            matrices[0][0][keep],
            matrices[1][0],
            labels[0][keep],
            predicted[0][keep],
            predicted[1],
            None if proba[0] is None else proba[0][keep],
            proba[1],
            y_current=now,
            classes=tuple(classes),
            categorical=matrices[0][1],
            positive=self._positive(classes),
            units=None if units is None else (units[0][keep], units[1]),
        ), keep

    def _regression_labels(self) -> tuple[list[Any], list[str]]:
        found: list[Any] = []
        for column, where in zip(self.target, ("the reference", "current")):
            values = None if column is None else _numbers(column, "target", where)
            if values is not None and np.isinf(values).any():
                raise BadInput(f"target of {where} is infinite at row {self._row(where, np.isinf(values))}; remove it")
            found.append(values)
        return found, []

    def _class_labels(self) -> tuple[list[Any], list[str]]:
        keys = [None if c is None else _keys(c) for c in self.target]
        own = getattr(self.model, "classes_", None) if self.model is not None else None
        said = [_keys(p) for p in self.predicted if p is not None]
        names = {k for group in (*keys, *said) if group is not None for k in set(group.tolist())} - {None}
        order = [] if own is None else [str(_key(c)) for c in np.asarray(own).tolist()]
        classes = order + sorted((k for k in names if k not in order), key=_natural)
        if len(classes) < 2:
            classes = [*classes, "0" if classes != ["0"] else "1"]
            classes.sort(key=_natural)
        where = {k: i for i, k in enumerate(classes)}
        return [None if k is None else np.array([where.get(v, -1) for v in k], np.int64) for k in keys], classes

    def _positive(self, classes: list[str]) -> int:
        if self.positive is None:
            return len(classes) - 1 if len(classes) == 2 else 0
        wanted = {"true": "1", "false": "0"}.get(str(self.positive).lower(), str(self.positive))
        for name in (str(self.positive), wanted):
            if name in classes:
                return classes.index(name)
        raise BadInput(f"positive {self.positive!r} is not a class of the target; it has {', '.join(classes[:8])}")

    def _probabilities(self, classes: list[str]) -> list[Any]:
        if self.given[0] is None:
            return [None, None]
        found = []
        for p, where in zip(self.given, ("the reference", "current")):
            assert p is not None
            name = f"probability {', '.join(self.columns[:3])}" if self.columns else "model: predict_proba()"
            bad = ~np.isfinite(p).all(axis=1) | (p < -1e-9).any(axis=1) | (p > 1 + 1e-6).any(axis=1)
            if bad.any():
                i = int(np.argmax(bad))
                raise BadInput(f"{name} is {p[i].tolist()} at row {self._row(where, bad)} of {where}; give [0, 1]")
            off = np.abs(p.sum(axis=1) - 1) > _SUM_TOLERANCE
            if p.shape[1] > 1 and off.any():
                raise BadInput(
                    f"{name} sums to {p.sum(axis=1)[np.argmax(off)]:.4g} at row {self._row(where, off)} of {where}; "
                    "probabilities must sum to one"
                )
            found.append(self._by_class(p, classes))
        return found

    def _by_class(self, p: Floats, classes: list[str]) -> Floats:
        """Columns in the order of the classes."""
        if p.shape[1] == 1:
            if len(classes) != 2:
                raise BadInput(
                    f"probability {self.columns[0]!r} is one column for {len(classes)} classes; give one each"
                )
            yes = self._positive(classes)
            return np.hstack([1 - p, p] if yes == 1 else [p, 1 - p])
        place = self._places(p.shape[1], classes)
        full = np.zeros((len(p), len(classes)))
        full[:, place] = p
        return np.asarray(full / full.sum(axis=1, keepdims=True))

    def _places(self, width: int, classes: list[str]) -> list[int]:
        if self.model is not None:
            own = getattr(self.model, "classes_", None)
            if own is None and width > len(classes):
                raise BadInput(f"model: predict_proba() has {width} columns for the {len(classes)} classes there are")
            return list(range(width))
        matched = [_named_after(column, classes) for column in self.columns]
        if None not in matched and len(set(matched)) == width:
            return [int(m) for m in matched if m is not None]
        if width != len(classes):
            raise BadInput(
                f"probability has {width} columns for {len(classes)} classes ({', '.join(classes[:6])}); name each "
                "after its class"
            )
        self.notes.append(f"probability columns are taken in the order of the classes: {', '.join(classes)}")
        return list(range(width))

    def _predicted(self, classes: list[str], proba: list[Any]) -> list[Any]:
        found: list[Any] = []
        for said, p, where in zip(self.predicted, proba, ("the reference", "current")):
            if said is None:
                found.append(p.argmax(axis=1))
            elif self.regression:
                values = _numbers(said, "prediction", where)
                if not np.isfinite(values).all():
                    raise BadInput(f"prediction of {where} is missing or infinite at row "
                                   f"{self._row(where, ~np.isfinite(values))}; give one for every row")  # fmt: skip
                found.append(values)
            else:
                at = {k: i for i, k in enumerate(classes)}
                codes = np.array([at.get(k, -1) for k in _keys(said)], np.int64)
                if (codes < 0).any():
                    raise BadInput(f"prediction of {where} is missing at row {self._row(where, codes < 0)}; give one "
                                   "for every row")  # fmt: skip
                found.append(codes)
        return found

    def _row(self, where: str, bad: Any) -> int:
        table = self.pair.reference if where == "the reference" else self.pair.current
        return int(table.rows[int(np.argmax(bad))])


def _natural(name: str) -> tuple[int, float, str]:
    try:
        return (0, float(name), name)
    except ValueError:
        return (1, 0.0, name)


def _named_after(column: str, classes: list[str]) -> int | None:
    for i, name in sorted(enumerate(classes), key=lambda pair: -len(pair[1])):
        if column == name or column.endswith((f"_{name}", f"-{name}", f"={name}", f" {name}", f"[{name}]", f".{name}")):
            return i
    return None
