"""What measuring again found: results/again.jsonl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def looked_at(results: Path, code: str | None = None) -> dict[str, dict[str, Any]]:
    """The last look at each cell, with the code of that date where one is given."""
    path = results / "again.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {line["cell"]: line for line in lines if code in (None, line["code"])}
