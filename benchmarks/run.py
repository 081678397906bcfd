"""All benchmarks, one after another: hours on two cores. Each can be run alone and goes on where it stopped.

make bench                                  # everything that is still missing
python benchmarks/run.py two_tables replay  # some
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from stored import Results

HERE = Path(__file__).parent
STEPS = {
    "levels": ["levels/run.py"],
    "two_tables": ["two_tables/run.py"],
    "replay": ["replay/run.py"],
    "speed": ["speed/run.py"],
    "profile": ["profile/run.py"],
    "engines": ["engines/run.py"],
    "tokens": ["tokens/run.py"],
    "accuracy": ["accuracy/coverage.py"],
    "density": ["density/run.py"],
    "exact": ["exact/run.py"],
    "tables": ["tables/run.py"],
    "images": ["images/run.py"],
    "serve": ["serve/run.py"],
    "ood": ["ood/networks.py", "ood/run.py", "ood/cost.py", "ood/tables.py"],
}


def main(names: list[str]) -> int:
    for name in names or list(STEPS):
        if name not in STEPS:
            print(f"there is no benchmark {name!r}; there are {', '.join(STEPS)}", file=sys.stderr)
            return 2
        for script in STEPS[name]:
            print(f"== {script}", flush=True)
            code = subprocess.run([sys.executable, str(HERE / script)], check=False).returncode
            if code:
                return code
        Results(HERE / name).collect()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
