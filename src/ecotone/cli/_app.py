"""The application that each command registers with, and the way it speaks."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

app = typer.Typer(
    name="ecotone",
    help="Learn, detect, compare and decide about data distributions, with alarms that can be believed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        from ecotone import __version__

        say(f"ecotone {__version__}")
        raise typer.Exit(0)


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop")
    ] = False,
) -> None:
    """Learn, detect, compare and decide about data distributions, with alarms that can be believed."""


def say(text: str) -> int:
    """Print an answer."""
    try:
        sys.stdout.write(text + "\n")
    except UnicodeEncodeError:
        plain = text.translate({0x2192: "->", 0x2026: "...", 0x2212: "-", 0x2013: "-"})
        sys.stdout.write(plain.encode("ascii", "backslashreplace").decode() + "\n")
    sys.stdout.flush()
    return 0
