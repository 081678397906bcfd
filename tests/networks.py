"""A small trained network and what its pass left, shared by tests of detectors."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import nn

from ecotone.contracts import Activations
from ecotone.data.activations import TorchNetwork, read_activations

CLASSES = 4
LAYERS = ("0", "2")


def rows(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of four classes about the corners of a square in R^6, and their labels."""
    g = np.random.default_rng(seed)
    y = g.integers(0, CLASSES, n)
    corner = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])[y] * 2.0
    return np.hstack([corner, np.zeros((n, 4))]).astype(np.float32) + g.normal(0, 0.5, (n, 6)).astype(np.float32), y


def foreign(n: int, seed: int) -> np.ndarray:
    """Rows far away along the columns that the classes do not use, and between the classes."""
    g = np.random.default_rng(seed)
    return np.hstack([np.zeros((n, 2)), np.full((n, 4), 4.0)]).astype(np.float32) + g.normal(0, 0.5, (n, 6)).astype(
        np.float32
    )


@cache
def network() -> TorchNetwork:
    """6-32-16-4 with ReLU, trained to tell the classes apart."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, CLASSES))
    learn(module, *rows(1000, 0), steps=150, rate=1e-2)
    return TorchNetwork(module, LAYERS)


def learn(module: nn.Module, x: np.ndarray, y: np.ndarray, *, steps: int, rate: float) -> None:
    """Train a classifier on all rows at once."""
    optimiser = torch.optim.Adam(module.parameters(), rate)
    for _ in range(steps):
        loss = nn.functional.cross_entropy(module(torch.as_tensor(x)), torch.as_tensor(y))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def passed(x: np.ndarray, y: np.ndarray | None = None) -> Activations:
    """Activations of rows, with inputs and network."""
    return read_activations(network(), x, labels=y)


@cache
def reference() -> Activations:
    """800 labelled rows that the network was not trained on."""
    return passed(*rows(800, 1))


@cache
def inside() -> Activations:
    """300 more."""
    return passed(*rows(300, 2))


@cache
def outside() -> Activations:
    """300 foreign rows."""
    return passed(foreign(300, 3))
