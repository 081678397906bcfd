"""Profiles as artefacts: ``ecotone.profile/1``."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ecotone.contracts import BadInput

from ._artefact import encode_artefact, read_artefact, write_artefact
from ._profile_columns import ColumnProfile
from ._profile_cuts import _LARGEST, Binning, Cut
from ._profile_rows import Rows
from ._profile_rows_io import need, pack_rows, take, unpack_rows
from ._profile_sketch import KLLSketch, KMVSketch, MisraGries, Moments
from ._profile_sums import Sums
from .sources import Family

if TYPE_CHECKING:
    from ._profile import Profile

KIND, VERSION = "profile", 1
_FRACTION = re.compile(r"-?[0-9]{1,4000}(/[0-9]{1,4000})?")
_TROUBLE = (
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    OverflowError,
    AttributeError,
    ArithmeticError,
    pa.ArrowException,
)
Arrays = dict[str, NDArray[Any]]
# What a profile is made of, in its order: columns, rows profiled, rows kept, sums, columns left out, seed.
Parts: TypeAlias = tuple[dict[str, ColumnProfile], int, Rows | None, Sums | None, dict[str, str], int]


def save(profile: Profile, path: str | Path) -> None:
    """Write a profile."""
    arrays: Arrays = {}
    write_artefact(path, KIND, VERSION, _body(profile, arrays), arrays)


def encoded(profile: Profile) -> bytes:
    """The bytes that :func:`save` writes."""
    arrays: Arrays = {}
    return encode_artefact(KIND, VERSION, _body(profile, arrays), arrays)


def load(path: str | Path) -> Parts:
    """Read a profile's parts; every count, shape and order in it is checked."""
    body, arrays = read_artefact(path, KIND, VERSION)
    try:
        profile = _profile(body, arrays)
        need(not arrays, f"array {next(iter(arrays), '')!r} belongs to nothing")
        return profile
    except BadInput as error:
        reason = str(error)
    except _TROUBLE:
        reason = "its parts do not fit"
    raise BadInput(f"{path} is not a usable profile: {reason}; make it again with `ecotone profile`")


def _body(profile: Profile, arrays: Arrays) -> dict[str, Any]:
    return {
        "n": profile.n,
        "seed": profile.seed,
        "left_out": sorted(profile.left_out.items()),
        "columns": [_pack_column(c, f"c{j}", arrays) for j, c in enumerate(profile.columns.values())],
        "rows": pack_rows(profile.kept, arrays) if profile.kept else None,
        "sums": _pack_sums(profile.sums, arrays) if profile.sums else None,
    }


def _pack_column(c: ColumnProfile, at: str, arrays: Arrays) -> dict[str, Any]:
    if c.quantiles.n:
        arrays[f"{at}.quantiles"] = np.concatenate(c.quantiles.levels)
    if len(c.distinct.smallest):
        arrays[f"{at}.distinct"] = c.distinct.smallest
    return {
        "name": c.name, "type": c.type, "family": c.family, "rows": c.rows, "missing": c.missing,
        "infinite": c.infinite, "low": c.low, "high": c.high, "whole": c.whole, "characters": c.characters,
        "moments": [c.moments.n, str(c.moments.s1), str(c.moments.s2), c.moments.overflow],
        "quantiles": [c.quantiles.k, c.quantiles.n, [len(level) for level in c.quantiles.levels]],
        "distinct": c.distinct.k,
        "frequent": [c.frequent.k, c.frequent.error, c.frequent.top()],
    }  # fmt: skip


def _profile(body: Any, arrays: Arrays) -> Parts:
    need(set(body) == {"n", "seed", "left_out", "columns", "rows", "sums"}, "its parts are not those of a profile")
    n = _count(body["n"], "n")
    need(type(body["seed"]) is int, "seed is not a whole number")
    need(isinstance(body["columns"], list), "columns are not a list")
    columns = [_column(c, f"c{j}", n, arrays) for j, c in enumerate(body["columns"])]
    found = {c.name: c for c in columns}
    need(len(found) == len(columns), "a column name repeats")
    left = {str(k): str(v) for k, v in body["left_out"]}
    need(set(left) <= set(found), "left_out names no column")
    kept = unpack_rows(body["rows"], arrays, n) if body["rows"] is not None else None
    need(kept is None or set(kept.table.column_names) <= set(found), "a kept column is not profiled")
    sums = _sums(body["sums"], arrays, n) if body["sums"] is not None else None
    return found, n, kept, sums, left, body["seed"]


def _count(value: Any, what: str, most: int = 1 << 62) -> int:
    need(type(value) is int and 0 <= value <= most, f"{what} is {str(value)[:30]}")
    return int(value)


def _column(c: Any, at: str, n: int, arrays: Arrays) -> ColumnProfile:
    fields = {"name", "type", "family", "rows", "missing", "infinite", "low", "high", "whole", "characters"}
    need(set(c) == fields | {"moments", "quantiles", "distinct", "frequent"}, "a column's parts are not complete")
    name = c["name"]
    need(isinstance(name, str) and isinstance(c["type"], str), "a column has no name or type")
    need(c["family"] in get_args(Family), f"column {name[:60]!r} is of family {str(c['family'])[:20]!r}")
    need(c["rows"] == n and type(c["whole"]) is bool, f"column {name[:60]!r} has not {n} rows")
    gone = _count(c["missing"], "missing") + _count(c["infinite"], "infinite")
    need(gone <= n, f"column {name[:60]!r} misses more than its rows")
    for end in (c["low"], c["high"]):
        number = type(end) is float or (type(end) is int and abs(end) < 1 << 64)
        need(end is None or number, f"column {name[:60]!r} has a range that is no number")
    need((c["low"] is None) == (c["high"] is None), f"column {name[:60]!r} has half a range")
    need(c["low"] is None or c["low"] <= c["high"], f"column {name[:60]!r} ends below where it starts")
    ordered = c["family"] in ("number", "time")
    held = n - gone if ordered else 0
    moments = _moments(c["moments"])
    quantiles = _quantiles(c["quantiles"], at, arrays)
    need(moments.n == held == quantiles.n, f"column {name[:60]!r} counts its values in two ways")
    need((c["low"] is None) == (held == 0), f"column {name[:60]!r} has a range without values")
    return ColumnProfile(
        name, c["type"], c["family"], n, c["missing"], c["infinite"], c["low"], c["high"], c["whole"],
        _count(c["characters"], "characters"), moments, quantiles,
        _distinct(c["distinct"], at, arrays), _frequent(c["frequent"], n),
    )  # fmt: skip


def _moments(packed: Any) -> Moments:
    n, s1, s2, overflow = packed
    for text in (s1, s2):
        need(isinstance(text, str) and bool(_FRACTION.fullmatch(text)), "a sum is not a fraction")
    need(type(overflow) is bool, "overflow is not true or false")
    moments = Moments(_count(n, "moments"), Fraction(s1), Fraction(s2), overflow)
    # float() of either overflows only for sums that no table of doubles has
    need(max(abs(moments.s1), moments.s2) < 1 << 2200 and moments.s2 >= 0, "a sum is too large")
    return moments


def _quantiles(packed: Any, at: str, arrays: Arrays) -> KLLSketch:
    k, n, sizes = packed
    need(8 <= _count(k, "quantiles") <= 1 << 16 and len(sizes) <= 62, "a quantile sketch is out of bounds")
    total = sum(_count(s, "level", 1 << 20) << h for h, s in enumerate(sizes))
    need(total == _count(n, "quantiles"), "a quantile sketch does not weigh what it counts")
    values = take(arrays, f"{at}.quantiles", "f8", (sum(sizes),)) if n else np.empty(0)
    need(bool(np.isfinite(values).all()), "a quantile is not finite")
    return KLLSketch(k, n, np.split(values, np.cumsum(sizes)[:-1]) if sizes else [])


def _distinct(k: Any, at: str, arrays: Arrays) -> KMVSketch:
    need(2 <= _count(k, "distinct") <= 1 << 16, "a distinct count is out of bounds")
    name = f"{at}.distinct"
    hashes = take(arrays, name, "u8", (len(arrays[name]),)) if name in arrays else np.empty(0, np.uint64)
    need(len(hashes) <= k and bool((hashes[1:] > hashes[:-1]).all()), "hashes of distinct values are out of order")
    return KMVSketch(hashes, k)


def _frequent(packed: Any, n: int) -> MisraGries:
    k, error, top = packed
    need(1 <= _count(k, "frequent") <= 1 << 16 and len(top) <= k, "there are more frequent values than their bound")
    counts = {str(value): _count(count, "count", n) for value, count in top}
    need(len(counts) == len(top) and sum(counts.values()) <= n, "frequent values repeat or outnumber the rows")
    return MisraGries(counts, _count(error, "error", n), k)


def _pack_sums(sums: Sums, arrays: Arrays) -> dict[str, Any]:
    for j, cut in enumerate(sums.cuts.columns):
        arrays[f"s{j}.table"] = cut.table.astype(np.int16)
        if cut.family == "number":
            arrays[f"s{j}.edges"] = cut.edges
    arrays["s.counts"] = sums.counts
    arrays["s.products"] = sums.products[np.triu_indices(len(sums.products))]
    return {
        "id": sums.cuts.id, "n": sums.n,
        "cuts": [[c.name, c.family, list(c.levels), list(c.labels)] for c in sums.cuts.columns],
    }  # fmt: skip


def _sums(packed: Any, arrays: Arrays, n: int) -> Sums:
    need(set(packed) == {"id", "n", "cuts"} and packed["n"] == n, "its sums are not over its rows")
    cuts = Binning(tuple(_cut(c, f"s{j}", arrays) for j, c in enumerate(packed["cuts"])))
    need(len({c.name for c in cuts.columns}) == len(cuts.columns), "a column is cut twice")
    need(cuts.id == packed["id"], f"its cut points are not those of its id {str(packed['id'])[:20]}")
    p = len(cuts.paired)
    counts = take(arrays, "s.counts", "i8", (sum(len(c.table) for c in cuts.columns),))
    need(bool((counts >= 0).all() and (counts <= n).all()), "a cell counts more than the rows")
    upper = take(arrays, "s.products", "i8", (p * (p + 1) // 2,))
    products = np.zeros((p, p), np.int64)
    products[np.triu_indices(p)] = upper
    products = products + np.triu(products, 1).T
    sums = Sums(cuts, n, counts, products)
    whole = all(int(sums.histogram(c.name).sum()) == n for c in cuts.columns)
    need(whole, "the cells of a cut do not count all rows")
    return sums


def _cut(packed: Any, at: str, arrays: Arrays) -> Cut:
    name, family, levels, labels = packed
    need(all(isinstance(t, str) for t in (name, *levels, *labels)), "a cut is not named by text")
    need(family in ("number", "text", "boolean"), f"a cut is of family {str(family)[:20]!r}")
    number = family == "number"
    edges = take(arrays, f"{at}.edges", "f8", (len(arrays[f"{at}.edges"]),)) if number else np.empty(0)
    need(bool(np.isfinite(edges).all() and (edges[1:] > edges[:-1]).all()), "cut points are out of order")
    need(len(set(levels)) == len(levels), "levels of a cut repeat")
    cells = len(edges) + 2 if number else len(levels) + 2
    table = take(arrays, f"{at}.table", "i2", (cells, len(labels))).astype(np.int64)
    need(bool((np.abs(table) <= _LARGEST).all()), "a score is out of bounds")
    return Cut(name, family, edges, tuple(levels), table, tuple(labels))
