"""What a check says: its findings, the headline and the advice. Its JSON is the document of a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ecotone.checkup.as_json import Keys

from ._advice_item import AdviceItem
from ._findings import Findings
from ._headline import Headline

FORMAT = "ecotone.check/1"


@dataclass(frozen=True)
class CheckContent(Findings):
    """What a check found, and what it says of it.

    Parameters
    ----------
    format, ecotone : str
        Of the document, and the version that wrote it.
    headline : Headline
    columns_note : str
        How the columns' bits and roles are to be read.
    advice : tuple of AdviceItem
    timing : mapping of str to float
        Seconds by stage.
    """

    format: str
    ecotone: str
    headline: Headline
    columns_note: str
    advice: tuple[AdviceItem, ...]
    timing: Mapping[str, float]

    JSON: ClassVar[Keys] = (
        "format", "ecotone", "headline", "schema", "quality", "contract", "verdict", "columns", "columns_note", "rows",
        "performance", "budget", "data", "advice", "timing",
    )  # fmt: skip
