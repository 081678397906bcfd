"""The table generator: laws that sum to 1, conditions that hold, the truth where it is known."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from ecotone.contracts import BadInput
from ecotone.decide.conformal import Calibrated
from ecotone.learn import RowRandom, TableModel, Training, load
from ecotone.learn.tables import MaskedPerceptron
from ecotone.learn.tables._arrow import encode, stored
from ecotone.learn.tables._column_distributions import distribution
from ecotone.learn.tables._fit_table import fit_table
from ecotone.learn.tables._heads import COMPONENTS, Event, Head, _pick, log_interval, truncated_normal
from ecotone.learn.tables._level_codec import fit_levels
from ecotone.learn.tables._prefixes import Prefixes

SMALL = MaskedPerceptron(width=48, depth=2)


def table(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    city = rng.choice(["Ulm", "Bonn", "Jena"], n, p=[0.5, 0.3, 0.2])
    rooms = rng.integers(1, 5, n)
    rent = np.where(city == "Ulm", 9.0, 12.0) * rooms + rng.normal(size=n)
    rent[rng.random(n) < 0.1] = 0.0  # a spike
    return pd.DataFrame(
        {
            "city": city,
            "rooms": rooms,
            "rent": np.where(rng.random(n) < 0.15, np.nan, rent),
            "balcony": rng.random(n) < 0.2 * rooms,
            "since": np.datetime64("2024-01-01") + rng.integers(0, 300, n).astype("timedelta64[D]"),
            "key": [f"k{i}" for i in range(n)],
        }
    )


@pytest.fixture(scope="module")
def model():
    return TableModel(
        SMALL, training=Training(steps=500, eval_every=250, batch_size=256, learning_rate=4e-3, ema=0.99)
    ).fit(table(4000))


def every_value(**columns):
    """All combinations of values, as a table."""
    grids = np.meshgrid(*columns.values(), indexing="ij")
    return pd.DataFrame({k: g.ravel() for k, g in zip(columns, grids, strict=True)})


@pytest.mark.oracle("TableModel")
def test_every_law_sums_to_one(model):
    whole = every_value(city=["Ulm", "Bonn", "Jena"], rooms=[1, 2, 3, 4], balcony=[False, True])
    assert np.exp(model.log_prob(whole, of=["city", "rooms", "balcony"])).sum() == pytest.approx(1, abs=1e-3)
    given_two = whole[whole.rooms == 2]
    assert np.exp(model.log_prob(given_two, of=["city", "balcony"], given=["rooms"])).sum() == pytest.approx(
        1, abs=1e-3
    )
    # Rent: the spike, the missing value, and an integral over the rest
    grid = np.linspace(-60, 160, 40_001)
    rest = pd.DataFrame({"city": "Ulm", "rooms": 3, "rent": grid[grid != 0]})
    dense = np.trapezoid(np.exp(model.log_prob(rest, of=["rent"], given=["city", "rooms"])), rest.rent)
    lumps = pd.DataFrame({"city": "Ulm", "rooms": 3, "rent": [0.0, np.nan]})
    assert np.exp(model.log_prob(lumps, of=["rent"], given=["city", "rooms"])).sum() + dense == pytest.approx(
        1, abs=5e-3
    )


def test_chain_rule_along_the_order(model):
    rows = table(50, seed=3).drop(columns="key")
    assert model.order_ == ("balcony", "city", "rooms", "since", "rent"), "few different values first"
    first, rest = model.order_[:2], model.order_[2:]
    parts = model.log_prob(rows, of=first) + model.log_prob(rows, of=rest, given=first)
    assert np.allclose(parts, model.log_prob(rows), atol=1e-6)


def test_draws_follow_the_law_that_log_prob_gives(model):
    codec, module = model.codec_, model.module_
    packed = torch.as_tensor(codec.encode(pa.Table.from_pandas(table(400, seed=5).drop(columns="key"))))
    token, z, prefixes = packed[:, :, 0].long(), packed[:, :, 1], Prefixes(module, 400)
    seen = torch.zeros(token.shape, dtype=torch.bool)
    with torch.no_grad():
        for j in range(len(codec.columns)):
            head, want = codec.head(prefixes.out(j).double(), j), distribution(module, codec, packed, seen, j)
            assert torch.allclose(head.logits[prefixes.group], want.logits, atol=1e-4)
            assert not head.continuous or torch.allclose(head.mean[prefixes.group], want.mean, atol=1e-4)
            prefixes.show(j, token[:, j], z[:, j])
            seen[:, j] = True
            assert len(prefixes.first) == len(torch.unique(packed[:, : j + 1, :2].flatten(1), dim=0)), "each once"


def test_draws_have_the_frequencies_of_their_law():
    torch.manual_seed(0)
    log = torch.log_softmax(torch.tensor([[0.0, -1, 2, -float("inf")], [1, 1, -3, 0]]), dim=1)
    group = torch.arange(40_000) % 2
    token = _pick(log, group, RowRandom(0, 40_000).uniform())
    for g in range(2):
        share = torch.bincount(token[group == g], minlength=4) / 20_000
        assert torch.allclose(share, torch.exp(log[g]), atol=0.015)
    assert not bool((token[group == 0] == 3).any())
    ends = torch.tensor([1e-17, 1 - 2.0**-53], dtype=torch.float64)
    assert _pick(
        torch.tensor([[-float("inf"), 0, -float("inf")]]), torch.zeros(2, dtype=torch.int64), ends
    ).tolist() == [1, 1]


def test_it_learned_what_is_true(model):
    rows = pd.DataFrame({"city": "Ulm", "rooms": [1, 2, 3, 4]})
    p = model.predict_proba(rows, "balcony")
    assert np.allclose(p[:, model.levels("balcony").index(True)], [0.2, 0.4, 0.6, 0.8], atol=0.12)
    drawn = model.sample(4000, given={"city": "Bonn", "rooms": 2}, seed=0)
    rent = drawn.rent[drawn.rent.notna() & (drawn.rent != 0)]
    assert rent.mean() == pytest.approx(24, abs=0.5) and rent.std() < 2.5
    assert drawn.rent.isna().mean() == pytest.approx(0.15, abs=0.04)
    assert (drawn.rent == 0).mean() == pytest.approx(0.085, abs=0.04)
    assert drawn.since.min() >= pd.Timestamp("2024-01-01") and drawn.since.max() <= pd.Timestamp("2024-10-27")
    free = model.sample(6000, seed=1)  # drawn values tell the columns after them what training rows do
    assert free.balcony.mean() == pytest.approx(0.5, abs=0.05) and (free.city == "Ulm").mean() == pytest.approx(
        0.5, abs=0.05
    )
    assert "key" not in drawn and "every one is its own" in model.left_out_["key"]


def test_events_hold_and_change_the_rest_as_bayes_does(model):
    drawn = model.sample(3000, given={"rooms": {3, 4}, "rent": (30.0, 40.0), "city": ["Ulm", "Bonn"]}, seed=1)
    assert set(drawn.rooms) == {3, 4} and drawn.rent.between(30, 40).all() and set(drawn.city) == {"Ulm", "Bonn"}
    # The same law by enumeration and quadrature, along the columns' order
    cells, rent = every_value(rooms=[3, 4], city=["Ulm", "Bonn"]), np.linspace(30, 40, 401)
    log = model.log_prob(cells, of=["city", "rooms"])
    inside = []
    for cell in cells.itertuples():
        rows = pd.DataFrame({"rooms": cell.rooms, "city": cell.city, "rent": rent})
        inside.append(np.trapezoid(np.exp(model.log_prob(rows, of=["rent"], given=["rooms", "city"])), rent))
    weight = np.exp(log) * np.array(inside)
    assert (drawn.city == "Ulm").mean() == pytest.approx(weight[cells.city == "Ulm"].sum() / weight.sum(), abs=0.03)
    assert (drawn.rooms == 3).mean() == pytest.approx(weight[cells.rooms == 3].sum() / weight.sum(), abs=0.03)
    open_end = model.sample(200, given={"since": (dt.date(2024, 10, 1), None)}, seed=0)
    assert open_end.since.min() >= pd.Timestamp("2024-10-01")


def test_rows_do_not_depend_on_their_batch(model):
    a = model.sample(40, given={"rent": (20.0, 30.0), "rooms": {2, 3}}, seed=5)
    b = model.sample(40, given={"rent": (20.0, 30.0), "rooms": {2, 3}}, seed=5, batch_size=7)
    pd.testing.assert_frame_equal(a, b, rtol=1e-4)
    pd.testing.assert_frame_equal(
        a[:10], model.sample(10, given={"rent": (20.0, 30.0), "rooms": {2, 3}}, seed=5), rtol=1e-4
    )
    assert not a.equals(model.sample(40, given={"rent": (20.0, 30.0), "rooms": {2, 3}}, seed=6))


def test_conditions_by_row_and_imputation(model):
    told = pd.DataFrame({"city": ["Ulm", "Jena"] * 50, "rooms": [1, 4] * 50})
    drawn = model.sample(100, given=told, seed=0)
    assert drawn.city.tolist() == told.city.tolist() and drawn.rooms.tolist() == told.rooms.tolist()
    holes = table(300, seed=4)
    holes.loc[:50, "city"] = None
    filled = model.impute(holes, seed=0)
    assert filled.notna().all().all() and filled.key.tolist() == holes.key.tolist()
    known = holes.rent.notna()
    assert np.array_equal(filled.rent[known], holes.rent[known])
    gap = (filled.rent - np.where(filled.city == "Ulm", 9.0, 12.0) * filled.rooms)[~known & (filled.rent != 0)]
    assert abs(gap.median()) < 1.0
    again = model.impute(holes, seed=1)
    assert not np.array_equal(filled.rent[~known], again.rent[~known])


def test_it_is_a_detector_and_its_copy_too(model, tmp_path):
    judge = Calibrated(model).calibrate(table(400, seed=7))
    odd = table(60, seed=8).assign(rent=500.0)
    assert (judge.pvalues(odd) < 0.02).all() and (judge.pvalues(table(300, seed=9)) < 0.1).mean() < 0.2
    assert model.log_prob(table(3, seed=1).assign(city="Trier"))[0] == -np.inf
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    rows = table(20, seed=2)
    assert np.array_equal(again.log_prob(rows), model.log_prob(rows))
    pd.testing.assert_frame_equal(again.sample(5, seed=0), model.sample(5, seed=0))


@pytest.mark.parametrize(
    "given, words",
    [
        ({"city": "Trier"}, "'Trier' was never seen"),
        ({"town": "Ulm"}, "'town' is not in the model"),
        ({"key": "k1"}, "nearly every one is its own"),
        ({"rent": (50.0, 40.0)}, "swap its ends"),
        ({"rooms": (7, 9)}, "excludes every row"),
        ({"rooms": (2.2, 2.8)}, "excludes every row"),
        ({"city": ("A", "B")}, "is a range, but the column has levels"),
        ({"rooms": "many"}, "is not int64"),
        ({"since": "soon"}, "is not timestamp"),
        ({"city": set()}, "empty set"),
        ({"rent": {12.345}}, "give a range"),
        (pd.DataFrame({"city": ["Ulm", "Bonn"]}), "given has 2 rows"),
        (pd.DataFrame({"city": ["Trier"] * 3}), "'Trier' was never seen"),
    ],
)
def test_conditions_that_can_not_be(model, given, words):
    with pytest.raises(BadInput, match=words):
        model.sample(3, given=given)


def test_bad_tables(model):
    fresh = TableModel(SMALL)
    with pytest.raises(BadInput, match="not fitted"):
        fresh.sample(1)
    with pytest.raises(BadInput, match="at least 20 rows"):
        fresh.fit(table(5))
    with pytest.raises(BadInput, match="'rent' has inf at row 3"):
        fresh.fit(table(30).assign(rent=[1.0, 2, 3, np.inf] + [0.5] * 26))
    with pytest.raises(BadInput, match="no column can be modelled"):
        fresh.fit(table(30)[["key"]])
    with pytest.raises(BadInput, match="'rent' of the model is not in the table"):
        model.log_prob(table(4).drop(columns="rent"))
    with pytest.raises(BadInput, match="'rent' holds"):
        model.log_prob(table(4).assign(rent=["a", "b", "c", "d"]))
    with pytest.raises(BadInput, match="either asked or known"):
        model.log_prob(table(4), of=["city"], given=["city"])


@pytest.mark.parametrize("kind", ["heavy", "lattice", "bounded", "dates"])
def test_number_codecs_are_invertible_and_normalised(kind):
    rng = np.random.default_rng(0)
    x = {
        "heavy": rng.standard_t(2, 3000),
        "lattice": rng.poisson(300_000, 3000) * 5.0,
        "bounded": rng.exponential(size=3000),
        "dates": 86_400_000_000 * rng.integers(19_000, 23_000, 3000),
    }[kind]
    arrow = pa.array(x, pa.timestamp("us") if kind == "dates" else None)
    codec = fit_table(pa.table({"x": arrow})).columns[0]
    coded = encode(arrow, codec)
    back = stored(codec, codec.decode(coded.token, coded.z))
    assert back.type == arrow.type and np.allclose(back.cast(pa.int64()) if kind == "dates" else back, x, atol=1e-9)
    assert (codec.lattice.step if codec.lattice else 0) == {"lattice": 5, "dates": 86_400_000_000}.get(kind, 0)
    rest = coded.token == codec.tokens - 1
    assert abs(coded.z[rest].mean()) < 0.25 and 0.8 < coded.z[rest].std() < 1.2, "standard normal scores"
    if not codec.unit:  # density of z standard normal is a density of x: it integrates to 1
        grid = np.sort(np.concatenate([np.linspace(-3000, 3000, 200_001), np.linspace(-8, 12, 100_001)]))
        far = codec.encode(grid)
        log = far.log_rate - 0.5 * far.z**2 - 0.5 * np.log(2 * np.pi)
        assert np.trapezoid(np.exp(log), grid) == pytest.approx(1, abs=5e-3)
    if kind == "bounded":
        assert codec.decode(np.full(3, codec.tokens - 1), np.array([-9.0, -5, 5])).min() >= 0


def test_values_that_can_not_be_have_no_probability(model):
    rows = pd.DataFrame({"city": "Ulm", "rooms": [2.0, 2.5, -3.0, 900.0]})
    log = model.log_prob(rows, of=["rooms"], given=["city"])
    assert np.isfinite(log[0]) and np.isneginf(log[1:3]).all(), "between the points, and below the bound"
    with pytest.raises(BadInput, match=r"'rooms' = 2\.5 lies outside"):
        model.sample(2, given={"rooms": 2.5})
    named = model.sample(3, given={"rooms": pd.Series([1, 2, 3])}, seed=0)
    assert named.rooms.tolist() == [1, 2, 3], "a mapping of columns is a table"


def test_rare_levels_are_told_apart():
    rng = np.random.default_rng(0)
    codec = fit_levels("tag", "string", [f"t{i}" for i in range(1500)] + list(rng.choice(["t1", "t2", "t3"], 600)))
    rare = list(codec.rare)
    assert len(codec.levels) == 1000 and len(rare) == 500
    coded = codec.encode([*rare, "t1", None])
    assert codec.decode(coded.token, coded.z) == [*rare, "t1", None]
    assert np.exp(coded.log_rate[:500]).sum() == pytest.approx(1), "their shares of one token"
    with pytest.raises(BadInput, match="give it alone"):
        codec.event({rare[0], "t1"})


def test_heads_against_quadrature():
    torch.manual_seed(0)
    head = Head(torch.randn(4, 2 + 3 * COMPONENTS, dtype=torch.float64), 2, continuous=True, lattice=False, reach=9.0)
    z = torch.linspace(-40, 40, 8_001, dtype=torch.float64)
    dense = torch.stack([torch.exp(head._log_density(v.expand(4))) for v in z], 1)
    assert torch.allclose(torch.trapezoid(dense, z, dim=1), torch.ones(4, dtype=torch.float64), atol=1e-6)
    event = Event.of([False, True], np.array([[-0.3, 0.4], [1.0, 1.2]]))
    inside = ((z > -0.3) & (z < 0.4)) | ((z > 1.0) & (z < 1.2))
    want = torch.exp(head.logits[:, 1]) * torch.trapezoid(dense * inside, z, dim=1)
    assert torch.allclose(torch.exp(head.log_event(event)), want, atol=6e-3)
    _, drawn = head.sample(RowRandom(0, 4), event)
    assert bool((((drawn > -0.3) & (drawn < 0.4)) | ((drawn > 1.0) & (drawn < 1.2))).all())


def test_tails_of_the_normal_law():
    a, b = torch.tensor([-40.0, 8.0, -1.0], dtype=torch.float64), torch.tensor([-39.0, 9.0, 1.0], dtype=torch.float64)
    found = log_interval(a, b)
    assert torch.isfinite(found).all() and float(found[2]) == pytest.approx(np.log(0.6826894921), abs=1e-9)
    assert float(found[1]) == pytest.approx(float(np.log(6.220960574e-16 - 1.128588406e-19)), abs=1e-6)
    z = truncated_normal(torch.tensor([0.5, 0.5, 0.5], dtype=torch.float64), a, b)
    assert bool(((z >= a) & (z <= b)).all())


def test_far_cells_have_slopes():
    a = torch.tensor([-6e4, -2e3, -30.0, -1.0], requires_grad=True)
    b = (a.detach() + torch.tensor([5e4, 1e3, 1.0, 2.0])).requires_grad_()
    found = log_interval(a, b)
    slopes = torch.cat(torch.autograd.grad(found.sum(), (a, b)))
    assert torch.isfinite(found).all() and torch.isfinite(slopes).all() and float(slopes[-1]) > 0


def test_values_that_stand_out_are_tokens_however_many():
    rng = np.random.default_rng(0)
    comb = rng.choice(np.arange(0, 70_000, 100), 40_000) * 0.01  # a hundred points of the lattice apart
    smooth = rng.integers(0, 900, 40_000).astype(float)
    codes = [fit_table(pa.table({"x": x})).columns[0] for x in (np.append(comb, 0.01), smooth)]
    assert [(codec.lattice.digits, codec.lattice.step) for codec in codes] == [(2, 1), (0, 1)]
    assert len(codes[0].atoms) >= 700 and len(codes[1].atoms) == 512


def test_arrow_and_arrays_in_and_out():
    rng = np.random.default_rng(0)
    quick = Training(steps=40, eval_every=20, batch_size=64)
    x = TableModel(SMALL, training=quick).fit(rng.normal(size=(100, 2)))
    assert isinstance(x.sample(3, seed=0), np.ndarray) and x.sample(3, seed=0).shape == (3, 2)
    arrow = pa.table(
        {"a": pa.array(rng.normal(size=60)).cast(pa.float32()), "b": pa.array(["u", "v"] * 30).dictionary_encode()}
    )
    drawn = TableModel(SMALL, training=quick).fit(arrow).sample(4, seed=0)
    assert drawn.schema.field("a").type == pa.float32() and pa.types.is_dictionary(drawn.schema.field("b").type)
    assert drawn.num_rows == 4 and TableModel(SMALL, training=quick).fit(arrow).sample(0).num_rows == 0
