"""The ``ecotone`` command: its verbs and its exit codes.

0 nothing found, 1 found, 2 bad input, 3 internal error, 130 interrupted.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer

from ecotone.contracts import BadInput

# The base of every complaint about a command line; typer brings its own copy of click.
_Complaint: Any = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="ecotone",
    help="Learn, detect, compare and decide about data distributions, with alarms that can be believed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; nothing is raised."""
    from . import _check, _methods, _profile  # noqa: F401  (each registers its verbs)

    verbose = "--verbose" in (sys.argv if arguments is None else arguments)
    try:
        code = typer.main.get_command(app).main(
            args=None if arguments is None else list(arguments), prog_name="ecotone", standalone_mode=False
        )
        return code if isinstance(code, int) else 0
    except typer.Abort:
        return _say("interrupted", 130)
    except KeyboardInterrupt:
        return _say("interrupted", 130)
    except typer.Exit as done:
        return done.exit_code
    except _Complaint as error:
        return _say(error.format_message(), 2)
    except BadInput as error:
        return _say(str(error), 2)
    except BrokenPipeError:
        return 0
    except Exception as error:  # the last door: a user never sees a traceback unless asked for
        if verbose:
            traceback.print_exc()
        kind = type(error).__name__
        return _say(f"internal error ({kind}: {error}); run again with --verbose and report what it prints", 3)


def _say(message: str, code: int) -> int:
    one_line = " ".join(str(message).split())
    sys.stderr.write(f"ecotone: {one_line}\n")
    return code


def main() -> None:
    """Entry point of the installed command."""
    sys.exit(run())
