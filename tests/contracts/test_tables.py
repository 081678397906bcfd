"""What every generator of tables owes, and every network for one."""

import importlib

import numpy as np
import pandas as pd
import pytest
import torch

from ecotone.cards import discover
from ecotone.contracts import BadInput
from ecotone.learn import Training, load

MODELS = [card for card in discover().values() if card.contract == "TableDistribution"]
NETWORKS = [card for card in discover().values() if card.contract == "TableNetwork"]


def _class(card):
    return getattr(importlib.import_module(card.module), card.name)


def _rows(n=200):
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    return pd.DataFrame({"x": x, "kind": np.where(x > 0, "up", "down"), "count": rng.poisson(3, n)})


@pytest.fixture(scope="module", params=MODELS, ids=lambda card: card.name)
def model(request):
    return _class(request.param)(training=Training(steps=60, eval_every=30, batch_size=64, device="cpu")).fit(_rows())


def test_tables_in_and_out(model, tmp_path):
    drawn = model.sample(30, seed=1)
    assert list(drawn) == ["x", "kind", "count"] and len(drawn) == 30
    assert drawn.dtypes.astype(str).to_dict() == _rows().dtypes.astype(str).to_dict()
    pd.testing.assert_frame_equal(drawn[:8], model.sample(8, seed=1, batch_size=3), rtol=1e-4)
    assert not drawn.equals(model.sample(30, seed=2)) and len(model.sample(0)) == 0
    model.save(tmp_path / "a.model")
    assert np.array_equal(load(tmp_path / "a.model").log_prob(_rows(5)), model.log_prob(_rows(5)))


def test_likelihoods(model):
    rows = _rows(40)
    log = model.log_prob(rows)
    assert log.shape == (40,) and np.isfinite(log).all() and np.array_equal(log, model.score_samples(rows))
    p = np.exp(model.log_prob(rows.assign(kind="up"), of=["kind"], given=["x", "count"]))
    q = np.exp(model.log_prob(rows.assign(kind="down"), of=["kind"], given=["x", "count"]))
    none = np.exp(model.log_prob(rows.assign(kind=None), of=["kind"], given=["x", "count"]))
    assert np.allclose(p + q + none, 1, atol=1e-9)
    assert np.allclose(model.predict_proba(rows, "kind").sum(1), 1)
    assert np.isneginf(model.log_prob(rows.assign(kind="aside"))).all()


def test_bad_input(model):
    with pytest.raises(BadInput, match="n must be"):
        model.sample(-1)
    with pytest.raises(BadInput, match="'colour' is not in the model"):
        model.sample(1, given={"colour": "red"})
    with pytest.raises(BadInput, match="holds numbers"):
        model.predict_proba(_rows(3), "x")


@pytest.mark.parametrize("card", NETWORKS, ids=lambda card: card.name)
@pytest.mark.oracle("MaskedPerceptron")
def test_a_network_reads_only_what_is_shown(card):
    torch.manual_seed(0)
    module = _class(card)(width=32, depth=2).build([(4, False), (3, True), (2, True)])
    for layer in (module.levels, module.mixtures):
        torch.nn.init.normal_(layer.weight)
    token, z = torch.tensor([[1, 2, 1]] * 3), torch.randn(3, 3)
    seen = torch.tensor([[True, False, True]] * 3)
    out = module(token, z, seen)
    other = token.clone(), z.clone()
    other[0][:, 1], other[1][:, 1] = 0, 9.0
    assert all(torch.equal(a, b) for a, b in zip(out, module(*other, seen), strict=True)), "hidden values do not leak"
    other[1][:, 0] += 1.0
    assert torch.equal(out[0], module(*other, seen)[0]), "only columns of numbers have a place on the normal scale"
    other[1][:, 2] += 1
    assert not torch.equal(out[0], module(*other, seen)[0])
    assert torch.allclose(module.column(module.body(token, z, seen), 1), out[1], atol=1e-6)
