"""What every calibrator owes: shapes, better probabilities, the same answer again, clear errors."""

import importlib

import numpy as np
import pytest
from scipy import special

from ecotone.cards import discover

ALL = [card for card in discover().values() if card.contract == "Calibrator"]
CLASSES = [card for card in ALL if "probabilities" in card.reads]
LAWS = [card for card in ALL if "probabilities" not in card.reads]


def _class(card):
    return getattr(importlib.import_module(card.module), card.name)


def _sample(k, n=3000):
    rng = np.random.default_rng(k)
    logits = rng.standard_normal((n, k)) * 1.5
    y = (rng.random(n)[:, None] > special.softmax(logits, axis=1).cumsum(1)).sum(1)
    return special.softmax(3 * logits, axis=1), y


def _log_loss(p, y):
    return -np.log(np.maximum(p[np.arange(len(y)), y], 1e-6)).mean()


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("card", CLASSES, ids=lambda card: card.name)
def test_calibrator_contract(card, k):
    p, y = _sample(k)
    half = len(y) // 2
    fitted = _class(card)().fit(p[:half], y[:half])
    q = fitted.predict(p[half:])
    assert q.shape == p[half:].shape and q.dtype == np.float64
    np.testing.assert_allclose(q.sum(1), 1)
    assert q.min() >= 0
    assert _log_loss(q, y[half:]) < _log_loss(p[half:], y[half:]) - 0.05
    np.testing.assert_array_equal(fitted.predict(p[half : half + 7]), q[:7])
    assert card.remedy_for and card.advice
    if k == 2:
        vector = _class(card)().fit(p[:half, 1], y[:half]).predict(p[half:, 1])
        np.testing.assert_allclose(vector, q[:, 1], atol=1e-9)
    for bad in (p[:0], np.full_like(p, np.nan)):
        with pytest.raises(ValueError):
            fitted.predict(bad)
    with pytest.raises(ValueError):
        _class(card)().fit(p, y[:-1])


@pytest.mark.parametrize("card", LAWS, ids=lambda card: card.name)
def test_calibrator_of_laws_contract(card):
    rng = np.random.default_rng(0)
    mu, sigma = rng.standard_normal(4000), rng.uniform(0.5, 2, 4000)
    y = mu + 0.3 * sigma + 2 * sigma * rng.standard_normal(4000)
    fitted = _class(card)().fit(mu[:2000], sigma[:2000], y[:2000])
    m, s, new = mu[2000:], sigma[2000:], y[2000:]
    levels = np.array([0.05, 0.5, 0.95])
    q = fitted.quantile(m, s, levels)
    assert q.shape == (2000, 3) and (np.diff(q, axis=1) > 0).all()
    np.testing.assert_allclose(
        (new[:, None] <= q).mean(0), levels, atol=0.055
    )  # two samples of 2000: 3.5 standard errors
    np.testing.assert_allclose(np.mean(fitted.cdf(m, s, new)), 0.5, atol=0.03)
    np.testing.assert_allclose(fitted.mean(m, s), m + 0.3 * s, atol=0.3)
    np.testing.assert_allclose(fitted.variance(m, s), 4 * s**2, rtol=0.15)
    for bad in (np.full(2000, np.nan), m[:0]):
        with pytest.raises(ValueError):
            fitted.quantile(bad, s, 0.5)
