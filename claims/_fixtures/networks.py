"""Small networks on photographs of clothes, what a pass left of them, what lies outside; kept in claims/.cache."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from ecotone.contracts import Activations
from ecotone.data.activations import TorchNetwork, read_activations
from ecotone.detect.evaluate import ood_metrics
from ecotone.detect.posthoc import PostHoc

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "claims" / ".cache"
HELD_OUT = (2, 7)  # pullover and sneaker: near, for shirts, coats and boots are like them
ROWS = 2000  # of each set outside
LAYERS = ("conv1", "conv2", "conv3")


class Kind(NamedTuple):
    """How networks are built and trained: channels of the three convolutions, what follows them, epochs."""

    name: str
    channels: tuple[int, int, int]
    pooled: bool  # the mean over places of the last convolution, in the place of a hidden layer
    epochs: int


BRIEF = Kind("clothes", (32, 64, 128), pooled=False, epochs=2)
POOLED = Kind("pooled", (16, 32, 128), pooled=True, epochs=10)


class Clothes(NamedTuple):
    """Activations of one network: 8 classes inside; sets outside by name, ``near`` among them."""

    reference: Activations  # 10 000 training rows
    held_out: Activations  # 2 000 rows that the network has not seen
    inside: Activations  # 2 000 others
    outside: dict[str, Activations]


def network(kind: Kind = BRIEF, classes: int = 8) -> nn.Sequential:
    """Three convolutions and a hidden layer of 128 (or means over places); ``conv1`` to ``conv3``, ``hidden``."""
    blocks: list[tuple[str, nn.Module]] = []
    for i, (before, after) in enumerate(pairwise((1, *kind.channels)), 1):
        conv = nn.Conv2d(before, after, 3, padding=1, bias=False)
        blocks.append((f"conv{i}", nn.Sequential(conv, nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2))))
    last = kind.channels[-1]
    if kind.pooled:
        blocks.append(("hidden", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())))
    else:
        blocks.append(("hidden", nn.Sequential(nn.Flatten(), nn.Linear(last * 9, last), nn.ReLU())))
    blocks.append(("head", nn.Linear(last, classes)))
    made = nn.Sequential()
    for name, block in blocks:
        made.add_module(name, block)
    return made


def clothes(seed: int, kind: Kind = BRIEF) -> Clothes:
    """The network of one seed, trained once and kept, and its activations with ``inputs`` and ``network``."""
    if str(ROOT / "benchmarks") not in sys.path:
        sys.path.insert(0, str(ROOT / "benchmarks"))
    from pictures import fashion_mnist, mnist

    images = fashion_mnist()
    kept = np.setdiff1d(np.arange(10), HELD_OUT)
    code = np.full(10, -1)
    code[kept] = np.arange(8)
    x, y = images.train[np.isin(images.train_labels, kept)], code[images.train_labels]
    y = y[y >= 0]
    module = _trained(kind, seed, x, y)
    rng = np.random.default_rng(seed)
    tests = rng.permutation(np.flatnonzero(np.isin(images.test_labels, kept)))[:4000]
    take = rng.permutation(len(x))[:10_000]

    def read(name: str, pictures: np.ndarray, labels: np.ndarray | None = None) -> Activations:
        return _read(CACHE / f"{kind.name}_{seed}_{name}.npz", TorchNetwork(module, LAYERS), pictures, labels)

    near = rng.permutation(np.flatnonzero(np.isin(images.test_labels, HELD_OUT)))[:ROWS]
    inside = images.test[tests[ROWS:]]
    outside = {
        "near": images.test[near],
        "digits": mnist().test[:ROWS],
        "noise": rng.integers(0, 256, (ROWS, 1, 28, 28), dtype=np.uint8),
        "rotated": np.ascontiguousarray(np.rot90(inside, axes=(2, 3))),
    }
    return Clothes(
        read("reference", x[take], y[take]),
        read("held_out", images.test[tests[:ROWS]], code[images.test_labels[tests[:ROWS]]]),
        read("inside", inside, code[images.test_labels[tests[ROWS:]]]),
        {name: read(name, pictures) for name, pictures in outside.items()},
    )


def _read(path: Path, net: TorchNetwork, pictures: np.ndarray, labels: np.ndarray | None) -> Activations:
    if not path.exists():
        acts = read_activations(net, pictures, batch=500)
        np.savez(path, features=acts.features, logits=acts.logits, **acts.layers)
    kept = np.load(path)
    layers = {name: kept[name] for name in LAYERS}
    head = net(pictures[:1]).head
    assert head is not None
    return Activations(
        features=kept["features"], logits=kept["logits"], layers=layers, labels=labels, inputs=pictures, network=net,
        head=tuple(part.numpy() for part in head),
    )  # fmt: skip


def _trained(kind: Kind, seed: int, x: np.ndarray, y: np.ndarray) -> nn.Module:
    path = CACHE / f"{kind.name}_{seed}.pt"
    torch.manual_seed(seed)
    module = network(kind)
    if path.exists():
        module.load_state_dict(torch.load(path, weights_only=True))
        return module.eval()
    module = module.to(memory_format=torch.channels_last)  # a third less time on one core
    optimiser = torch.optim.Adam(module.parameters(), 2e-3)
    steps = kind.epochs * (len(x) // 256)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    rng = np.random.default_rng(seed)
    for step in range(steps):
        if step % (len(x) // 256) == 0:
            order = rng.permutation(len(x))
        rows = order[(step * 256) % len(x) :][:256]
        inputs = (torch.as_tensor(x[rows]).float() / 255).to(memory_format=torch.channels_last)
        loss = nn.functional.cross_entropy(module.train()(inputs), torch.as_tensor(y[rows]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    CACHE.mkdir(exist_ok=True)
    torch.save(module.state_dict(), path)
    return module.eval()


def aurocs(detector: PostHoc, data: Clothes) -> dict[str, float]:
    """AUROC of a fitted score against each set outside."""
    inside = detector.score_samples(data.inside)
    found = {}
    for name, acts in data.outside.items():
        scores = np.concatenate([inside, detector.score_samples(acts)])
        found[name] = float(roc_auc_score(np.arange(len(scores)) < len(inside), scores))
    return found


def fprs(detector: PostHoc, data: Clothes) -> dict[str, float]:
    """Of a fitted score, the share of each set outside that is accepted where 95 % of the rows inside are."""
    inside = detector.score_samples(data.inside)
    return {
        name: ood_metrics(inside, detector.score_samples(acts)).fpr_inside_positive
        for name, acts in data.outside.items()
    }


def compared(
    methods: dict[str, PostHoc],
    figure: Callable[[PostHoc, Clothes], dict[str, float]],
    seeds: int,
    rows: int = ROWS,
    kind: Kind = BRIEF,
) -> dict[str, list[dict[str, float]]]:
    """A figure of several scores against each set outside, by name and network, on the first ``rows`` of each set."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
    for seed in range(seeds):
        data = clothes(seed, kind)
        outside = {name: acts[:rows] for name, acts in data.outside.items()}
        data = data._replace(inside=data.inside[:rows], outside=outside)
        for name, method in methods.items():
            found[name].append(figure(method.fit(data.reference), data))
    return found


def listed(found: dict[str, list[dict[str, float]]]) -> str:
    """Means over networks: near, then over all sets outside."""
    means = {
        name: (np.mean([f["near"] for f in by_seed]), np.mean([list(f.values()) for f in by_seed]))
        for name, by_seed in found.items()
    }
    return ", ".join(f"{name} {near:.3f} and {every:.3f}" for name, (near, every) in means.items())
