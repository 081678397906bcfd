"""How often each test rejects where nothing is to be found, with at least 2,000 replicates of each cell.

python benchmarks/levels/run.py                       # what is missing, and what was measured of other code
python benchmarks/levels/run.py --only 'c2st*' --shard 1/2 --seconds 600
python benchmarks/levels/run.py --table               # README.md alone
python benchmarks/stored.py collect levels            # what was measured into results.parquet

A record is a part of a cell: PART replicates, their errors, the seconds, the date and the digest of the code that was
tested, of everything that the cell's function reaches in the project (claims/digest.py).
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import datetime
import fnmatch
import sys
import time
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from level_cell import ALPHAS, Cell
from level_cells import CELLS, code_of
from level_page import RESULTS, page, parts

PART, REPLICATES = 250, 2000


def part(cell: Cell, first: int) -> dict[str, object]:
    """Errors of the replicates from ``first`` on, and their squares, added up."""
    start = time.process_time()
    found = [cell.test(seed, cell.null) for seed in range(first, first + PART)]
    errors = [[row[i] for row in found] for i in range(len(ALPHAS))]
    return {
        "first": first, "replicates": PART, "errors": [sum(e) for e in errors],
        "squares": [sum(v * v for v in e) for e in errors], "seconds": round(time.process_time() - start, 2),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(), "code": code_of(cell),
    }  # fmt: skip


def measure(cells: list[Cell], replicates: int, shard: tuple[int, int], until: float) -> None:
    """Every part of the shard that is missing, then those that were measured of other code."""
    wanted = [(cell, first) for first in range(0, replicates, PART) for cell in cells][shard[0] - 1 :: shard[1]]
    for stale in (False, True):
        for cell, first in wanted:
            code = {record["first"]: record["code"] for record in parts(cell)}.get(first)
            if (code is None or (stale and code != code_of(cell))) and time.time() < until:
                RESULTS.append(cell.name, part(cell, first))
                print(f"{cell.name}: {first + PART}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="*", help="cells by name, shell pattern")
    parser.add_argument("--replicates", type=int, default=REPLICATES, help="of each cell, in parts of 250")
    parser.add_argument("--shard", default="1/1", help="i/k: this process does every k-th part")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop starting parts after so long")
    parser.add_argument("--table", action="store_true", help="write README.md alone")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if not asked.table:
        first, of = (int(part) for part in asked.shard.split("/"))
        cells = [cell for cell in CELLS if fnmatch.fnmatch(cell.name, asked.only)]
        measure(cells, asked.replicates, (first, of), time.time() + asked.seconds)
    (HERE / "README.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
