"""The agent's door: the library's verbs as tools of the Model Context Protocol, over standard input and output."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from ecotone import __version__
from ecotone.contracts import BadInput

from . import _agent_tools as tools
from ._agent_files import Folder

_WORDS = (
    "Statements about data distributions whose errors are controlled. check compares two tables under one budget of "
    "errors: believe its alarms and intervals, and read `reason` where the guarantee is not exact. Paths are of this "
    "machine: CSV, Parquet, Arrow IPC, folders, globs, DB.duckdb::table and .profile files. Pickles are never opened."
)


def agent(write: Path | None = None) -> MCPServer:
    """The server with its tools.

    Parameters
    ----------
    write : Path, optional
        The one folder in which files may be written. Without it no tool writes anything.

    Raises
    ------
    BadInput
        Where that folder is not there.

    Examples
    --------
    >>> import asyncio
    >>> [tool.name for tool in asyncio.run(agent().list_tools())]
    ['check', 'profile', 'methods', 'watch_status', 'score']
    """
    made = MCPServer("ecotone", title="Ecotone", version=__version__, instructions=_WORDS, log_level="ERROR")
    folder = Folder.of(write)
    writing: tuple[Callable[..., Any], ...] = (tools.check, tools.profile)
    for function in writing:
        _add(made, tools.bound(function, folder), read_only=write is None)
    looking: tuple[Callable[..., Any], ...] = (tools.methods, tools.watch_status, tools.score)
    for function in looking:
        _add(made, function, read_only=True)
    return made


def _add(made: MCPServer, function: Callable[..., Any], *, read_only: bool) -> None:
    hints = ToolAnnotations(
        read_only_hint=read_only, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    made.add_tool(_spoken(function), annotations=hints, structured_output=True)


def _spoken(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with errors of what it was given as the answer that an agent can read."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except BadInput as error:
            raise ToolError(str(error)) from None

    return run
