"""The verdict on two tables, as a check tells it: the families of tests, and what their guarantee rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ecotone.checkup.as_json import finite
from ecotone.compare.two_sample import Dependence, Guarantee, TwoTables


@dataclass(frozen=True)
class FamilyOfTests:
    """One family of tests: its share of the verdict's alpha, and why it did not run, if it did not."""

    name: str
    share: float
    pvalue: float | None
    log10_pvalue: float | None
    rows: int
    reason: str | None


@dataclass(frozen=True)
class PairOfColumns:
    """Two columns whose dependence changed: the p-value, corrected for all pairs, and the scores that show it."""

    columns: tuple[str, str]
    pvalue: float
    what: str


@dataclass(frozen=True)
class Verdict:
    """Whether the tables differ, whether it matters, and how sure that is.

    Parameters
    ----------
    material : bool
        A difference above ``min_effect`` is shown.
    changed : bool
        Any difference is shown.
    pvalue, log10_pvalue : float
        Of "nothing changed".
    alpha : float
        The verdict's part of the report's alpha.
    families : tuple of FamilyOfTests
    material_pvalue : float
        Of "no effect above ``min_effect``".
    min_effect : float
    smallest_detectable : mapping of str to float
        The effects that would be found with probability .8 at these sizes.
    pairs : tuple of PairOfColumns
        Those that changed most.
    guarantee, reason : str
        How the p-values hold, and why.
    """

    material: bool
    changed: bool
    pvalue: float | None
    log10_pvalue: float | None
    alpha: float
    families: tuple[FamilyOfTests, ...]
    material_pvalue: float | None
    min_effect: float
    smallest_detectable: Mapping[str, float | None]
    pairs: tuple[PairOfColumns, ...]
    guarantee: Guarantee
    reason: str

    @classmethod
    def of(cls, found: TwoTables, ties: Dependence) -> Verdict:
        """What the tests found, under what is known of the rows' dependence."""
        return cls(
            material=found.material,
            changed=found.changed,
            pvalue=finite(found.pvalue),
            log10_pvalue=finite(found.log10_pvalue),
            alpha=found.alpha,
            families=tuple(
                FamilyOfTests(f.name, f.share, finite(f.pvalue), finite(f.log10_pvalue), f.n_used, f.reason)
                for f in found.families
            ),
            material_pvalue=finite(found.material_pvalue),
            min_effect=found.min_effect,
            smallest_detectable={kind: finite(size) for kind, size in found.smallest_detectable.items()},
            pairs=tuple(PairOfColumns((a, b), float(p), what) for a, b, p, what in found.pairs),
            guarantee=ties.guarantee,
            reason=ties.reason,
        )
