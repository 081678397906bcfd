"""Since which row a detector's cells have another distribution."""

from __future__ import annotations

import numpy as np
from scipy import special

from ecotone.contracts import Floats, Ints

from ._alarm import ChangePoint

LEVEL = 0.9
#: How near to the reference the shares after the change are expected: a mixture, for nobody knows.
_CONCENTRATIONS = (20.0, 100.0, 500.0)


def change_point(cells: Ints, shares: Floats, first: int, *, complete: bool) -> ChangePoint:
    r"""The posterior of the change's row, given the cells of the rows up to an alarm.

    Rows before row s have the reference's shares p, those from s on shares q with a Dirichlet prior around p (a mixture
    of three concentrations c): the marginal likelihood of the rows from s on is
    :math:`\frac{\Gamma(c)}{\Gamma(c + n)} \prod_j \frac{\Gamma(c p_j + n_j)}{\Gamma(c p_j)}`. The prior over s is
    uniform.

    Parameters
    ----------
    cells : (t,) int64
        Of the rows that are kept, up to the alarm.
    shares : (m,) float64
        Of the cells under the reference.
    first : int
        Number of the first of those rows.
    complete : bool
        Whether no row after the last alarm is missing.
    """
    one = np.zeros((len(cells), len(shares)))
    one[np.arange(len(cells)), cells] = 1.0
    after = np.cumsum(one[::-1], axis=0)[::-1]  # counts of the rows from s on
    n = np.arange(len(cells), 0, -1.0)
    parts = []
    for c in _CONCENTRATIONS:
        a = c * shares
        marginal = (special.gammaln(a + after) - special.gammaln(a)).sum(1)
        parts.append(marginal + special.gammaln(c) - special.gammaln(c + n))
    log = special.logsumexp(parts, axis=0) - after @ np.log(shares)
    p = np.exp(log - special.logsumexp(log))
    order = np.argsort(-p, kind="stable")
    held = np.sort(order[: 1 + int(np.searchsorted(np.cumsum(p[order]), LEVEL))])
    return ChangePoint(
        row=first + int(order[0]), low=first + int(held[0]), high=first + int(held[-1]), level=LEVEL,
        complete=complete or held[0] > 0,
    )  # fmt: skip
