"""What ``/score`` answers with: a table model, a density or a detector, opened when the service starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.contracts import BadInput, Floats
from ecotone.data import StreamColumns, read_table
from ecotone.decide.conformal import Calibrated, conformal_pvalues

from ._table_scale import TableScale

Score = Callable[[pa.Table], Floats]


@dataclass(frozen=True)
class Scorer:
    """A score of rows with the sorted scores of calibration rows.

    Parameters
    ----------
    what : str
        For the list of scorers.
    columns : tuple of str
        That it reads.
    score : callable
        Higher is more typical, ``(n,)`` of a table with those columns.
    calibration : (m,) float64
        Scores of rows that it was not fitted on.
    """

    what: str
    columns: tuple[str, ...]
    score: Score
    calibration: Floats

    def of(self, table: pa.Table) -> tuple[Floats, Floats]:
        """Scores and p-values of a table's rows.

        Raises
        ------
        BadInput
            For a column that is not there.
        """
        for name in self.columns:
            if name not in table.column_names:
                raise BadInput(
                    f"column {name!r} is not in the table, and the score reads it; send it (null if missing)"
                )
        scores = np.asarray(self.score(table.select(list(self.columns))), np.float64)
        return scores, conformal_pvalues(scores, self.calibration)


def open_scorer(path: str, reference: Any, calibration: Any, seed: int = 0) -> Scorer:
    """A scorer from the file of a model, or from a detector's name and a reference.

    Parameters
    ----------
    path : str
        What ``ecotone fit`` or a density's ``save`` wrote; or ``detector:NAME`` of ``ecotone.detect.anomaly``.
    reference : table, path or profile
        For a detector: half of its rows fit it, the others calibrate it.
    calibration : table, path or None
        For a density: rows that it was not fitted on.

    Raises
    ------
    BadInput
        With the remedy, for anything that cannot be used.
    """
    kind, colon, name = path.partition(":")
    if colon and kind == "detector":
        return _detector(name, reference, seed)
    return _learned(path, calibration)


def _detector(name: str, reference: Any, seed: int) -> Scorer:
    from ecotone.detect import anomaly

    known = [n for n in dir(anomaly) if n[:1].isupper()]
    if name not in known:
        raise BadInput(f"there is no detector {name!r}; name one of {', '.join(sorted(known))}")
    if reference is None:
        raise BadInput(f"detector:{name} needs rows to learn from; give --reference")
    frame = read_table(reference)
    if frame.n < 40:
        raise BadInput(f"the reference has {frame.n} rows and a detector needs 40; give more")
    order = np.random.default_rng((seed, 23)).permutation(frame.n)
    half = frame.n // 2
    fit, held = (frame.arrow.take(pa.array(np.sort(part))) for part in (order[:half], order[half:]))
    kinds = StreamColumns.of(read_table(fit))
    scale = TableScale.of(kinds, fit)
    fitted = getattr(anomaly, name)().fit(scale(fit))
    judge = Calibrated(fitted).calibrate(scale(held))
    columns = tuple(dict.fromkeys(c.source for c in kinds.columns))
    return Scorer(
        f"detector {name}", columns, lambda table: np.asarray(fitted.score_samples(scale(table))), judge.scores_
    )


def _learned(path: str, calibration: Any) -> Scorer:
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        raise BadInput(f"{path} needs torch; install it with pip install '.[torch]', from a clone") from None
    from ecotone.learn import TableModel, load

    model = load(path)
    if isinstance(model, TableModel):
        if not len(model.calibration_):
            raise BadInput(f"{path} keeps no rows for p-values; fit it with calibration > 0")
        return Scorer("table model", tuple(model.columns_), model.log_prob, np.sort(model.calibration_))
    if not hasattr(model, "score_samples"):
        raise BadInput(f"{path} holds a {type(model).__name__}, which has no density; give a model that has one")
    if calibration is None:
        raise BadInput(f"{path} keeps no rows for p-values; give --calibration with rows that it was not fitted on")
    rows = read_table(calibration, name="--calibration").arrow
    names = tuple(rows.column_names)

    def score(table: pa.Table) -> Floats:
        return np.asarray(model.score_samples(_matrix(table.select(list(names)))), np.float64)

    return Scorer(type(model).__name__, names, score, np.sort(score(rows)))


def _matrix(table: pa.Table) -> Floats:
    made = np.empty((table.num_rows, table.num_columns))
    for j, name in enumerate(table.column_names):
        try:
            made[:, j] = table[name].cast(pa.float64()).to_numpy()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise BadInput(
                f"column {name!r} holds {table[name].type}, and a density reads numbers; send numbers"
            ) from None
        if not np.isfinite(made[:, j]).all():
            raise BadInput(
                f"column {name!r} has a missing or infinite value, which the density cannot read; leave the row out"
            )
    return made
