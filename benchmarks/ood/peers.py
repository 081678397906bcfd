"""pytorch-ood's scores of the same arrays, in an environment of its own.

    python -m venv .venv-ood && .venv-ood/bin/pip install -r benchmarks/peers/ood.txt
    .venv-ood/bin/pip install --no-deps pytorch-ood==0.4.0 torchvision==0.29.2
    .venv-ood/bin/python benchmarks/ood/peers.py fashion_0 fashion_1 fashion_2 cifar_0

Reads benchmarks/cache/ood/NAME.npz, which run.py writes, and leaves scores and seconds beside it.
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import library

_operators = library.Library("torchvision", "DEF")
for _name in ("nms", "qnms"):  # torchvision's wheel asks for these operators when it is imported
    _operators.define(_name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from pytorch_ood import detector as theirs
from pytorch_ood.detector import fdbd

sys.path.insert(0, str(Path(__file__).parent))
from pairs import PAIRS, SETS, Pair
from resnet import ResNet

CACHE = Path(__file__).parents[1] / "cache" / "ood"
MAPS = ("ASH", "SCALE")  # take maps (n, d, height, width); ours are of one place


class Given:
    """What run.py left of one network."""

    def __init__(self, name: str) -> None:
        self.name = name
        found = np.load(CACHE / f"{name}.npz")
        self.arrays = {key: torch.as_tensor(found[key]) for key in found.files}
        weight, bias = self.arrays["weight"], self.arrays["bias"]
        self.head = torch.nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            self.head.weight.copy_(weight)
            self.head.bias.copy_(bias)

    def __call__(self, part: str, of: str) -> torch.Tensor:
        return self.arrays[f"{of}.{part}"]


def made(pair: Pair, given: Given) -> object:
    """Their detector, with the network's parts where it asks for them."""
    kind = getattr(theirs, pair.theirs, None) or getattr(fdbd, pair.theirs)
    parts = dict.fromkeys(("encoder", "backbone"), torch.nn.Identity()) | {"head": given.head}
    parts |= {"w": given.head.weight, "b": given.head.bias}
    parts["model"] = network(given) if pair.theirs == "ODIN" else given.head
    if pair.theirs in MAPS:
        parts["head"] = torch.nn.Sequential(torch.nn.Flatten(), given.head)
    asked = inspect.signature(kind.__init__).parameters
    setting = {name: value for name, value in parts.items() if name in asked} | pair.their_setting
    if pair.theirs == "GradNorm":
        setting["param_filter"] = lambda name: name == "weight"
    return kind(**setting)


def network(given: Given) -> torch.nn.Module:
    """The whole network, for what runs it again."""
    module = ResNet(given("inputs", "inside").shape[1], len(given.head.bias))
    module.load_state_dict(torch.load(CACHE / f"{given.name}.pt", weights_only=True))
    return module.eval()


def fit(detector: object, given: Given) -> None:
    """By features, logits, or a loader of features, whichever it offers."""
    z, logits, y = (given(part, "reference") for part in ("features", "logits", "labels"))
    if hasattr(detector, "fit_features"):
        try:
            detector.fit_features(z, y)
        except TypeError:
            detector.fit_features(z)
    elif hasattr(detector, "fit_logits"):
        detector.fit_logits(logits, y)
    elif getattr(detector, "requires_fit", False):
        detector.fit(torch.utils.data.DataLoader(torch.utils.data.TensorDataset(z, y), batch_size=4096))


def scored(detector: object, given: Given, of: str) -> np.ndarray:
    """Higher is more typical, as ours: their scores with the sign changed."""
    if type(detector).__name__ == "ODIN":
        pixels = given("inputs", of)[:500].float() / 255  # as many as ours
        found = torch.cat([detector.predict(block) for block in pixels.split(500)])
    elif hasattr(detector, "predict_features"):
        found = detector.predict_features(given("features", of))
    elif hasattr(detector, "predict_logits"):
        found = detector.predict_logits(given("logits", of))
    else:
        z = given("features", of)
        found = detector.predict(z[:, :, None, None] if type(detector).__name__ in MAPS else z)
    return -found.detach().double().numpy()


def main(names: list[str]) -> None:
    """Score every network that is named."""
    torch.set_num_threads(1)
    for name in names:
        given, scores, seconds, failed = Given(name), {}, {}, {}
        for method, pair in PAIRS.items():
            start = time.perf_counter()
            try:
                detector = made(pair, given)
                fit(detector, given)
                for of in ("inside", *SETS):
                    scores[f"{method}.{of}"] = scored(detector, given, of)
                seconds[method] = time.perf_counter() - start
            except Exception as error:  # whatever the peer raises is an answer about the peer
                failed[method] = f"{type(error).__name__}: {error}"
            print(name, method, failed.get(method) or f"{seconds[method]:.2f} s", flush=True)
        np.savez(CACHE / f"{name}_peers.npz", **scores)
        (CACHE / f"{name}_peers.json").write_text(json.dumps({"seconds": seconds, "failed": failed}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
