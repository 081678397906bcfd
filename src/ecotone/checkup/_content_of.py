"""The findings of a check, with what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from ecotone.checkup.advice import advise
from ecotone.checkup.document import FORMAT, CheckContent, Findings
from ecotone.compare.two_sample import Dependence

from ._columns import ROLE_NOTE
from ._headline import headline
from ._settings import Settings


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
