"""What every generator owes: shapes, seeds, batches, conditions, a saved copy, clear errors."""

import numpy as np
import pytest
import torch
from generators import SMALL, small

from ecotone.cards import discover
from ecotone.contracts import BadInput
from ecotone.decide.conformal import Calibrated
from ecotone.learn import Implicit, load

GENERATORS = [card for card in discover().values() if card.contract in ("Distribution", "Implicit")]
DENSITIES = [card for card in GENERATORS if card.contract == "Distribution"]


def test_every_small_example_is_of_a_generator():
    assert set(SMALL) <= {card.name for card in GENERATORS}


@pytest.fixture(scope="module")
def fitted():
    made = {}

    def get(card):
        if card.name not in made:
            model, x, given = small(card)
            made[card.name] = (model.fit(x, given=given), x, given)
        return made[card.name]

    return get


@pytest.mark.parametrize("card", GENERATORS, ids=lambda card: card.name)
def test_samples(card, fitted):
    model, x, given = fitted(card)
    told = None if given is None else given[:1]
    a = model.sample(7, given=told, seed=3)
    assert isinstance(a, np.ndarray) and a.shape == (7, *x.shape[1:]) and np.isfinite(a).all()
    assert np.allclose(a, model.sample(7, given=told, seed=3, batch_size=3), atol=1e-4)
    assert np.allclose(a[:4], model.sample(4, given=told, seed=3), atol=1e-4)
    assert not np.array_equal(a, model.sample(7, given=told, seed=4))
    assert model.sample(0, given=told).shape == (0, *x.shape[1:])


@pytest.mark.parametrize("card", GENERATORS, ids=lambda card: card.name)
def test_saved_copy(card, fitted, tmp_path):
    model, _, given = fitted(card)
    told = None if given is None else given[:1]
    model.save(tmp_path / "a.model")
    again = load(tmp_path / "a.model")
    assert type(again) is type(model)
    assert np.allclose(again.sample(5, given=told, seed=0), model.sample(5, given=told, seed=0), atol=1e-6)
    whole = (tmp_path / "a.model").read_bytes()
    (tmp_path / "b.model").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="not a usable model"):
        load(tmp_path / "b.model")


@pytest.mark.parametrize("card", DENSITIES, ids=lambda card: card.name)
def test_density(card, fitted):
    model, x, given = fitted(card)
    log = model.log_prob(x[:9], given=None if given is None else given[:9])
    assert isinstance(log, np.ndarray) and log.shape == (9,) and np.isfinite(log).all()
    some = torch.as_tensor(x[:3]).requires_grad_(x.dtype.kind == "f")
    found = model.log_prob(some, given=None if given is None else given[:3])
    assert isinstance(found, torch.Tensor) and found.dtype == (some.dtype if x.dtype.kind == "f" else torch.float64)
    assert np.allclose(found.detach().numpy(), log[:3], atol=1e-3)
    if x.dtype.kind == "f":
        (slope,) = torch.autograd.grad(found.sum(), some)
        assert slope.shape == some.shape and torch.isfinite(slope).all()
    if given is None:
        assert np.allclose(model.score_samples(x[:9]), log, atol=1e-3)
        law = model.as_torch()
        assert law.sample((2, 3)).shape == (2, 3, *x.shape[1:])
        assert law.log_prob(torch.as_tensor(x[:4]).reshape(2, 2, *x.shape[1:])).shape == (2, 2)
        p = Calibrated(model).calibrate(x[10:60]).pvalues(x[:10])
        assert ((p > 0) & (p <= 1)).all()


@pytest.mark.parametrize("card", GENERATORS, ids=lambda card: card.name)
def test_bad_input(card, fitted):
    model, x, given = fitted(card)
    fresh, _, _ = small(card)
    with pytest.raises(BadInput, match="not fitted"):
        fresh.sample(2)
    with pytest.raises(BadInput, match="n must be"):
        model.sample(-1)
    if x.dtype.kind == "f":
        hole = x.copy()
        hole[3].flat[0] = np.nan
        with pytest.raises(BadInput, match="row 3"):
            fresh.fit(hole, given=given)
    if given is None:
        with pytest.raises(BadInput, match="without given"):
            model.sample(2, given=1)
    elif given.dtype.kind in "iU":
        with pytest.raises(BadInput, match="was not learned"):
            model.sample(2, given="no such class" if given.dtype.kind == "U" else 99)
    if isinstance(model, Implicit):
        with pytest.raises(BadInput, match="no density"):
            model.log_prob(x)
    elif x.dtype.kind == "f" and x.ndim == 2:
        with pytest.raises(BadInput, match="shape"):
            model.log_prob(x[:, :1])
