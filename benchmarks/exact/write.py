"""README.md from the results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stored import Results

BUDGETS = (10, 18, 35)
TOP = """# Samplers on exact denoisers

Mixtures of five normal laws in 2, 8 and 32 dimensions, each column at mean 0 and standard deviation 1, whose denoiser
is known in closed form: what is left is the sampler's own error. 4096 rows from the same normal numbers for all.

    python benchmarks/exact/run.py --export
    python -m venv .venv-diffusers && .venv-diffusers/bin/pip install -r benchmarks/peers/diffusers.txt
    .venv-diffusers/bin/python benchmarks/exact/peers.py
    python benchmarks/exact/run.py

writes this page. Ours: the process of EDM (noise from 80 to 0); *Karras*: levels from 80 to 0.002, then 0; *log
ratio*: `Karras(rho=inf, ratio_min=0.01)`; *VP times*: even times of the variance-preserving process, from 80 to 0,
or to 0.01 and then 0.

* **trajectory**: mean distance to where the probability-flow ODE leads the same noise (200 Heun steps), a column, in
  standard deviations; for deterministic samplers, over the first 1024 rows. The exact distance.
* **sliced**: sliced Wasserstein distance to 8192 exact rows. *exact rows* shows what 4096 rows of the law itself give.
* **mean**, **covariance**: root mean square error of the mean a column; relative error of the covariance (Frobenius).
* **likelihood**: mean log-density of the samples under the mixture, less that of exact rows: 0 is right.
"""


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(_cell, row)) + " |" for row in rows)]) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def identities(found: list[dict[str, Any]]) -> str:
    names = ("mean", "score", "velocity", "noise")
    rows = [[r["process"], r["dim"], *(f"{r[k]:.1e}" for k in names)] for r in found]
    worst = max(r[k] for r in found for k in names)
    return (
        "\n## Identities of the denoiser\n\nLargest disagreement with the gradient of the marginal's log-density, at "
        "five times from 2 % to 90 % of the last, relative to the largest value where that is above 1, float64. "
        f"Largest of all: {worst:.1e} (aim: at most 1e-10).\n\n" + _table(("process", "dimensions", *names), rows)
    )


def orders(found: list[dict[str, Any]]) -> str:
    dims = sorted({r["dim"] for r in found})
    by = {(r["name"], r["dim"]): r for r in found}
    names = list(dict.fromkeys(r["name"] for r in found))
    rows = [[n, by[n, dims[0]]["theory"], *(f"{by[n, d]['order']:.2f}" for d in dims)] for n in names]
    return (
        "\n## Order of convergence\n\nSlope of the log error on the log number of steps, 64, 128 and 256, evenly "
        "spaced in the noise level from 5 to 0.2 (above 0: the last step to 0 has another order), against 4096 steps "
        "of Heun's method.\n\n" + _table(("sampler", "theory", *(f"{d} dimensions" for d in dims)), rows)
    )


def likelihood(found: list[dict[str, Any]]) -> str:
    keys = ("dim", "tolerance", "evaluations", "mean error", "largest error")
    return (
        "\n## Likelihood by the probability-flow ODE\n\n64 rows at once, noise up to 1000, exact divergence; error in "
        "nats a row.\n\n" + _table(("dimensions", *keys[1:]), [[r[k] for k in keys] for r in found])
    )


def ours(found: list[dict[str, Any]]) -> str:
    keys = ("dim", "name", "evaluations", "trajectory", "sliced", "mean", "covariance", "likelihood")
    rows = [[r.get(k) for k in keys] for r in found]
    return "\n## Every sampler\n\n" + _table(("dimensions", "sampler", *keys[2:]), rows)


MATCHES = {  # ours, the family of theirs, and what tells them apart
    "Euler, DDIM": (("Euler",), ("Euler", "DDIM"), "trajectory"),
    "Heun": (("Heun",), ("Heun",), "trajectory"),
    "DPMSolver": (("DPMSolver",), ("DPMSolver",), "trajectory"),
    "Ancestral": (("Ancestral", "Ancestral, forward variance"), ("Ancestral",), "sliced"),
}


def beside(mine: list[dict[str, Any]], told: dict[str, Any]) -> str:
    rows = []
    for name, (own_names, families, key) in MATCHES.items():
        for dim in sorted({r["dim"] for r in mine}):
            for budget in BUDGETS:
                here = [r for r in mine if (r["dim"], r["budget"]) == (dim, budget) and r["name"] in own_names]
                theirs = [r for r in told["runs"] if (r["dim"], r["budget"]) == (dim, budget) and key in r]
                own = min(here, key=lambda r: r[key])
                best = min((r for r in theirs if r["family"] in families), key=lambda r: r[key])
                which = own["schedule"] + (", forward variance" if "forward" in own["name"] else "")
                row = [name, dim, own["evaluations"], key, own[key], which, best[key], best["name"]]
                rows.append([*row, f"{own[key] / best[key]:.2f}"])
    head = (
        "ours",
        "dimensions",
        "evaluations",
        "distance",
        "ours ",
        "schedule",
        "best match",
        "which",
        "ours / theirs",
    )
    worse = sum(float(row[-1]) > 1 for row in rows)
    return (
        f"\n## Beside diffusers {told['diffusers']}\n\nEach of ours along the best of five schedules against the "
        "best of the matching schedulers over theirs (all in the last table), at equal evaluations. Cells where ours "
        f"is behind: {worse} of {len(rows)}.\n\n" + _table(head, rows)
    )


def schedules(mine: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(r["schedule"] for r in mine))
    rows = []
    for name in dict.fromkeys(r["name"] for r in mine):
        key = "sliced" if "Ancestral" in name else "trajectory"
        for dim in sorted({r["dim"] for r in mine}):
            for budget in BUDGETS:
                here = {r["schedule"]: r for r in mine if (r["dim"], r["name"], r["budget"]) == (dim, name, budget)}
                rows.append([name, dim, here[names[0]]["evaluations"], key, *(here[n][key] for n in names)])
    head = ("sampler", "dimensions", "evaluations", "distance", *names)
    return "\n## Schedules\n\n" + _table(head, rows)


def all_peers(told: dict[str, Any]) -> str:
    keys = ("dim", "name", "family", "evaluations", "start", "trajectory", "sliced", "covariance", "likelihood")
    head = ("dimensions", "scheduler", "matches", "evaluations", "begins at", *keys[5:])
    rows = [[r.get(k) for k in keys] for r in told["runs"]]
    return (
        f"\n## All schedulers of diffusers {told['diffusers']} (torch {told['torch']})\n\n*begins at* is the "
        "noise-to-signal ratio of the first step; a start below 79 is compared by distribution only. "
        "Each is given the exact denoiser "
        "at the noise level that it believes to be at.\n\n" + _table(head, rows)
    )


def write(results: Results, target: Path) -> None:
    """Write what there are results for."""

    def read(name: str) -> Any:
        return results.value(name) if name in results else None

    text, notes = TOP, target.with_name("notes.md")
    told, mine = read("peers"), read("matched")
    if notes.exists():
        text += "\n" + notes.read_text(encoding="utf-8")
    if told and mine:
        text += beside(mine, told) + schedules(mine)
    for name, part in (("orders", orders), ("identities", identities), ("likelihood", likelihood), ("ours", ours)):
        if (found := read(name)) is not None:
            text += part(found)
    if told:
        text += all_peers(told)
    target.write_text(text, encoding="utf-8")
