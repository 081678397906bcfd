"""The shapes of an agent's answers: they are the tools' output schemas."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class ColumnChange(BaseModel):
    """A column whose change was named."""

    name: str
    role: str
    words: str


class Checked(BaseModel):
    """What changed between two tables."""

    sentence: str
    alarms: list[str] = Field(description="Of material, performance, changed, outliers; empty: nothing was found")
    guarantee: str = Field(description="exact, assumed or withdrawn")
    reason: str
    columns: list[ColumnChange]
    text: str = Field(description="The whole answer in words")
    written: str | None = Field(description="Path of the report")


class ColumnFacts(BaseModel):
    """A column of a table."""

    name: str
    type: str
    missing: int
    infinite: int
    min: float | str | None
    max: float | str | None
    mean: float | None
    variance: float | None
    distinct: int = Field(description="Number of values, estimated unless distinct_exact")
    distinct_exact: bool
    top: list[tuple[Any, int]] = Field(description="Commonest levels of a text, with their counts")


class Profiled(BaseModel):
    """What a table holds."""

    rows: int
    columns: list[ColumnFacts]
    written: str | None = Field(description="Path of the profile")


class Method(BaseModel):
    """A method of the library."""

    name: str
    room: str
    summary: str
    paper: str
    year: int
    link: str
    tier: str
    evidence: dict[str, str]


class Watched(BaseModel):
    """Where a monitor stands."""

    rows: int
    alarm: bool = Field(description="Whether an episode is open")
    guarantee: dict[str, Any]
    leading: list[dict[str, Any]] = Field(description="Detectors nearest to their thresholds; share 1 alarms")
    episodes: list[dict[str, Any]]
    breaks: list[dict[str, Any]]


class ScoredRow(BaseModel):
    """A row of the table, from 0."""

    row: int
    score: float | None
    pvalue: float


class Scored(BaseModel):
    """How typical rows are."""

    rows: int
    at_5_percent: int = Field(description="Rows with p at most .05; of unchanged rows about one in twenty")
    calibration_rows: int
    least_typical: list[ScoredRow]
