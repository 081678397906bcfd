"""Since which row a detector's cells have another distribution."""

from __future__ import annotations

import numpy as np
from scipy import special

from ecotone.contracts import Floats, Ints

from ._alarm import ChangePoint

LEVEL = 0.9
#: How near to the reference the shares after the change are expected: a mixture, for nobody knows.
_CONCENTRATIONS = (20.0, 100.0, 500.0)


def change_point(cells: Ints, before: Floats, first: int, *, complete: bool) -> ChangePoint:
    r"""The posterior of the change's row, given the cells of the rows up to an alarm.

    Rows before row s are draws from the urn of the reference and the rows before them: with gaps g the marginal
    likelihood of counts n is
    :math:`D(n; g) = \frac{\Gamma(\sum g)}{\Gamma(\sum g + \sum n)} \prod_j \frac{\Gamma(g_j + n_j)}{\Gamma(g_j)}`.
    Those from s on have shares with a Dirichlet prior around the urn's at s, a mixture of three concentrations c:
    :math:`D(n; c p)`. The prior over s is uniform.

    Parameters
    ----------
    cells : (t,) int64
        Of the rows that are kept, up to the alarm.
    before : (m,) float64
        Gaps of the reference, and counts of the rows before those that are kept.
    first : int
        Number of the first of those rows.
    complete : bool
        Whether no row after the last alarm is missing.
    """
    one = np.zeros((len(cells), len(before)))
    one[np.arange(len(cells)), cells] = 1.0
    until = np.cumsum(one, axis=0) - one  # counts of the kept rows before s
    after = until[-1] + one[-1] - until
    shares = (before + until) / (before.sum() + until.sum(1, keepdims=True))
    parts = [_marginal(after, c * shares) for c in _CONCENTRATIONS]
    drawn = np.log(shares[np.arange(len(cells)), cells])  # each row from the urn as it stood: their sums are log D
    log = special.logsumexp(parts, axis=0) + np.cumsum(drawn) - drawn
    p = np.exp(log - special.logsumexp(log))
    order = np.argsort(-p, kind="stable")
    held = np.sort(order[: 1 + int(np.searchsorted(np.cumsum(p[order]), LEVEL))])
    return ChangePoint(
        row=first + int(order[0]), low=first + int(held[0]), high=first + int(held[-1]), level=LEVEL,
        complete=bool(complete or held[0] > 0),
    )  # fmt: skip


def _marginal(counts: Floats, prior: Floats) -> Floats:
    """log D(counts; prior) by rows ``(t, m)``."""
    cells = (special.gammaln(prior + counts) - special.gammaln(prior)).sum(-1)
    total = prior.sum(-1)
    return np.asarray(cells + special.gammaln(total) - special.gammaln(total + counts.sum(-1)))
