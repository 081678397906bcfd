"""Measure the cells, a shard at a time; what is done is not done again.

python benchmarks/two_tables/run.py                       # everything that is still missing
python benchmarks/two_tables/run.py --only 'null_*' --shard 1/2
python benchmarks/two_tables/run.py --replicates 40       # a first look
python benchmarks/two_tables/run.py --again 5              # five seeds of each older cell: the same records?
python benchmarks/two_tables/run.py --table               # print the table from the results
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import fnmatch
import sys
import time
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import measures
from again import again
from cells import CELLS, Cell
from code_date import code_date
from stored import Results
from table import peers, table

RESULTS = Results(HERE)


def rounded(found: Any) -> Any:
    """Six digits."""
    if isinstance(found, dict):
        return {key: rounded(value) for key, value in found.items()}
    return round(found, 6) if isinstance(found, float) else found


def done(cell: Cell) -> set[int]:
    """Seeds that are stored already."""
    return {record["seed"] for record in RESULTS.records(cell.name)}


def measure(cell: Cell, replicates: int, shard: tuple[int, int], until: float) -> None:
    """Append one record for each missing seed of this shard."""
    stored = done(cell)
    for seed in (s for s in range(cell.seed, cell.seed + replicates) if s not in stored):
        if seed % shard[1] != shard[0] - 1 or time.time() > until:
            continue
        record = {"seed": seed, **getattr(measures, cell.measure)(seed, **cell.draw), "code": code_date()}
        RESULTS.append(cell.name, rounded(record))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="*", help="cells by name, shell pattern")
    parser.add_argument("--replicates", type=int, help="at most so many of each cell")
    parser.add_argument("--shard", default="1/1", help="i/k: this process does every k-th seed")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop starting replicates after so long")
    parser.add_argument("--again", type=int, help="so many seeds of each cell of earlier code, compared and not kept")
    parser.add_argument("--table", action="store_true", help="print the table from the results")
    given = parser.parse_args()
    if given.table:
        print(f"{table(RESULTS)}\n\n{peers(RESULTS)}")
        return
    warnings.simplefilter("ignore")
    shard = tuple(int(part) for part in given.shard.split("/"))
    until = time.time() + 60 * given.minutes
    for cell in CELLS.values():
        if fnmatch.fnmatch(cell.name, given.only):
            start = time.time()
            if given.again:
                again(cell, RESULTS, given.again, until)
                continue
            measure(cell, min(cell.replicates, given.replicates or cell.replicates), shard, until)
            print(f"{cell.name}: {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
