"""What one column says of another without exception holds in samples, fillings and likelihoods."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ecotone.contracts import BadInput
from ecotone.learn import TableModel, Training, load
from ecotone.learn.tables import MaskedPerceptron
from ecotone.learn.tables._determined import BROKEN
from ecotone.learn.tables._fit_table import fit_table

QUICK = Training(steps=60, eval_every=30, batch_size=256, learning_rate=4e-3, ema=0.9)
CITY = np.random.default_rng(5).integers(0, 30, 150)  # of each of 150 areas
STATE = np.random.default_rng(6).integers(0, 5, 30)


def rows(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    area, hours = rng.integers(0, 150, n), rng.integers(0, 400 * 24, n)
    time = pd.Timestamp("2022-01-01") + pd.to_timedelta(hours, unit="h")
    age, amount = rng.integers(18, 90, n), np.round(rng.gamma(2, 30, n), 2)
    warm = np.where(rng.random(n) < 0.2, np.nan, np.round(rng.normal(15, 8, n), 1))
    return pd.DataFrame(
        {
            "area": 10_000 + 37 * area,
            "city": [f"city {c}" for c in CITY[area]],
            "state": [f"state {STATE[c]}" for c in CITY[area]],
            "time": time,
            "date": time.normalize(),
            "year": time.year,
            "month": time.month,
            "weekday": time.day_name(),
            "age": age,
            "band": pd.cut(age, [0, 30, 50, 65, 99]),
            "amount": amount,
            "copy": amount,
            "celsius": warm,
            "fahrenheit": np.round(1.8 * warm + 32, 2),
            "free": rng.normal(size=n),
        }
    )


def broken(drawn):
    """Rows that break one of the rules that all rows follow."""
    area = ((drawn["area"].astype(int) - 10_000) // 37).to_numpy()
    return (
        (drawn["city"] != pd.Series([f"city {c}" for c in CITY[area]], drawn.index))
        | (drawn["state"] != pd.Series([f"state {STATE[c]}" for c in CITY[area]], drawn.index))
        | (drawn["date"] != drawn["time"].dt.normalize())
        | (drawn["year"].astype(int) != drawn["time"].dt.year)
        | (drawn["month"].astype(int) != drawn["time"].dt.month)
        | (drawn["weekday"] != drawn["time"].dt.day_name())
        | (drawn["band"].astype(str) != pd.cut(drawn["age"].astype(int), [0, 30, 50, 65, 99]).astype(str))
        | (drawn["amount"] != drawn["copy"])
        | (drawn["celsius"].isna() != drawn["fahrenheit"].isna())
        | ((np.round(1.8 * drawn["celsius"] + 32, 2) - drawn["fahrenheit"]).abs() > 1e-9)
    )


@pytest.fixture(scope="module")
def model():
    return TableModel(MaskedPerceptron(width=48, depth=2), training=QUICK).fit(rows())


def test_rules_are_found_with_their_kind(model):
    found = {(r.source, r.target): (r.kind, r.part) for r in model.codec_.rules}
    assert found["area", "city"] == found["area", "state"] == found["city", "state"] == ("table", "")
    assert found["time", "date"] == ("line", "date") and found["time", "month"] == ("line", "month")
    assert found["time", "weekday"] == ("table", "day_of_week") and found["age", "band"] == ("steps", "")
    assert found["amount", "copy"] == found["copy", "amount"] == found["celsius", "fahrenheit"] == ("line", "")
    assert not any("free" in pair for pair in found)


def test_samples_follow_them(model):
    drawn = model.sample(1500, seed=0)
    assert not broken(drawn).any()
    assert set(drawn.area) <= set(rows().area), "codes that a table is asked with are known"
    assert np.isfinite(model.log_prob(drawn)).all()


@pytest.mark.parametrize(
    "given",
    [
        {"state": "state 3"}, {"city": "city 7"}, {"area": 10_037}, {"month": 3}, {"weekday": "Friday", "year": 2022},
        {"date": "2022-03-04"}, {"band": pd.Interval(30, 50)}, {"age": (30, 40)}, {"copy": 50.0}, {"celsius": None},
        {"state": {"state 3", "state 1"}, "age": (20, 60)}, {"fahrenheit": (50.0, 60.0)},
    ],
)  # fmt: skip
def test_also_given_what_is_determined(model, given):
    drawn = model.sample(120, given=given, seed=1)
    assert not broken(drawn).any()
    for name, wanted in given.items():
        if isinstance(wanted, tuple):
            assert drawn[name].between(*wanted).all()
        elif wanted is None:
            assert drawn[name].isna().all()
        else:
            assert (
                drawn[name].astype(str).isin([str(v) for v in (wanted if isinstance(wanted, set) else [wanted])]).all()
            )


def test_what_is_filled_follows_them(model):
    holes = rows(400, seed=3).astype(dict.fromkeys(("area", "year", "month", "age"), "Int64"))
    gone = np.random.default_rng(0).random(holes.shape) < 0.3
    full = model.impute(holes.mask(gone), seed=0)
    full[["celsius", "fahrenheit"]] = full[["celsius", "fahrenheit"]].where(holes.celsius.notna(), np.nan)
    told_apart = ~gone[:, [holes.columns.get_loc(c) for c in ("celsius", "fahrenheit")]].any(1) | holes.celsius.notna()
    assert full.drop(columns=["celsius", "fahrenheit"]).notna().all().all() and not broken(full[told_apart]).any()


def test_laws_with_rules_are_normalised(model):
    cities = sorted({f"city {c}" for c in CITY})
    one = rows(1)
    state = pd.DataFrame({"city": one.city[0], "state": [f"state {s}" for s in range(5)]})
    log = model.log_prob(state, of=["state"], given=["city"])
    assert np.exp(log).sum() == pytest.approx(1, abs=1e-6) and np.sort(np.exp(log))[-1] == pytest.approx(1, abs=1e-6)
    assert (np.sort(log)[:-1] < np.log(BROKEN)).all(), "a row that breaks a rule is short of that"
    city = pd.DataFrame({"state": one.state[0], "city": cities})
    p = np.exp(model.log_prob(city, of=["city"], given=["state"]))
    mine = [f"state {STATE[int(c.split()[1])]}" == one.state[0] for c in cities]
    assert p.sum() == pytest.approx(1, abs=1e-6) and p[mine].sum() == pytest.approx(1, abs=1e-6)
    shares = model.predict_proba(one[["city"]], "state")[0]
    assert shares.sum() == pytest.approx(1) and shares[model.levels("state").index(one.state[0])] > 0.999999
    off = one.assign(copy=one.amount + 1)
    assert model.log_prob(off)[0] < model.log_prob(one)[0] + np.log(BROKEN)


def test_rules_are_saved(model, tmp_path):
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    pd.testing.assert_frame_equal(again.sample(50, seed=0), model.sample(50, seed=0))
    assert np.array_equal(again.log_prob(rows(30, 1)), model.log_prob(rows(30, 1)))


@pytest.mark.parametrize("n", [40, 300, 3000])
def test_no_rule_by_accident(n):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        table = {f"level{k}": rng.integers(0, k, n).astype(str) for k in (2, 3, 10, max(n // 4, 2))}
        table |= {f"rare{p}": rng.random(n) < p for p in (0.003, 0.01, 0.05)}
        table |= {f"whole{k}": rng.integers(0, k, n) for k in (2, 20, 500)} | {"x": rng.normal(size=n)}
        table |= {
            "time": np.datetime64("2024-01-01", "s") + rng.integers(0, 10**7, n),
            "gap": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
        }
        found = fit_table(pa.table(table)).rules
        assert not found, (seed, found)


def test_copies_of_rows_are_no_evidence():
    rng = np.random.default_rng(0)
    once = rng.normal(size=(300, 3))
    table = pa.table({"xyz"[j]: np.repeat(once[:, j], 4) for j in range(3)})
    assert not fit_table(table).rules


def test_rules_of_categories_alone():
    rng = np.random.default_rng(0)
    city = rng.integers(0, 5, 400)
    table = pa.table({"city": np.array(list("abcde"))[city], "state": np.array(list("xxyyz"))[city]})
    assert [(rule.source, rule.target) for rule in fit_table(table).rules] == [("city", "state")]


def test_equal_numbers_are_equal_to_the_last_digit():
    x = np.random.default_rng(0).normal(size=300)
    frame = pd.DataFrame({"x": x, "same": x, "less": -x, "more": x + 1.5})
    drawn = TableModel(training=Training(steps=2, batch_size=64)).fit(frame).sample(300, seed=0)
    assert (drawn["x"] == drawn["same"]).all() and (drawn["x"] == -drawn["less"]).all()
    assert np.allclose(drawn["x"] + 1.5, drawn["more"], rtol=0, atol=1e-15)


@pytest.mark.parametrize("n", [-1, 1.5, float("nan"), float("inf"), 10**15, "3", None])
def test_numbers_of_rows_that_are_none(model, n):
    with pytest.raises(BadInput, match="rows"):
        model.sample(n)
