"""The application: what :class:`~ecotone.serve.Settings` say, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from ecotone import __version__
from ecotone.contracts import BadInput
from ecotone.data import open_profile, read_table

from . import _check_route, _health, _monitor_routes, _page_routes, _problems, _score_route
from ._gate import Gate
from ._metrics import Metrics
from ._refused import Refused
from ._scorers import open_scorer
from ._settings import Settings
from ._standing import Standing, standing
from ._turns import Turns
from ._writer import Writer

_WORDS = (
    "Checks of posted tables, scores of rows, and monitors of streams. Every answer that is no success is a problem "
    "document (application/problem+json) whose detail says what to do."
)


def app(settings: Settings) -> FastAPI:
    """The service as an ASGI application.

    Everything that it needs is opened here, so that a service which starts can answer.

    Parameters
    ----------
    settings : Settings

    Raises
    ------
    BadInput
        For a reference, a scorer or a state file that cannot be used.

    Examples
    --------
    >>> made = app(Settings())
    >>> sorted(made.openapi()["paths"])[:2]
    ['/', '/check']
    """
    made = FastAPI(
        title="Ecotone", version=__version__, description=_WORDS, docs_url=None, redoc_url=None, lifespan=_lifespan
    )  # the pages of documentation load scripts from elsewhere; /openapi.json stays
    state = made.state
    state.settings = settings
    state.reference = _opened(settings.reference)
    state.writers = {name: Writer(name, path, settings.limits.waiting) for name, path in settings.monitors.items()}
    state.scorers = {
        name: open_scorer(path, settings.reference, settings.calibration) for name, path in settings.scorers.items()
    }
    state.turns = Turns(settings.limits.waiting)
    state.metrics = Metrics(lambda: _standings(state.writers))
    for routes in (_health, _check_route, _score_route, _page_routes, _monitor_routes):
        made.include_router(routes.router())
    for kind, answer in _ANSWERS.items():
        made.add_exception_handler(kind, answer)
    made.add_middleware(Gate, token=settings.token, metrics=state.metrics)
    return made


_ANSWERS = {
    Refused: _problems.of_refused,
    BadInput: _problems.of_bad_input,
    HTTPException: _problems.of_http,
    RequestValidationError: _problems.of_arguments,
    Exception: _problems.of_anything,
}


def _opened(reference: object) -> object:
    """A reference that has been read once, for every check; a profile without rows stays one."""
    if reference is None:
        return None
    held = open_profile(reference, "--reference")
    return held if held is not None else read_table(reference, name="--reference")


def _standings(writers: dict[str, Writer]) -> dict[str, Standing]:
    return {name: standing(writer.store, writer.queued) for name, writer in writers.items()}


@asynccontextmanager
async def _lifespan(made: FastAPI) -> AsyncIterator[None]:
    """Writers begin with the service, and end when all that was accepted is on the disk."""
    writers: dict[str, Writer] = made.state.writers
    for writer in writers.values():
        writer.start()
    yield
    for writer in writers.values():
        await run_in_threadpool(writer.stop)
