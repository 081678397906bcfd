"""Which columns changed their distribution given all the others: the residual product test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ecotone.cards import Card
from ecotone.compare.explain._column_scores import column_scores, most_degrees, near_copies, trimmed
from ecotone.compare.explain._residual_products import residual_products
from ecotone.contracts import SMALLEST_PVALUE, BadInput, Floats, Ints, as_seed
from ecotone.data import CODED, ORDERED, Column, Pair

CARD = Card(
    name="conditional_change",
    summary="Names the columns whose distribution given all other columns changed, by products of residuals.",
    contract="ColumnTest",
    title="The hardness of conditional independence testing and the generalised covariance measure",
    authors=("Shah, Rajen D.", "Peters, Jonas"),
    year=2020,
    venue="Annals of Statistics 48(3)",
    link="https://doi.org/10.1214/19-AOS1857",
    tier="stable",
)

_MIN_ROWS = 10  # pooled rows that a level, or the missing values, must have for a score of their own
_MIN_EXPECTED = 4.0  # and as many expected in the smaller table


@dataclass(frozen=True)
class ConditionalChange:
    """What the test says of one column.

    Parameters
    ----------
    name : str
    pvalue : float
        Of "the table is independent of this column, given all columns outside ``group``"; floored at 1e-300.
    log10_pvalue : float
    group : tuple of str
        The column and its near-copies, which were tested as one and share the p-value.
    """

    name: str
    pvalue: float
    log10_pvalue: float
    group: tuple[str, ...]


def conditional_change(pair: Pair, *, seed: int = 0, max_rows: int = 20_000) -> tuple[ConditionalChange, ...]:
    r"""Which columns changed their distribution given all other columns.

    For each column :math:`j`, the hypothesis that the table :math:`A` a row comes from is independent of
    :math:`X_j` given :math:`X_{-j}`. Every column is turned into scores: Hermite polynomials of normal scores, or
    indicators of levels; a missing value scores 0 and has an indicator. With the residuals of least squares on the
    scores of all other columns,

    .. math:: \varepsilon = A - \hat A(X_{-j}), \quad \xi = X_j - \hat X_j(X_{-j}), \quad
              \zeta = \xi^2 - \widehat{\xi^2}(X_{-j}),

    the means of :math:`\varepsilon\xi` and of :math:`\varepsilon\zeta` are tested against zero and the smaller
    p-value is doubled. A p-value is valid if *either* regression is right: the column's, or the table's. Residuals
    come from one fit on all rows, not from folds: then the mean of :math:`\varepsilon\xi` has expectation zero
    exactly where the column's regression is right, however poorly the table's is estimated. One matrix inverse
    serves all columns.

    The non-null columns are those whose mechanism changed *and their parents*: a parent's distribution given its child
    changes with the child's mechanism. Columns that merely follow a changed one are null.

    Parameters
    ----------
    pair : Pair
        Ordered, boolean and category columns are tested; where ``pair.units`` is given, units are independent,
        rows are not.
    seed : int
        Of the rows taken where there are more than ``max_rows``; not used otherwise.
    max_rows : int
        Rows of both tables together that are read.

    Returns
    -------
    tuple of ConditionalChange
        In the order of the columns. Columns without variation (fewer than ten rows off the commonest value) are
        left out; all are where there are fewer than two independent rows per score, too few to tell columns apart.
        Where rows times scores times columns exceed 4e9 the means of :math:`\varepsilon\xi` alone are tested.

    Raises
    ------
    BadInput
        For ``max_rows`` below 10.

    References
    ----------
    Shah and Peters (2020), https://doi.org/10.1214/19-AOS1857

    Examples
    --------
    ``y`` follows ``x``, which moved; only the distribution of ``x`` given the other changed.

    >>> import numpy as np
    >>> from ecotone.data import Column, Pair, Table
    >>> rng = np.random.default_rng(0)
    >>> def table(mean):
    ...     x = rng.normal(mean, 1, 1000)
    ...     y = x + rng.normal(0, 1, 1000)
    ...     return Table({"x": Column("x", "numeric", x), "y": Column("y", "numeric", y)}, 1000, rows=np.arange(1000))
    >>> [(c.name, c.pvalue < 0.01) for c in conditional_change(Pair(table(0), table(1)))]
    [('x', True), ('y', False)]
    """
    if max_rows < 10:
        raise BadInput(f"max_rows must be at least 10, got {max_rows}; the default is 20000")
    rng = as_seed(seed)
    label, units, columns = _pooled(pair, max_rows, rng)
    share = float(np.mean(label > 0))
    least = max(_MIN_ROWS, math.ceil(_MIN_EXPECTED / min(share, 1 - share)))
    n_units = int(units.max()) + 1
    degree = most_degrees(sum(c.kind in ORDERED for c in columns), n_units, len(label))
    scores = [s for c in columns if (s := column_scores(c, least, degree)) is not None]
    scores = trimmed(scores, n_units)
    if not scores:
        return ()
    groups = near_copies(scores)
    order = np.argsort(groups, kind="stable")
    logs = residual_products([scores[i] for i in order], groups[order], label, units)
    found = []
    for s, g in zip(scores, groups):
        names = tuple(other.name for other, h in zip(scores, groups) if h == g)
        found.append(ConditionalChange(s.name, max(10 ** logs[g], SMALLEST_PVALUE), logs[g], names))
    return tuple(found)


def _pooled(pair: Pair, max_rows: int, rng: np.random.Generator) -> tuple[Floats, Ints, list[Column]]:
    """Table label (centred), unit numbers and pooled columns of at most ``max_rows`` rows."""
    n = pair.n
    keep = [np.arange(m) for m in n]
    if sum(n) > max_rows:
        share = max_rows / sum(n)
        keep = [np.sort(rng.choice(m, max(1, round(m * share)), replace=False)) for m in n]
    label = np.repeat([0.0, 1.0], [len(k) for k in keep])
    if pair.units is None:
        units = np.arange(len(label))
    else:
        apart = np.concatenate([2 * pair.units[0][keep[0]], 2 * pair.units[1][keep[1]] + 1])
        units = np.unique(apart, return_inverse=True)[1]
    columns = [
        Column(c.name, c.kind, np.concatenate([c.values[keep[0]], pair.current[c.name].values[keep[1]]]), c.levels)
        for c in pair.reference
        if c.kind in ORDERED | CODED
    ]
    return label - label.mean(), units, columns
