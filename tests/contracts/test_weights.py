"""What every estimator of weights owes: shape, sign, mean one over the reference, the same answer again."""

import importlib

import numpy as np
import pytest

from ecotone.cards import discover

ALL = [card for card in discover().values() if card.contract == "Weights"]


def _case(card, shift, n=1500):
    """Arguments of ``fit``, and of ``predict`` for the reference rows and for a high and a low point."""
    rng = np.random.default_rng(0)
    if "probabilities" in card.reads:
        y, now = rng.random(n) < 0.3, rng.random(n) < 0.3 + shift / 2
        p = lambda label: 1 / (1 + np.exp(-(3 * (label - 0.5) + np.log(3 / 7) + rng.normal(0, 3**0.5, len(label)))))  # noqa: E731
        return (p(y), y, p(now)), y, (np.array([True]), np.array([False]))
    if "labels" in card.reads:  # a continuous target
        y, now = rng.standard_normal(n), rng.normal(shift, 1, n)
        noise = rng.normal(0, 0.5, (2, n))
        return (y + noise[0], y, now + noise[1]), y, (np.array([1.5]), np.array([-1.5]))
    x, z = rng.standard_normal((n, 2)), rng.normal([shift, 0], 1, (n, 2))
    return (x, z), x, (np.array([[1.5, 0.0]]), np.array([[-1.5, 0.0]]))


@pytest.mark.parametrize("card", ALL, ids=lambda card: card.name)
def test_weights_contract(card):
    make = getattr(importlib.import_module(card.module), card.name)
    fit, reference, (high, low) = _case(card, 0.6)
    fitted = make().fit(*fit)
    w = fitted.predict(reference)
    assert w.shape == (len(reference),) and w.dtype == np.float64 and w.min() >= 0
    assert w.mean() == pytest.approx(1, abs=0.05)
    assert fitted.predict(high)[0] > 1.2 and fitted.predict(low)[0] < 0.8, "weights rise towards the current rows"
    np.testing.assert_array_equal(make().fit(*fit).predict(reference), w)
    np.testing.assert_allclose(fitted.predict(reference[:5]), w[:5])
    assert card.remedy_for and card.advice
    with pytest.raises(ValueError):
        make().fit(fit[0][:0], *fit[1:])


@pytest.mark.parametrize("card", ALL, ids=lambda card: card.name)
def test_weights_are_near_one_where_nothing_changed(card):
    make = getattr(importlib.import_module(card.module), card.name)
    fit, reference, _ = _case(card, 0.0)
    assert np.std(make().fit(*fit).predict(reference)) < 0.25
