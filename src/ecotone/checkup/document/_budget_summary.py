"""How a check's alpha was dealt out before any data was seen."""

from __future__ import annotations

from dataclasses import dataclass

from ecotone.decide import Budget


@dataclass(frozen=True)
class BudgetPart:
    """One test's share of alpha; families of the verdict are ``verdict/name``."""

    name: str
    share: float
    alpha: float


@dataclass(frozen=True)
class BudgetSummary:
    """The report's alpha, how it is shared, and every share."""

    alpha: float
    method: str
    parts: tuple[BudgetPart, ...]

    @classmethod
    def of(cls, budget: Budget) -> BudgetSummary:
        """A record of a budget."""
        held = budget.to_dict()
        return cls(held["alpha"], held["method"], tuple(BudgetPart(**part) for part in held["parts"]))

    def part(self, name: str) -> float | None:
        """The level of the test of this name, if there is one."""
        return next((part.alpha for part in self.parts if part.name == name), None)
