"""Names on a command line: of columns, and of what makes a run fail."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from ecotone.contracts import BadInput


def split_names(given: list[str] | None) -> list[str] | None:
    """Names from options that may repeat and may hold commas; a name with a comma in it stands in double quotes."""
    if not given:
        return None
    return [name for entry in given for name in _fields(entry) if name]


def _fields(entry: str) -> list[str]:
    try:
        return next(csv.reader([entry])) if '"' in entry else entry.split(",")
    except csv.Error:
        return [entry]


def fail_on_names(given: str, known: Sequence[str]) -> list[str]:
    """What ``--fail-on`` names, with commas between; ``never`` stands alone.

    Raises
    ------
    BadInput
        A name that is not known, or ``never`` beside another.
    """
    wanted = [name.strip() for name in given.split(",") if name.strip()]
    for name in wanted or [given]:
        if name not in known:
            raise BadInput(f"--fail-on must be of {', '.join(known)}, got {name!r}")
    if "never" in wanted and len(wanted) > 1:
        raise BadInput(f"--fail-on {given} says never and more; give one or the other")
    return wanted
