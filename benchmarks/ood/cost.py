"""Seconds of one pass and of every closed-form score, beside the forward pass alone and pytorch-ood's own calls.

    python benchmarks/ood/cost.py            # 50 000 reference rows, 10 000 live rows, one thread

pytorch-ood runs the network again for every score; its calls are timed in .venv-ood on a tenth of the rows, and
so are ours for the ratio.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import importlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
from networks import CACHE
from pairs import OURS_ALONE, PAIRS
from pictures import fashion_mnist
from resnet import ResNet
from stored import Results

from ecotone.cards import discover
from ecotone.contracts import Activations
from ecotone.data.activations import TorchNetwork, read_activations

NEIGHBOURS = ("KNN", "NNGuide")
SECOND_PASS = ("ODIN", "AdaSCALE", "BLOOD")
RESULTS = Results(Path(__file__).parent)
PEER = Path(__file__).parents[2] / ".venv-ood" / "bin" / "python"


def forward(module: torch.nn.Module, pixels: np.ndarray) -> float:
    """Seconds of the network alone."""
    start = time.perf_counter()
    with torch.inference_mode():
        for block in torch.as_tensor(pixels).split(500):
            module(block.float() / 255)
    return time.perf_counter() - start


def passed(module: torch.nn.Module, reference: np.ndarray, live: np.ndarray) -> tuple[float, Activations, Activations]:
    """Seconds of reading both sides, and their activations; labels are the predicted classes."""
    start = time.perf_counter()
    network = TorchNetwork(module)
    sides = [read_activations(network, pixels, batch=500) for pixels in (reference, live)]
    seconds = time.perf_counter() - start
    return seconds, sides[0].replace(labels=sides[0].logits.argmax(1)), sides[1]


def scores(names: list[str], reference: Activations, live: Activations) -> dict[str, float]:
    """Seconds to fit each score and to score the live rows."""
    cards, seconds = discover(), {}
    for name in names:
        pair = PAIRS.get(name)
        kind = pair.ours if pair else name
        made = getattr(importlib.import_module(cards[kind].module), kind)(**(pair.setting if pair else {}))
        start = time.perf_counter()
        made.fit(reference).score_samples(live)
        seconds[name] = time.perf_counter() - start
    return seconds


def main() -> None:
    """Time everything and store it."""
    torch.set_num_threads(1)
    images = fashion_mnist()
    module = ResNet(1, 8).eval()
    module.load_state_dict(torch.load(CACHE / "fashion_0.pt", weights_only=True))
    reference, live = images.train[:50_000], images.test
    closed = [m for m in (*PAIRS, *OURS_ALONE) if m not in (*NEIGHBOURS, *SECOND_PASS)]
    alone = forward(module, np.concatenate([reference, live]))
    read, ours, theirs = passed(module, reference, live)
    each = scores([*closed, *NEIGHBOURS], ours, theirs)
    seconds: dict[str, Any] = {
        "forward pass": alone,
        "one pass that keeps activations": read,
        f"that and all {len(closed)} closed-form scores": read + sum(each[m] for m in closed),
        **{f"{m} (k = {50 if m == 'KNN' else 10})": each[m] for m in NEIGHBOURS},
    }
    said = (
        "Fashion-MNIST, the residual network of seed 0, 50 000 reference rows to fit on and 10 000 to score, blocks of "
        "8 192 rows, one thread."
    )
    if PEER.exists():
        small = passed(module, reference[::10], live[::10])
        np.savez(CACHE / "fashion_cost.npz", reference=reference[::10], labels=small[1].labels, live=live[::10])
        done = subprocess.run(
            [str(PEER), str(Path(__file__).with_name("peers_cost.py"))], capture_output=True, text=True, check=True
        )
        found = json.loads(done.stdout.strip().splitlines()[-1])
        tenth = small[0] + sum(scores(found["methods"], small[1], small[2]).values())
        said += (
            f" The {len(found['methods'])} scores that pytorch-ood 0.4.0 has as well, at a tenth of the rows: "
            f"{found['seconds']:.1f} s by its own calls, which run the network for each, {tenth:.1f} s by ours: "
            f"{found['seconds'] / tenth:.1f} times."
        )
    slowest = sorted(((v, m) for m, v in each.items()), reverse=True)[:5]
    said += " Slowest of ours: " + ", ".join(f"{m} {v:.1f} s" for v, m in slowest) + "."
    RESULTS.put("cost", {"said": said, "seconds": seconds, "each": each})
    print(json.dumps(seconds, indent=1))


if __name__ == "__main__":
    main()
