"""A model's predictions on two tables, from the model itself or from columns, checked and coded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.compare.estimate import Predictions
from ecotone.contracts import BadInput, Floats, Ints
from ecotone.data import ModelOptions, Pair, Roles, tree_matrix
from ecotone.measure.scores import metric_named

from ._asked import ask
from ._class_labels import class_labels
from ._class_names import keys, named_after, numbers, numeric
from ._columns_read import columns_read, named_by_user
from ._leaks import leaking_columns
from ._onnx_model import opened

_MOST_CLASSES = 20  # whole numbers with more values than this are predicted as numbers
_SUM_TOLERANCE = 1e-3  # of probabilities that were written with three or four digits


class Outputs:
    """Target and model output of both tables, aligned with the rows of a pair; coded by :meth:`predictions`."""

    def __init__(
        self,
        pair: Pair,
        frames: tuple[pa.Table, pa.Table],
        roles: Roles,
        options: ModelOptions,
        *,
        seed: int = 0,
    ) -> None:
        target, names, features = roles.target, roles.probability, options.features
        self.pair, self.columns, self.positive = pair, names, options.positive
        self.notes: list[str] = []
        self.seed = seed
        self.tables = tuple(frame.take(pa.array(t.rows)) for frame, t in zip(frames, (pair.reference, pair.current)))
        if target is None:
            raise BadInput("target is missing; name the column that holds the labels with target=")
        if target not in self.tables[0].column_names:
            raise BadInput(f"target {target!r} is not a column of the reference; its labels are needed there")
        self.target = [t[target] if target in t.column_names else None for t in self.tables]
        options = replace(options, model=opened(options.model))
        self.model, self.named = options.model, target
        if self.model is not None:
            asked = ask(options, self.tables, pair, target)
            self.predicted, self.given = list(asked.predicted), list(asked.given)
            self.reads, self.source = asked.reads, asked.source
        else:
            if features is not None:
                named_by_user(features, None, self.tables[0].column_names, target)
            self.reads = features
            self.source = "unknown" if features is None else "features"
            self.predicted = [t[roles.prediction] if roles.prediction else None for t in self.tables]
            self.given = [self._read(t, side) for t, side in zip(self.tables, ("the reference", "current"))]
        if not (names or roles.prediction or self.model is not None):
            raise BadInput("give model, prediction or probability: one of them must say what the model predicts")
        self.regression = self._is_regression(options.metric)
        if self.regression and all(p is None for p in self.predicted):
            raise BadInput(
                f"metric {options.metric!r} measures numbers, but probability {', '.join(map(repr, names[:3]))} speaks "
                "of classes; name the column of predicted numbers with prediction=, or choose a metric of classes"
            )

    def _read(self, table: pa.Table, where: str) -> Floats | None:
        if not self.columns:
            return None
        return np.column_stack([numbers(table[name], f"probability column {name!r}", where) for name in self.columns])

    def _is_regression(self, metric: str | None) -> bool:
        if metric is not None:
            return metric_named(metric).task == "regression"
        if any(p is not None for p in self.given):
            return False
        kind = _kind(self.model)
        if kind:
            return kind == "regressor"
        assert self.target[0] is not None
        if not numeric(self.target[0].type):
            return False
        values = numbers(self.target[0], "target", "the reference")
        values = values[np.isfinite(values)]
        return bool((values != np.floor(values)).any()) or len(np.unique(values)) > _MOST_CLASSES

    # ------------------------------------------------------------------ the result
    def predictions(self) -> tuple[Predictions, Ints]:
        """Coded predictions, and the positions of the reference rows that have a label."""
        labels, classes = self._regression_labels() if self.regression else self._coded()
        leaks = leaking_columns(self.pair, (labels[0], labels[1]), len(classes), self.seed)
        self.read = columns_read(self.pair, self.reads, self.source, leaks)
        self.notes += self.read.notes(self.named)
        matrices = [tree_matrix(t.select(self.read.used)) for t in (self.pair.reference, self.pair.current)]
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
            values = None if column is None else numbers(column, "target", where)
            if values is not None and np.isinf(values).any():
                raise BadInput(f"target of {where} is infinite at row {self._row(where, np.isinf(values))}; remove it")
            found.append(values)
        return found, []

    def _coded(self) -> tuple[list[Any], list[str]]:
        own = getattr(self.model, "classes_", None) if self.model is not None else None
        labels, classes, notes = class_labels(self.target, self.predicted, own)
        self.notes += notes
        return labels, classes

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
        matched = [named_after(column, classes) for column in self.columns]
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
                values = numbers(said, "prediction", where)
                if not np.isfinite(values).all():
                    raise BadInput(f"prediction of {where} is missing or infinite at row "
                                   f"{self._row(where, ~np.isfinite(values))}; give one for every row")  # fmt: skip
                found.append(values)
            else:
                at = {k: i for i, k in enumerate(classes)}
                codes = np.array([at.get(k, -1) for k in keys(said)], np.int64)
                if (codes < 0).any():
                    raise BadInput(f"prediction of {where} is missing at row {self._row(where, codes < 0)}; give one "
                                   "for every row")  # fmt: skip
                found.append(codes)
        return found

    def _row(self, where: str, bad: Any) -> int:
        table = self.pair.reference if where == "the reference" else self.pair.current
        return int(table.rows[int(np.argmax(bad))])


def _kind(model: Any) -> str:
    """What an estimator says of itself; nothing of objects that are none of scikit-learn's kind."""
    from sklearn.base import is_classifier, is_regressor

    if hasattr(model, "classes_"):
        return "classifier"
    try:
        return "classifier" if is_classifier(model) else "regressor" if is_regressor(model) else ""
    except (AttributeError, TypeError):
        return ""
