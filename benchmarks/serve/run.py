"""The service under load, and killed: figures of README.md.

python benchmarks/serve/run.py             # latency for each format and number of clients, then a million rows
python benchmarks/serve/run.py --write     # the tables from the results that are there
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from killed import survived
from latency import measured
from stored import Results
from write import write

RESULTS = Results(HERE)
CASES = [(form, clients) for form in ("JSON", "Arrow IPC") for clients in (1, 8, 32, 64)]


def main(words: list[str]) -> int:
    if "--write" not in words:
        for form, clients in CASES:
            entry = f"latency_{form.replace(' ', '_')}_{clients}"
            if entry not in RESULTS:
                RESULTS.put(entry, measured(form, clients))
                print(entry, RESULTS.value(entry), flush=True)
        if "killed" not in RESULTS:
            RESULTS.put("killed", survived())
            print("killed", RESULTS.value("killed"), flush=True)
    write(RESULTS, HERE / "README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
