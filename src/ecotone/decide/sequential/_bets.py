"""Bets on the cells of ranks: what an e-detector expects of rows after a change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ecotone.contracts import Floats

from ._rank_cells import CELLS, STRIPS


@dataclass(frozen=True)
class Bets:
    """Alternatives as likelihood ratios by cell, up to a factor each, and what part of the capital each has.

    Parameters
    ----------
    ratios : (B, m) float64
        Above 0.
    weights : (B,) float64
        They sum to one.
    """

    ratios: Floats
    weights: Floats


def column_bets(cells: int = CELLS) -> Bets:
    """Shifts, changes of spread, and mass at either end, for values that have an order.

    On normal scores: the shares of the cells under N(m, s^2) over those under N(0, 1), for m = +-.25 and +-.6, s = 1.25
    and .8, 1.6 and .62; and .35 u^-.65 and its mirror at the cells' centres u.
    """
    u = (np.arange(cells) + 0.5) / cells
    shifts = [_normal_ratios(cells, mean, 1.0) for mean in (-0.25, 0.25, -0.6, 0.6)]
    ends = [0.35 * u**-0.65, 0.35 * (1 - u) ** -0.65]
    spreads = [_normal_ratios(cells, 0.0, sd) for sd in (0.8, 1.25, 0.62, 1.6)]
    weights = [0.17, 0.17, 0.08, 0.08, 0.05, 0.05, 0.15, 0.15, 0.05, 0.05]
    return Bets(np.array([*shifts, *ends, *spreads]), np.array(weights))


def _normal_ratios(cells: int, mean: float, sd: float) -> Floats:
    ends = stats.norm.ppf(np.arange(cells + 1) / cells)
    return np.asarray(cells * np.diff(stats.norm.cdf((ends - mean) / sd)))


def level_bets(cells: int = CELLS) -> Bets:
    """More and less of any stretch of two neighbouring cells, for values whose order means nothing."""
    stretches = [np.isin(np.arange(cells), [c, c + 1]) for c in range(0, cells - 1, 2)]
    ratios = [np.where(s, times, 1.0) for s in stretches for times in (2.0, 0.4)]
    tilts = [1 + eta * ((np.arange(cells) + 0.5) / cells - 0.5) for eta in (-1.0, 1.0)]
    weights = np.concatenate([np.full(len(ratios), 0.8 / len(ratios)), [0.1, 0.1]])
    return Bets(np.array([*ratios, *tilts]), weights)


def pair_bets() -> Bets:
    """Dependence of the kind of a Gaussian copula, rho = +-.3 and +-.7, and a cluster in each of the four corners."""
    ends = np.concatenate([[0.0], STRIPS, [1.0]])
    share = np.outer(np.diff(ends), np.diff(ends))
    copulas = [_copula_ratios(ends, rho) for rho in (-0.7, -0.3, 0.3, 0.7)]
    corners = []
    for row, column in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        lift, p = np.ones_like(share), share[row, column]
        lift[:], lift[row, column] = (1 - 5 * p) / (1 - p), 5.0
        corners.append(lift)
    weights = np.array([0.15] * 4 + [0.1] * 4)
    return Bets(np.array([*copulas, *corners]).reshape(8, -1), weights)


def _copula_ratios(ends: Floats, rho: float) -> Floats:
    """Probabilities of the cells of a grid under a Gaussian copula over those under independence."""
    z = stats.norm.ppf(np.clip(ends, 1e-12, 1 - 1e-12))
    grid = np.array([[stats.multivariate_normal.cdf([a, b], cov=[[1, rho], [rho, 1]]) for b in z] for a in z])
    cells = np.diff(np.diff(grid, axis=0), axis=1)
    return np.asarray(np.maximum(cells, 1e-6) / np.outer(np.diff(ends), np.diff(ends)))
