"""Seconds of pytorch-ood's own calls on 5 000 reference and 1 000 live images; run by cost.py in .venv-ood."""

from __future__ import annotations

import inspect
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

sys.path[:0] = [str(Path(__file__).parent)]
from peers import CACHE, PAIRS, fdbd, theirs
from resnet import ResNet


class Features(torch.nn.Module):
    """The network without its head."""

    def __init__(self, whole: ResNet) -> None:
        super().__init__()
        self.whole = whole

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features ``(n, 96)``."""
        w = self.whole
        return w.stage3(w.stage2(w.stage1(w.stem(x)))).mean((2, 3))


def main() -> None:
    """Time every score that it has."""
    torch.set_num_threads(1)
    found = np.load(CACHE / "fashion_cost.npz")
    whole = ResNet(1, 8).eval()
    whole.load_state_dict(torch.load(CACHE / "fashion_0.pt", weights_only=True))
    x, y, live = (torch.as_tensor(found[name]) for name in ("reference", "labels", "live"))
    loader = DataLoader(TensorDataset(x.float() / 255, y), batch_size=500)
    parts = {
        "model": whole, "encoder": Features(whole), "backbone": Features(whole), "head": whole.head,
        "w": whole.head.weight, "b": whole.head.bias,
    }  # fmt: skip
    done, start = [], time.perf_counter()
    for method, pair in PAIRS.items():
        if method in ("ODIN",):
            continue
        before = time.perf_counter()
        kind = getattr(theirs, pair.theirs, None) or getattr(fdbd, pair.theirs)
        asked = inspect.signature(kind.__init__).parameters
        setting = {name: value for name, value in parts.items() if name in asked} | pair.their_setting
        if pair.theirs == "GradNorm":
            setting["param_filter"] = lambda name: name == "head.weight"
        try:
            detector = kind(**setting)
            if getattr(detector, "requires_fit", False):
                detector.fit(loader)
            for block in live.split(500):
                detector.predict(block.float() / 255)
            done.append(method)
        except Exception as error:  # what it cannot do is left out of both sides' time
            print(method, type(error).__name__, error, file=sys.stderr)
            start += time.perf_counter() - before
    print(json.dumps({"methods": done, "seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
