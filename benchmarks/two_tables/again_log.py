"""What measuring again found: the entry ``again`` of the results."""

from __future__ import annotations

from typing import Any

from stored import Results


def looked_at(results: Results, code: str | None = None) -> dict[str, dict[str, Any]]:
    """The last look at each cell, with the code of that date where one is given."""
    return {line["cell"]: line for line in results.records("again") if code in (None, line["code"])}
