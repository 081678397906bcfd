"""Who gets which part of alpha."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ecotone.contracts import BadInput

# A share is a fraction of the whole alpha; the families' shares are fractions of the verdict's. Fixed before any data.
PARTS: Mapping[str, Fraction] = {
    "verdict": Fraction(80, 100),
    "rows": Fraction(10, 100),
    "performance": Fraction(10, 100),
}
FAMILIES: Mapping[str, Fraction] = {
    "margins": Fraction(45, 100),
    "pairs": Fraction(20, 100),
    "support": Fraction(10, 100),
    "trees": Fraction(10, 100),
    "triples": Fraction(5, 100),
    "energy": Fraction(10, 100),
}


@dataclass(frozen=True)
class Budget:
    r"""One alpha for a whole report, split in advance.

    Every global test :math:`k` of the report holds a share :math:`w_k` with :math:`\sum_k w_k = 1` and rejects if
    :math:`p_k \le w_k \alpha`. By Bonferroni's inequality the report alarms wrongly with probability at most alpha,
    whatever the dependence between the tests. A test that does not run leaves its share unused: handing it on would
    make the shares depend on the data.

    Parameters
    ----------
    alpha : float in (0, 1)

    Raises
    ------
    BadInput
        For an alpha outside (0, 1), or a path that holds no share.

    Examples
    --------
    >>> budget = Budget(alpha=0.05)
    >>> round(budget.spend("verdict"), 4), round(budget.spend("verdict/margins"), 4)
    (0.04, 0.018)
    >>> budget.pvalue({"verdict/margins": 0.01, "rows": 0.9})
    0.0277...
    """

    alpha: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise BadInput(f"alpha must lie strictly between 0 and 1, got {self.alpha!r}")

    def share(self, path: str) -> Fraction:
        """The exact share of alpha at ``path``, such as ``"rows"`` or ``"verdict/pairs"``."""
        part, _, family = path.partition("/")
        if part not in PARTS or (family and (part != "verdict" or family not in FAMILIES)):
            raise BadInput(f"no share of alpha is held by {path!r}; there are {', '.join(paths())}")
        return PARTS[part] * (FAMILIES[family] if family else 1)

    def spend(self, path: str) -> float:
        """The level of the test at ``path``: its share times alpha."""
        return float(self.share(path)) * self.alpha

    def pvalue(self, pvalues: Mapping[str, float]) -> float:
        """P-value of "nothing changed" from the p-values of those tests that ran, by path.

        Compare it with ``alpha``; the tests that did not run count as 1. A path and its own part must not both
        be given.
        """
        if "verdict" in pvalues and any(path.startswith("verdict/") for path in pvalues):
            raise BadInput("pvalues holds both 'verdict' and its families; give one or the other")
        for path, value in pvalues.items():
            if not 0 <= value <= 1:
                raise BadInput(f"pvalues[{path!r}] is {value!r}; a p-value lies in [0, 1]; leave out what did not run")
        return min([1.0, *(float(value) / float(self.share(path)) for path, value in pvalues.items())])

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready record of every share, for the report."""
        return {
            "alpha": self.alpha,
            "method": "weighted Bonferroni, shares fixed in advance, unused shares are not handed on",
            "parts": [{"name": path, "share": float(self.share(path)), "alpha": self.spend(path)} for path in paths()],
        }


def paths() -> list[str]:
    """Every path that holds a share: the parts, and the verdict's families."""
    return [*(f"verdict/{family}" for family in FAMILIES), *PARTS]
