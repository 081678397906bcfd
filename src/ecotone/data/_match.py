"""Rows matched within strata, so that every stratum has the same share of both tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ecotone.contracts import BadInput, Bools, Floats, Ints, as_seed

from ._given import Condition, conditions
from ._pooled_column import PooledColumn
from ._strata import SIDES, Strata, left_out, stratum_names

_RATIOS = 200  # ratios of the tables that are tried


@dataclass(frozen=True)
class Matched:
    """Which pooled rows are compared, and what of it is told."""

    keep: Bools
    strata: Strata
    conditions: tuple[Condition, ...]


def match(
    given: Sequence[str],
    raws: Mapping[str, PooledColumn],
    keep: Bools,
    split: int,
    entity: str | None = None,
    *,
    seed: int = 0,
) -> Matched:
    r"""Draw rows of both tables so that each stratum holds the same proportion of reference and current.

    A stratum is a combination of the given columns' levels (bins between pooled quantiles, for columns of many
    numbers; missing is a level). Of stratum s, with :math:`a_s` and :math:`b_s` rows, a random :math:`\rho c_s` and
    :math:`c_s` are kept, :math:`c_s = \min(b_s, a_s/\rho)`, for the one ratio :math:`\rho` that makes

    .. math:: \frac{1}{1/A + 1/B}, \qquad B = \sum_s c_s, \quad A = \rho B

    largest: the size that the power of a comparison of A with B rows depends on. Whole numbers are kept, the larger
    side's by rounding at random without bias; strata of which nothing is kept, and those of one table, are left out.

    Parameters
    ----------
    given : sequence of str
        Columns, or parts of date-times as ``column:part``.
    raws : mapping of str to PooledColumn
        Columns of both tables, pooled over all rows.
    keep : (N,) bool
        Rows that could be compared.
    split : int
        Rows of the reference.
    entity : str, optional
        Whole entities are drawn; each must lie in one stratum.
    seed : int

    Raises
    ------
    BadInput
        For a name that stands for nothing, no stratum in both tables, or an entity in two strata.

    Notes
    -----
    Let rows be independent with one distribution in both tables *given the stratum*, :math:`x_i = \mu(s_i) + e_i` for
    any score. Which rows are drawn depends on strata alone, so the :math:`e_i` keep their distributions, and the
    strata's shares are the same in both samples: the difference of means has no part in :math:`\mu`, and its variance
    is that within strata. Relabelling rows over all strata, and every count or rank that rests on it, has the variance
    within *and* between strata. For scores that are jointly normal with the smaller covariance a symmetric convex
    region is at least as likely (Anderson 1955), so tests that accept in such regions alarm at most as often as they
    say, up to what is lost where normal distributions are only near. Random rounding adds at most 1/4 to the variance
    of a stratum's number of rows, less than relabelling does. Whole units add the sum of squares of :math:`\mu` over
    them, again on the safe side. A classifier that has learned strata from chance finds the opposite on the rest, which
    cannot raise an alarm.

    References
    ----------
    Anderson (1955), https://doi.org/10.1090/S0002-9939-1955-0069229-1; Cochran (1968),
    https://doi.org/10.2307/2528036.
    """
    found = conditions(given, raws)
    stratum = _joint([c.codes for c in found])
    current = np.arange(len(keep)) >= split
    unit = None if entity is None else _units(raws[entity], stratum, current, keep, entity, given)
    heads = np.flatnonzero(keep) if unit is None else unit[0]
    size = int(stratum.max()) + 1
    counts = np.stack([np.bincount(stratum[heads[current[heads] == t]], minlength=size) for t in (False, True)])
    if not (counts.min(0) > 0).any():
        raise BadInput(_nothing(found, stratum, keep, current))
    rng = as_seed(seed, 42)
    wanted, ratio = quotas(counts, rng)
    drawn = np.zeros(len(keep), bool)
    for t in (0, 1):
        drawn[_draw(heads[current[heads] == bool(t)], stratum, wanted[t], rng)] = True
    chosen = drawn if unit is None else keep & drawn[unit[1]]
    rows = np.stack([np.bincount(stratum[keep & (current == t)], minlength=size) for t in (False, True)])
    strata = Strata(
        tuple(dict.fromkeys(given)),
        int((wanted.min(0) > 0).sum()),
        ratio,
        (int(chosen[:split].sum()), int(chosen[split:].sum())),
        (int(keep[:split].sum()), int(keep[split:].sum())),
        left_out(found, stratum, rows, wanted.min(0) == 0),
        tuple(c.name for c in found if c.cut),
        unit is not None,
    )
    return Matched(chosen, strata, found)


def quotas(counts: Ints, rng: np.random.Generator) -> tuple[Ints, float]:
    """(2, strata) rows to draw, and the ratio of the first table to the second that leaves most to see."""
    both = counts.min(0) > 0
    ratios = np.unique(counts[0, both] / counts[1, both])
    if len(ratios) > _RATIOS:
        ratios = np.quantile(ratios, np.linspace(0, 1, _RATIOS), method="nearest")
    best = max(ratios, key=lambda r: _effective(counts, float(r)))
    small, large, times = _sides(float(best))
    out = np.zeros_like(counts)
    out[small] = np.where(both, _fewer(counts[small], counts[large], times), 0)
    exact = times * out[small]
    low = np.floor(exact + 1e-9)
    out[large] = low + (rng.random(counts.shape[1]) < exact - low)
    return out, float(best)


def _effective(counts: Ints, ratio: float) -> float:
    small, large, times = _sides(ratio)
    return float(_fewer(counts[small], counts[large], times).sum()) * times / (1 + times)


def _sides(ratio: float) -> tuple[int, int, float]:
    """The table with fewer rows in each stratum, the other, and how many times as many that has."""
    return (1, 0, ratio) if ratio >= 1 else (0, 1, 1 / ratio)


def _fewer(small: Ints, large: Ints, times: float) -> Floats:
    return np.floor(np.minimum(small, large / times) + 1e-9)


def _joint(codes: list[Ints]) -> Ints:
    out = codes[0]
    for more in codes[1:]:
        out = np.unique(out * (int(more.max()) + 1) + more, return_inverse=True)[1].astype(np.int64)
    return out


def _draw(rows: Ints, stratum: Ints, wanted: Ints, rng: np.random.Generator) -> Ints:
    """So many of the rows of each stratum, all sets alike likely."""
    mixed = rows[rng.permutation(len(rows))]
    mixed = mixed[np.argsort(stratum[mixed], kind="stable")]
    count = np.bincount(stratum[mixed], minlength=len(wanted))
    place = np.arange(len(mixed)) - np.repeat(np.cumsum(count) - count, count)
    return mixed[place < wanted[stratum[mixed]]]


def _units(
    raw: PooledColumn, stratum: Ints, current: Bools, keep: Bools, entity: str, given: Sequence[str]
) -> tuple[Ints, Ints]:
    """The first row of each entity of each table, and for each row the first of its own."""
    key = np.unique(raw.key(), return_inverse=True)[1].astype(np.int64)
    key[raw.missing] = key.max() + 1 + np.arange(int(raw.missing.sum()))  # an unknown entity is one of its own
    key = np.where(keep, 2 * key + current, -1)
    _, first, where = np.unique(key, return_index=True, return_inverse=True)
    head = first[where]
    if (stratum[keep] != stratum[head[keep]]).any():
        raise BadInput(
            f"given: rows of one {entity!r} are in several strata of {', '.join(given)}, so that entities cannot be "
            f"matched whole; give columns that are the same in all rows of an entity, or leave entity out"
        )
    return np.unique(head[keep]), head


def _nothing(found: tuple[Condition, ...], stratum: Ints, keep: Bools, current: Bools) -> str:
    sides = []
    for t, side in enumerate(SIDES):
        rows = np.flatnonzero(keep & (current == bool(t)))
        some = rows[np.unique(stratum[rows], return_index=True)[1][:3]]
        sides.append(f"{side} has {', '.join(stratum_names(found, some))}")
    names = ", ".join(c.name for c in found)
    return (
        f"given: no stratum of {names} has rows of both tables ({'; '.join(sides)} …), so nothing can be compared; "
        "give coarser columns, or tables that overlap"
    )
