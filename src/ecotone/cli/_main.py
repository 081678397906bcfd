"""The ``ecotone`` command: its verbs and its exit codes.

0 nothing found, 1 found, 2 bad input, 3 internal error, 130 interrupted.
"""

from __future__ import annotations

import functools
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import typer

from ecotone.contracts import BadInput

from . import _check, _detect, _learn, _methods, _profile, _report, _serve, _watch  # noqa: F401  (each registers its verbs)
from ._app import app, say
from ._progress import beating
from ._streams import open_streams

# The base of every complaint about a command line; typer brings its own copy of click.
_Complaint: Any = typer.BadParameter.__mro__[2]
_LONGEST = 1000
INTERRUPTED = 130  # shells' own word for SIGINT: 128 + 2


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; nothing is raised."""
    verbose = "--verbose" in (sys.argv if arguments is None else arguments)
    try:
        with warnings.catch_warnings():
            if not verbose:  # libraries warn of what the answers say already
                warnings.simplefilter("ignore")
            return _run(arguments)
    except (typer.Abort, KeyboardInterrupt) as stop:
        if isinstance(stop.__cause__ or stop.__context__, EOFError):  # typer takes every end of a file for Ctrl-D
            return _complain("internal error (a file ended early); run again with --verbose and report it", 3)
        return _complain("interrupted", INTERRUPTED)
    except typer.Exit as done:
        return done.exit_code
    except _Complaint as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
            return say(error.format_message()) or 2
        return _complain(error.format_message(), 2)
    except BadInput as error:
        return _complain(str(error), 2)
    except BaseException as error:  # the last door: a user never sees a traceback unless asked for
        if verbose:
            traceback.print_exc()
        kind = type(error).__name__
        return _complain(f"internal error ({kind}: {error}); run again with --verbose and report what it prints", 3)


def _run(arguments: Sequence[str] | None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    with beating(given):
        code = _command().main(args=given, prog_name="ecotone", standalone_mode=False)
    if code == INTERRUPTED:  # typer's answer to Ctrl-C, without a word
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


@functools.cache
def _command() -> Any:
    return typer.main.get_command(app)


def _complain(message: str, code: int) -> int:
    """One line, at most some 1 000 characters, none of which steers the terminal."""
    words = " ".join(str(message).split())
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)
    if len(line) > _LONGEST:  # the remedy stands at the end
        line = f"{line[: _LONGEST - 300]} … {line[-300:]}"
    sys.stderr.write(f"ecotone: {line}\n".encode("utf-8", "backslashreplace").decode())
    sys.stderr.flush()
    return code


def main() -> None:
    """Entry point of the installed command."""
    open_streams()
    sys.exit(run())
