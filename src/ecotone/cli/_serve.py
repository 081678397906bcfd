"""``ecotone serve`` and ``ecotone mcp``: the doors for other programs."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Any

import typer

from ecotone.contracts import BadInput

from ._app import app, say


@app.command()
def serve(
    reference: Annotated[
        str | None, typer.Option(help="What posted tables are checked against: a table or a profile")
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="Monitor's file, or NAME=FILE (repeat); begun where it is not there yet")
    ] = None,
    arl: Annotated[
        float | None, typer.Option(help="Of a monitor that is begun: rows to a false alarm, on average")
    ] = None,
    ever: Annotated[float | None, typer.Option(help="In its place: probability of ever a false alarm")] = None,
    score: Annotated[
        list[str] | None, typer.Option(help="NAME=MODEL, or NAME=detector:KNNDistance on the reference (repeat)")
    ] = None,
    calibration: Annotated[
        str | None, typer.Option(help="Rows that no density was fitted on, for its p-values")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one", min=0, max=65535)] = 8000,
    token_file: Annotated[
        Path | None, typer.Option(help="File whose first line clients must show; needed off loopback")
    ] = None,
    max_bytes: Annotated[int, typer.Option(help="Longest body", min=1)] = 16 << 20,
    max_rows: Annotated[int, typer.Option(help="Most rows of a body", min=1)] = 100_000,
    max_columns: Annotated[int, typer.Option(help="Most columns of a body", min=1)] = 1_000,
    stop_after: Annotated[int, typer.Option(help="Seconds to finish what was accepted, when stopped", min=1)] = 30,
) -> int:
    """Answer over HTTP: check, score, monitors, metrics, a page. TLS is left to a proxy in front."""
    _extra("serve", "fastapi", "prometheus_client", "uvicorn")
    if token_file is None and not _loopback(host):
        raise BadInput(f"--host {host} can be reached from other machines; give --token-file too")
    from ecotone.serve import Limits, Settings, read_token
    from ecotone.serve import app as make

    monitors = _states(state, reference, arl, ever)
    settings = Settings(
        reference=reference, monitors=monitors, scorers=_named(score, "--score"), calibration=calibration,
        token=None if token_file is None else read_token(token_file),
        limits=Limits(bytes=max_bytes, rows=max_rows, columns=max_columns),
    )  # fmt: skip
    return _listen(make(settings), host, port, stop_after)


def _states(words: list[str] | None, reference: str | None, arl: float | None, ever: float | None) -> dict[str, Path]:
    """The monitors' files by name; those that are not there are begun."""
    named = [word if "=" in word else f"{Path(word).stem}={word}" for word in words or ()]
    found = {name: Path(path) for name, path in _named(named, "--state").items()}
    for path in found.values():
        if not path.exists():
            if reference is None:
                raise BadInput(
                    f"--state {path} is not there; give --reference to begin it, or make it with ecotone watch"
                )
            from ecotone.watch import MonitorStore

            MonitorStore.create(path, reference, arl=arl, ever=ever).close()
    return found


def _listen(made: Any, host: str, port: int, stop_after: int) -> int:
    import socket

    import uvicorn

    from ecotone.serve import Protocol

    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise BadInput(f"cannot listen on --host {host} --port {port} ({error.strerror}); choose another") from None
    say(f"ecotone serve: listening on http://{host}:{listening.getsockname()[1]}")
    server = uvicorn.Server(
        uvicorn.Config(
            made, http=Protocol, log_level="warning", timeout_graceful_shutdown=stop_after, server_header=False
        )
    )
    server.run(sockets=[listening])
    return 0 if server.started else 3


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _named(words: list[str] | None, option: str) -> dict[str, str]:
    """``NAME=WHAT`` of an option that may repeat; a name stands in addresses and labels."""
    found: dict[str, str] = {}
    for word in words or ():
        name, equals, what = word.partition("=")
        plain = name.replace("-", "").replace("_", "").isalnum() and name.isascii() and len(name) <= 60
        if not equals or not what or not plain:
            raise BadInput(f"{option} {word!r} must be NAME=WHAT, the name of letters, digits, - and _")
        if name in found:
            raise BadInput(f"{option} names {name!r} twice; give each a name of its own")
        found[name] = what
    return found


def _extra(name: str, *modules: str) -> None:
    from importlib.util import find_spec

    for module in modules:
        if find_spec(module) is None:
            raise BadInput(
                f"this needs {module}; install it with pip install '.[{name}]' -c constraints.txt, from a clone"
            )


@app.command("mcp")
def agent_door(
    allow_write: Annotated[Path | None, typer.Option(help="The one folder in which files may be written")] = None,
) -> int:
    """Answer an agent over standard input and output, by the Model Context Protocol. Writes nothing unless allowed."""
    _extra("mcp", "mcp")
    from ecotone.serve import agent

    agent(allow_write).run("stdio")
    return 0
