"""Small residual networks on photographs of clothes and on CIFAR-10 (JPEG), two classes of each held out.

    python benchmarks/ood/networks.py --cifar cifar10_jpeg.parquet     # trains what is missing, reads every set once

Weights and activations go to benchmarks/cache/ood; a run that was stopped goes on with the next network.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
from pictures import CACHE as FETCHED
from pictures import Images, cifar10_jpeg, fashion_mnist, mnist
from resnet import ResNet
from textures import textures

from ecotone.contracts import Activations
from ecotone.data.activations import TorchNetwork, read_activations

CACHE = FETCHED / "ood"
HELD_OUT = {"fashion": (2, 7), "cifar": (3, 7)}  # pullover and sneaker; cat and horse
EPOCHS = {"fashion": 3, "cifar": 6}
SEEDS = 3
LAYERS = ("stage1", "stage2", "stage3")
ROWS = 2000  # of each set outside


def split(data: str, images: Images) -> tuple[np.ndarray, ...]:
    """Training and test rows of the classes inside, their labels from 0 to 7, and test rows of those held out."""
    kept = np.setdiff1d(np.arange(10), HELD_OUT[data])
    code = np.full(10, -1)
    code[kept] = np.arange(8)
    parts = []
    for x, y in ((images.train, images.train_labels), (images.test, images.test_labels)):
        inside = np.isin(y, kept)
        parts += [x[inside], code[y[inside]]]
    return (*parts, images.test[np.isin(images.test_labels, HELD_OUT[data])])


def trained(data: str, seed: int, x: np.ndarray, y: np.ndarray, device: str) -> nn.Module:
    """One network, from the cache or trained now."""
    path = CACHE / f"{data}_{seed}.pt"
    torch.manual_seed(seed)
    module = ResNet(x.shape[1], 8)
    if path.exists():
        module.load_state_dict(torch.load(path, weights_only=True))
        return module.eval()
    start, rng = time.time(), np.random.default_rng(seed)
    module = module.to(device, memory_format=torch.channels_last).train()
    per, size = len(x) // 128, 128
    optimiser = torch.optim.SGD(module.parameters(), 0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.2, total_steps=EPOCHS[data] * per)
    for epoch in range(EPOCHS[data]):
        order, total = rng.permutation(len(x)), 0.0
        for step in range(per):
            rows = order[step * size : (step + 1) * size]
            batch = torch.as_tensor(_moved(x[rows], rng)).to(device).float() / 255
            with torch.autocast(device, torch.bfloat16):
                logits = module(batch.contiguous(memory_format=torch.channels_last))
            loss = nn.functional.cross_entropy(logits.float(), torch.as_tensor(y[rows]).to(device))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        print(f"{data} {seed}: epoch {epoch + 1}, loss {total / per:.3f}, {time.time() - start:.0f} s", flush=True)
    CACHE.mkdir(exist_ok=True)
    module = module.cpu()
    torch.save(module.state_dict(), path)
    return module.eval()


def _moved(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mirrored half of the time, and moved by two pixels at most."""
    x = x[:, :, :, ::-1] if rng.random() < 0.5 else x
    return np.roll(x, tuple(rng.integers(-2, 3, 2)), axis=(2, 3)).copy()


def blurred(x: np.ndarray) -> np.ndarray:
    """A mean over three by three pixels."""
    wide = np.pad(x.astype(float), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    h, w = x.shape[2:]
    return (sum(wide[:, :, i : i + h, j : j + w] for i in range(3) for j in range(3)) / 9).round().astype(np.uint8)


def outside(images: Images, inside: np.ndarray, near: np.ndarray) -> dict[str, np.ndarray]:
    """Sets by name: near, far (digits, textures, noise) and covariate shift (rotated, blurred)."""
    channels, side = inside.shape[1], inside.shape[2]
    rng = np.random.default_rng(1)
    digits = mnist().test[:ROWS]
    digits = np.pad(digits, ((0, 0), (0, 0), *[((side - 28) // 2,) * 2] * 2)).repeat(channels, 1)
    return {
        "near": near[rng.permutation(len(near))[:ROWS]],
        "digits": digits,
        "textures": textures(ROWS, channels, side),
        "noise": rng.integers(0, 256, (ROWS, channels, side, side), dtype=np.uint8),
        "rotated": np.ascontiguousarray(np.rot90(inside[:ROWS], axes=(2, 3))),
        "blurred": blurred(inside[:ROWS]),
    }


def read(data: str, seed: int, images: Images, device: str) -> dict[str, Activations]:
    """Activations of one network by set, read once and kept; inputs and network attached."""
    x, y, tests, labels, near = split(data, images)
    module = trained(data, seed, x, y, device)
    order = np.random.default_rng(0).permutation(len(tests))
    half = len(order) // 2
    sets = {"reference": x, "held_out": tests[order[:half]], "inside": tests[order[half:]]}
    sets |= outside(images, sets["inside"], near)
    truth = {"reference": y, "held_out": labels[order[:half]], "inside": labels[order[half:]]}
    network = TorchNetwork(module, LAYERS)
    found = {}
    for name, pixels in sets.items():
        folder = CACHE / f"{data}_{seed}" / name
        acts = read_activations(network, pixels, labels=truth.get(name), batch=500, output=folder)
        # in memory, for many scores read it
        kept = {part: np.asarray(getattr(acts, part)) for part in ("features", "logits")}
        layers = {layer: np.asarray(values) for layer, values in acts.layers.items()}
        found[name] = Activations(
            **kept, layers=layers, labels=truth.get(name), head=acts.head, inputs=pixels, network=network
        )
    return found


def images_of(data: str, cifar: str | None) -> Images | None:
    """The data set, or None where the table of CIFAR-10 (JPEG) is not at hand."""
    if data == "fashion":
        return fashion_mnist()
    return cifar10_jpeg(cifar) if cifar else None


def main() -> None:
    """Train and read what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar", help="Parquet of CIFAR-10 (JPEG): split, label, jpeg")
    parser.add_argument("--only", help="fashion or cifar")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    for data in ("fashion", "cifar"):
        if args.only in (None, data) and (images := images_of(data, args.cifar)) is not None:
            for seed in range(args.seeds):
                acts = read(data, seed, images, args.device)["inside"]
                right = float((acts.logits.argmax(1) == acts.labels).mean())
                print(f"{data} {seed}: accuracy {right:.3f} on test rows of the classes inside", flush=True)


if __name__ == "__main__":
    main()
