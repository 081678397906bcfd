"""More about a model: the columns that it reads, and what could be done about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecotone.checkup.as_json import OPTIONAL

from ._class_facts import Calibration, ClassShares
from ._columns_read import ColumnsRead
from ._model_actions import Deferral, Retraining, RowsToLabel


@dataclass(frozen=True)
class Details:
    """Of any model.

    Parameters
    ----------
    effective : float or None
        Share of the reference that its rows are worth when weighted to look like the current ones.
    classes : tuple of str
        None of a regression.
    positive : str or None
        Of two classes.
    columns : ColumnsRead
    defer : Deferral
        Where there are probabilities.
    label_rows : RowsToLabel
        Where rows without labels are left.
    retrain : Retraining
        Where the metric became worse and there are labels to train on.
    """

    effective: float | None
    classes: tuple[str, ...]
    positive: str | None
    columns: ColumnsRead
    defer: Deferral | None = field(default=None, metadata=OPTIONAL)
    label_rows: RowsToLabel | None = field(default=None, metadata=OPTIONAL)
    retrain: Retraining | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True)
class ClassDetails(Details):
    """Of a classifier: how far its probabilities are off, and what shares its classes have in both tables."""

    calibration: Calibration | None = field(default=None, metadata=OPTIONAL)
    label_shift: ClassShares | None = None
