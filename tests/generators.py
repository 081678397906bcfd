"""For each generator a small instance and rows that it takes: ``name -> () -> (model, x, given)``."""

import importlib

import numpy as np


def _room(card):
    return getattr(importlib.import_module(card.module), card.name)


def _rows(n=300):
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, n)
    return rng.normal(size=(n, 2)) @ np.array([[1.0, 0.6], [0.0, 0.5]]) + 2 * label[:, None], label


def _training(**settings):
    from ecotone.learn import Training

    return Training(**{"steps": 60, "every": 30, "batch_size": 64, "device": "cpu", **settings})


def _edm(card):
    from ecotone.learn.networks import MLP

    x, label = _rows()
    return _room(card)(MLP(width=16, depth=1), training=_training()), x, label


def _gaussian_mixture(card):
    return _room(card)(components=2, starts=1), _rows()[0], None


SMALL = {"EDM": _edm, "GaussianMixture": _gaussian_mixture}


def small(card):
    return SMALL[card.name](card)
