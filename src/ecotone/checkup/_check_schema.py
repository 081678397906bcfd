"""The JSON schema of a check's document, as it is shipped.

``python -m ecotone.checkup._check_schema`` writes it anew, from the dataclasses.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from ecotone.checkup.as_json import json_schema
from ecotone.checkup.document import FORMAT, CheckContent

NAME = "check.schema.json"


def check_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of what a check writes with ``--json``, and of ``CheckResult.to_dict()``.

    Examples
    --------
    >>> found = check_schema()
    >>> found["properties"]["format"]["type"], "headline" in found["required"]
    ('string', True)
    """
    return dict(json.loads(resources.files("ecotone.checkup").joinpath(NAME).read_text(encoding="utf-8")))


def made() -> str:
    """The schema as the dataclasses have it, as the file holds it."""
    found = json_schema(CheckContent, f"The JSON document of a check, format {FORMAT}")
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name(NAME).write_text(made(), encoding="utf-8")
