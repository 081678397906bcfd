"""``POST /check``: a table against the reference that the service was started with."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ecotone.checkup import check

from ._bodies import DESCRIPTION, read_table_of
from ._refused import Refused


def router() -> APIRouter:
    """``/check``."""
    made = APIRouter(tags=["check"])
    made.add_api_route(
        "/check", post_check, methods=["POST"], openapi_extra=DESCRIPTION,
        summary="What changed between the reference and a table, and whether it matters",
        responses={200: {"content": {"application/json": {}, "text/html": {}}}}, response_class=Response,
    )  # fmt: skip
    return made


async def post_check(
    request: Request,
    target: Annotated[str | None, Query(description="Column of labels")] = None,
    ignore: Annotated[list[str] | None, Query(description="Column to leave out; repeat")] = None,
    alpha: Annotated[float, Query(description="Chance of any alarm when nothing changed")] = 0.05,
    fdr: Annotated[float, Query(description="False discovery rate of what is named")] = 0.1,
    min_effect: Annotated[float, Query(description="Smallest effect that matters, on the scale of an AUC")] = 0.02,
    seed: int = 0,
) -> Response:
    """The document of ``ecotone check --json``; the report where ``Accept`` asks for ``text/html``."""
    state = request.app.state
    if state.reference is None:
        raise Refused(404, "no reference was given; start the service with --reference")
    _, table = await read_table_of(request, state.settings.limits)
    options: dict[str, Any] = {"target": target, "ignore": ignore, "alpha": alpha, "fdr": fdr}
    work = partial(check, state.reference, table, min_effect=min_effect, seed=seed, **options)
    result = await state.turns.run(work)
    if "text/html" in request.headers.get("accept", ""):
        return Response(result.to_html(), media_type="text/html")
    return Response(result.to_json(), media_type="application/json")
