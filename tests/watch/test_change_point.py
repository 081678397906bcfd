"""The posterior of a change's row, row by row from the Dirichlet-multinomial formula of its docstring."""

import numpy as np
import pytest
from scipy import special

from ecotone.watch._change_point import change_point


def log_d(counts, gaps):
    """log D(n; g) of one vector of counts."""
    whole = special.gammaln(gaps.sum()) - special.gammaln(gaps.sum() + counts.sum())
    return whole + (special.gammaln(gaps + counts) - special.gammaln(gaps)).sum()


@pytest.mark.parametrize(("t", "at"), [(6, 3), (40, 25), (40, 0)])
def test_the_posterior_is_the_formula(t, at):
    rng = np.random.default_rng(t + at)
    before = np.array([30.0, 20.0, 50.0])
    cells = np.where(np.arange(t) < at, rng.choice(3, t, p=[0.3, 0.2, 0.5]), rng.choice(3, t, p=[0.05, 0.9, 0.05]))
    log = np.empty(t)
    for s in range(t):
        early, late = np.bincount(cells[:s], minlength=3), np.bincount(cells[s:], minlength=3)
        shares = (before + early) / (before + early).sum()
        log[s] = log_d(early, before) + special.logsumexp([log_d(late, c * shares) for c in (20.0, 100.0, 500.0)])
    p = np.exp(log - special.logsumexp(log))
    order = np.argsort(-p, kind="stable")
    held = order[: 1 + int(np.searchsorted(np.cumsum(p[order]), 0.9))]
    found = change_point(cells, before, 100, complete=False)
    assert (found.row, found.low, found.high) == (100 + order[0], 100 + held.min(), 100 + held.max())
    assert found.complete is bool(held.min() > 0)
