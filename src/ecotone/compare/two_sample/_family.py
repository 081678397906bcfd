"""What a family of the two-table verdict returns, and how it becomes a test of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ecotone.contracts import TestResult, as_seed
from ecotone.data import Pair

from ._minp import LOG10
from ._scores import Design


@dataclass(frozen=True)
class Found:
    """A family's p-value as a natural logarithm, what it rests on, and why it did not run if it did not."""

    logp: float = 0.0
    statistic: float = 0.0
    n_used: int = 0
    reason: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    inner: Any = None  # for the minimum-effect verdict; not part of a result

    @property
    def pvalue(self) -> float:
        return math.exp(min(self.logp, 0.0))

    @property
    def log10_pvalue(self) -> float:
        return min(self.logp, 0.0) / LOG10


def as_result(method: str, family: Callable[[Design], Found], pair: Pair, seed: int) -> TestResult:
    """Run one family alone, with the whole of alpha."""
    as_seed(seed)
    found = family(Design(pair, seed=seed))
    reason = {} if found.reason is None else {"reason": found.reason}
    return TestResult(
        statistic=found.statistic,
        pvalue=found.pvalue,
        method=method,
        sizes=pair.n,
        log10_pvalue=found.log10_pvalue,
        details={"n_used": found.n_used, **reason, **found.details},
    )
