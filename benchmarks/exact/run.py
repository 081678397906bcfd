"""Samplers on mixtures whose denoiser is exact: distances, orders of convergence, likelihoods, beside diffusers.

python benchmarks/exact/run.py                          # ours, with what peers.py left; writes README.md
python benchmarks/exact/run.py --export                 # only the mixtures for peers.py
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import measures
from stored import Results
from write import write

RESULTS = Results(HERE)


def main(asked: list[str]) -> None:
    for dim in measures.DIMENSIONS:
        measures.export(dim)
    if "--export" in asked:
        return
    if "--table" not in asked:
        for name, part in measures.PARTS.items():
            print(f"== {name}", flush=True)
            found = part()
            if found is not None:
                RESULTS.put(name, found)
    write(RESULTS, HERE / "README.md")


if __name__ == "__main__":
    main(sys.argv[1:])
