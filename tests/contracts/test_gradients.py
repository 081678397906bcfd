"""What every gradient through draws owes: the shape, a finite gradient, draws by row, clear errors."""

import importlib

import pytest
import torch

from ecotone.cards import discover
from ecotone.contracts import BadInput
from ecotone.learn import RowRandom

GRADIENTS = [card for card in discover().values() if card.contract == "Gradient"]


def test_all_are_found():
    assert {card.name for card in GRADIENTS} >= {"gumbel_softmax"}


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
@pytest.mark.parametrize("card", GRADIENTS, ids=lambda card: card.name)
def test_gradient_contract(card, kind):
    draw = getattr(importlib.import_module(card.module), card.name)
    logits = torch.randn(6, 2, 4, generator=torch.Generator().manual_seed(0)).to(kind).requires_grad_()
    y = draw(logits, 0.7, rng=3)
    assert y.shape == logits.shape and y.dtype == kind and torch.allclose(y.sum(-1), torch.ones(6, 2, dtype=kind))
    (slope,) = torch.autograd.grad((y**2).sum(), logits)
    assert torch.isfinite(slope).all() and slope.abs().sum() > 0
    assert torch.equal(y, draw(logits, 0.7, rng=RowRandom(3, 6))) and not torch.equal(y, draw(logits, 0.7, rng=4))
    assert torch.equal(y[2:], draw(logits[2:], 0.7, rng=RowRandom(3, torch.arange(2, 6)))), "a row's draw is its own"
    for bad in (lambda: draw(logits, 0.0), lambda: draw(logits, float("nan")), lambda: draw(logits[0, 0], 1.0)):
        with pytest.raises(BadInput):
            bad()
