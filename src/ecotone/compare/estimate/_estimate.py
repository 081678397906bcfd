"""What every estimator gives back, and what those that weight the reference rows rest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ecotone.contracts import BadInput, Estimate

from ._core import Core
from ._predictions import Predictions

COVARIATE_SHIFT = (
    "p(y|x) is the same in both tables, and the reference has rows wherever the current table has; "
    "a change of p(y|x) cannot be seen without labels."
)


def estimate(
    name: str,
    given: tuple[Predictions, str, float, int],
    assumption: str,
    *,
    widen: bool = False,
    unless: Sequence[Callable[[Core], str | None]] = (),
) -> Estimate:
    """The answer of the estimator of this name to (predictions, metric, level, seed).

    ``unless`` are what makes the answer unknown: the first of them that gives a reason is told. Where the metric is
    0/0 the value is NaN and that is the reason.
    """
    predictions, metric, level, seed = given
    core = Core.of(predictions, metric, seed)
    if not 0 < level < 1:
        raise BadInput(f"level must lie between 0 and 1, got {level!r}; try 0.9")
    value = core.value(name)
    reasons = (reason(core) for reason in (lambda c: c.undefined(name), *unless))
    unknown = next((why for why in reasons if why is not None), None)
    details: dict[str, Any] = {"metric": core.metric.name, "reference": core.reference}
    return Estimate(value, core.interval(value, level, widen=widen), name, assumption, level, unknown, details)
