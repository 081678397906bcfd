"""What samples are measured with, and what the same measures say of images that are real, blurred or mere noise."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pictures import Images, efficientnet_lite0
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn
from torch.nn import functional

from ecotone.learn import Batch, Training
from ecotone.learn.training import train
from ecotone.measure.distances import gaussian_wasserstein

SIZE = 96  # pixels to which images are enlarged for the features
EPOCHS = 1  # of the classifier


def moments(images: np.ndarray, device: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of EfficientNet-Lite0's features."""
    found = efficientnet_lite0(SIZE).to(device).features(images)
    return found.mean(0), np.cov(found.T)


def frechet(images: np.ndarray, held_out: tuple[np.ndarray, np.ndarray], device: str) -> float:
    """The Fréchet distance on EfficientNet-Lite0 features: the squared one of Gaussians with their moments."""
    return gaussian_wasserstein(*moments(images, device), *held_out) ** 2


def references(about: str, data: Images, device: str, kept: Path) -> tuple[np.ndarray, np.ndarray]:
    """Moments of the held-out images, kept."""
    path = kept / f"{about}_held_out.npz"
    if not path.exists():
        mean, cov = moments(data.test, device)
        np.savez(path, mean=mean, cov=cov)
    with np.load(path) as found:
        return found["mean"], found["cov"]


class Classifier(nn.Module):
    """Three convolutions and a linear layer."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths = [channels, 32, 64, 64]
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.last = nn.Linear(64 * 9, 10)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = functional.max_pool2d(functional.relu(layer(x)), 2)
        return self.last(functional.adaptive_avg_pool2d(x, 3).flatten(1))


def _entropy(module: Any, batch: Batch) -> Tensor:
    assert batch.given is not None
    return functional.cross_entropy(module(batch.x), batch.given)


def accuracy(about: str, images: np.ndarray, label: np.ndarray, data: Images, device: str, kept: Path) -> float:
    """Share of the images whose label a classifier trained on the real ones names; it is trained once and kept."""
    path = kept / f"{about}_classifier.pt"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = Classifier(data.train.shape[1])
    if path.exists():
        module.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    else:
        steps = EPOCHS * len(data.train) // 128
        settings = Training(
            steps=steps,
            eval_every=steps,
            batch_size=128,
            learning_rate=2e-3,
            ema=0.99,
            validation_fraction=0.0,
            device=device,
        )
        x = torch.as_tensor(data.train, dtype=torch.float32) / 255
        train(module, _entropy, x, given=torch.as_tensor(data.train_labels), training=settings)
        torch.save(module.state_dict(), path)
    module.to(device).eval()
    with torch.no_grad():
        parts = torch.as_tensor(images, dtype=torch.float32).div(255).split(500)
        named = torch.cat([module(part.to(device)).argmax(1).cpu() for part in parts]).numpy()
    return float((named == label).mean())


def nearest(images: np.ndarray, data: Images, device: str) -> np.ndarray:
    """Root mean squared difference, in grey levels, to the nearest training image."""
    real = torch.as_tensor(data.train.reshape(len(data.train), -1), dtype=torch.float32, device=device)
    squares, found = (real**2).sum(1), []
    for part in torch.as_tensor(images.reshape(len(images), -1), dtype=torch.float32).split(250):
        x = part.to(device)
        apart = squares - 2 * x @ real.T + (x**2).sum(1, keepdim=True)
        found.append((apart.min(1).values / real.shape[1]).clamp(min=0).sqrt().cpu())
    return torch.cat(found).double().numpy()


def scales(about: str, data: Images, device: str, count: int, kept: Path) -> dict[str, Any]:
    """The measures of ``count`` images that no model made, kept."""
    path = kept / f"{about}_scale.json"
    if not path.exists():
        print(f"{about}: the scale", flush=True)
        began, rng = time.process_time(), np.random.default_rng(0)
        pick = rng.permutation(len(data.train))[:count]
        real = data.train[pick]
        flat = data.train.reshape(len(data.train), -1).astype(np.float32)
        noise = rng.multivariate_normal(flat.mean(0), np.cov(flat.T), count, method="eigh")
        images = {
            "training images": real,
            "training images blurred (sd of 1 pixel)": gaussian_filter(real, (0, 0, 1, 1)),
            "a Gaussian fitted to the pixels": np.clip(noise.round(), 0, 255).astype(np.uint8).reshape(real.shape),
        }
        held_out = references(about, data, device, kept)
        rows = {name: {"frechet": frechet(x, held_out, device)} for name, x in images.items()}
        apart = nearest(data.test[rng.permutation(len(data.test))[:count]], data, device)
        known: dict[str, Any] = {
            "rows": rows,
            "count": count,
            "accuracy": accuracy(about, data.test, data.test_labels, data, device, kept),
            "nearest": {"median": float(np.median(apart)), "near": float(np.quantile(apart, 0.01))},
        }
        known["seconds"] = time.process_time() - began
        path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def measured(
    about: str, images: np.ndarray, label: np.ndarray, data: Images, device: str, known: dict[str, Any], kept: Path
) -> dict[str, Any]:
    """The measures of samples."""
    apart = nearest(images, data, device)
    return {
        "frechet": frechet(images, references(about, data, device, kept), device),
        "accuracy": accuracy(about, images, label, data, device, kept),
        "nearest": {
            "median": float(np.median(apart)),
            "least": float(apart.min()),
            "near": float((apart < known["nearest"]["near"]).mean()),
        },
    }
