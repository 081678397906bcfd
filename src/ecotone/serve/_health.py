"""Whether the service lives, whether it is ready, and what it counts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ._metrics import MEDIA
from ._refused import Refused


def router() -> APIRouter:
    """``/healthz``, ``/readyz``, ``/metrics``."""
    made = APIRouter(tags=["operation"])
    made.add_api_route("/healthz", healthz, methods=["GET"], summary="Whether the process answers")
    made.add_api_route("/readyz", readyz, methods=["GET"], summary="Whether it takes rows")
    made.add_api_route("/metrics", metrics, methods=["GET"], summary="For Prometheus", response_class=Response)
    return made


async def healthz() -> dict[str, str]:
    """Always, while the process answers at all."""
    return {"status": "alive"}


async def readyz(request: Request) -> dict[str, Any]:
    """200 while every monitor's writer runs and the service is not stopping; else 503 with the reason."""
    for name, writer in request.app.state.writers.items():
        if (reason := writer.unready()) is not None:
            raise Refused(503, f"monitor {name}: {reason}", {"Retry-After": "5"})
    return {"status": "ready", "monitors": len(request.app.state.writers)}


async def metrics(request: Request) -> Response:
    """Rows, evidence and thresholds, alarms, losses, shares outside, latencies."""
    return Response(await run_in_threadpool(request.app.state.metrics.text), media_type=MEDIA)
