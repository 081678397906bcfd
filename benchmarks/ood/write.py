"""The page of this folder, from the results and from the peer's scores in the cache."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
from networks import CACHE
from pairs import OURS_ALONE, PAIRS, ROLE, SETS
from stored import Results

from ecotone.detect.evaluate import ood_metrics

HERE = Path(__file__).parent
RESULTS = Results(HERE)
CLOSE = (2e-4, 2e-3)  # AUROC, FPR95


def write() -> None:
    """Write README.md."""
    found = {name: RESULTS.value(name) for name in RESULTS.names("*_[0-9]")}
    for name in found:
        compared(name, found[name])
    parts = [(HERE / "head.md").read_text()]
    for data in ("fashion", "cifar"):
        runs = [found[name] for name in found if name.startswith(data)]
        if runs:
            parts.append(_figures(data, runs))
    peers = {name: RESULTS.value(peer) for name in found if (peer := f"{name}_peer") in RESULTS}
    if peers:
        parts.append(_peers(peers))
    if found:
        parts += [_recommended(found), _choice(), _calibration(found)]
    if "cost" in RESULTS:
        parts.append(_cost(RESULTS.value("cost")))
    looks = ("imagenet", "text", "tables")
    if all(name in RESULTS for name in looks):
        parts.append(_through_the_door(*map(RESULTS.value, looks)))
    (HERE / "README.md").write_text("\n".join(parts), encoding="utf-8")


def compared(name: str, ours: dict[str, Any]) -> None:
    """Differences from the peer's figures on the same arrays, stored where its scores are in the cache."""
    path = CACHE / f"{name}_peers.npz"
    if not path.exists():
        return
    scores, told = np.load(path), json.loads((CACHE / f"{name}_peers.json").read_text())
    gaps = {}
    for method in PAIRS:
        if f"{method}.inside" not in scores.files or method not in ours["figures"]:
            continue
        auroc, fpr = [], []
        for of in SETS:
            theirs = ood_metrics(scores[f"{method}.inside"], scores[f"{method}.{of}"])
            mine = ours["figures"][method][of]
            auroc.append(abs(theirs.auroc - mine["auroc"]))
            fpr.append(abs(theirs.fpr_outside_positive - mine["fpr_outside_positive"]))
        gaps[method] = {"auroc": max(auroc), "fpr": max(fpr), "seconds": told["seconds"][method]}
    kept = {"gaps": gaps, "failed": told["failed"], "ours": {m: ours["seconds"][m] for m in gaps}}
    RESULTS.put(f"{name}_peer", kept)


def _figures(data: str, runs: list[dict[str, Any]]) -> str:
    accuracy = ", ".join(f"{run['accuracy']:.3f}" for run in runs)
    title = {"fashion": "Fashion-MNIST", "cifar": "CIFAR-10 (JPEG)"}[data]
    lines = [
        f"## {title}\n", f"{len(runs)} networks, accuracy {accuracy}. AUROC, mean over networks; in brackets FPR95 "
        "with outside positive.\n",
        "| score | " + " | ".join(f"{of} ({ROLE[of]})" for of in SETS) + " | near and far, mean |",
        "|---" * (len(SETS) + 2) + "|",
    ]  # fmt: skip
    methods = [m for m in (*PAIRS, *OURS_ALONE) if all(m in run["figures"] for run in runs)]

    def mean(method: str, of: str, figure: str) -> float:
        return float(np.mean([run["figures"][method][of][figure] for run in runs]))

    whole = {m: np.mean([mean(m, of, "auroc") for of in SETS if ROLE[of] != "shift"]) for m in methods}
    for m in sorted(methods, key=lambda m: -whole[m]):
        cells = [f"{mean(m, of, 'auroc'):.3f} ({mean(m, of, 'fpr_outside_positive'):.2f})" for of in SETS]
        lines.append(f"| {m} | " + " | ".join(cells) + f" | {whole[m]:.3f} |")
    return "\n".join([*lines, ""])


def _peers(peers: dict[str, Any]) -> str:
    lines = [
        "## Beside pytorch-ood 0.4.0\n",
        f"The same arrays, the same settings, {len(peers)} networks: largest difference of AUROC and of FPR95 over "
        f"sets and networks (asked: {CLOSE[0]:g} and {CLOSE[1]:g}), and seconds to fit and score.\n",
        "| score | AUROC | FPR95 | same | ours s | theirs s | why it differs |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for method, pair in PAIRS.items():
        rows = [(p["gaps"][method], p["ours"][method]) for p in peers.values() if method in p["gaps"]]
        if not rows:
            why = next((p["failed"][method] for p in peers.values() if method in p["failed"]), "not run")
            lines.append(f"| {method} | – | – | – | – | – | theirs: {why[:120]} |")
            continue
        auroc, fpr = (max(gap[figure] for gap, _ in rows) for figure in ("auroc", "fpr"))
        same = "yes" if auroc <= CLOSE[0] and fpr <= CLOSE[1] else "no"
        ours, theirs = np.mean([mine for _, mine in rows]), np.mean([gap["seconds"] for gap, _ in rows])
        lines.append(f"| {method} | {auroc:.1e} | {fpr:.1e} | {same} | {ours:.2f} | {theirs:.2f} | {pair.why} |")
    return "\n".join([*lines, ""])


def _recommended(found: dict[str, Any]) -> str:
    lines = [
        "## Is the recommendation worth anything?\n",
        "Chosen by pseudo-outliers alone. *Regret*: mean AUROC over near and far sets of the best score, less that "
        "of the chosen one, or of always taking KNN.\n",
        "| network | chosen | best | regret | regret of always KNN |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, run in found.items():
        got = run["recommended"]
        lines.append(f"| {name} | {got['name']} | {got['best']} | {got['regret']:.3f} | {got['regret_knn']:.3f} |")
    means = [np.mean([run["recommended"][key] for run in found.values()]) for key in ("regret", "regret_knn")]
    return "\n".join([*lines, f"| mean | | | {means[0]:.3f} | {means[1]:.3f} |", ""])


def _choice() -> str:
    """Regret on classifiers of tables and of texts."""
    from choice import FRESH

    tables, texts = (RESULTS.value(f"choice_{kind}") for kind in ("tables", "texts"))
    fresh = {name: run for name, run in tables.items() if name.split(",")[0] in FRESH}
    seen = {name: run for name, run in tables.items() if name not in fresh}
    groups = {"tables, looked at when the pseudo-outliers were settled": seen, "tables, only afterwards": fresh}
    for kind in dict.fromkeys(name.split(", ")[1] for name in fresh):
        groups[f"of these {kind}"] = {name: run for name, run in fresh.items() if name.endswith(kind)}
    groups["texts, looked at"] = texts
    lines = [
        "The same of classifiers of tables (26 kinds of rows left out, such as people under 20 or flights in fog, four "
        "classifiers each) and of sentence embeddings (8 draws of newsgroups known and left out): `choice.py`.\n",
        "| classifiers | number | regret, mean (largest) | always KNN | always Mahalanobis | best score, mean AUROC |",
        "|---|---|---|---|---|---|",
    ]
    for said, runs in groups.items():
        best = np.array([max(run["auroc"].values()) for run in runs.values()])

        def regret(names: list[str], best: Any = best, runs: Any = runs) -> Any:
            return best - [run["auroc"][name] for name, run in zip(names, runs.values(), strict=True)]

        chosen = regret([run["chosen"] for run in runs.values()])
        always = [f"{regret([name] * len(runs)).mean():.3f}" for name in ("KNN", "Mahalanobis")]
        lines.append(
            f"| {said} | {len(runs)} | {chosen.mean():.3f} ({chosen.max():.2f}) | {always[0]} | {always[1]} | "
            f"{best.mean():.3f} |"
        )
    return "\n".join([*lines, ""])


def _calibration(found: dict[str, Any]) -> str:
    lines = [
        "## Calibration\n",
        "200 repeats a score and network: 1 000 calibration rows and 500 live rows parted anew. *Smallest KS p*: test "
        "that a held-out row's p-value is uniform; of this many tests some are small by chance, and the smallest to be "
        "expected is given. *FDR*: realised at an asked .1, mean over scores, and the largest of any score.\n",
        "| network | scores | smallest KS p (by chance) | FDR at 5 % | 20 % | 50 % |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, run in found.items():
        parts = list(run["calibration"].values())
        cells = []
        for share in ("0.05", "0.2", "0.5"):
            rates = [part["fdr"][share][0] for part in parts]
            cells.append(f"{np.mean(rates):.3f} (max {max(rates):.3f})")
        smallest = min(part["ks"] for part in parts)
        lines.append(
            f"| {name} | {len(parts)} | {smallest:.3f} ({1 / (len(parts) + 1):.3f}) | " + " | ".join(cells) + " |"
        )
    return "\n".join([*lines, ""])


def _cost(cost: dict[str, Any]) -> str:
    lines = [
        "## Cost\n", f"{cost['said']}\n", "| what | seconds | over the forward pass |", "|---|---|---|",
    ]  # fmt: skip
    for what, seconds in cost["seconds"].items():
        lines.append(f"| {what} | {seconds:.1f} | {seconds / cost['seconds']['forward pass']:.3f} |")
    return "\n".join([*lines, ""])


def _through_the_door(photos: dict[str, Any], texts: dict[str, Any], tables: dict[str, Any]) -> str:
    """Whole looks: images through the command line, texts and tables in Python."""
    named = ", ".join(f"{kind} {got} of {size}" for kind, (got, size) in sorted(photos["named"].items()))
    head = "| rows | score | named outside | share outside (90 % interval) |"
    low, high = photos["interval"]
    lines = [
        "## Whole looks\n",
        "False discovery rate .1. `python benchmarks/ood/imagenet.py --cifar FILE`: EfficientNet-Lite0 and `ecotone "
        "detect --all` on folders of images; photographs (CIFAR-10 (JPEG), enlarged) are the reference, textures and "
        "digits a fifth of the live rows. `text.py` and `tables.py`: see the recipes.\n",
        head, "|---|---|---|---|",
        f"| photographs | {photos['recommended']}, chosen | {named} | {photos['share']:.3f} ({low:.3f} to "
        f"{high:.3f}) |",
    ]  # fmt: skip
    for kind, got, said in (("newsgroups", texts, "foreign"), ("employment", tables, "children")):
        low, high = got["interval"]
        lines.append(
            f"| {kind} | {got['recommended']}, chosen | {got['named']}, of them {said} {got['foreign']} of {got['of']} "
            f"| {got['share']:.3f} ({low:.3f} to {high:.3f}) |"
        )
    lacking = ", ".join(photos["unusable"])
    lines.append(f"\nScores that the photographs' reference, which has no labels, did not allow: {lacking}.")
    return "\n".join([*lines, ""])
