"""Which state of the code a record was measured with."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "ecotone"


@cache
def code_date() -> str:
    """When the sources were last committed; with a ``+`` where they were changed since, empty outside a repository."""
    where = {"cwd": SOURCES, "capture_output": True, "text": True, "check": False}
    when = subprocess.run(["git", "log", "-1", "--format=%cd", "--date=format:%Y-%m-%d %H:%M", "--", "."], **where)
    changed = subprocess.run(["git", "status", "--porcelain", "--", "."], **where)
    return when.stdout.strip() + ("+" if changed.stdout.strip() else "")
