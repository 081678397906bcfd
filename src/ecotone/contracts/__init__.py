"""The few types that everything agrees on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ._activations import Activations, Network, concatenate
from ._bad_input import BadInput
from ._foreign import foreign
from ._head import Head
from ._progress import ProgressListener, progress_bar, unwatched
from ._recipe import PredictorLoss, Recipe
from ._remedy import (
    AnswersChanged,
    Case,
    ClassesMoved,
    Expectation,
    InputsMoved,
    LabelsMissing,
    Miscalibrated,
    ModelUnsure,
    Retrained,
    RowsOutside,
    accuracy_in_words,
    part_of_loss,
    share_in_words,
)
from ._write import is_stream, write_whole
from .arrays import as_numpy

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

SMALLEST_PVALUE = 1e-300  # products of a few shares of alpha with it are still floats

__all__ = [
    "SMALLEST_PVALUE", "Activations", "AnswersChanged", "BadInput", "Bools", "Case", "ClassesMoved", "Classifier",
    "Decision", "DensityEstimator", "Detector", "Estimate", "Expectation", "Explanation", "Floats", "Head",
    "InputsMoved", "Ints", "LabelsMissing", "Miscalibrated", "ModelUnsure", "Network", "Predictor", "PredictorLoss",
    "ProgressListener", "Recipe", "Retrained", "RowsOutside", "Scorer", "TestResult", "accuracy_in_words", "as_matrix",
    "as_numpy", "as_seed", "check_same_columns", "concatenate", "foreign", "is_stream", "part_of_loss", "progress_bar",
    "share_in_words", "unwatched", "write_whole",
]  # fmt: skip


@dataclass(frozen=True)
class TestResult:
    """What a test of a null hypothesis found.

    Parameters
    ----------
    statistic : float
    pvalue : float
        In (0, 1]; floored at 1e-300, with its logarithm beside it.
    method : str
        Name of the method's card.
    sizes : tuple of int
        Rows of each sample.
    effect : float or None
        Effect size, in the unit that the method's docstring names.
    interval : (float, float) or None
        Interval for ``effect``.
    log10_pvalue : float
        Given where the tail is known beyond 1e-300; otherwise derived from ``pvalue``.
    details : mapping
        JSON-ready extras.
    """

    __test__ = False  # not a pytest class

    statistic: float
    pvalue: float
    method: str
    sizes: tuple[int, ...]
    effect: float | None = None
    interval: tuple[float, float] | None = None
    log10_pvalue: float = math.nan
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.pvalue <= 1:
            raise ValueError(f"pvalue must lie in [0, 1], got {self.pvalue!r} from {self.method}")
        object.__setattr__(self, "pvalue", max(float(self.pvalue), SMALLEST_PVALUE))
        if math.isnan(self.log10_pvalue):
            object.__setattr__(self, "log10_pvalue", math.log10(self.pvalue))


@dataclass(frozen=True)
class Estimate:
    """A number with an interval, and what it rests on.

    Parameters
    ----------
    value : float
    interval : (float, float)
    method : str
    assumption : str
        What must hold for the interval to cover; always stated.
    unknown : str or None
        The reason why the number should not be acted on, if there is one.
    """

    value: float
    interval: tuple[float, float]
    method: str
    assumption: str
    level: float = 0.9
    unknown: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Explanation:
    """A total taken apart: the parts sum to the total.

    Parameters
    ----------
    total : float
    parts : mapping of str to float
        Sum to ``total`` within 1e-9 of its scale; checked.
    intervals : mapping of str to (float, float)
        For some or all of the parts.
    """

    total: float
    parts: Mapping[str, float]
    method: str
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        gap = abs(sum(self.parts.values()) - self.total)
        scale = max(1.0, abs(self.total), *(abs(v) for v in self.parts.values()))
        if not gap <= 1e-9 * scale:
            raise ValueError(f"the parts of {self.method} sum to {sum(self.parts.values())!r}, not {self.total!r}")


@dataclass(frozen=True)
class Decision:
    """An action for each row.

    Parameters
    ----------
    action : (n,) array of str, such as ``"accept"`` and ``"defer"``.
    score : (n,) array, larger means surer.
    """

    action: NDArray[np.str_]
    score: Floats
    method: str
    details: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Scorer(Protocol):
    """Anything with ``score_samples``: higher means more typical of the reference distribution."""

    def score_samples(self, X: Any) -> Floats: ...


@runtime_checkable
class Detector(Scorer, Protocol):
    """A scorer that is fitted on rows; it holds no threshold."""

    def fit(self, X: Any, y: Any = None) -> Any: ...


@runtime_checkable
class Predictor(Protocol):
    """A model of y given X: classes or numbers, and probabilities where it also has ``predict_proba``."""

    def predict(self, X: Any) -> Any: ...


@runtime_checkable
class Classifier(Predictor, Protocol):
    """A predictor of classes that is fitted on rows, and gives probabilities ``(n, classes)`` in their sorted order."""

    def fit(self, X: Any, y: Any) -> Any: ...

    def predict_proba(self, X: Any) -> Any: ...


@runtime_checkable
class DensityEstimator(Protocol):
    """A learned distribution that draws rows and says how likely a row is, given conditions where it takes any."""

    def sample(self, n: int, *, given: Any = None, seed: int | None = None) -> Any: ...

    def log_prob(self, x: Any, *, given: Any = None) -> Any: ...


def as_seed(seed: int | np.random.Generator | None, *stream: int) -> np.random.Generator:
    """A generator of its own for one stream of one seed; the same arguments give the same draws."""
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(stream)))


def as_matrix(x: Any, name: str) -> Floats:
    """A finite float64 matrix ``(n, d)``; a vector becomes one column.

    Raises
    ------
    BadInput
        For an empty, non-numeric, more than two-dimensional or non-finite ``x``; names ``name`` and the place.
    """
    try:
        a = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name} must be numeric: {error}") from None
    a = a[:, None] if a.ndim == 1 else a
    if a.ndim != 2 or 0 in a.shape:
        raise BadInput(f"{name} must be a non-empty (n, d) array, got shape {np.shape(x)}")
    if not np.isfinite(a).all():
        i, j = np.argwhere(~np.isfinite(a))[0]
        raise BadInput(f"{name} has {a[i, j]} at row {i}, column {j}; remove or impute it")
    return a


def check_same_columns(x: Sequence[Any] | Floats, y: Sequence[Any] | Floats, names: tuple[str, str]) -> None:
    """Raise ``BadInput`` unless both matrices have the same number of columns."""
    if np.shape(x)[1] != np.shape(y)[1]:
        raise BadInput(
            f"{names[0]} has {np.shape(x)[1]} columns and {names[1]} has {np.shape(y)[1]}; give both the same"
        )
