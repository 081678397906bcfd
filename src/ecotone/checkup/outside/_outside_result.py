"""What a look for rows outside found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.checkup import Result
from ecotone.checkup.as_json import strict_json, to_dict
from ecotone.contracts import Activations, Floats, as_numpy

from ._outside_content import OutsideContent


class OutsideResult(Result):
    """The answer, for reading, for tables and for a page.

    Attributes
    ----------
    found : OutsideContent
        What was found.
    content : dict
        The same as the JSON document.
    scores, pvalues : mappings of a score's name to (n,) arrays
        Of the live rows.
    adjusted : (n,) array
        P-values of the recommended score after Benjamini and Hochberg: a row is named where it is at most ``fdr``.
    """

    def __init__(
        self,
        found: OutsideContent,
        scores: Mapping[str, Floats],
        pvalues: Mapping[str, Floats],
        adjusted: Floats,
        held: Floats,
        live: Activations,
        judges: Activations,
        names: Sequence[str] | None,
    ) -> None:
        self.found = found
        self.scores = scores
        self.pvalues = pvalues
        self.adjusted = adjusted
        self.held = held  # the recommended score of the calibration rows
        self.live = live
        self.judges = judges
        self.names = names

    @cached_property
    def content(self) -> dict[str, Any]:
        """The JSON document as a dictionary."""
        return to_dict(self.found)

    @property
    def outside(self) -> list[int]:
        """Positions of the live rows named outside."""
        return list(self.found.found.rows)

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
            classes = self.found.classes
            columns["predicted"] = [classes[code] for code in codes] if classes else codes
        best = self.found.recommended
        columns |= {"outside": named, "pvalue": self.pvalues[best], "adjusted_pvalue": self.adjusted}
        reasons = {entry.row: entry.words() for entry in self.found.reasons}
        columns["reason"] = [reasons.get(row) for row in range(n)]
        for name, values in self.scores.items():
            columns |= {f"score.{name}": as_numpy(values), f"pvalue.{name}": self.pvalues[name]}
        return pa.table({name: pa.array(values) for name, values in columns.items()})

    def to_json(self, indent: int | None = None) -> str:
        """Strict JSON: no NaN, no infinity."""
        return strict_json(self.content, indent)

    def to_html(self, *, redact: bool = False) -> str:
        """The answers as one HTML page that needs nothing else; ``redact`` leaves out every value of a row."""
        from ._outside_report import outside_report

        return outside_report(self, redact=redact)

    def __str__(self) -> str:
        found = self.found
        lines = [
            f"{len(found.found.rows)} of {found.sizes.live} rows lie outside by {found.recommended} "
            f"(false discovery rate {found.fdr:g}). Estimated: {found.found.share_said}"
        ]
        if not found.calibrated:
            lines.append("The p-values are uncalibrated: the network or the scores have seen the calibration rows.")
        lines += [f"  {self.row_name(e.row)}: p = {e.pvalue:.2g}; {e.words()}" for e in found.reasons[:5]]
        if found.unusable:
            lines.append("not had: " + ", ".join(entry.name for entry in found.unusable))
        return "\n".join(lines)

    def row_name(self, row: int) -> str:
        """What a live row is called."""
        return f"row {row}" if self.names is None else str(self.names[row])

    def class_name(self, code: int | None) -> str:
        """What a class is called."""
        if code is None:
            return "–"
        classes = self.found.classes
        return str(classes[code]) if classes else f"class {code}"
