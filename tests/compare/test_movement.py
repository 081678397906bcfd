"""Words and numbers for how a column moved: what was put in comes out, and noise stays silent."""

import json

import numpy as np
import pytest

from ecotone.compare.explain import describe_shift
from ecotone.data import Column

SILENT = "no movement beyond noise in this column by itself"


def _numeric(x):
    return Column("x", "numeric", np.asarray(x, float))


def _coded(shares, n, levels, rng):
    return Column("c", "category", rng.choice(len(shares), n, p=shares).astype(float), levels)


def test_a_shift_of_all_rows():
    x = np.random.default_rng(0).standard_normal(3000)
    m = describe_shift(_numeric(x[:1500]), _numeric(x[1500:] + 3.2))
    assert m.facts["share"] == 1 and m.facts["displacement"] == pytest.approx(3.2, abs=0.1)
    assert m.facts["mean"] == pytest.approx((x[:1500].mean(), x[1500:].mean() + 3.2))
    assert m.sentence.startswith("mean -0.0") and " → 3.1" in m.sentence and "median" in m.sentence
    assert ";" not in m.sentence  # one number says it all


def test_a_change_of_spread():
    x = np.random.default_rng(1).standard_normal(6000)
    m = describe_shift(_numeric(x[:3000]), _numeric(1.25 * x[3000:]))
    assert m.facts["spread"] == pytest.approx(1.25, abs=0.06) and "; spread x1.2" in m.sentence


@pytest.mark.parametrize(("share", "far"), [(0.4, 6.0), (0.05, 8.0), (0.41, -3.2)])
def test_the_fewest_rows_that_explain_it(share, far):
    rng = np.random.default_rng(2)
    x, y = rng.normal(0, 1, 5000), rng.normal(0, 1, 5000)
    y[: int(share * 5000)] += far
    m = describe_shift(_numeric(x), _numeric(y))
    common = 0.07 * share * (abs(far) < 4)  # overlap of both laws need not move
    assert m.facts["share"] == pytest.approx(share - common, abs=0.03)
    assert m.facts["share"] * m.facts["displacement"] == pytest.approx(share * far, rel=0.08)
    assert "opposite" not in m.facts
    assert "as if" in m.sentence and "of the rows had moved by" in m.sentence


def test_rows_that_left_the_middle_went_both_ways():
    rng = np.random.default_rng(8)
    x, y = rng.normal(0, 1, 5000), rng.normal(0, 1, 5000)
    y[:500] -= 9
    y[500:1000] += 9
    facts = describe_shift(_numeric(x), _numeric(y)).facts
    assert facts["share"] == pytest.approx(0.1, abs=0.02) and facts["opposite"][1] == pytest.approx(0.1, abs=0.02)
    assert facts["displacement"] * facts["opposite"][0] < 0
    assert "as if" not in describe_shift(_numeric(x), _numeric(y)).sentence


def test_one_factor():
    x = np.exp(np.random.default_rng(9).standard_normal(4000))
    m = describe_shift(_numeric(x[:2000]), _numeric(60 * x[2000:]))
    assert m.facts["factor"] == pytest.approx(60, rel=0.1) and m.sentence.endswith("in all rows")


def test_wrong_units_do_not_become_an_average():
    rng = np.random.default_rng(3)
    x, y = rng.uniform(1, 2, 2000), rng.uniform(1, 2, 2000)
    y[:40] *= 1000
    m = describe_shift(_numeric(x), _numeric(y))
    assert m.sentence.startswith("mean ") and "; 2 % of the rows lie far above anything seen before (2" in m.sentence
    assert "displacement" not in m.facts


def test_levels_and_missing_values():
    rng = np.random.default_rng(4)
    levels = ("a", "b", "d", "new")
    m = describe_shift(_coded([0.5, 0.3, 0.2, 0], 4000, levels, rng), _coded([0.42, 0.3, 0.28, 0], 4000, levels, rng))
    assert m.facts["levels"]["d"] == pytest.approx((0.2, 0.28), abs=0.02)
    assert ("a 5" in m.sentence and "; d " in m.sentence) or ("d 2" in m.sentence and "; a 5" in m.sentence)
    m = describe_shift(_coded([0.5, 0.3, 0.2, 0], 4000, levels, rng), _coded([0.48, 0.3, 0.2, 0.02], 4000, levels, rng))
    assert "new 0 % → 1" in m.sentence and "(new)" in m.sentence
    x = rng.standard_normal((2, 2000))
    x[0, :100], x[1, :220] = np.nan, np.nan
    assert describe_shift(_numeric(x[0]), _numeric(x[1])).sentence == "missing 5 % → 11 %"


def test_one_value_no_value_and_other_kinds():
    one = _numeric(np.full(50, 3.0))
    assert describe_shift(one, one).sentence == SILENT
    assert describe_shift(one, _numeric(np.full(50, 5.0))).sentence == "mean 3 → 5, median 3 → 5"
    gone = describe_shift(one, _numeric(np.full(50, np.nan)))
    assert gone.sentence == "missing 0 % → 100 %"
    assert "no rows" in describe_shift(one, _numeric([])).sentence
    key = Column("k", "id", np.arange(50.0))
    assert describe_shift(key, key).sentence == SILENT
    assert describe_shift(_numeric([1.0]), _numeric([2.0])).sentence == SILENT


def test_facts_are_json():
    rng = np.random.default_rng(5)
    for x, y in [(rng.normal(0, 1, 900), rng.normal(1, 2, 900)), (rng.poisson(2, 900), rng.poisson(3, 900))]:
        text = json.dumps(describe_shift(_numeric(x), _numeric(y)).to_dict(), allow_nan=False)
        assert "sentence" in text


def test_noise_stays_silent():
    rng = np.random.default_rng(6)
    told = 0
    for _ in range(100):
        for x in (rng.standard_normal((2, 400)), rng.poisson(1.5, (2, 400)), rng.standard_t(2, (2, 400))):
            told += describe_shift(_numeric(x[0]), _numeric(x[1])).sentence != SILENT
        c = [_coded([0.6, 0.3, 0.1], 400, ("a", "b", "c"), rng) for _ in range(2)]
        told += describe_shift(*c).sentence != SILENT
    assert told / 400 < 0.04


def test_of_two_levels_one_tells_all():
    rng = np.random.default_rng(12)
    a, b = (_coded([1 - p, p], 3000, ("no", "yes"), rng) for p in (0.1, 0.3))
    assert describe_shift(a, b).sentence.startswith("yes 9.7 % → 3") and "no" not in describe_shift(a, b).sentence


def test_levels_that_changed_most_are_facts_even_where_none_is_beyond_noise():
    rng = np.random.default_rng(13)
    a, b = (_coded([0.5, 0.3, 0.2], 300, ("a", "b", "c"), rng) for _ in "ab")
    found = describe_shift(a, b, sizes=(10, 10))
    assert found.sentence == SILENT and len(found.facts["most"]) == 2


def test_units_widen_the_noise():
    rng = np.random.default_rng(7)
    x, y = np.repeat(rng.standard_normal(20), 50), np.repeat(rng.standard_normal(20), 50)
    assert describe_shift(_numeric(x), _numeric(y), sizes=(20, 20)).sentence == SILENT
    assert describe_shift(_numeric(x), _numeric(y)).sentence != SILENT


@pytest.mark.filterwarnings("error")
def test_no_column_breaks_it():
    rng = np.random.default_rng(10)
    draws = (
        lambda n: rng.standard_normal(n) * 10.0 ** rng.integers(-300, 300),
        lambda n: np.full(n, 10.0 ** rng.integers(-300, 308)),
        lambda n: rng.choice([1e308, -1e308, 0, np.nan, 5e-324], n),
        lambda n: rng.integers(0, 3, n).astype(float),
        lambda n: np.exp(30 * rng.standard_normal(n)),
        lambda n: rng.choice([np.inf, -np.inf, 1.0, 2.0], n),
        lambda n: np.full(n, np.nan),
    )
    for _ in range(400):
        x, y = (_numeric(draws[rng.integers(7)](rng.integers(1, 60))) for _ in "xy")
        assert json.dumps(describe_shift(x, y).to_dict(), allow_nan=False)


def test_long_and_blank_names_of_levels_are_shown_on_one_line():
    rng = np.random.default_rng(11)
    levels = ("two\nlines", "x" * 90, "")
    m = describe_shift(_coded([0.8, 0.1, 0.1], 3000, levels, rng), _coded([0.3, 0.4, 0.3], 3000, levels, rng))
    assert "two lines" in m.sentence and "\n" not in m.sentence and "x" * 41 not in m.sentence
    assert "(blank)" in m.sentence and "two\nlines" in m.facts["levels"]
