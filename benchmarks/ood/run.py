"""Every score on small networks: AUROC and FPR95 beside pytorch-ood's, the recommendation's regret, calibration.

    python benchmarks/ood/networks.py --cifar cifar10_jpeg.parquet     # first: trains, reads once
    python benchmarks/ood/run.py --cifar cifar10_jpeg.parquet          # what is missing of ours, and the page
    .venv-ood/bin/python benchmarks/ood/peers.py fashion_0 ...         # the peer's scores of the same arrays
    python benchmarks/ood/run.py --table                               # the page again

Results are stored under the network's name.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
from networks import CACHE, SEEDS, images_of, read
from pairs import OURS_ALONE, PAIRS, ROLE, SETS
from scipy.stats import kstest
from stored import Results

from ecotone.cards import discover
from ecotone.contracts import Activations, as_numpy
from ecotone.decide.conformal import conformal_pvalues
from ecotone.decide.multiple_testing import benjamini_hochberg
from ecotone.detect.evaluate import ood_metrics, recommend
from ecotone.detect.posthoc import MSP

RESULTS = Results(Path(__file__).parent)
REPEATS = 200
SHARES = (0.05, 0.2, 0.5)
FDR = 0.1
BATCH = 500  # live rows in one batch of the calibration study
HELD = 1000  # calibration rows in it
SLOW = ("AdaSCALE", "BLOOD", "ODIN")  # run the network with gradients: measured on FEW rows of each set
FEW = 500


def methods(only: str | None = None) -> dict[str, Any]:
    """Fresh scores by the name in the table."""
    cards = discover()
    made = {}
    for name in (*PAIRS, *OURS_ALONE) if only is None else (only,):
        pair = PAIRS.get(name)
        kind = pair.ours if pair else name
        made[name] = getattr(importlib.import_module(cards[kind].module), kind)(**(pair.setting if pair else {}))
    if "TemperatureScaled" in made:
        made["TemperatureScaled"] = made["TemperatureScaled"] | MSP()
    return made


def measure(name: str, acts: dict[str, Activations], only: str | None = None) -> dict[str, Any]:
    """Everything about one network, or one score of it."""
    export(name, acts)
    scores, seconds, fitted, failed = {}, {}, {}, {}
    for method, detector in methods(only).items():
        start = time.perf_counter()
        try:
            fitted[method] = detector.fit(acts["reference"])
            for of in ("inside", "held_out", *SETS):
                rows = acts[of][: 2 * FEW if of == "held_out" else FEW] if method in SLOW else acts[of]
                scores[f"{method}.{of}"] = as_numpy(detector.score_samples(rows))
            seconds[method] = time.perf_counter() - start
        except ValueError as error:
            failed[method] = str(error)
        print(name, method, failed.get(method) or f"{seconds[method]:.2f} s", flush=True)
    if only is None:
        np.savez(CACHE / f"{name}_ours.npz", **scores)
    had = {method: detector for method, detector in fitted.items() if method in seconds}
    figures = {
        method: {of: _figures(scores[f"{method}.inside"], scores[f"{method}.{of}"]) for of in SETS} for method in had
    }
    return {
        "figures": figures,
        "seconds": seconds,
        "failed": failed,
        "accuracy": float((acts["inside"].logits.argmax(1) == acts["inside"].labels).mean()),
        "recommended": recommended(had, acts, figures) if only is None else None,
        "calibration": {method: calibrated(scores, method) for method in had},
    }


def export(name: str, acts: dict[str, Activations]) -> None:
    """The arrays for the peer."""
    head = acts["inside"].head
    arrays = {"weight": head[0], "bias": head[1]}
    for of in ("reference", "inside", *SETS):
        arrays |= {f"{of}.features": acts[of].features, f"{of}.logits": acts[of].logits}
        arrays |= {f"{of}.inputs": acts[of].inputs} if of != "reference" else {}
    arrays["reference.labels"] = acts["reference"].labels
    np.savez(CACHE / f"{name}.npz", **arrays)


def _figures(inside: np.ndarray, outside: np.ndarray) -> dict[str, float]:
    found = ood_metrics(inside, outside)
    return {
        "auroc": found.auroc, "fpr_outside_positive": found.fpr_outside_positive,
        "fpr_inside_positive": found.fpr_inside_positive,
    }  # fmt: skip


def recommended(fitted: dict[str, Any], acts: dict[str, Activations], figures: dict[str, Any]) -> dict[str, Any]:
    """The score chosen by pseudo-outliers of 1 000 held-out rows; its regret, and that of always taking KNN."""
    found = recommend({m: d for m, d in fitted.items() if m not in SLOW}, acts["held_out"][:1000])
    mean = {m: float(np.mean([figures[m][of]["auroc"] for of in SETS if ROLE[of] != "shift"])) for m in figures}
    best = max(mean.values())
    return {
        "name": found.name, "best": max(mean, key=lambda m: mean[m]), "regret": best - mean[found.name],
        "regret_knn": best - mean["KNN"], "early": dict(found.early),
        "mean": {m: found.mean(m) for m in found.aurocs},
    }  # fmt: skip


def calibrated(scores: dict[str, np.ndarray], method: str) -> dict[str, Any]:
    """Over repeats that part the rows inside anew: uniformity of p-values, and the false discovery rate."""
    known = np.concatenate([scores[f"{method}.held_out"], scores[f"{method}.inside"]])
    foreign = np.concatenate([scores[f"{method}.{of}"] for of in SETS if ROLE[of] != "shift"])
    rng = np.random.default_rng(0)
    tests, rates = [], {share: [] for share in SHARES}
    for _ in range(REPEATS):
        order = rng.permutation(len(known))
        held, live = known[order[:HELD]], known[order[HELD : HELD + BATCH]]
        # ties count against a row; broken at random for the test of uniformity alone
        spread = 1e-9 * max(float(np.ptp(known)), 1e-300)
        p = conformal_pvalues(live[:1] + spread * rng.standard_normal(1), held + spread * rng.standard_normal(HELD))
        tests.append(float(p[0]))
        for share in SHARES:
            bad = round(share * BATCH)
            batch = np.concatenate([live[bad:], foreign[rng.integers(0, len(foreign), bad)]])
            named = benjamini_hochberg(conformal_pvalues(batch, held)) <= FDR * (1 + 1e-12)
            rates[share].append(float(named[: BATCH - bad].sum() / max(named.sum(), 1)))
    return {
        "ks": float(kstest(tests, "uniform").pvalue),
        "fdr": {str(share): [float(np.mean(v)), float(np.std(v) / np.sqrt(REPEATS))] for share, v in rates.items()},
    }


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {key: value | new[key] if isinstance(new[key], dict) else value for key, value in old.items()}


def main() -> None:
    """Measure what is missing, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar", help="Parquet of CIFAR-10 (JPEG): split, label, jpeg")
    parser.add_argument("--only", help="such as fashion_0")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--method", help="measure one score again")
    parser.add_argument("--table", action="store_true", help="only write the page")
    args = parser.parse_args()
    for data in ("fashion", "cifar"):
        images = None
        for seed in range(args.seeds):
            name = f"{data}_{seed}"
            if args.table or (name in RESULTS) != bool(args.method) or args.only not in (None, name):
                continue
            images = images or images_of(data, args.cifar)
            if images is not None:
                found = measure(name, read(data, seed, images, "cpu"), args.method)
                if args.method:
                    found = _merged(RESULTS.value(name), found)
                RESULTS.put(name, found)
    from write import write

    write()


if __name__ == "__main__":
    main()
