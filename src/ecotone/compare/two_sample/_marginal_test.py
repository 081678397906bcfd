"""Margins: has any column's own distribution moved?"""

from __future__ import annotations

import math

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Floats, TestResult
from ecotone.data import Pair

from ._embedded import embedded
from ._family import Found, as_result
from ._level_units import levels_logp
from ._marginal_scores import SCORES, column_scores, weight
from ._minp import permuted_min, weighted_min
from ._scores import Design, ScoredColumn
from ._shuffles import unit_sums

CARD = Card(
    name="marginal_test",
    summary="Smooth rank and level tests of every column, the smallest weighted p-value calibrated over all of them.",
    contract="TestResult",
    title="»Smooth test» for goodness of fit",
    authors=("Neyman, Jerzy",),
    year=1937,
    venue="Skandinavisk Aktuarietidskrift 20",
    link="https://doi.org/10.1080/03461238.1937.10404821",
    tier="stable",
)

ENTRIES = (
    1.6e7  # scores x rows up to which the minimum is permuted; over so many scores Bonferroni loses next to nothing
)
MANY_LEVELS = 0.6  # of a category of many levels, for all of them together
MANY_VALUES = 0.05  # of a number's values as levels: most changes show in its ranks
EMBEDDING = 3.0  # of an embedding, which is many columns: about as much as three


def marginal_test(pair: Pair, *, seed: int = 0) -> TestResult:
    r"""Test whether any column's own distribution differs between two tables.

    Every column is turned into scores of its pooled mid-rank :math:`u` (the normal score and the shifted
    Legendre polynomials of degree 2 to 4), of its levels and of "missing"; each score gives a difference of means

    .. math:: z_k = \frac{\bar s_{k,\mathrm{cur}} - \bar s_{k,\mathrm{ref}}}{\mathrm{sd}_\pi}, \qquad
              p = P_\pi\Big(\min_k p_k/w_k \le \text{observed}\Big)

    with the permutation variance; the levels of a category of many (60), and the values of a number that repeat
    (where rows are the units), are also tested all together, by :func:`many_levels`, and the columns of an embedding as
    one. Up to 5000 units in each table, and 1.6e7 scores of rows in all, the minimum is calibrated by relabelling
    units, beyond by Bonferroni over the weights fixed in advance.

    Parameters
    ----------
    pair : Pair
        With ``units``, whole units are relabelled.
    seed : int

    Returns
    -------
    TestResult
        ``statistic`` is the largest |z|; ``details["column"]`` and ``["score"]`` say where.

    References
    ----------
    Neyman (1937), https://doi.org/10.1080/03461238.1937.10404821

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.data import Column, Pair, Table
    >>> rng = np.random.default_rng(0)
    >>> old, new = (Table({"x": Column("x", "numeric", rng.normal(m, 1, 300))}, 300) for m in (0, 0.5))
    >>> marginal_test(Pair(old, new)).pvalue < 0.01
    True
    """
    return as_result("marginal_test", margins, pair, seed)


def margins(design: Design) -> Found:
    """The family: log p, for each column and embedding its own log p in ``details["columns"]``, embeddings inside."""
    logp, z, column, what = column_scores(design)
    many = {j: levels_logp(design, c.every) for j, c in enumerate(design.columns) if c.every and _looked_at(design, c)}
    blocks = [embedded(design, name, columns) for name, columns in design.blocks.items()]
    if not len(logp) and not many and not blocks:
        return Found(reason="no column has more than one value", details={"columns": {}})
    names = [*(c.name for c in design.columns), *(b.name for b in blocks)]
    parts = np.array([weight(design.columns[j], w) for j, w in zip(column, what)])
    alone = np.array([MANY_VALUES if design.columns[j].ordered else MANY_LEVELS for j in many])
    whole = parts.sum() + alone.sum() + EMBEDDING * len(blocks)
    logp_all = np.concatenate([logp, list(many.values()), [b.logp for b in blocks]])
    where = np.concatenate([column, list(many), len(design.columns) + np.arange(len(blocks))]).astype(np.int64)
    weights = np.concatenate([parts, alone, np.full(len(blocks), EMBEDDING)]) / whole
    value, best = weighted_min(logp_all, weights)
    if design.permute and 0 < len(logp) * sum(design.n) <= ENTRIES:
        sums = unit_sums(design.matrix(SCORES)[0], design.unit, sum(design.units))
        share = float(weights[: len(logp)].sum())
        permuted = math.log(permuted_min(sums, design.units, parts / parts.sum(), design.batches)) - math.log(share)
        value = min(0.0, permuted, *(logp_all - np.log(weights))[len(logp) :])
    own = {names[j]: _own(logp_all[where == j], weights[where == j]) for j in np.unique(where)}
    score = (*what, *("all levels" for _ in many), *("embedding" for _ in blocks))[best]
    details = {"column": names[where[best]], "score": score, "columns": own}
    return Found(value, float(np.abs(z).max(initial=0.0)), sum(design.n), details=details, inner=blocks)


def _looked_at(design: Design, c: ScoredColumn) -> bool:
    """Relabelling units for every value of every number would take minutes: there ranks alone are tested."""
    return not c.ordered or design.unit is None


def _own(logp: Floats, weights: Floats) -> float:
    return weighted_min(logp, weights / weights.sum())[0]
