"""Rates with their errors, tables and lines of a page."""

from __future__ import annotations

import textwrap
from typing import Any

Records = list[dict[str, Any]]


def rate(up: int, n: int) -> str:
    """A share with its standard error."""
    if not n:
        return "not run"
    if not up:
        return f"0 of {n} (at most {100 * (1 - 0.05 ** (1 / n)):.1f} % at a confidence of 95 %)"
    share = up / n
    return f"{up} of {n} ({100 * share:.1f} % ± {100 * (share * (1 - share) / n) ** 0.5:.1f})"


def wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_on_hyphens=False, subsequent_indent="  " if text.startswith("* ") else "")


def lines(head: list[str], body: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
