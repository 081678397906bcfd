"""Every score's number can be taken apart: the parts sum to the score less a typical row's."""

import importlib

import numpy as np
import pytest
from networks import inside, outside, reference

from ecotone.cards import discover
from ecotone.contracts import BadInput
from ecotone.detect.explain import contributions
from ecotone.detect.posthoc import Energy

SCORES = [card for card in discover().values() if card.contract == "PostHoc"]
CONTRACTS = [card for card in discover().values() if card.contract == "Contributions"]


@pytest.mark.parametrize("card", SCORES, ids=lambda card: card.name)
def test_parts_of_every_score_sum(card):
    assert [c.name for c in CONTRACTS] == ["contributions"]
    detector = getattr(importlib.import_module(card.module), card.name)().fit(reference())
    row, typical = outside()[:1], inside()[:2]
    why = contributions(detector, row, typical)[0]
    assert tuple(why.parts) == tuple(f"column {i}" for i in range(6))  # the inputs' parts, through the network again
    expected = detector.score_samples(row)[0] - np.mean(detector.score_samples(typical))
    assert why.total == pytest.approx(float(expected), rel=1e-4, abs=1e-5)
    if {"features", "logits"} >= detector.reads() - {"labels", "head"}:
        within = contributions(detector, row, typical, players="features", samples=4)[0]
        assert len(within.parts) == 16 and within.total == pytest.approx(why.total, rel=1e-4, abs=1e-5)


def test_bad_arguments():
    with pytest.raises(BadInput, match="players"):
        contributions(Energy(), outside()[:1], inside()[:1], players="pixels")
    with pytest.raises(BadInput, match="typical has no rows"):
        contributions(Energy(), outside()[:1], inside()[:0])
    with pytest.raises(BadInput, match="names has 2 entries for 4"):
        contributions(Energy(), outside()[:1], inside()[:1], players="logits", names=["a", "b"])
    with pytest.raises(BadInput, match="network="):
        contributions(Energy(), outside()[:1].replace(network=None), inside()[:1], players="inputs")
