"""What makes a run fail: which findings there are, which of them gate, and the word for it."""

from __future__ import annotations

from collections.abc import Iterable

from ecotone.contracts import BadInput

from ._content import CheckContent
from ._headline import ALARMS

FAIL_ON = (*ALARMS, "schema", "contract", "any", "never")
_WORDS = {"outliers": "rows outside", "schema": "columns changed", "contract": "contract violated"}


def found(content: CheckContent) -> tuple[str, ...]:
    """Everything that ``fail_on`` can name and that was found: alarms, a changed schema, a violated contract."""
    plain = {
        "schema": content.schema.changed,
        "contract": content.contract is not None and content.contract.violated,
    }
    return (*content.headline.alarms, *(name for name, up in plain.items() if up))


def usual(content: CheckContent) -> tuple[str, ...]:
    """What fails a run where nobody chose: a material change, and a model that lost performance."""
    return ("material",) if content.performance is None else ("material", "performance")


def failing(content: CheckContent, on: Iterable[str] | str) -> tuple[str, ...]:
    """The findings that fail a run.

    Raises
    ------
    BadInput
        For a name that is none, and for ``contract`` where there is none.
    """
    wanted = {on} if isinstance(on, str) else set(on)
    if wanted - set(FAIL_ON):
        raise BadInput(f"fail_on must be of {', '.join(FAIL_ON)}, got {sorted(wanted - set(FAIL_ON))[0]!r}")
    if "contract" in wanted and content.contract is None:
        raise BadInput("fail_on 'contract' needs a contract to hold the table against; give contract=")
    if "never" in wanted:
        return ()
    return tuple(name for name in found(content) if "any" in wanted or name in wanted)


def first_word(content: CheckContent, on: Iterable[str] | str | None = None) -> str:
    """The first word of a report: ALARM exactly where the run fails."""
    seen = found(content)
    if failing(content, usual(content) if on is None else on):
        return "ALARM"
    if seen:
        return f"{', '.join(_WORDS.get(name, name) for name in seen)} (does not fail)"
    return "cannot tell" if content.headline.answer == "cannot tell" else "ok"
