"""Columns of pandas: their dtypes as words, and Arrow's columns in them again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from ecotone.contracts import Bools

from ._types import plain, type_of, word


def dtype_word(dtype: Any) -> Any:
    """A dtype as JSON."""
    import pandas as pd

    if isinstance(dtype, pd.CategoricalDtype):
        return {"category": None if dtype.categories is None else dtype_word(dtype.categories.dtype)}
    if isinstance(dtype, pd.ArrowDtype):
        return {"arrow": word(dtype.pyarrow_dtype)}
    if isinstance(dtype, pd.StringDtype):
        return {"string": dtype.storage, "na": "NA" if dtype.na_value is pd.NA else "nan"}
    return str(dtype)


def dtype_of(said: Any) -> Any:
    """The dtype that :func:`dtype_word` said; of a category, that of its levels."""
    import pandas as pd

    if not isinstance(said, dict):
        return pd.api.types.pandas_dtype(said)
    if "arrow" in said:
        return pd.ArrowDtype(type_of(said["arrow"]))
    if "string" in said:
        return pd.StringDtype(said["string"], na_value=pd.NA if said["na"] == "NA" else np.nan)
    return dtype_of(said["category"] or "object")


def as_dtype(array: pa.Array, said: Any) -> Any:
    """An Arrow array as an array of pandas or NumPy, of the dtype that was said wherever it can hold the values."""
    import pandas as pd

    dtype = dtype_of(said)
    if isinstance(said, dict) and "category" in said:
        array = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        codes = np.asarray(array.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
        values = as_dtype(array.dictionary, said["category"] or "object")
        levels = pd.Index(values, dtype=values.dtype)
        return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(levels, array.type.ordered))
    array = plain(array)
    array = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    if isinstance(dtype, pd.PeriodDtype) and pa.types.is_timestamp(array.type):  # read as when they begin
        return pd.PeriodIndex(array.to_pandas(), dtype=dtype).array
    if hasattr(dtype, "__from_arrow__"):
        wanted = dtype.pyarrow_dtype if isinstance(dtype, pd.ArrowDtype) else array.type
        return dtype.__from_arrow__(pa.chunked_array([array.cast(wanted)]))
    if dtype.kind == "O":
        made = np.empty(len(array), object)
        made[:] = array.to_pylist()
        return made
    found = array.to_pandas().to_numpy()
    if array.null_count and dtype.kind in "iub":
        return found
    return pd.Series(found).astype(dtype).array


def fill_series(column: Any, gone: Bools, array: pa.Array) -> Any:
    """A series of pandas, its gaps filled by an Arrow array's values, in its own dtype wherever it can hold them."""
    import pandas as pd

    if isinstance(column.dtype, pd.SparseDtype):
        return fill_series(column.sparse.to_dense(), gone, array).astype(column.dtype)
    said, at = dtype_word(column.dtype), np.flatnonzero(gone)
    if isinstance(column.dtype, pd.CategoricalDtype):
        array = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
        values = _as_before(as_dtype(array, dtype_word(column.dtype.categories.dtype)), column.cat.categories)
        new = column.cat.add_categories([v for v in dict.fromkeys(values) if v not in set(column.cat.categories)])
        new.iloc[at] = pd.Categorical(values, dtype=new.dtype)
        return new
    values = as_dtype(array, said)
    if gone.all():  # nothing that says what it held
        values = array.to_pandas().to_numpy() if column.dtype.kind in "fO" else values
        return pd.Series(values, index=column.index, name=column.name)
    new = column.copy()
    new.iloc[at] = _as_before(values, column[~gone]) if column.dtype.kind == "O" else values
    return new


def _as_before(values: Any, known: Any) -> Any:
    """Texts in the place of values of several kinds, which are read as texts, as the values that they were."""
    meant = {str(v): v for v in known if not isinstance(v, str)} | {v: v for v in known if isinstance(v, str)}
    if all(isinstance(v, str) for v in meant.values()) or not all(isinstance(v, str) for v in values):
        return values
    made = np.empty(len(values), object)
    made[:] = [meant.get(v, v) for v in values]
    return made
