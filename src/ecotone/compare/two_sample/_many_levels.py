"""Categories of very many levels: an analytic test conditional on how often each level occurs in both tables."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ecotone.contracts import Floats, Ints

from ._hypergeometric import log_hypergeometric

#: Levels from which on a category is tested as one of many; trees tell no more apart than this.
MANY = 60
#: The commonest levels, tested one by one.
TOP = 12
FEWEST = 10  # rows of a level, or of a class of levels, that is tested by itself
FEW_ONE_SIDED = 5.0  # expected one-sided levels below which their number is Poisson's
WEIGHTS = {"top": 0.1, "totals": 0.1, "chi2": 0.3, "root": 0.2, "new": 0.15, "gone": 0.15}


@dataclass(frozen=True)
class ManyLevels:
    """What the levels show: log p, and of each part its own (:data:`WEIGHTS`); one-sided levels and rows.

    Parameters
    ----------
    logp : float
    parts : dict of str to float
    unseen : (float, float)
        Share of the current rows in levels that the reference lacks, and the share that chance would give.
    new, gone : (int, float)
        Levels in the current table only, and in the reference only, with the number that chance would give.
    """

    logp: float
    parts: dict[str, float]
    unseen: tuple[float, float]
    new: tuple[int, float]
    gone: tuple[int, float]


def many_levels(counts: Ints) -> ManyLevels:
    r"""Test whether the levels of a category have the same shares in both tables.

    Given the pooled count :math:`t_k` of every level, the current rows :math:`b_k` are multivariate hypergeometric if
    nothing changed. The commonest levels and the totals of levels of like count have exact tails; the others enter

    .. math:: T = \sum_k f(b_k; t_k), \qquad f = \frac{(b - tp)^2}{tpq},\ \frac{(b - tp)^2}{\sqrt t\,pq},\
              t\,1[b = t],\ t\,1[b = 0]

    whose first three cumulants are those of independent binomials less their projection on :math:`\sum_k b_k`, and
    whose tail is Pearson's type III. The smallest weighted p-value counts (Bonferroni).

    Parameters
    ----------
    counts : (2, k) int
        Rows of each level in the reference and in the current table.
    """
    seen = counts[:, counts.sum(0) > 0]
    total, hits = seen.sum(0), seen[1]
    n, m = int(seen[0].sum()), int(hits.sum())
    if not n or not m:
        return ManyLevels(0.0, {}, (0.0, 0.0), (0, 0.0), (0, 0.0))
    top = np.argsort(-total, kind="stable")[:TOP]
    top = top[total[top] >= FEWEST]
    rest = np.ones(len(total), bool)
    rest[top] = False
    parts = {"top": _top(total, hits, top, rest, n, m), **_others(total[rest], hits[rest])}
    logp = min(0.0, *(value - math.log(WEIGHTS[name]) for name, value in parts.items()))
    new, gone = _one_sided(total, m, n + m), _one_sided(total, n, n + m)
    return ManyLevels(
        logp,
        parts,
        (float(hits[hits == total].sum() / m), float(total @ new / m)),
        (int((hits == total).sum()), float(new.sum())),
        (int((hits == 0).sum()), float(gone.sum())),
    )


def _top(total: Ints, hits: Ints, top: Ints, rest: NDArray[np.bool_], n: int, m: int) -> float:
    """Each of the commonest levels, and all others together."""
    tails = [log_hypergeometric(int(hits[k]), int(total[k]), m, n + m) for k in top]
    marked = int(total[rest].sum())
    if len(top) and FEWEST <= marked <= n + m - FEWEST:
        tails.append(log_hypergeometric(int(hits[rest].sum()), marked, m, n + m))
    return _bonferroni(tails)


def _bonferroni(tails: list[float]) -> float:
    return min(0.0, min(tails) + math.log(len(tails))) if tails else 0.0


def _others(total: Ints, hits: Ints) -> dict[str, float]:
    """Log p of the sums over the levels that are not among the commonest, by their own sizes."""
    both, m = int(total.sum()), int(hits.sum())
    n = both - m
    if len(total) < 2 or not n or not m:
        return {}
    classes = np.floor(np.log2(total)).astype(np.int64)
    rows, cur = np.bincount(classes, total), np.bincount(classes, hits)
    held = (rows >= FEWEST) & (rows <= both - FEWEST)
    tails = [log_hypergeometric(int(c), int(r), m, both) for c, r in zip(cur[held], rows[held])]
    size = total.astype(np.float64)
    return {
        "totals": _bonferroni(tails),
        "chi2": _quadratic(size, hits, np.ones_like(size), m / both),
        "root": _quadratic(size, hits, np.sqrt(size), m / both),
        "new": _exclusive(size, hits, m, both),
        "gone": _exclusive(size, total - hits, n, both),
    }


def _quadratic(t: Floats, b: Ints, u: Floats, p: float) -> float:
    """Log upper tail of the sum of ``u`` times the squared standardised counts."""
    s, skew, both = p * (1 - p), 1 - 2 * p, t.sum()
    mu2, mu3 = t * s, t * s * skew
    mu4 = t * s * (1 + 3 * (t - 2) * s)
    mu5 = t * s * skew * (1 + (10 * t - 12) * s)
    mu6 = t * s * (1 - 30 * s * (1 - 4 * s) + 5 * t * s * (5 - 26 * s) + 15 * t**2 * s**2)
    a = u / mu2
    beta = float((a * mu3).sum() / (both * s))
    square, cross = mu4 - mu2**2, mu5 - 2 * mu2 * mu3
    cube = mu6 - 3 * mu4 * mu2 + 2 * mu2**3
    variance = float((a**2 * square - 2 * beta * a * mu3 + beta**2 * mu2).sum())
    variance += float(-4 * (u**2 * t).sum() / both + 2 * ((u * t).sum() / both) ** 2)  # rows are drawn without return
    third = float((a**3 * cube - 3 * a**2 * beta * cross + 3 * a * beta**2 * square - beta**3 * mu3).sum())
    seen = float((a * (b - t * p) ** 2).sum())
    return _log_pearson(seen - float((u * (both - t) / (both - 1)).sum()), variance, third)


def _exclusive(t: Floats, b: Ints, m: int, both: int) -> float:
    """Log upper tail of the rows in levels of which every row lies in the table of ``m`` rows, ``b`` of them."""
    chance = _one_sided(t, m, both)
    own = b == t
    if chance.sum() < FEW_ONE_SIDED:
        return _log_poisson(int(own.sum()), float(chance.sum()))
    p = m / both
    q = 1 - p
    pi = np.exp(t * math.log(p))
    mu2, mu3, gap = t * p * q, t * p * q * (q - p), t * q
    beta = float((t * pi * gap).sum() / (both * p * q))
    variance = float((t**2 * pi * (1 - pi) - 2 * beta * t * pi * gap + beta**2 * mu2).sum())
    third = t**3 * pi * (1 - pi) * (1 - 2 * pi) - 3 * beta * t**2 * (1 - 2 * pi) * pi * gap
    third += 3 * beta**2 * t * pi * (gap**2 - mu2) - beta**3 * mu3
    return _log_pearson(float(t[own].sum() - t @ chance), variance, float(third.sum()))


def _one_sided(t: NDArray[np.generic], m: int, both: int) -> Floats:
    """P(all rows of a level fall into the table of ``m`` of ``both`` rows)."""
    size = np.asarray(t, np.float64)
    fits = size <= m
    inside = np.where(fits, size, 0)
    log = special.gammaln(m + 1) - special.gammaln(m - inside + 1)
    log -= special.gammaln(both + 1) - special.gammaln(both - inside + 1)
    return np.asarray(np.where(fits, np.exp(np.minimum(log, 0.0)), 0.0))


def _log_pearson(gap: float, variance: float, third: float) -> float:
    """Log upper tail of a sum with these cumulants, by Pearson's type III (a shifted gamma)."""
    if variance <= 0 or gap <= 0:
        return 0.0
    z = gap / math.sqrt(variance)
    gamma = third / variance**1.5
    if gamma < 1e-3:
        return float(special.log_ndtr(-z))
    k = 4 / gamma**2
    x = k + 2 * z / gamma
    tail = float(special.gammaincc(k, x))
    if tail > 1e-280:
        return math.log(tail)
    return float(-x + k * math.log(x) - special.gammaln(k) - math.log(x - k + 1))  # an upper bound of the tail


def _log_poisson(count: int, mean: float) -> float:
    """log P(X >= count)."""
    if count == 0 or mean <= 0:
        return 0.0
    tail = float(special.gammainc(count, mean))
    if tail > 1e-280:
        return math.log(tail)
    return float(count * math.log(mean) - mean - special.gammaln(count + 1) - math.log1p(-mean / (count + 1)))
