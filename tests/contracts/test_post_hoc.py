"""What every score of activations owes: its reads, blocks, array libraries, precision, order, clear errors."""

import importlib

import numpy as np
import pytest
import torch
from networks import inside, outside, passed, reference, rows
from scipy.stats import betabinom, spearmanr
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from ecotone.cards import discover
from ecotone.contracts import Activations, BadInput
from ecotone.decide.conformal import Calibrated
from ecotone.detect.posthoc import Energy, Shaper
from ecotone.detect.posthoc._post_hoc import in_double

METHODS = [card for card in discover().values() if card.contract == "PostHoc"]
pytestmark = pytest.mark.parametrize("card", METHODS, ids=lambda card: card.name)
WORDS = {"features", "logits", "labels", "head", "layers", "inputs", "gradient", "second_pass"}
SLOW = {"gradient", "second_pass"}


def _new(card):
    return getattr(importlib.import_module(card.module), card.name)()


def _fitted(card):
    return _new(card).fit(reference())


def _as_torch(acts):
    head = tuple(torch.as_tensor(part) for part in acts.head)
    layers = {name: torch.as_tensor(value) for name, value in acts.layers.items()}
    return Activations(
        features=torch.as_tensor(acts.features), logits=torch.as_tensor(acts.logits), head=head, layers=layers,
        labels=acts.labels, inputs=acts.inputs, network=acts.network,
    )  # fmt: skip


def test_scores(card):
    assert set(card.reads) <= WORDS
    detector = _new(card)
    assert detector.fit(reference()) is detector
    scores = detector.score_samples(inside())
    assert scores.shape == (len(inside()),) and scores.dtype == np.float64 and np.isfinite(scores).all()
    np.testing.assert_array_equal(_fitted(card).score_samples(inside()), scores)
    assert len(detector.score_samples(inside()[:0])) == 0
    clone(detector).fit(reference())


def test_higher_is_more_typical(card):
    detector = _fitted(card)
    scores = np.r_[detector.score_samples(inside()), detector.score_samples(outside())]
    told = roc_auc_score(np.r_[np.ones(len(inside())), np.zeros(len(outside()))], scores)
    assert told > 0.55, told


def test_a_row_does_not_depend_on_its_block(card):
    detector = _fitted(card)
    whole = detector.score_samples(inside()[:60])
    np.testing.assert_allclose(detector.score_samples(inside()[20:27]), whole[20:27], rtol=1e-6, atol=1e-9)
    type(detector).block_rows, kept = 16, type(detector).block_rows
    try:
        np.testing.assert_allclose(detector.score_samples(inside()[:60]), whole, rtol=1e-6, atol=1e-9)
        refitted = _fitted(card).score_samples(inside()[:60])
    finally:
        type(detector).block_rows = kept
    np.testing.assert_allclose(refitted, whole, rtol=1e-6, atol=1e-9)


def test_torch_in_torch_out(card):
    scores = _fitted(card).score_samples(inside()[:50])
    detector = _new(card).fit(_as_torch(reference()))
    ours = detector.score_samples(_as_torch(inside()[:50]))
    assert isinstance(ours, torch.Tensor) and ours.dtype == torch.float64
    np.testing.assert_allclose(ours.detach().numpy(), scores, rtol=1e-5, atol=1e-7)


def test_half_precision_keeps_the_order(card):
    if SLOW & set(card.reads):
        return  # they run the network themselves, in its own precision
    half = inside().replace(
        features=inside().features.astype(np.float16),
        logits=inside().logits.astype(np.float16),
        layers={name: value.astype(np.float16) for name, value in inside().layers.items()},
    )
    detector = _fitted(card)
    exact = detector.score_samples(half.replace(
        features=half.features.astype(np.float64), logits=half.logits.astype(np.float64),
        layers={name: value.astype(np.float64) for name, value in half.layers.items()},
    ))  # fmt: skip
    assert spearmanr(exact, detector.score_samples(half)).statistic > 1 - 1e-4


def test_dead_units_and_few_rows(card):
    """Units that are always 0, fewer rows than features: finite scores or a clear word."""
    acts = reference()
    features = np.hstack([acts.features, np.zeros((len(acts), 24), np.float32)])
    head = (np.hstack([acts.head[0], np.zeros((4, 24), np.float32)]), acts.head[1])
    layers = {name: np.hstack([value, np.zeros((len(acts), 8), np.float32)]) for name, value in acts.layers.items()}
    wide = Activations(features=features, logits=acts.logits, labels=acts.labels, head=head, layers=layers)
    if SLOW & set(card.reads):
        return
    for fitted in (wide, wide[:25]):
        assert np.isfinite(_new(card).fit(fitted).score_samples(wide[:40])).all()


def test_what_is_missing_is_named(card):
    lacking = {
        "features": reference().replace(features=None), "head": reference().replace(head=None),
        "labels": reference().replace(labels=None), "layers": reference().replace(layers={}),
        "gradient": reference().replace(network=None), "second_pass": reference().replace(network=None),
        "logits": reference().replace(logits=None, head=None),
    }  # fmt: skip
    detector = _new(card)
    for word in detector.reads() & lacking.keys():
        with pytest.raises(BadInput, match=word):
            _new(card).fit(lacking[word])
    with pytest.raises(BadInput, match="Activations"):
        detector.fit(np.zeros((3, 2)))
    if type(detector)._fit is not Energy._fit:
        with pytest.raises(BadInput, match="call fit"):
            _new(card).score_samples(inside())


def test_another_network_is_refused(card):
    detector = _fitted(card)
    other = Activations(
        features=np.ones((5, 9)), logits=np.arange(35.0).reshape(5, 7), layers={n: np.ones((5, 3)) for n in ("0", "2")},
        inputs=inside().inputs[:5], network=inside().network,
    )  # fmt: skip
    if not {"features", "logits", "layers"} & detector.reads() or "head" in detector.reads() - {"labels"}:
        other = other.replace(logits=None, features=np.ones((5, 9)), head=(np.ones((7, 9)), np.zeros(7)))
    with pytest.raises(BadInput, match="the reference had"):
        detector.score_samples(other)


def test_pvalues(card):
    judge = Calibrated(_fitted(card)).calibrate(passed(*rows(300, 11)))
    p = judge.pvalues(passed(*rows(300, 12)))
    # Given one calibration set the rate is Beta, so that the count of 300 rows is beta-binomial: .05 % at either end
    low, high = betabinom.ppf([0.0005, 0.9995], 300, 30, 271)
    assert low <= np.sum(p <= 0.1) <= high  # on average over calibration sets: benchmarks/levels, Calibrated


def test_shapers_compose(card):
    detector = _new(card)
    if not isinstance(detector, Shaper):
        return
    alone = detector.fit(reference()).score_samples(inside())
    both = (_new(card) | Energy()).fit(reference()).score_samples(inside())
    np.testing.assert_allclose(both, Energy()._score(detector._shape(in_double(inside()))), rtol=1e-9)
    if type(detector)._score is Shaper._score:
        np.testing.assert_allclose(both, alone, rtol=1e-9)
