"""The numbers behind the sentence that says how a column moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ecotone.checkup.as_json import OPTIONAL
from ecotone.compare.explain import Movement

BeforeAfter = tuple[float, float]


@dataclass(frozen=True)
class Beyond:
    """Current rows beyond all reference rows: on which side of ``limit``, and whether far out."""

    side: str
    share: float
    limit: float
    far: bool


@dataclass(frozen=True)
class Unseen:
    """Codes of current alone: their share of the rows, and the share that chance leads one to expect."""

    share: float
    expected: float | None
    codes: int


@dataclass(frozen=True)
class Gone:
    """Codes of the reference alone, and how many chance leads one to expect."""

    codes: int
    expected: float | None


@dataclass(frozen=True)
class MovementFacts:
    """How a column moved; each number is there where it exceeds the noise, mean and median always.

    Parameters
    ----------
    sentence : str
    missing, infinite : (float, float)
        Rates before and after.
    mean : (float, float)
    median : (float, float) or (str, str)
        Of an ordinal column its levels.
    displacement, share : float
        By how much how many of the rows moved.
    opposite : (float, float)
        The same of rows that moved the other way.
    factor, spread : float
        Ratios.
    beyond : tuple of Beyond
    levels : mapping of str to (float, float)
        Shares before and after.
    most : mapping of str to (float, float)
        The same of the levels that changed most, where none is beyond noise.
    unseen : Unseen
    gone : Gone
    """

    sentence: str
    missing: BeforeAfter | None = field(default=None, metadata=OPTIONAL)
    infinite: BeforeAfter | None = field(default=None, metadata=OPTIONAL)
    mean: BeforeAfter | None = field(default=None, metadata=OPTIONAL)
    median: BeforeAfter | tuple[str, str] | None = field(default=None, metadata=OPTIONAL)
    displacement: float | None = field(default=None, metadata=OPTIONAL)
    share: float | None = field(default=None, metadata=OPTIONAL)
    opposite: BeforeAfter | None = field(default=None, metadata=OPTIONAL)
    factor: float | None = field(default=None, metadata=OPTIONAL)
    spread: float | None = field(default=None, metadata=OPTIONAL)
    beyond: tuple[Beyond, ...] | None = field(default=None, metadata=OPTIONAL)
    levels: Mapping[str, BeforeAfter] | None = field(default=None, metadata=OPTIONAL)
    most: Mapping[str, BeforeAfter] | None = field(default=None, metadata=OPTIONAL)
    unseen: Unseen | None = field(default=None, metadata=OPTIONAL)
    gone: Gone | None = field(default=None, metadata=OPTIONAL)

    @classmethod
    def of(cls, moved: Movement) -> MovementFacts:
        """The facts of a movement."""
        found: dict[str, Any] = dict(moved.facts)
        if "beyond" in found:
            found["beyond"] = tuple(Beyond(**entry) for entry in found["beyond"])
        if "unseen" in found:
            found["unseen"] = Unseen(**found["unseen"])
        if "gone" in found:
            found["gone"] = Gone(**found["gone"])
        return cls(moved.sentence, **found)
