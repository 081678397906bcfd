"""Pairs: has the dependence between any two columns moved?"""

from __future__ import annotations

import math

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import Bools, Floats, Ints, TestResult
from ecotone.data import Pair

from ._family import Found, as_result
from ._minp import LOG10, log_two_sided
from ._products import Sample, TooLarge, pair_moments, product_min, sample
from ._scores import Design

CARD = Card(
    name="pairwise_test",
    summary="Differences of the mean products of all pairs of rank, tail, level and missing scores.",
    contract="TestResult",
    title="Two-sample covariance matrix testing and support recovery in high-dimensional and sparse settings",
    authors=("Cai, Tony", "Liu, Weidong", "Xia, Yin"),
    year=2013,
    venue="Journal of the American Statistical Association 108(501)",
    link="https://doi.org/10.1080/01621459.2012.758041",
    tier="stable",
)

SCORES = frozenset({"L1", "L2", "up", "low", "level", "missing"})
WEIGHTS = {"L1": 1.0, "L2": 1.0, "up": 0.5, "low": 0.5, "level": 0.5, "missing": 2.0}
ENTRIES = 2e7  # scores held at once
FLOPS = 2e10  # of the products of all scores: a second of one core or less; chosen, not tuned
MOST = 2400  # scores: beyond, the tails are left out, then the spread, so that pairs of columns stay affordable
COARSER = (frozenset({"L1", "L2", "level", "missing"}), frozenset({"L1", "level", "missing"}))
WIDEST = 6000  # scores of one kind: beyond, the pairs alone take gigabytes


def pairwise_test(pair: Pair, *, seed: int = 0) -> TestResult:
    r"""Test whether the dependence of any two columns differs between two tables.

    For scores :math:`s_a, s_b` of two columns, standardised over both tables together,

    .. math:: z_{ab} = \frac{\overline{s_a s_b}_{\mathrm{cur}} - \overline{s_a s_b}_{\mathrm{ref}}}{\mathrm{sd}_\pi}

    over all pairs at once by matrix products, with weights fixed in advance; by permutation where that is
    affordable, else by Bonferroni. Products whose largest value is not small against the root of the number of rows
    are left out: their mean is not near normal. A largest absolute difference over covariances, as in the reference,
    with bounded scores in place of the values.

    Parameters
    ----------
    pair : Pair
        With ``units``, the sums of whole units are compared.
    seed : int

    Returns
    -------
    TestResult
        ``statistic`` is the largest |z|; ``details["pairs"]`` lists the most changed pairs.

    References
    ----------
    Cai, Liu and Xia (2013), https://doi.org/10.1080/01621459.2012.758041

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.data import Column, Pair, Table
    >>> rng = np.random.default_rng(0)
    >>> a, b, c = rng.normal(size=(3, 300))
    >>> old = Table({"x": Column("x", "numeric", a), "y": Column("y", "numeric", b)}, 300)
    >>> new = Table({"x": Column("x", "numeric", c), "y": Column("y", "numeric", 0.7 * c + 0.7 * b)}, 300)
    >>> pairwise_test(Pair(old, new)).details["pairs"][0][:2]
    ['x', 'y']
    """
    return as_result("pairwise_test", pairs, pair, seed)


def pairs(design: Design) -> Found:
    """The family: log p and the most changed pairs of columns."""
    if sum(1 for _ in design.picked(SCORES)) < 2:
        return Found(reason="fewer than two columns have more than one value")
    names, count = affordable_scores(design)
    if count > WIDEST:
        return Found(reason=f"{count} scores of columns: more than {WIDEST} make too many pairs")
    s = sample(design, names, int(max(4000, min(ENTRIES / count, FLOPS / (4 * count**2)))), 1)
    keep = allowed(s)
    a, b = np.nonzero(np.triu(keep))
    if not len(a):
        return Found(reason="every product of two scores is too rare for its mean to be near normal")
    weights = np.array([WEIGHTS[w.split(":")[0]] for w in s.what])
    moments = None if s.unit is not None else tuple(pair_moments(x) for x in np.split(s.x, [s.units[0]]))
    try:
        value, _, z = product_min(design, s, (a, b), weights[a] * weights[b], _all_z(s, a, b, moments))
    except TooLarge:
        return Found(reason="too many products for the declared units")
    details = {"pairs": _most_changed(design, s, a, b, z)}
    return Found(value, float(np.abs(z).max()), len(s.rows), details=details, inner=(s, a, b, moments))


def affordable_scores(design: Design) -> tuple[frozenset[str], int]:
    """The richest set of scores whose pairs are affordable, by the number of columns alone, and how many there are."""
    for names in (SCORES, *COARSER):
        count = sum(len(at) for _, at in design.picked(names))
        if count <= MOST:
            break
    return names, count


def allowed(s: Sample) -> Bools:
    """(k, k) pairs of scores that take part: of two columns, tail with tail only, near normal."""
    tail = np.array([w in ("up", "low") for w in s.what])
    top = s.largest()
    return np.asarray(
        (s.column[:, None] != s.column[None, :])
        & (tail[:, None] == tail[None, :])
        & (top[:, None] * top[None, :] <= s.cap)
    )


def _all_z(s: Sample, a: Ints, b: Ints, moments: tuple[tuple[Floats, Floats], ...] | None) -> Floats | None:
    if moments is None:
        return None
    n_ref, n_cur = s.units
    n = n_ref + n_cur
    (ref, ref2), (cur, cur2) = moments
    ref, ref2, cur, cur2 = ref[a, b], ref2[a, b], cur[a, b], cur2[a, b]
    mean = (n_ref * ref + n_cur * cur) / n
    variance = (n_ref * ref2 + n_cur * cur2) / n - mean**2
    return np.asarray((cur - ref) / np.sqrt(np.maximum(variance, 1e-9) * n / (n_ref * n_cur)))


def _most_changed(design: Design, s: Sample, a: Ints, b: Ints, z: Floats, most: int = 8) -> list[list[object]]:
    """[column, column, log10 p, scores] of the pairs of columns with the largest |z|, each pair once."""
    out: dict[tuple[int, int], list[object]] = {}
    size = np.abs(z)
    first = np.sort(np.argpartition(-size, 200)[:200]) if len(z) > 200 else np.arange(len(z))
    for k in first[np.argsort(-size[first], kind="stable")]:
        i, j = int(s.column[a[k]]), int(s.column[b[k]])
        logp = min(0.0, float(log_two_sided(z[k])) + math.log(len(z)))
        what = f"{s.what[a[k]]} x {s.what[b[k]]}"
        out.setdefault((i, j), [design.columns[i].name, design.columns[j].name, logp / LOG10, what])
        if len(out) == most:
            break
    return list(out.values())
