"""``POST /score/{name}``: how typical each row is, with a calibrated p-value."""

from __future__ import annotations

from functools import partial

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ._bodies import DESCRIPTION, read_table_of
from ._refused import Refused
from ._scorers import Scorer


class Scores(BaseModel):
    """The answer, a value for each row in the body's order."""

    scorer: str
    calibration_rows: int = Field(description="Rows that the p-values rest on; none of them fitted the score")
    score: list[float | None] = Field(description="Higher is more typical; null where a row is impossible")
    pvalue: list[float] = Field(description="At most a with probability a, for a row as the calibration's")


class ScorerEntry(BaseModel):
    """A scorer that can be asked."""

    name: str
    what: str
    columns: list[str]
    calibration_rows: int


def router() -> APIRouter:
    """``/score``."""
    made = APIRouter(tags=["score"])
    made.add_api_route("/score", get_scorers, methods=["GET"], summary="The scorers")
    made.add_api_route(
        "/score/{name}", post_score, methods=["POST"], openapi_extra=DESCRIPTION, summary="Scores and p-values of rows"
    )
    return made


async def get_scorers(request: Request) -> list[ScorerEntry]:
    """Their names and the columns that they read."""
    scorers: dict[str, Scorer] = request.app.state.scorers
    return [
        ScorerEntry(name=name, what=s.what, columns=list(s.columns), calibration_rows=len(s.calibration))
        for name, s in scorers.items()
    ]


async def post_score(request: Request, name: str) -> Scores:
    """Each row's answer does not depend on the others."""
    state = request.app.state
    scorer: Scorer | None = state.scorers.get(name)
    if scorer is None:
        there = ", ".join(state.scorers) or "none; start the service with --score NAME=PATH"
        raise Refused(404, f"there is no scorer of this name; there is {there}")
    _, table = await read_table_of(request, state.settings.limits)
    scores, pvalues = await state.turns.run(partial(scorer.of, table))
    return Scores(
        scorer=name, calibration_rows=len(scorer.calibration), pvalue=pvalues.tolist(),
        score=[float(s) if np.isfinite(s) else None for s in scores],
    )  # fmt: skip
