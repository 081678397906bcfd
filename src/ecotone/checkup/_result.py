"""What a check found, in one shape for Python, JSON, the terminal and the report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.checkup.as_json import jsonable, keys_of, strict_json, to_dict
from ecotone.checkup.document import CheckContent, failing
from ecotone.contracts import BadInput, Floats
from ecotone.data import Table

from ._result_protocol import Result


@dataclass(frozen=True)
class CheckResult(Result):
    """The answers of a check.

    Parameters
    ----------
    found : CheckContent
        What was found, and what is said of it.
    pictures : dict
        JSON-ready numbers that the report's plots are drawn from; not part of the document.
    row_pvalues : (n_current,) float64
        Conformal p-value of every current row as it was read, copies that were left out included.
    current : Table
        The current rows that were kept, for their places in the sources.
    """

    found: CheckContent
    pictures: dict[str, Any] = field(default_factory=dict, repr=False)
    row_pvalues: Floats = field(default_factory=lambda: np.empty(0), repr=False)
    current: Table | None = field(default=None, repr=False)

    @cached_property
    def content(self) -> dict[str, Any]:
        """The JSON document, format ``ecotone.check/1``, as a dictionary: each of its parts is an attribute, too."""
        return to_dict(self.found)

    @property
    def alarms(self) -> tuple[str, ...]:
        """Which parts of the headline alarm: of ``material``, ``performance``, ``changed``, ``outliers``."""
        return self.found.headline.alarms

    def __getattr__(self, name: str) -> Any:
        keys = [key.name for key in keys_of(CheckContent)]
        if name in keys:
            return self.content[name]
        raise AttributeError(f"a check has no {name!r}; it has {', '.join(keys)}")

    def to_json(self, indent: int | None = None) -> str:
        """Strict JSON: no NaN, no infinity."""
        return strict_json(self.content, indent)

    def columns_frame(self) -> Any:
        """One row a column: what was found, the effect, and the facts before and after.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Of the first of these libraries that is installed. ``min`` to ``median`` are numbers, and texts where a
            date-time is among the columns.
        """
        from ._columns_frame import columns_frame

        return columns_frame(self.found)

    def fails(self, on: Iterable[str] | str) -> bool:
        """Whether any of the named is found: an alarm, ``schema`` or ``contract``; ``any`` of them, ``never``."""
        return bool(failing(self.found, on))

    def table(self) -> pa.Table:
        """The p-value of every current row: file, row, pvalue, named, kept (or left out as a copy)."""
        if self.current is None:
            raise BadInput("this result holds no rows; run the check again with rows to write their p-values")
        rows = np.arange(len(self.row_pvalues))
        named, kept = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
        named[self.pictures["named_rows"]] = True
        kept[self.current.rows] = True
        ends = np.cumsum([part.rows for part in self.current.parts])
        part = np.searchsorted(ends, rows, side="right")
        start = np.concatenate([[0], ends[:-1]])
        return pa.table(
            {
                "file": pa.DictionaryArray.from_arrays(part, [p.name for p in self.current.parts]),
                "row": rows - start[part],
                "pvalue": self.row_pvalues,
                "named": named,
                "kept": kept,
            }
        )

    def to_html(self, *, redact: bool = False) -> str:
        """The report as one self-contained HTML page; ``redact`` leaves out every value of a row."""
        from ecotone.checkup.report import html_report

        return html_report(self.found, jsonable(self.pictures), redact=redact)

    def text(self, *, verbose: bool = False, fail_on: Iterable[str] | str | None = None) -> str:
        """Plain text of at most 24 lines, or all of it; ``ALARM`` leads it exactly where :meth:`fails` is true.

        Parameters
        ----------
        verbose : bool
        fail_on : str or iterable of str
            As for :meth:`fails`; by default ``material``, and ``performance`` where there is a model.
        """
        from ecotone.checkup.report import text_report

        return text_report(self.found, verbose=verbose, fail_on=fail_on)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from ecotone.checkup.report import html_summary

        return html_summary(self.found)
