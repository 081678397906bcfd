"""How one column moved, in words and numbers of its own unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ecotone.compare.explain._many_level_words import has_many, many_level_words, value_words
from ecotone.contracts import Floats
from ecotone.data import CODED, NAMED, ORDERED, Column

from ._movement_levels import levels_moved, middle, rates_differ
from ._movement_numbers import numbers_moved
from ._movement_words import number, percent

_LEAST = 0.01  # change of share from which on one level among many is told by name
_LARGEST = 1e100  # squares and ratios of larger values are no doubles
_SMALLEST = 1e-100  # and of smaller ones


@dataclass(frozen=True)
class Movement:
    """What moved in a column.

    Parameters
    ----------
    name : str
    sentence : str
        Plain text; names of levels appear as they are in the data and need escaping in a document.
    facts : mapping
        JSON-ready numbers behind the sentence. ``mean`` and ``median`` (before and after; the median of an ordinal
        column is a level), and what exceeds the noise floor, where present: ``missing`` and ``infinite`` (rate before,
        rate after), ``displacement`` and ``share`` (of the rows that moved), ``opposite`` (the same two numbers for
        rows that moved the other way), ``factor`` and ``spread`` (ratios), ``beyond`` (side, share, limit, far),
        ``levels`` (level to share before and after; ``most`` where none is beyond noise), ``unseen`` (share of the
        rows, expected share, codes) and ``gone`` (codes, expected codes).
    """

    name: str
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: ``sentence`` and the facts."""
        return {"sentence": self.sentence, **self.facts}


def describe_shift(reference: Column, current: Column, *, sizes: tuple[float, float] | None = None) -> Movement:
    r"""How a column moved from reference to current: mean and median, and what is simpler said otherwise.

    Ordered columns: mean and median lead. Beside them stands the simplest transport where it says more: with the
    quantile functions :math:`Q_R, Q_C` the monotone map moves the row at level :math:`u` by :math:`Q_C(u) - Q_R(u)`.
    The first of these maps that leaves no difference beyond noise is taken: none; all rows by one amount (which mean
    and median say); all by one factor; one change of spread; both. Otherwise the map is sparse: the fewest rows whose
    move turns one distribution into the other, all mass common to both standing still; it is told where at most half
    of the rows move, one way. Noise is a weighted Kolmogorov-Smirnov distance,

    .. math:: \sup_x \frac{|F_R(x) - F_C(x)|}{\sqrt{\bar F(x)(1 - \bar F(x))(1/n_R + 1/n_C)}} \le 3.4.

    Current rows far beyond all reference rows are told apart from the map, so that a few wrong units do not become
    "an average". Coded columns: which levels, from what share to what share. No p-value is attached: call it
    for columns that a test has named.

    Parameters
    ----------
    reference, current : Column
        Of one kind, with shared levels; NaN is missing.
    sizes : (float, float), optional
        Numbers of independent units behind the rows, where fewer than the rows.

    Returns
    -------
    Movement

    Examples
    --------
    >>> x = np.linspace(0, 10, 2000)
    >>> describe_shift(Column("speed", "numeric", x), Column("speed", "numeric", x + 3)).sentence
    'mean 5 → 8, median 5 → 8'
    """
    n = sizes or (float(len(reference.values)), float(len(current.values)))
    if not len(reference.values) or not len(current.values):
        return Movement(reference.name, "nothing to compare: one of the tables has no rows")
    facts: dict[str, Any] = {}
    words: list[str] = []
    rates = float(reference.missing.mean()), float(current.missing.mean())
    if rates_differ(rates, n):
        facts["missing"] = rates
        words.append(f"missing {percent(rates[0])} → {percent(rates[1])}")
    ends = float(np.isinf(reference.values).mean()), float(np.isinf(current.values).mean())
    if reference.kind in ORDERED and rates_differ(ends, n):
        facts["infinite"] = ends
        words.append(f"infinite {percent(ends[0])} → {percent(ends[1])}")
        rates = rates[0] + ends[0], rates[1] + ends[1]  # of what the finite values are told
    left = n[0] * (1 - rates[0]), n[1] * (1 - rates[1])
    if min(left) >= 1 and reference.kind in NAMED:
        words += middle(reference, current, facts) if reference.kind not in CODED else []
        many = has_many(reference)
        if many:
            words += many_level_words(reference, current, units=sizes is not None, facts=facts)
        words += levels_moved(reference, current, left, facts, least=_LEAST if many else 0.0)
        if many and not words:
            words.append("the shares of its codes changed, of each by less than 1 % of the rows")
    elif min(left) >= 1 and reference.kind in ORDERED:
        r, c = (np.sort(v[np.isfinite(v)]) for v in (reference.values, current.values))
        if len(r) and len(c):
            size = max(abs(float(v)) for v in (r[0], r[-1], c[0], c[-1]))
            words += numbers_moved(r, c, left, facts) if _SMALLEST < size < _LARGEST else _ends_of_doubles(r, c, facts)
            words += value_words(r, c, facts) if sizes is None else []  # of units the ranks alone are tested
    return Movement(reference.name, "; ".join(words) or "no movement beyond noise in this column by itself", facts)


def _ends_of_doubles(r: Floats, c: Floats, facts: dict[str, Any]) -> list[str]:
    """Mean and median alone, of values whose squares and ratios are no doubles. Both arrays sorted."""
    power = int(np.frexp(max(abs(float(v)) for v in (r[0], r[-1], c[0], c[-1])))[1])
    words = []
    for name, of in (("mean", np.mean), ("median", np.median)):
        before, after = (float(np.ldexp(of(np.ldexp(x, -power)), power)) for x in (r, c))
        facts[name] = (before, after)
        words.append(f"{name} {number(before)} → {number(after)}")
    return [", ".join(words)]
