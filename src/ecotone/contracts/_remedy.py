"""What a check tells a method that could be a remedy, and what the method expects of itself there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Expectation:
    """What acting on a finding by a method is expected to bring, as the method itself has it.

    Parameters
    ----------
    words : str
        One sentence.
    weight : float or None
        Larger is told first: 3 and up, the metric's loss, by the share that comes back; 2, keeps the model from rows
        that it cannot judge; 1, knowledge only. None leaves that to the finding.
    numbers : mapping
        JSON-ready, by name, beside those of the finding.
    """

    words: str
    weight: float | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class InputsMoved:
    """``covariate``: of a metric's ``loss``, ``at_most`` is there because the inputs moved.

    ``effective`` is the share of the ``reference_rows`` that weighted ones are worth; None where it is not known.
    """

    metric: str
    loss: float
    at_most: float
    effective: float | None
    reference_rows: int


@dataclass(frozen=True)
class Retrained:
    """What a model trained on the labelled current rows gained, by cross-validation on ``labels`` of them."""

    gain: float
    interval: tuple[float, float]
    labels: int
    trained_on: int
    unknown: str | None


@dataclass(frozen=True)
class AnswersChanged:
    """``concept``: of a metric's ``loss``, ``lost`` is there because the answer to the same inputs changed."""

    metric: str
    loss: float
    lost: float
    retrained: Retrained | None


@dataclass(frozen=True)
class LabelsMissing:
    """``unknown``: ``rows`` labels that give ``of`` to ``half_width`` at ``level``."""

    of: str
    rows: int
    half_width: float
    level: float


@dataclass(frozen=True)
class ModelUnsure:
    """``unsure``: the least sure ``share`` (``rows`` of them), and the accuracy with and without them."""

    share: float
    rows: int
    accuracy: float
    accuracy_of_the_rest: float
    by: str
    loss: float


@dataclass(frozen=True)
class Miscalibrated:
    """``miscalibration``: the mean gap of probability and frequency, and after calibration where rows suffice."""

    error: float
    after: float | None


@dataclass(frozen=True)
class ClassesMoved:
    """``label``: log loss and accuracy before and after the probabilities are corrected, where they are known.

    By the labels of ``rows`` current rows, or of reference rows weighted to the new shares (``rows`` None).
    """

    log_loss: tuple[float, float] | None
    accuracy: tuple[float, float] | None
    rows: int | None


@dataclass(frozen=True)
class RowsOutside:
    """``outliers``: how many of how many rows are named, at which false discovery rate."""

    named: int
    total: int
    fdr: float


Case: TypeAlias = (
    InputsMoved | AnswersChanged | LabelsMissing | ModelUnsure | Miscalibrated | ClassesMoved | RowsOutside
)


def part_of_loss(amount: float, loss: float) -> float:
    """Share of a loss that an amount of the metric makes up, at most all of it; 0 where nothing was lost."""
    return min(1.0, max(0.0, amount / loss)) if loss > 0 else 0.0


def share_in_words(value: float) -> str:
    """A share in words that never rounds to none or all."""
    if value <= 0:
        return "none"
    if value >= 1:
        return "all"
    return "under 0.1%" if value < 0.001 else "over 99.9%" if value > 0.999 else f"{value:.1%}"


def accuracy_in_words(value: float) -> str:
    """An accuracy in words that never promises all."""
    return share_in_words(min(max(value, 1e-6), 1 - 1e-6))
