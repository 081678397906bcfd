"""Dependence that is left among units: rows of *different* units that stand near each other are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ecotone.contracts import Floats, Ints, as_seed
from ecotone.data import thread_map

from ._grouped_sums import Groups, chi2_tail, degrees
from ._row_scores import RowScores
from ._serial_dependence import CONFIRM_KEYED, FACTOR, MOST_CELLS, SCREEN, Serial

FEWEST_BLOCKS = 8  # of the widest width, as of windows along a file; chosen, not tuned
DRAWS = 64  # signs for the trace of a matrix's powers
MOST_CONFIRMED = 24  # scores whose variance is computed with all that a unit's blocks share


@dataclass(frozen=True)
class _Blocks:
    """Blocks of one width: parts (a unit's rows inside a block) and the blocks that they are in."""

    width: int
    rows: Ints  # where each part starts, in the order of units and places
    unit: Ints  # of each part
    block: Ints  # of each part; the two tables' blocks are apart
    parts: Groups  # parts by block, tables apart
    joint: Groups  # parts by block, tables together


@dataclass(frozen=True)
class Order:
    """Rows of both tables by unit and place, and the blocks of 2, 4, 8 … cells that they fall in."""

    rows: Ints
    units: Groups
    blocks: tuple[_Blocks, ...]
    size: int

    @classmethod
    def of(cls, unit: Ints, n: tuple[int, int], place: tuple[Ints, Ints] | None = None) -> Order:
        """By unit (numbers that differ between the tables) and the rows' ranks in file order, or in that given."""
        size = min(*n, MOST_CELLS)
        rank = [np.arange(m) for m in n] if place is None else [np.argsort(np.asarray(o)) for o in place]
        cell = np.concatenate([np.asarray(r, np.int64) * size // m for r, m in zip(rank, n)])
        rows = np.lexsort((cell, unit))
        u, c, table = unit[rows], cell[rows], (rows >= n[0]).astype(np.int64)
        blocks = []
        width = 2
        while size // width >= FEWEST_BLOCKS:
            b = c // width
            starts = np.flatnonzero((np.diff(u, prepend=-1) != 0) | (np.diff(b, prepend=-1) != 0))
            many = size // width + 1
            own = b[starts] + many * table[starts]
            blocks.append(_Blocks(width, starts, u[starts], own, Groups.of(own, 2 * many), Groups.of(b[starts], many)))
            width *= 2
        return cls(rows, Groups.of(u), tuple(blocks), size)


def among_units(scores: RowScores, order: Order, *, seed: int = 0) -> Serial | None:
    """Test whether units that stand near each other are alike, in two stages like :func:`serial`.

    Blocks of cells, products of different units only. A hit within the tables is confirmed with the variance that
    holds where a unit's blocks go together, :math:`2 \\sum_{u \\neq u'} M_{uu'}^2` for
    :math:`M_{uu'} = \\sum_b d_{ub} d_{u'b}`; then between the tables, for blocks at the same relative place.
    """
    if not order.blocks or not len(scores):
        return None
    tests = len(scores) * len(order.blocks)
    parts = list(scores.slices())
    found = thread_map(lambda part: _screened(scores, part, order), parts, values=sum(scores.n) * len(scores))
    p = np.concatenate([f[0] for f in found])
    width = np.concatenate([f[1] for f in found])
    hits = [int(k) for k in np.argsort(p, kind="stable") if p[k] * tests <= SCREEN][:MOST_CONFIRMED]
    best = int(p.argmin())
    signs = as_seed(seed, 908)
    held = [
        (k, f) for k in hits if (f := _confirmed(scores, k, int(width[k]), order, SCREEN / tests, len(hits), signs))
    ]
    told = max(held, key=lambda h: h[1]) if held else (best, 1.0)
    rows = round(order.blocks[int(width[told[0]])].width * min(scores.n) / order.size)
    return Serial(scores.plan[told[0]].name, rows, told[1], min(float(p[told[0]]) * tests, 1.0), bool(held))


def _screened(scores: RowScores, part: slice, order: Order) -> tuple[Floats, Ints]:
    y = (scores.matrix(part) * scores.weight)[:, order.rows]
    p = np.stack([_within(np.add.reduceat(y, b.rows, axis=1), b.parts) for b in order.blocks], 1)
    return p.min(1), p.argmin(1)


def _within(d: Floats, blocks: Groups) -> Floats:
    """P-values if a unit's parts in different blocks were independent."""
    value, own = _excess(d, blocks)
    pairs = np.maximum(own**2 - blocks.sums((d**2) ** 2), 0.0)
    return chi2_tail(value, pairs.sum(1), degrees(pairs))


def _excess(d: Floats, blocks: Groups) -> tuple[Floats, Floats]:
    own = blocks.sums(d**2)
    return (blocks.sums(d) ** 2 - own).sum(1), own


def _confirmed(
    scores: RowScores, k: int, at: int, order: Order, bar: float, hits: int, signs: np.random.Generator
) -> float | None:
    """The factor of the variance, where both stages hold for a score."""
    y = (scores.matrix(np.array([k])) * scores.weight)[:, order.rows]
    b = order.blocks[at]
    d = np.add.reduceat(y, b.rows, axis=1)
    if _coherent(d[0], b.unit, b.block, float(_excess(d, b.parts)[0][0]), signs) > bar:
        return None
    joint = b.block % (order.size // b.width + 1)
    if _coherent(d[0], b.unit, joint, float(_excess(d, b.joint)[0][0]), signs) > CONFIRM_KEYED / hits:
        return None
    total = float((order.units.sums(y) ** 2).sum())
    factors = [
        1 + float(_excess(np.add.reduceat(y, c.rows, axis=1), c.joint)[0][0]) / max(total, 1e-300)
        for c in order.blocks[at:]
    ]
    factor = float(np.median(factors))
    return factor if factor >= FACTOR else None


def _coherent(d: Floats, unit: Ints, block: Ints, value: float, signs: np.random.Generator) -> float:
    """P-value under random signs of whole units: traces of the matrix of pairs of units, by random probes."""
    parts = sparse.csr_array((d, (unit, block)))
    own = np.bincount(unit, d**2)[:, None]
    probe = signs.choice([-1.0, 1.0], (parts.shape[0], DRAWS))

    def pairs(s: Floats) -> Floats:
        return np.asarray(parts @ (parts.T @ s) - own * s)

    once = pairs(probe)
    tr2 = float((once**2).sum()) / DRAWS
    tr3 = float((once * pairs(once)).sum()) / DRAWS
    df = min(tr2 * (tr2 / tr3) ** 2, 1e6) if tr3 > 0 else 1e6
    return float(chi2_tail(np.array(value), np.array(tr2), np.array(df)))
