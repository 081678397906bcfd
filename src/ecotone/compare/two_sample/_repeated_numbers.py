"""Numbers that repeat, read as levels: half of the codes of a product can vanish without any rank noticing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ecotone.contracts import Bools, Floats, Ints

from ._scored_column import SORTED_UP_TO, Every, ScoredColumn

#: Values that the degrees of a rank's polynomials tell apart all by themselves, and one more.
FEWEST_VALUES = 6
#: Values in all, of the rows that have one, up to which they repeat.
REPEATED = 0.5
_LOOKED_AT = 20_000  # values, evenly spaced, that settle whether most repeat; chosen, not tuned


def numbers_as_levels(c: ScoredColumn, values: Floats, n_ref: int) -> Every | None:
    """Every value of an ordered column as a level; None where values hardly repeat, or are few.

    Parameters
    ----------
    c : ScoredColumn
    values : (n_ref + n_cur,) float64
        Reference's rows first, NaN where missing.
    n_ref : int
    """
    if len(values) <= SORTED_UP_TO:
        rows = int(c.counts[:, :-1].sum())
        if not FEWEST_VALUES <= c.size <= REPEATED * rows:
            return None
        return Every(c.counts[:, :-1], np.where(c.codes == c.size, -1, c.codes).astype(np.int64))
    some = values[:: -(-len(values) // _LOOKED_AT)]
    some = some[~np.isnan(some)]
    if not repeated(some):
        return None
    return _encoded(values, n_ref)


def repeated(values: Floats) -> bool:
    """Whether values, none missing, are more than a few and repeat."""
    return bool(FEWEST_VALUES <= len(np.unique(values)) <= REPEATED * len(values))


def _encoded(values: Floats, n_ref: int) -> Every:
    gone: Bools = np.isnan(values)
    found = pa.array(values + 0.0, mask=gone).dictionary_encode()  # -0.0 becomes 0.0
    codes: Ints = found.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    size = len(found.dictionary)
    sides = (codes[:n_ref], codes[n_ref:])
    return Every(np.stack([np.bincount(s[s >= 0], minlength=size) for s in sides]), codes)
