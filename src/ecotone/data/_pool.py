"""What a column is, decided on both tables together.

Every decision reads the pooled rows and treats both tables alike, so that it does not depend on which table a row
is in: the tests that come after stay valid.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from ._arrow_values import floats, plain, whole_numbers
from ._exact import exact_values
from ._pooled_column import Family, PooledColumn
from ._read_text import FAMILY_WORDS, read_text
from .sources import family


def pool(name: str, reference: pa.ChunkedArray, current: pa.ChunkedArray) -> PooledColumn:
    """Both tables' values of one column in one representation."""
    arrays = [plain(reference), plain(current)]
    types = (str(reference.type), str(current.type))
    kinds: list[Family] = [family(a.type) for a in arrays]
    split = len(arrays[0])
    known = {k for k in kinds if k != "null"}
    blank = PooledColumn(name, "null", split, np.full(sum(map(len, arrays)), np.nan), types=types)
    if not known:
        return blank
    if "nested" in known:
        return replace(blank, family="nested")
    if known == {"text"}:
        raw = _pool_text(name, arrays, split, any(pa.types.is_dictionary(a.type) for a in arrays))
        return replace(raw if raw.declared else read_text(raw), types=types, ordered=_declared_order(arrays))
    if "text" in known:  # text against something else: what does the text hold?
        texts = [_pool_text(name, [a], 0, False) for a, k in zip(arrays, kinds) if k == "text"]
        read = read_text(texts[0])
        other = next(k for k in kinds if k not in ("text", "null"))
        if read.family == "text" or {read.family, other} not in _FIT:
            words = tuple(FAMILY_WORDS.get(k, k) for k in kinds)
            return replace(
                blank,
                family="mismatch",
                note=f"{words[0]} in reference, {words[1]} in current{_sample(texts[0], other)}",
            )
        halves = [read.values if k == "text" else floats(a) for a, k in zip(arrays, kinds)]
        kind: Family = "time" if other == "time" else "number"
        kind = "boolean" if {read.family, other} == {"boolean"} else kind
        note = f"{name}: text in one table was read as {FAMILY_WORDS[kind]}, as it is in the other"
        return PooledColumn(name, kind, split, np.concatenate(halves), types=types, note=note)
    if known not in _FIT:
        a, b = (FAMILY_WORDS[k] for k in kinds)
        return replace(blank, family="mismatch", note=f"{a} in reference, {b} in current")
    kind = "time" if "time" in known else "number" if "number" in known else "boolean"
    whole = whole_numbers(arrays) if kind == "number" else None
    exact = exact_values(arrays) if kind == "number" else None
    values = np.concatenate([floats(a) for a in arrays])
    return PooledColumn(name, kind, split, values, whole=whole, exact=exact, types=types)


_FIT: tuple[set[str], ...] = ({"number"}, {"boolean"}, {"time"}, {"number", "boolean"})


def _sample(raw: PooledColumn, other: str) -> str:
    """The first text that is no number (or whatever the other table holds)."""
    for value in raw.dictionary.slice(0, 1000).to_pylist():
        try:
            float(value)
        except ValueError:
            return f" (such as {value[:40]!r})"
    return ""


def _pool_text(name: str, arrays: list[pa.ChunkedArray], split: int, declared: bool) -> PooledColumn:
    chunks = [c for a in arrays for c in a.cast(pa.large_string()).chunks]
    encoded = pa.chunked_array(chunks, pa.large_string()).dictionary_encode().combine_chunks()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return PooledColumn(name, "text", split, codes=codes, dictionary=_readable(encoded.dictionary), declared=declared)


def _declared_order(arrays: list[pa.ChunkedArray]) -> tuple[str, ...]:
    """Levels of ordered categories, where one table's order holds the other's; empty otherwise."""
    found: list[tuple[str, ...]] = []
    for a in arrays:
        if pa.types.is_null(a.type):
            continue
        if not pa.types.is_dictionary(a.type) or not a.type.ordered:
            return ()
        found += {tuple(map(str, c.dictionary.cast(pa.string()).to_pylist())): None for c in a.chunks}
    longest = max(found, key=len, default=())
    place = {level: k for k, level in enumerate(longest)}
    for levels in found:
        at = [place.get(level, -1) for level in levels]
        if -1 in at or at != sorted(at):
            return ()
    return longest


def _readable(words: pa.Array) -> pa.Array:
    """Text in UTF-8; what is not gets a replacement character (files may hold anything)."""
    try:
        words.validate(full=True)
        return words
    except pa.ArrowInvalid:
        decoded = [w.decode("utf-8", "replace") for w in words.cast(pa.large_binary()).to_pylist()]
        return pa.array(decoded, pa.large_string())
