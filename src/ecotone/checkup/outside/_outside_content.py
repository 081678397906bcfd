"""What a look for rows outside says: its JSON is the document of ``ecotone detect``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ecotone.checkup.as_json import OPTIONAL

FORMAT = "ecotone.outside/1"


@dataclass(frozen=True)
class Sizes:
    """Rows of each kind; ``choosing`` are the calibration rows that chose the score and did nothing else."""

    reference: int
    calibration: int
    live: int
    choosing: int


@dataclass(frozen=True)
class RowsFound:
    """The live rows named, the share outside with a bound that is open above, and both in a sentence."""

    rows: tuple[int, ...]
    share: float
    interval: tuple[float, float]
    share_said: str


@dataclass(frozen=True)
class ScoreFound:
    """What one score found.

    Parameters
    ----------
    name : str
    named : int
        Rows that it names.
    also : int
        Rows that the recommended score names, too.
    share, interval, share_said
        Of the rows outside.
    seconds : float
        For fitting and scoring.
    pseudo : mapping of str to float
        AUROC against each kind of pseudo-outliers; empty where it was not tried on them.
    pseudo_mean, pseudo_early, worth : float or None
        What the recommendation rests on.
    """

    name: str
    named: int
    also: int
    share: float
    interval: tuple[float, float]
    share_said: str
    seconds: float
    pseudo: Mapping[str, float]
    pseudo_mean: float | None
    pseudo_early: float | None
    worth: float | None


@dataclass(frozen=True)
class Unusable:
    """A score that could not be had, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Agreement:
    """Rank correlations of the scores over the live rows; None where a score is constant."""

    names: tuple[str, ...]
    spearman: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class PartOfScore:
    """A part of a row, and what it adds to the score; below 0 it speaks against the row."""

    part: str
    value: float


@dataclass(frozen=True)
class OutsideReason:
    """Why a row was named.

    Parameters
    ----------
    row : int
    pvalue : float
    predicted : int or None
        Code of the class.
    compared_with : tuple of int
        Typical calibration rows.
    total : float or None
        What the parts sum to.
    parts : tuple of PartOfScore
        The lowest first.
    note : str
        Why there are none.
    """

    row: int
    pvalue: float
    predicted: int | None
    compared_with: tuple[int, ...]
    total: float | None
    parts: tuple[PartOfScore, ...]
    note: str | None = field(default=None, metadata=OPTIONAL)

    def words(self) -> str:
        """The parts that take most from the score."""
        low = [part for part in self.parts if part.value < 0][:3]
        if not low:
            return self.note or "no single part stands out"
        return "because of " + ", ".join(f"{part.part} ({part.value:.2g})" for part in low)


@dataclass(frozen=True)
class OutsideContent:
    """What was found.

    Parameters
    ----------
    format, version : str
        Of the document, and of what wrote it.
    fdr : float
    calibrated : bool
        Whether the calibration rows are new to the network and to the scores.
    sizes : Sizes
    recommended : str
        The score that names the rows.
    found : RowsFound
    scores : tuple of ScoreFound
    unusable : tuple of Unusable
    agreement : Agreement
    reasons : tuple of OutsideReason
        Of the surest rows.
    classes : tuple of str or None
    """

    format: str
    version: str
    fdr: float
    calibrated: bool
    sizes: Sizes
    recommended: str
    found: RowsFound
    scores: tuple[ScoreFound, ...]
    unusable: tuple[Unusable, ...]
    agreement: Agreement
    reasons: tuple[OutsideReason, ...]
    classes: tuple[str, ...] | None
