"""Tables whose law is the same at equal months (and hours), and whose months are not the same."""

from __future__ import annotations

import numpy as np
import pandas as pd

SUMMER = np.exp(-0.4 * (np.arange(12) - 6.0) ** 2 / 4)
WINTER = np.roll(SUMMER, 6)


def strata_tables(
    seed: int, n: int, m: int, *, shift: float = 0.0, corr: float = 0.0, size: int = 1, phi: float = 0.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A winter and a summer: place, spread, categories and correlations depend on month and hour in both alike.

    Parameters
    ----------
    n, m : int
        Rows of each.
    shift, corr : float
        What changes in the second: x0 in standard deviations, and the correlation of x1 and x2.
    size : int
        Rows of an entity, which lie in one month and share a third of their variance.
    phi : float
        Of a chain through the rows in order of time.
    """
    floor = 0.03
    shares = [(w + floor) / (w + floor).sum() for w in (WINTER, SUMMER)]
    sides = []
    for which, rows in enumerate((n, m)):
        rng = np.random.default_rng([seed, which])
        month = np.repeat(rng.choice(12, -(-rows // size), p=shares[which]), size)[:rows]
        hour = rng.integers(0, 24, rows)
        e = rng.standard_normal((rows, 4))
        if size > 1:
            e = (
                np.sqrt(2 / 3) * e
                + np.sqrt(1 / 3) * np.repeat(rng.standard_normal((-(-rows // size), 4)), size, 0)[:rows]
            )
        for i in range(1, rows if phi else 0):
            e[i] = phi * e[i - 1] + np.sqrt(1 - phi**2) * e[i]
        tie = np.where(which == 1, corr, 0.0) + 0.5 * np.sin(month)  # relations depend on the month, too
        tie = np.clip(tie, -0.95, 0.95)
        x2 = tie * e[:, 1] + np.sqrt(1 - tie**2) * e[:, 2]
        x = np.column_stack([e[:, 0], e[:, 1], x2, e[:, 3]])
        place, spread = 2 * np.cos(month * np.pi / 6), 1 + 0.5 * np.sin(month * np.pi / 6) ** 2
        x = place[:, None] * [1, 1, 0, 0] + x * spread[:, None] + np.sin(hour * np.pi / 12)[:, None]
        x[:, 0] += shift * which
        table = pd.DataFrame(x, columns=[f"x{j}" for j in range(4)])
        table["level"] = np.array(list("abcdef"))[(month // 3 + rng.integers(0, 3, rows)) % 6]
        table["count"] = rng.poisson(np.exp(1 + 0.5 * np.cos(month * np.pi / 6)))
        table["month"], table["hour"] = month + 1, hour
        if size > 1:
            table["customer"] = [f"{which}{k}" for k in np.arange(rows) // size]
        if phi:
            table["when"] = np.arange(rows)
        sides.append(table)
    return sides[0], sides[1]
