"""Level and power of the test of many levels: python benchmarks/two_tables/many_levels.py [level|power]

One record of the entries many_levels_* is one cell: how many of its replicates lie at or below each level.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent)]
from stored import Results

from ecotone.compare.two_sample._many_levels import many_levels

RESULTS = Results(HERE)
AT = (0.05, 0.01, 0.002)
SIZES = ((300, 300), (3000, 3000), (3000, 300), (200, 2000), (20000, 20000))
LEVELS = (61, 200, 3000, 100_000)
CHANGES = ("half vanish", "a tenth vanish", "20 % new", "5 % new", "shares permuted")


def cumulative(size, zipf):
    weights = 1 / np.arange(1, size + 1) ** zipf
    return np.cumsum(weights / weights.sum())


def drawn(rng, law, n):
    return np.searchsorted(law, rng.random(n) * law[-1])


def pvalue(reference, current, size):
    return float(np.exp(many_levels(np.stack([np.bincount(c, minlength=size) for c in (reference, current)])).logp))


def line(name, p):
    return {"cell": name, "replicates": len(p), **{f"at {a:g}": int((np.array(p) <= a).sum()) for a in AT}}


def level(replicates=1000):
    rng = np.random.default_rng(5)
    for size in LEVELS:
        for zipf in (0, 1, 1.5):
            law = cumulative(size, zipf)
            for n, m in SIZES:
                found = []
                for _ in range(replicates):
                    codes = drawn(rng, law, n + m)
                    found.append(pvalue(codes[:n], codes[n:], size))
                yield line(f"{size} levels, Zipf {zipf:g}, {n}:{m}", found)


def changed(what, codes, size, rng):
    """Current codes after a change; ``size`` further codes are free for new ones."""
    if what == "shares permuted":
        return rng.permutation(size)[codes]
    share = {"half vanish": 0.5, "a tenth vanish": 0.1, "20 % new": 0.2, "5 % new": 0.05}[what]
    if "new" in what:
        return np.where(rng.random(len(codes)) < share, size + codes, codes)
    gone = rng.random(size) < share
    stay = np.flatnonzero(~gone)
    return np.where(gone[codes], stay[codes % len(stay)], codes)


def power(replicates=100):
    for what in CHANGES:
        for zipf in (0, 1):
            law = cumulative(3000, zipf)
            for n, m in ((300, 300), (3000, 3000)):
                rng = np.random.default_rng([6, CHANGES.index(what), zipf, n])
                found = []
                for _ in range(replicates):
                    after = changed(what, drawn(rng, law, m), 3000, rng)
                    found.append(pvalue(drawn(rng, law, n), after, 6000))
                yield line(f"{what}, 3000 levels, Zipf {zipf}, {n}:{m}", found)


def table():
    """Both entries as Markdown."""
    rows = ["| cell | ≤ .05 | ≤ .01 | ≤ .002 | replicates |", "|---|---|---|---|---|"]
    for name in ("level", "power"):
        for found in RESULTS.records(f"many_levels_{name}"):
            shares = " | ".join(f"{found[f'at {a:g}'] / found['replicates']:.3f}" for a in AT)
            rows.append(f"| {name}: {found['cell']} | {shares} | {found['replicates']} |")
    return "\n".join(rows)


if __name__ == "__main__":
    for name in sys.argv[1:] or ("level", "power"):
        RESULTS.put(f"many_levels_{name}", *{"level": level, "power": power}[name]())
