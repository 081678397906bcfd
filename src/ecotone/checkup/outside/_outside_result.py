"""What a look for rows outside found."""

from __future__ import annotations

import json as _json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.checkup._result_protocol import save_result, strict_json
from ecotone.contracts import Activations, Floats, as_numpy

SCHEMA = "ecotone.outside/1"


class OutsideResult:
    """The answer, for reading, for tables and for a page.

    Attributes
    ----------
    content : dict
        The JSON document.
    scores, pvalues : mappings of a score's name to (n,) arrays
        Of the live rows.
    adjusted : (n,) array
        P-values of the recommended score after Benjamini and Hochberg: a row is named where it is at most ``fdr``.
    """

    def __init__(
        self,
        content: dict[str, Any],
        scores: Mapping[str, Floats],
        pvalues: Mapping[str, Floats],
        adjusted: Floats,
        held: Floats,
        live: Activations,
        judges: Activations,
        names: Sequence[str] | None,
    ) -> None:
        self.content = content
        self.scores = scores
        self.pvalues = pvalues
        self.adjusted = adjusted
        self.held = held  # the recommended score of the calibration rows
        self.live = live
        self.judges = judges
        self.names = names

    @property
    def outside(self) -> list[int]:
        """Positions of the live rows named outside."""
        return list(self.content["found"]["rows"])

    def table(self) -> pa.Table:
        """One row for each live row: its name, prediction, answer, p-value, reason, and every score and p-value."""
        n = len(self.adjusted)
        named = np.zeros(n, dtype=bool)
        named[self.outside] = True
        columns: dict[str, Any] = {"row": np.arange(n)}
        if self.names is not None:
            columns["name"] = [str(name) for name in self.names]
        if self.live.logits is not None:
            codes = self.live.gather("logits").argmax(1)
            classes = self.content["classes"]
            columns["predicted"] = [classes[code] for code in codes] if classes else codes
        best = self.content["recommended"]
        columns |= {"outside": named, "pvalue": self.pvalues[best], "adjusted_pvalue": self.adjusted}
        reasons = {entry["row"]: _words(entry) for entry in self.content["reasons"]}
        columns["reason"] = [reasons.get(row) for row in range(n)]
        for name, values in self.scores.items():
            columns |= {f"score.{name}": as_numpy(values), f"pvalue.{name}": self.pvalues[name]}
        return pa.table({name: pa.array(values) for name, values in columns.items()})

    def to_dict(self) -> dict[str, Any]:
        """The JSON document as a dictionary (a copy)."""
        return dict(_json.loads(self.to_json()))

    def to_json(self, indent: int | None = None) -> str:
        """Strict JSON: no NaN, no infinity."""
        return strict_json(self.content, indent)

    def to_html(self, *, redact: bool = False) -> str:
        """The answers as one HTML page that needs nothing else; ``redact`` leaves out every value of a row."""
        from ._outside_report import outside_report

        return outside_report(self, redact=redact)

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
        """
        save_result(self, rows=rows, report=report, json=json, redact=redact)

    def __str__(self) -> str:
        found, sizes = self.content["found"], self.content["sizes"]
        lines = [
            f"{len(found['rows'])} of {sizes['live']} rows lie outside by {self.content['recommended']} "
            f"(false discovery rate {self.content['fdr']:g}). Estimated: {found['share_said']}"
        ]
        if not self.content["calibrated"]:
            lines.append("The p-values are uncalibrated: the network or the scores have seen the calibration rows.")
        lines += [
            f"  {self.row_name(e['row'])}: p = {e['pvalue']:.2g}; {_words(e)}" for e in self.content["reasons"][:5]
        ]
        if self.content["unusable"]:
            lines.append("not had: " + ", ".join(entry["name"] for entry in self.content["unusable"]))
        return "\n".join(lines)

    def row_name(self, row: int) -> str:
        """What a live row is called."""
        return f"row {row}" if self.names is None else str(self.names[row])

    def class_name(self, code: int | None) -> str:
        """What a class is called."""
        if code is None:
            return "–"
        classes = self.content["classes"]
        return str(classes[code]) if classes else f"class {code}"


def _words(entry: dict[str, Any]) -> str:
    """The parts that take most from the score, in words."""
    low = [part for part in entry["parts"] if part["value"] < 0][:3]
    if not low:
        return entry.get("note") or "no single part stands out"
    return "because of " + ", ".join(f"{part['part']} ({part['value']:.2g})" for part in low)
