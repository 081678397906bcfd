"""P-values of scores: uniform from rows that the network has not seen, too small from those that it learned."""

import numpy as np
import pytest
import torch
from networks import learn, rows
from scipy.stats import kstest
from torch import nn

from ecotone.data import read_activations
from ecotone.detect import KNN, MSP, Calibrated, Energy, Mahalanobis, ViM


@pytest.fixture(scope="module")
def overfitted():
    """A wide network that has learned 150 random labels by heart."""
    x, _ = rows(150, 0)
    y = np.random.default_rng(0).integers(0, 4, 150)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(6, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 4))
    learn(module, x, y, steps=400, rate=3e-3)
    acts = read_activations(module, x, labels=y)
    assert (acts.logits.argmax(1) == y).all()
    return module, acts


@pytest.mark.parametrize("score", [MSP, Energy, KNN, Mahalanobis, ViM], ids=lambda score: score.__name__)
def test_an_overfitted_network(overfitted, score):
    module, known = overfitted
    detector = score().fit(known)
    fair = []
    for seed in range(150):  # one p-value of each calibration set: independent
        held = read_activations(module, rows(99, 100 + seed)[0])
        fair.append(Calibrated(detector).calibrate(held).pvalues(read_activations(module, rows(1, 900 + seed)[0]))[0])
    assert kstest(fair, "uniform").pvalue > 1e-3
    learned = Calibrated(detector).calibrate(known, held_out=False)
    assert not learned.calibrated_
    p = learned.pvalues(read_activations(module, rows(400, 5)[0]))
    if score in (Mahalanobis, ViM):  # fitted to the features of these very rows, which then look too typical
        assert (p <= 0.1).mean() > 0.3


def test_false_discoveries_stay_below_the_asked_rate(overfitted):
    module, known = overfitted
    detector = Mahalanobis().fit(known)
    for share in (0.05, 0.2, 0.5):
        rates = []
        for seed in range(40):
            bad = round(200 * share)
            x = np.vstack([rows(200 - bad, 300 + seed)[0], rows(bad, 600 + seed)[0] * 6])
            held = read_activations(module, rows(400, 30 + seed)[0])
            named = Calibrated(detector).calibrate(held).select(read_activations(module, x), fdr=0.1)
            rates.append((named < 200 - bad).sum() / max(len(named), 1))
        assert np.mean(rates) < 0.1 + 4 * np.std(rates) / np.sqrt(40)
