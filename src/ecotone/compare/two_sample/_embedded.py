"""Columns that are one embedding, tested as one thing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from ecotone.contracts import as_seed

from ._energy_family import permuted_energy
from ._linear import linear_steps
from ._marginal_scores import column_scores, weight
from ._minp import weighted_min
from ._pairwise_test import pairs
from ._scored_column import ScoredColumn
from ._scores import Design
from ._shuffles import Batches
from ._trees import Step, together
from ._whitened import whitened

#: Parts of an embedding's test with their shares, fixed in advance.
PARTS = {"kernel": 0.4, "classifier": 0.2, "coordinates": 0.2, "products": 0.2}
ENTRIES = 2e7  # numbers that the classifier reads at once
KERNEL_ROWS = 2500  # whose distances are held at once, 50 MB; chosen, not tuned
DRAWS = 4999  # an embedding has a small share of alpha
FEWEST = 15  # units of a table
_SURE = 1.645  # the normal quantile of a bound of 95 %
_SHOWN = {
    "kernel": "rows are farther from those of the other table than from those of their own",
    "classifier": "a linear classifier tells the tables apart",
    "coordinates": "single coordinates moved",
    "products": "coordinates go together otherwise than before",
}


@dataclass(frozen=True)
class Embedded:
    """What an embedding shows as a whole.

    Parameters
    ----------
    name : str
    width : int
        Columns.
    logp : float
        Bonferroni over the parts with their shares.
    parts : dict
        log p of each part.
    steps : list of Step
        Of the classifier; empty where a table is too small to be split.
    missing : (float, float)
        Mean missing rate of the columns.
    """

    name: str
    width: int
    logp: float
    parts: dict[str, float]
    steps: list[Step]
    missing: tuple[float, float]

    @property
    def auc(self) -> tuple[float, float]:
        """Area under the curve on rows not seen, and its standard error; NaN where a table is too small."""
        if not self.steps:
            return math.nan, math.nan
        weight = np.array([s.weight**2 for s in self.steps])
        share = weight / weight.sum()
        return float(share @ [s.auc for s in self.steps]), math.sqrt(float(share**2 @ [s.se**2 for s in self.steps]))

    def words(self) -> str:
        """What the tables' difference is, as far as is known."""
        auc, se = self.auc
        if math.isnan(auc):
            return _SHOWN[self.clearest]
        known = f"{auc:.2f}".removeprefix("0")
        if auc - _SURE * se <= 0.5:
            chance = f"a linear classifier does not tell the tables apart on rows that it has not seen (AUC {known})"
            return chance if self.clearest == "classifier" else f"{_SHOWN[self.clearest]}; {chance}"
        said = f"a linear classifier tells the tables apart with AUC {known} on rows that it has not seen"
        return said if self.clearest == "classifier" else f"{said}; {_SHOWN[self.clearest]}"

    @property
    def clearest(self) -> str:
        """The part of the test that speaks most clearly for a change."""
        return min(self.parts, key=lambda part: self.parts[part] - math.log(PARTS[part]))


def embedded(design: Design, name: str, columns: tuple[ScoredColumn, ...]) -> Embedded:
    r"""Test the columns of an embedding together.

    .. math:: p = \min_k p_k / s_k, \qquad s = (.4, .2, .2, .2)

    over the energy distance of whitened scores, by permutation; a prequential linear discriminant on them; the most
    moved coordinate and the most moved product of two, by Bonferroni. Scores are normal scores of pooled ranks, 0 where
    missing, and are whitened by both tables together, so that labels decide nothing before the tests.

    Notes
    -----
    A shift along a direction that many coordinates share is for the distances and the discriminant, one of a single
    coordinate or correlation for the largest of them: in hundreds of dimensions neither sees the other's.
    """
    names = tuple(c.name for c in columns)
    alone = replace(
        design.pair,
        reference=design.pair.reference.select(names),
        current=design.pair.current.select(names),
        embeddings={},
    )
    own = Design(alone, design.alpha / 10, design.seed, columns)
    steps = _classified(own)
    parts = {"kernel": _kernel(own), "coordinates": _coordinates(own), "products": pairs(own).logp}
    parts["classifier"] = float(special.log_ndtr(-together(steps)[0])) if steps else 0.0
    logp = weighted_min(np.array([parts[k] for k in PARTS]), np.array(list(PARTS.values())))[0]
    rates = np.mean([c.missing for c in columns], axis=0)
    return Embedded(name, len(columns), logp, parts, steps, (float(rates[0]), float(rates[1])))


def _kernel(own: Design) -> float:
    rows = own.rows(KERNEL_ROWS, 6)
    x = own.matrix(frozenset({"normal"}), rows)[0]
    _, units = own.grouping(rows)
    if not x.shape[1] or min(units) < 2:
        return 0.0
    batches = Batches(units, DRAWS, as_seed(own.seed, 908))
    return math.log(permuted_energy(own, rows, whitened(x), batches)[0])


def _coordinates(own: Design) -> float:

    logp, _, column, what = column_scores(own)
    if not len(logp):
        return 0.0
    weights = np.array([weight(own.columns[j], w) for j, w in zip(column, what)])
    return weighted_min(logp, weights / weights.sum())[0]


def _classified(own: Design) -> list[Step]:
    rows = own.rows(int(ENTRIES // max(len(own.columns), 1)), 7)
    unit, units = own.grouping(rows)
    x = own.matrix(frozenset({"normal"}), rows)[0]
    if not x.shape[1] or min(units) < FEWEST:
        return []
    return linear_steps(whitened(x), own.is_current[rows], unit, units, as_seed(own.seed, 909))
