"""What a chunk says of one column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecotone.contracts import Floats
from ecotone.data import Encoded, StreamColumns

from ._chunks import CELLS, SUMS

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Epoch:
    """A reference, as chunks are read beside it.

    Parameters
    ----------
    since : int
        The stream's row with which the watch against it began.
    rows : int
        Of the reference.
    kinds : StreamColumns
    knots : (d, 101) float64
        Quantiles of its columns.
    sums : (d, 27) float64
        As those of a chunk.
    """

    since: int
    rows: int
    kinds: StreamColumns
    knots: Floats
    sums: Floats


@dataclass(frozen=True)
class ChunkColumn:
    """One column in one chunk.

    Parameters
    ----------
    name, kind : str
    present, missing, unseen : int
        Values; missing ones; levels that the reference lacks (they are present, too).
    mean, sd : float or None
        None of levels, where nothing is present, and where squares are beyond a double's range.
    low, high : float or None
    quantiles : tuple of float or None
        5, 25, 50, 75 and 95 %, read off the counts in twentieths of the reference, within such a twentieth linearly.
    shares : tuple of (str, float)
        Levels of a category and their shares of what is present; ``(other)`` and ``(unseen)`` last.
    moved : float
        Total variation distance, 0 to 1, between the chunk's and the reference's shares of twentieths or levels; of
        r unchanged rows it is about :math:`\\sqrt{k / (2 \\pi r)}` with k twentieths, so a description and no test.
    """

    name: str
    kind: str
    present: int
    missing: int
    unseen: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    quantiles: tuple[float, ...] | None
    shares: tuple[tuple[str, float], ...]
    moved: float


def column_sums(kinds: StreamColumns, batch: Encoded, cells: np.ndarray, middles: Floats) -> Floats:
    """Sums ``(d, 27)`` of the rows of a batch, cells ``(t, d)``, medians of the reference ``(d,)``."""
    out = np.zeros((len(kinds.columns), SUMS + CELLS))
    out[:, 5:7] = np.nan
    for j, column in enumerate(kinds.columns):
        x = batch.values[:, j]
        here = np.isfinite(x)
        x = x[here]
        levels = len(column.levels)
        unseen = int((x >= levels).sum()) if levels else 0
        with np.errstate(over="ignore", invalid="ignore"):  # near the end of the doubles squares are infinite
            d = x - middles[j]
            out[j, :5] = len(x), len(here) - len(x), unseen, d.sum(), d @ d
        if len(x):
            out[j, 5:7] = x.min(), x.max()
        slots = _level_slots(x, levels) if levels else cells[here, j]
        out[j, SUMS:] = np.bincount(slots, minlength=CELLS)
    return out


def _level_slots(codes: Floats, levels: int) -> np.ndarray:
    """Slot of a level: 18 of their own, the others in slot 18, unseen ones in slot 19."""
    return np.where(codes >= levels, CELLS - 1, np.minimum(codes, CELLS - 2)).astype(np.int64)


def chunk_columns(sums: Floats, epoch: Epoch) -> tuple[ChunkColumn, ...]:
    """All columns of a chunk with sums ``(d, 27)``, beside the reference's."""
    knots, made = epoch.knots, []
    for j, column in enumerate(epoch.kinds.columns):
        s, n = sums[j], sums[j, 0]
        levels, counts = column.levels, s[SUMS:]
        numbers = bool(n) and not levels
        finite = numbers and bool(np.isfinite(s[3:5]).all())
        mean = s[3] / n if finite else 0.0
        made.append(
            ChunkColumn(
                name=column.name, kind=column.kind, present=int(n), missing=int(s[1]), unseen=int(s[2]),
                mean=float(knots[j, 50] + mean) if finite else None,
                sd=float(np.sqrt(max(s[4] / n - mean**2, 0.0))) if finite else None,
                low=float(s[5]) if numbers else None, high=float(s[6]) if numbers else None,
                quantiles=_quantiles(s, knots[j]) if numbers else None,
                shares=_shares(counts / n, levels) if n and levels else (),
                moved=_distance(counts, epoch.sums[j, SUMS:]),
            )
        )  # fmt: skip
    return tuple(made)


def _shares(share: Floats, levels: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    named = [(level, float(share[k])) for k, level in enumerate(levels[: CELLS - 2])]
    rest = [("(other)", float(share[CELLS - 2]))] if len(levels) > CELLS - 2 else []
    return (*named, *rest, *([("(unseen)", float(share[CELLS - 1]))] if share[CELLS - 1] else []))


def _distance(counts: Floats, base: Floats) -> float:
    if not counts.sum() or not base.sum():
        return 0.0
    return float(np.abs(counts / counts.sum() - base / base.sum()).sum() / 2)


def _quantiles(s: Floats, knots: Floats) -> tuple[float, ...]:
    """By linear interpolation of the cumulated counts between the ends and the reference's twentieths."""
    inner = np.clip(knots[5:100:5], s[5], s[6])
    ends = np.concatenate([[s[5]], inner, [s[6]]])
    below = np.concatenate([[0.0], np.cumsum(s[SUMS:])])
    if not below[-1]:
        return (float(s[5]),) * len(QUANTILES)
    return tuple(float(v) for v in np.interp(np.array(QUANTILES) * below[-1], below, ends))
