"""Whether the loss has risen, from labels as they come."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ecotone.contracts import BadInput, Floats
from ecotone.decide.sequential import RiskDetector, RunningMeanSequence, risk_limit

from ._settings import WatchSettings
from ._status import Risk

Texts = NDArray[np.object_]
#: Probability that the reference's risk lies above its bound, where mean run lengths are promised.
LEVEL = 0.05
#: Whole numbers with more values than this are predicted as numbers.
CLASSES = 20


@dataclass
class Harm:
    """The loss of predictions, in [0, 1], against a limit that the reference sets.

    Of classes it is 1 where prediction and label differ. Of numbers it is the absolute error as a share of ``scale``,
    the reference's 99 % quantile, and at most 1; that is taken from every other reference row, the limit from the rest.

    Parameters
    ----------
    target, prediction : str
    kind : {"class", "number"}
    scale : float
    detector : RiskDetector
    sequence : RunningMeanSequence
    total : float
        Of the losses.
    """

    target: str
    prediction: str
    kind: Literal["class", "number"]
    scale: float
    detector: RiskDetector
    sequence: RunningMeanSequence
    total: float = 0.0

    @classmethod
    def of(cls, reference: pa.Table, settings: WatchSettings) -> Harm | None:
        """From the reference's labels and predictions; None where nobody asked.

        Raises
        ------
        BadInput
            The reference lacks one of the columns, or has fewer than fifty labels.
        """
        target, prediction = settings.roles.target, settings.roles.prediction
        if target is None or prediction is None:
            if settings.tolerance:
                raise BadInput("tolerance is about the loss; name target and prediction, or leave it out")
            return None
        for role, name in (("target", target), ("prediction", prediction)):
            if name not in reference.column_names:
                raise BadInput(f"{role}: the reference has no column {name!r}; its loss is needed to say what is harm")
        labels = reference[target]
        many = pa.types.is_floating(labels.type) or len(labels.unique()) > CLASSES
        both = many and all(_numeric(reference[n].type) for n in (target, prediction))
        kind: Literal["class", "number"] = "number" if both else "class"
        harm = cls(target, prediction, kind, 1.0, RiskDetector(1.0, 1.0), RunningMeanSequence())
        said, told = names(reference[prediction]), names(labels)
        known = np.array([a is not None and b is not None for a, b in zip(said, told)])
        if known.sum() < 50:
            raise BadInput(f"target: the reference has {known.sum()} rows with label and prediction; 50 are needed")
        said, told = said[known], told[known]
        if harm.kind == "number":
            harm.scale = max(float(np.quantile(harm._errors(said[::2], told[::2]), 0.99)), 1e-300)
            said, told = said[1::2], told[1::2]
        level = LEVEL if settings.arl is not None else float(settings.ever or 1) / 2
        limit = risk_limit(harm.losses(said, told), level=level, tolerance=settings.tolerance)
        threshold = settings.arl / (1 - level) if settings.arl is not None else 1 / level
        harm.detector = RiskDetector(limit, threshold, settings.arl is None)
        return harm

    def losses(self, said: Texts, told: Texts) -> Floats:
        """Losses ``(t,)`` of predictions and labels as texts."""
        if self.kind == "class":
            return np.asarray(said != told, np.float64)
        return np.asarray(np.minimum(self._errors(said, told) / self.scale, 1.0))

    def update(self, losses: Floats) -> list[int]:
        """Read losses in the order in which labels come; positions among them that alarm."""
        before = self.detector.rows
        self.sequence.update(losses)
        self.total += float(losses.sum())
        return [at - before for at in self.detector.update(losses)]

    def risk(self, waiting: int) -> Risk:
        """Where the loss stands."""
        low, high = self.sequence.interval
        n, d = self.detector.rows, self.detector
        return Risk(n, self.total / n if n else None, low, high, d.limit, d.value, d.threshold, waiting)

    def _errors(self, said: Texts, told: Texts) -> Floats:
        try:
            errors = np.abs(said.astype(np.float64) - told.astype(np.float64))
        except ValueError:
            raise BadInput(
                f"target: {self.target!r} or {self.prediction!r} holds words, where it held numbers"
            ) from None
        return np.nan_to_num(errors, nan=np.inf)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        held = asdict(self)
        held["detector"]["evidence"] = self.detector.evidence.tolist()
        return held

    @classmethod
    def of_json(cls, held: dict[str, Any]) -> Harm:
        """From what :meth:`to_json` gave."""
        detector = {**held["detector"], "evidence": np.array(held["detector"]["evidence"])}
        sequence = RunningMeanSequence(**held["sequence"])
        return cls(**{**held, "detector": RiskDetector(**detector), "sequence": sequence})


def names(values: pa.ChunkedArray) -> Texts:
    """One text for equal labels, whatever they are stored as (1, 1.0 and true are one); None where missing."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int64())
    if pa.types.is_floating(values.type):
        found = [
            None if v is None or v != v else str(int(v)) if float(v).is_integer() else repr(v)
            for v in values.to_pylist()
        ]
        return np.array([*found, None], object)[:-1]
    return np.array([*pc.cast(values, pa.string()).to_pylist(), None], object)[:-1]


def _numeric(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
