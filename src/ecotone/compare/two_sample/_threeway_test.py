"""Triples: dependence of order three, with every pair unchanged."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from ecotone.cards import Card
from ecotone.contracts import TestResult
from ecotone.data import Pair

from ._family import Found, as_result
from ._minp import log_two_sided
from ._products import Sample, TooLarge, product_min, sample
from ._scores import Design

CARD = Card(
    name="threeway_test",
    summary="Differences of the mean products of the rank scores of all triples of columns.",
    contract="TestResult",
    title="A Kernel Test for Three-Variable Interactions",
    authors=("Sejdinovic, Dino", "Gretton, Arthur", "Bergsma, Wicher"),
    year=2013,
    venue="NeurIPS",
    link="https://arxiv.org/abs/1306.2281",
    tier="stable",
)

SCORES = frozenset({"L1", "level"})
ROWS = 10_000  # of both tables, as in the study before the first version: the cost is rows x scores^3
MOST = 220  # scores: the cost is rows x scores^3


def threeway_test(pair: Pair, *, seed: int = 0) -> TestResult:
    r"""Test whether any three columns depend on each other differently in two tables.

    .. math:: z_{abc} = \frac{\overline{s_a s_b s_c}_{\mathrm{cur}} - \overline{s_a s_b s_c}_{\mathrm{ref}}}
              {\mathrm{sd}_\pi}

    over the linear rank score of every ordered column and the commonest level of every coded one: Bonferroni over
    all triples, by permutation where that is affordable. Changes such as an exclusive or leave every pair as it was.

    Parameters
    ----------
    pair : Pair
    seed : int

    Returns
    -------
    TestResult
        ``statistic`` is the largest |z|; ``details["columns"]`` names the triple.

    References
    ----------
    Sejdinovic, Gretton and Bergsma (2013), https://arxiv.org/abs/1306.2281

    Examples
    --------
    >>> import numpy as np
    >>> from ecotone.data import Column, Pair, Table
    >>> x, y = np.random.default_rng(0).normal(size=(2, 3, 500))
    >>> y[2] = abs(y[2]) * np.sign(y[0] * y[1])
    >>> old, new = (Table({k: Column(k, "numeric", v) for k, v in zip("abc", t)}, 500) for t in (x, y))
    >>> threeway_test(Pair(old, new)).details["columns"]
    ['a', 'b', 'c']
    """
    return as_result("threeway_test", triples, pair, seed)


def triples(design: Design) -> Found:
    """The family: Bonferroni over all triples of columns."""
    s = _one_score_each(sample(design, SCORES, ROWS, 2))
    k = len(s.column)
    if k < 3:
        return Found(reason="fewer than three columns have more than one value")
    if k > MOST:
        return Found(reason=f"{k} columns: more than {MOST} make too many triples")
    count = sum(s.units)
    if s.unit is None and 2.0 * count * math.comb(k, 3) * design.draws > 8e9:
        return _by_matrix_products(design, s)
    if count * math.comb(k, 3) > 1e8:
        return Found(reason="too many triples for the declared units")
    a, b, c = np.array(list(combinations(range(k), 3))).T
    top = s.largest()
    keep = top[a] * top[b] * top[c] <= s.cap
    if not keep.any():
        return Found(reason="every product of three scores is too rare for its mean to be near normal")
    a, b, c = a[keep], b[keep], c[keep]
    try:
        value, best, z = product_min(design, s, (a, b, c), np.ones(len(a)), None)
    except TooLarge:
        return Found(reason="too many triples for the declared units")
    return _found(design, s, value, float(np.abs(z).max()), (a[best], b[best], c[best]))


def _one_score_each(s: Sample) -> Sample:
    """The first score of every column: its linear rank score or its commonest level."""
    first = np.unique(s.column, return_index=True)[1]
    x = np.ascontiguousarray(s.x.T[first]).T
    return Sample(x, s.column[first], tuple(s.what[i] for i in first), s.unit, s.units, s.rows)


def _by_matrix_products(design: Design, s: Sample) -> Found:
    """All triples without forming the products: two matrix products for each first column."""
    x, top, (n_ref, n_cur) = np.ascontiguousarray(s.x.T), s.largest(), s.units
    n, k = n_ref + n_cur, len(x)
    sign = np.repeat(np.array([-1 / n_ref, 1 / n_cur], np.float32), (n_ref, n_cur))
    square = x * x
    best, where, tests = 0.0, (0, 1, 2), 0
    for i in range(k - 2):
        rest, rest2 = x[i + 1 :], square[i + 1 :]
        gap = (rest * (x[i] * sign)) @ rest.T
        second = (rest2 * (square[i] / n)) @ rest2.T
        keep = np.triu(top[i] * top[i + 1 :, None] * top[None, i + 1 :] <= s.cap, 1)
        z = np.where(keep, np.abs(gap) / np.sqrt(np.maximum(second, 1e-6) * n / (n_ref * n_cur)), 0)
        tests += int(keep.sum())
        at = int(z.argmax())
        if z.flat[at] > best:
            best, where = float(z.flat[at]), (i, i + 1 + at // z.shape[1], i + 1 + at % z.shape[1])
    if not tests:
        return Found(reason="every product of three scores is too rare for its mean to be near normal")
    value = min(0.0, float(log_two_sided(np.array(best))) + math.log(tests))
    return _found(design, s, value, best, where)


def _found(design: Design, s: Sample, logp: float, z: float, at: tuple[int, int, int]) -> Found:
    names = [design.columns[int(s.column[i])].name for i in at]
    return Found(logp, z, len(s.rows), details={"columns": names})
