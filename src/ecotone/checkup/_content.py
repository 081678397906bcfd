"""What a check says: its findings, the headline and the advice. Its JSON is the document of a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

from ecotone.checkup.advice._advice import advise
from ecotone.checkup.advice._advice_item import AdviceItem
from ecotone.compare.two_sample import Dependence

from ._columns import ROLE_NOTE
from ._findings import Findings
from ._headline import Headline, headline
from ._json_values import Keys
from ._settings import Settings

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


def content_of(found: Findings, settings: Settings, ties: Dependence, timing: Mapping[str, float]) -> CheckContent:
    """The findings with the headline and the advice that they call for."""
    from ecotone import __version__

    return CheckContent(
        **{field.name: getattr(found, field.name) for field in fields(Findings)},
        format=FORMAT,
        ecotone=__version__,
        headline=headline(found, settings, ties),
        columns_note=ROLE_NOTE,
        advice=advise(found),
        timing=timing,
    )
