"""The verdict on two tables: six fixed families under one alpha, the columns behind it, and the minimum effect."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scipy import special

from ecotone.contracts import SMALLEST_PVALUE, BadInput, as_seed
from ecotone.data import Pair
from ecotone.decide import FAMILIES as SHARES_OF_FAMILIES

from ._columns import ColumnMargin, judge_columns
from ._coverage_test import support
from ._energy_family import energy
from ._family import Found
from ._marginal_test import margins
from ._material import ROOT12, SHARES, pairs_material, trees_material
from ._minp import LOG10
from ._pairwise_test import pairs
from ._scores import Design, ScoredColumn
from ._threeway_test import triples
from ._trees import trees

_TESTS: dict[str, Callable[[Design], Found]] = {
    "margins": margins,
    "pairs": pairs,
    "support": support,
    "trees": trees,
    "triples": triples,
    "energy": energy,
}
#: Families with their shares of alpha, fixed in advance and the same for every table. A family that cannot run
#: leaves its share unused.
FAMILIES: dict[str, tuple[float, Callable[[Design], Found]]] = {
    name: (float(share), _TESTS[name]) for name, share in SHARES_OF_FAMILIES.items()
}


@dataclass(frozen=True)
class Family:
    """One family of the verdict; ``reason`` says why it did not run, if it did not."""

    name: str
    share: float
    pvalue: float
    log10_pvalue: float
    reason: str | None
    n_used: int


@dataclass(frozen=True)
class TwoTables:
    """What two tables show.

    Parameters
    ----------
    changed : bool
        ``pvalue <= alpha``: any difference of any family.
    material : bool
        ``changed`` and ``material_pvalue <= alpha``: a difference above ``min_effect``.
    pvalue, log10_pvalue : float
        min over families of p / share.
    material_pvalue : float
        The larger of both tests' p-values, for material needs both: a normal tail of a few rows alone says nothing.
    smallest_detectable : dict
        For each kind of effect the size, in the unit of ``min_effect``, that the minimum-effect verdict would find
        with probability .8 at these numbers of rows.
    columns : tuple of ColumnMargin
    pairs : tuple of (column, column, pvalue, scores)
        The most changed pairs (Bonferroni over all pairs).
    seconds : dict
        By family.
    """

    changed: bool
    material: bool
    pvalue: float
    log10_pvalue: float
    alpha: float
    families: tuple[Family, ...]
    material_pvalue: float
    min_effect: float
    smallest_detectable: dict[str, float]
    columns: tuple[ColumnMargin, ...]
    pairs: tuple[tuple[str, str, float, str], ...]
    seconds: dict[str, float]


def two_tables(
    pair: Pair,
    *,
    alpha: float = 0.05,
    min_effect: float = 0.02,
    fdr: float = 0.1,
    seed: int = 0,
    encoded: tuple[ScoredColumn, ...] | None = None,
) -> TwoTables:
    r"""Say whether two tables come from one distribution, whether the difference matters, and which columns moved.

    .. math:: p = \min_k p_k / s_k, \qquad s = (.45, .20, .10, .10, .05, .10)

    over margins, pairs, support, trees, triples and energy: weighted Bonferroni, so :math:`P(p \le \alpha) \le
    \alpha` under no change whatever the dependence between families. The minimum-effect verdict tests "no effect
    above ``min_effect``" with parts of the same alpha (columns .6, pairs .3, trees .1) and counts only where the
    first verdict found a change; columns are named behind the same gate.

    Parameters
    ----------
    pair : Pair
        With ``units``, whole units are the observations of every family.
    alpha : float
        The verdict's own part of the report's alpha.
    min_effect : float
        On the scale of P(X < Y) - 1/2 (0.02 is a shift of 0.07 standard deviations), of differences of shares and
        rates, and of a classifier's area under the curve less 1/2; products of scores have sqrt(12) times as much.
    fdr : float
        Of the columns named.
    seed : int
        The same seed gives the same answer.
    encoded : tuple of ScoredColumn, optional
        The columns as :func:`dependence` has encoded them for the same tables and seed.

    Raises
    ------
    BadInput
        For levels outside (0, 1), a negative minimum effect or a table without rows.

    References
    ----------
    Genovese, Roeder and Wasserman (2006), https://doi.org/10.1093/biomet/93.3.509 (weighted Bonferroni);
    Benjamini and Yekutieli (2005), https://doi.org/10.1198/016214504000001907 (intervals after selection).

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.data import Column, Pair, Table
    >>> x, y = np.random.default_rng(1).normal(size=(2, 2, 500))
    >>> old, new = (Table({k: Column(k, "numeric", v) for k, v in zip("ab", t)}, 500) for t in (x, y + [[0.5], [0]]))
    >>> found = two_tables(Pair(old, new))
    >>> found.material, found.columns[0].changed, found.columns[0].effect_name
    (True, True, 'auc')
    """
    _check(pair, alpha, min_effect, fdr)
    as_seed(seed)
    design = Design(pair, alpha, seed, encoded)
    found: dict[str, Found] = {}
    seconds: dict[str, float] = {}
    for name, (_, family) in FAMILIES.items():
        start = time.perf_counter()
        found[name] = family(design)
        seconds[name] = time.perf_counter() - start
    return put_together(design, found, seconds, alpha=alpha, min_effect=min_effect, fdr=fdr)


def put_together(
    design: Design,
    found: Mapping[str, Found],
    seconds: dict[str, float],
    *,
    alpha: float,
    min_effect: float,
    fdr: float,
) -> TwoTables:
    """The verdict from what the families found, and the columns behind its gate."""
    logp = min(0.0, *(found[name].logp - math.log(share) for name, (share, _) in FAMILIES.items()))
    changed = logp <= math.log(alpha)
    start = time.perf_counter()
    own, blocks = found["margins"].details.get("columns", {}), found["margins"].inner or ()
    judged = judge_columns(design, own, blocks, gate=changed, alpha=alpha, margin=min_effect, fdr=fdr)
    pair_logp, pair_se, pair_count = pairs_material(found["pairs"].inner, min_effect)
    parts = {
        "columns": judged.material_logp,
        "pairs": pair_logp,
        "trees": trees_material(found["trees"].inner or [], min_effect),
    }
    material = min(0.0, *(value - math.log(SHARES[name]) for name, value in parts.items()))
    seconds["material"] = time.perf_counter() - start
    return TwoTables(
        changed=changed,
        material=changed and material <= math.log(alpha),
        pvalue=_p(logp),
        log10_pvalue=logp / LOG10,
        alpha=alpha,
        families=tuple(
            Family(name, share, _p(found[name].logp), found[name].log10_pvalue, found[name].reason, found[name].n_used)
            for name, (share, _) in FAMILIES.items()
        ),
        material_pvalue=max(_p(material), _p(logp)),
        min_effect=min_effect,
        smallest_detectable=_detectable({**judged.errors}, pair_se, pair_count, alpha, min_effect),
        columns=judged.columns,
        pairs=tuple((a, b, 10.0 ** max(p, -300.0), what) for a, b, p, what in found["pairs"].details.get("pairs", [])),
        seconds=seconds,
    )


def _p(logp: float) -> float:
    return max(math.exp(min(logp, 0.0)), SMALLEST_PVALUE)


def _check(pair: Pair, alpha: float, min_effect: float, fdr: float) -> None:
    for name, value in (("alpha", alpha), ("fdr", fdr)):
        if not 0 < value < 1:
            raise BadInput(f"{name} must lie between 0 and 1, got {value!r}")
    if not 0 <= min_effect < 0.5:
        raise BadInput(f"min_effect must lie in [0, 0.5), got {min_effect!r}; 0.02 is a usual choice")
    for name, table in (("the reference", pair.reference), ("the current table", pair.current)):
        if table.n < 2:
            raise BadInput(f"{name} has {table.n} rows; a comparison needs at least two in each table")


def _detectable(
    errors: dict[str, float], pair_se: float, pair_count: int, alpha: float, margin: float
) -> dict[str, float]:
    """Effect that the minimum-effect verdict finds with probability .8: margin + (z_level + .84) se."""
    count = max(errors.pop("count"), 1.0)
    within = {"auc": 0.7, "spread": 0.3, "level": 1 / 6, "missing": 0.3}
    out = {
        kind: margin + se * (-float(special.ndtri(SHARES["columns"] * alpha * within[kind] / count)) + 0.84)
        for kind, se in errors.items()
        if not math.isnan(se)
    }
    if not math.isnan(pair_se):
        bar = -float(special.ndtri(SHARES["pairs"] * alpha / max(pair_count, 1)))
        out["pairs"] = margin + pair_se / ROOT12 * (bar + 0.84)
    return out
