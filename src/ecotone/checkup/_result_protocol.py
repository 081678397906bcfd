"""What every result of the main job is, whichever command made it, and the one way in which it is written."""

from __future__ import annotations

import json as _json
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa

from ecotone.contracts import write_whole
from ecotone.data import table_bytes


@runtime_checkable
class Result(Protocol):
    """Answers in one JSON document, as a page, and by row: of a check and of a look for rows outside.

    Examples
    --------
    >>> from ecotone.checkup import CheckResult, Result
    >>> from ecotone.checkup.outside import OutsideResult
    >>> issubclass(CheckResult, Result) and issubclass(OutsideResult, Result)
    True
    """

    def to_json(self, indent: int | None = None) -> str:
        """The JSON document: no NaN, no infinity."""

    def to_html(self, *, redact: bool = False) -> str:
        """One page that needs nothing else; ``redact`` leaves out every value of a row."""

    def table(self) -> pa.Table:
        """One row for each row in question."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON document as a dictionary (a copy)."""
        return dict(_json.loads(self.to_json()))

    def save(
        self,
        *,
        rows: str | Path | None = None,
        report: str | Path | None = None,
        json: str | Path | None = None,
        redact: bool = False,
    ) -> None:
        """Write any of the three files; all are made before the first is put in its place, the JSON last.

        Parameters
        ----------
        rows : str or Path
            Of :meth:`table`, as CSV or Arrow (``.csv``, ``.arrow``, ``.feather``), else as Parquet.
        report : str or Path
            Of :meth:`to_html`.
        json : str or Path
            Of :meth:`to_json`.
        redact : bool
            No values of rows in the report.

        Raises
        ------
        BadInput
            For a file that cannot be written; none is left behind.
        """
        files: list[tuple[str | Path, bytes]] = []
        if rows is not None:
            files.append((rows, table_bytes(rows, self.table())))
        if report is not None:
            files.append((report, self.to_html(redact=redact).encode()))
        if json is not None:
            files.append((json, (self.to_json(indent=2) + "\n").encode()))
        write_whole(files)
