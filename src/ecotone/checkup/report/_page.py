"""The report: one HTML page that needs nothing else, readable on a phone, in print, in light and dark."""

from __future__ import annotations

from typing import Any

from ecotone.checkup.document import CheckContent

from ._section_advice import advice
from ._section_certainty import certainty
from ._section_columns import columns, every_column
from ._section_data import data
from ._section_facts import broken, contract, facts, schema_changes
from ._section_lead import lead, pairing, quiet
from ._section_model import model
from ._section_pair import pair
from ._section_rows import rows
from ._templates import page


def html_report(content: CheckContent, pictures: dict[str, Any], *, redact: bool = False) -> str:
    """The page.

    Parameters
    ----------
    content : CheckContent
    pictures : dict
        What the plots are drawn from.
    redact : bool
        Leave out whatever shows a value of a row: level names, the rows' values, the ends of ranges, and sentences
        that hold any of these.
    """
    sections = [
        lead(content, redact=redact),
        schema_changes(content, redact=redact),
        contract(content, redact=redact),
        broken(content, redact=redact),
        advice(content, redact=redact),
        quiet(content),
        model(content, redact=redact),
        columns(content, pictures, redact=redact),
        pair(content, pictures, redact=redact),
        rows(content, pictures, redact=redact),
        every_column(content, redact=redact),
        facts(content, redact=redact),
        certainty(content),
        data(content, redact=redact),
    ]
    return page("check/page.html", pairing=pairing(content), sections=sections)
