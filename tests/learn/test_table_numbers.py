"""Numbers of a table that repeat, with a few beyond: their scores, their law, and that no draw runs off."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from scipy import special

from ecotone.learn import Batch, RowRandom, TableModel, Training
from ecotone.learn.tables import MaskedPerceptron
from ecotone.learn.tables._column_distributions import HidingLoss
from ecotone.learn.tables._fit_numbers import fit_numbers
from ecotone.learn.tables._fit_table import fit_table
from ecotone.learn.tables._heads import COMPONENTS, Head
from ecotone.learn.tables._lattice import Lattice


def minutes(n, seed=0):
    """Whole minutes, nearly all of them common, some far longer; and pressures, which are far from 0."""
    rng = np.random.default_rng(seed)
    far = rng.random(n) < 0.004
    air = np.where(far, rng.integers(560, 640, n), np.clip(np.rint(rng.normal(140, 40, n)), 20, 300)).astype(int)
    pressure = np.round(rng.normal(1017, 7.5, n), 1)
    return pd.DataFrame({"air": air, "pressure": pressure, "far": np.where(far, "yes", "no")})


def test_values_that_repeat_have_scores_spread_over_the_normal_law():
    v = minutes(20_000).air.to_numpy(float)
    codec = fit_numbers("air", "int64", v, lattice=Lattice())
    z = codec.scores[1:]
    assert (np.diff(z) > 0).all() and -4.5 < z[0] < -2 and z[-1] > 2
    assert np.interp([100, 140, 180], codec.atoms, z) == pytest.approx([-1, 0, 1], abs=0.15), "as common as they are"
    spiky = np.where(np.arange(20_000) % 10 > 0, 0.0, np.random.default_rng(0).normal(5, 1, 20_000))
    codec = fit_numbers("rain", "double", spiky)
    assert codec.encode(np.array([3.7, 5.0, 6.3])).z == pytest.approx([-1.1, 0.15, 1.4], abs=0.25), (
        "a spike counts little"
    )


def test_a_bound_at_zero_only_where_zero_is_near():
    near = fit_numbers("a", "double", np.random.default_rng(0).exponential(size=2000))
    far = fit_numbers("p", "double", 985 + 50 * np.random.default_rng(0).random(2000))
    assert np.isneginf(near.encode(np.array([-0.5])).log_rate[0])
    assert np.isfinite(far.encode(np.array([980.0])).log_rate[0])
    assert far.encode(np.array([900.0])).z[0] < -8, "as unlikely as the tail of the rows says"


def test_learning_takes_a_token_as_read_and_the_law_adds_its_cell():
    torch.manual_seed(0)
    out = 4 * torch.randn(3, 4 + 3 * COMPONENTS, dtype=torch.float64)
    head = Head(out, 4, continuous=True, lattice=True, reach=2.0)
    assert float(head.mean.abs().max()) <= 2.0 and float(head.log_scale.max()) <= 0
    packed = torch.tensor([[1, 0.0, -0.1, 0.1, 0.0], [3, 0.5, 0.4, 0.6, 0.0], [0, 0.0, 0.0, 0.0, 0.0]]).double()
    whole, read = head.log_prob(packed), head.log_prob(packed, by_token=True)
    cell = torch.logaddexp(read[0], head.logits[0, 3] + head._log_cell(packed[:, 2], packed[:, 3])[0])
    assert float(whole[0]) == pytest.approx(float(cell)) and float(whole[0]) > float(read[0])
    assert torch.equal(whole[1:], read[1:])


@pytest.fixture(scope="module")
def model():
    rows = minutes(4000)
    rows.loc[::10, "far"] = None
    training = Training(steps=300, eval_every=100, batch_size=256, learning_rate=4e-3, ema=0.98)
    return TableModel(MaskedPerceptron(width=48, depth=2), training=training).fit(rows)


def test_no_draw_runs_off(model):
    drawn = model.sample(20_000, seed=0)
    assert drawn.air.min() >= 0 and drawn.air.max() < 1500
    assert drawn.pressure.min() > 900 and drawn.pressure.max() < 1100
    assert (drawn.air > 400).mean() == pytest.approx(0.004, abs=0.003)


def test_a_lattice_with_and_without_tokens_sums_to_one(model):
    assert 50 < len(model.codec_.columns[model.codec_.place("air")].atoms) < 600
    for column, values in (("air", np.arange(0, 5000)), ("pressure", np.arange(8000, 12000) / 10)):
        whole = pd.DataFrame({column: values, "far": ["no"] * len(values)})
        assert np.exp(model.log_prob(whole, of=[column], given=["far"])).sum() == pytest.approx(1, abs=2e-3)
    shares = model.predict_proba(pd.DataFrame({"air": [130, 600], "pressure": [1017.0, 1015.0]}), "far")
    assert shares.sum(1) == pytest.approx([1, 1]), "given that it is there"


def test_each_tail_is_that_of_its_own_side():
    codec = fit_numbers("x", "double", -np.random.default_rng(0).exponential(size=20_000))
    z = np.array([4.2, 4.7, 5.2])
    low, high = codec.decode(np.ones(3, int), -z), codec.decode(np.ones(3, int), z)
    assert np.diff(-low) == pytest.approx(np.diff(-np.log(special.ndtr(-z))), rel=0.5), "an exponential law's steps"
    assert high.max() < 0.5, "where the rows end, draws nearly do"


def test_a_range_of_a_lattice_has_its_ends_whole(model):
    codec = model.codec_.columns[model.codec_.place("air")]
    cell = codec.encode(np.array([601.0]))
    allowed, interval = codec.event(601, 601)
    assert interval == pytest.approx(np.array([[cell.low[0], cell.high[0]]])) and allowed[-1]
    assert codec.event(600.2, 601.7)[1] == pytest.approx(interval), "from the first to the last point inside"


def test_the_loss_is_a_mean_over_hidden_columns():
    rng = np.random.default_rng(0)
    codec = fit_table(pa.table({name: rng.choice(np.array(["x", "y", None]), 200) for name in "abcde"}))
    module = MaskedPerceptron(width=16, depth=1).build([(c.tokens, c.continuous) for c in codec.columns])
    x = torch.as_tensor(codec.encode(pa.table({name: ["x", "y", None] * 20 for name in "abcde"})))
    loss = HidingLoss(codec)(module, Batch(x, None, None, RowRandom(0, 60)))
    assert float(loss.detach()) == pytest.approx(np.log(3)), (
        "before learning each of three tokens is as likely, shown what may be"
    )


def test_a_lattice_wider_than_64_bits_has_its_origin():
    from ecotone.learn.tables._lattice import Lattice

    found = Lattice(step=10**30).whole(np.array([0.0, np.nan, 2.0]), -(10**40), 10**40)
    assert found.tolist() == [0, 0, 2 * 10**30]
