"""Two large tables of one law with mixed columns, made once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CACHE = Path(__file__).parents[1] / "cache" / "speed"


def table(rows: int, columns: int, seed: int) -> pa.Table:
    """Normal, log-normal, heavy-tailed, count, category and boolean columns in turn, some with missing values."""
    rng = np.random.default_rng(seed)
    levels = np.array(["north", "east", "south", "west", "centre", "abroad"])
    made: dict[str, pa.Array] = {}
    common = rng.standard_normal(rows)
    for j in range(columns):
        z = 0.5 * common + 0.866 * rng.standard_normal(rows)
        kind = j % 6
        if kind == 0:
            values = pa.array(z)
        elif kind == 1:
            values = pa.array(np.exp(z))
        elif kind == 2:
            values = pa.array(np.sign(z) * np.abs(z) ** 1.7, mask=rng.random(rows) < 0.05)
        elif kind == 3:
            values = pa.array(np.floor(np.exp(0.8 * z + 0.3)).astype(np.int64))
        elif kind == 4:
            codes = np.clip(np.floor(z + 3), 0, 5).astype(np.int32)
            values = pa.DictionaryArray.from_arrays(codes, levels).cast(pa.string())
        else:
            values = pa.array(z > 0.7)
        made[f"{'nlhcsb'[kind]}{j}"] = values
    return pa.table(made)


def files(rows: int, columns: int) -> tuple[Path, Path]:
    """Reference and current as Parquet files, made if they are not there."""
    CACHE.mkdir(parents=True, exist_ok=True)
    paths = tuple(CACHE / f"{rows}x{columns}_{side}.parquet" for side in ("reference", "current"))
    for seed, path in enumerate(paths):
        if not path.exists():
            pq.write_table(table(rows, columns, seed), path)
    return paths[0], paths[1]
