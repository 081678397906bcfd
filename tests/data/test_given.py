"""Strata: what a name stands for, and rows that are matched so that every stratum has one share of both tables."""

import numpy as np
import pandas as pd
import pytest

from ecotone.contracts import BadInput
from ecotone.data import Roles, align_tables, read_table
from ecotone.data._given import PARTS, _condition
from ecotone.data._match import quotas
from ecotone.data._pooled_column import PooledColumn


def make(a, b, **options):
    return align_tables(read_table(a), read_table(b, name="current"), Roles.of(**options))


def two(n=600, seed=0, **more):
    rng = np.random.default_rng(seed)
    when = pd.date_range("2020-01-01", periods=366 * 24, freq="h")
    sides = []
    for months in (range(1, 8), range(5, 13)):
        picked = when[np.isin(when.month, months)][rng.integers(0, np.isin(when.month, months).sum(), n)]
        frame = pd.DataFrame({"when": picked, "x": rng.normal(size=n), **{k: v(picked, rng) for k, v in more.items()}})
        sides.append(frame)
    return sides


def months(both, frame, side):
    return frame["when"].dt.month.to_numpy()[getattr(both, side).rows]


@pytest.mark.parametrize("name", ["when:month", "month"])
def test_every_stratum_has_the_same_share_of_both_tables(name):
    a, b = two()
    both = make(a, b, given=name)
    here, there = (np.bincount(months(both, f, s), minlength=13) for f, s in ((a, "reference"), (b, "current")))
    assert here[[1, 2, 3, 4, 8, 9, 10, 11, 12]].sum() == there[[1, 2, 3, 4, 8, 9, 10, 11, 12]].sum() == 0
    assert (np.abs(here[5:8] - both.strata.ratio * there[5:8]) < max(1, both.strata.ratio)).all()
    assert both.strata.count == 3 and both.strata.matched == both.n and both.strata.read == (600, 600)
    assert sum(both.n) > 0.8 * sum(np.isin(f["when"].dt.month, [5, 6, 7]).sum() for f in (a, b))


def test_what_has_no_counterpart_is_named():
    a, b = two()
    said = make(a, b, given="when:month").strata.said()
    early, late = (int((~np.isin(f["when"].dt.month, [5, 6, 7])).sum()) for f in (a, b))
    assert f"month 1, 2, 3, 4: in reference only, {early:,} rows not compared" in said
    assert f"month 8, 9, 10, 11, 12: in current only, {late:,} rows not compared" in said


def test_given_columns_are_matched_and_not_tested():
    a, b = two(city=lambda w, r: r.choice(["a", "b", None], len(w)), m=lambda w, r: w.month.to_numpy())
    both = make(a, b, given=["m", "city"])
    assert both.names == ("x",)
    assert both.strata.count == 9  # three months of three cities, one of which is "missing"


def test_parts_of_date_times_are_the_calendars():
    when = pd.date_range("1969-11-30 22:30", periods=5000, freq="7h31min")
    seconds = np.asarray(when.as_unit("s").asi8, np.float64)
    raw = PooledColumn("when", "time", 2500, seconds)
    for part in PARTS:
        found = _condition(f"when:{part}", {"when": raw})
        told = np.array([found.levels[k] for k in found.codes])
        wanted = when.strftime("%a") if part == "weekday" else getattr(when, part).astype(str)
        assert (told == wanted).all(), part


def test_columns_of_many_numbers_are_cut_where_the_pooled_values_say_so():
    a, b = two(2000, t=lambda w, r: w.month.to_numpy() + r.normal(size=len(w)))
    both, turned = make(a, b, given="t"), make(b, a, given="t")
    assert both.strata.cut == ("t",) and 5 < both.strata.count <= 20
    assert both.strata.count == turned.strata.count
    ks = abs(a["t"][both.reference.rows].mean() - b["t"][both.current.rows].mean())
    assert ks < 0.2 < abs(a["t"].mean() - b["t"].mean())


def test_the_ratio_leaves_most_to_see_and_turns_with_the_tables():
    rng = np.random.default_rng(0)
    counts = np.array([[1000, 900, 5, 0], [10, 9, 50, 7]])
    kept, ratio = quotas(counts, rng)
    assert ratio == 100 and kept.tolist() == [[1000, 900, 0, 0], [10, 9, 0, 0]]
    turned, other = quotas(counts[::-1], rng)
    assert other == pytest.approx(1 / ratio) and (turned[::-1] == kept).all()


def test_rounding_has_no_side():
    counts = np.array([[300, *[3] * 400], [200, *[1] * 400]])
    sums = [quotas(counts, np.random.default_rng(k))[0] for k in range(40)]
    ratio = quotas(counts, np.random.default_rng(0))[1]
    gap = [s[0].sum() - ratio * s[1].sum() for s in sums]
    assert abs(np.mean(gap)) < 4 * max(np.std(gap), 0.1) / np.sqrt(40)


def test_entities_stay_whole():
    rng = np.random.default_rng(1)
    sides = []
    for p, tag in ((0.8, "a"), (0.3, "b")):
        site = np.repeat(rng.random(200) < p, 5)
        who = np.repeat([f"{tag}{k}" for k in range(200)], 5)
        sides.append(pd.DataFrame({"site": np.where(site, "n", "s"), "who": who, "x": rng.normal(size=1000)}))
    both = make(*sides, given="site", entity="who")
    for frame, side in zip(sides, (both.reference, both.current)):
        assert set(frame["who"].iloc[side.rows].value_counts()) == {5}
    mixed = [s.assign(site=rng.choice(["n", "s"], 1000)) for s in sides]
    with pytest.raises(BadInput, match="in several strata of site"):
        make(*mixed, given="site", entity="who")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("when", "name a part of it, such as when:month"),
        ("when:moth", "asks for the 'moth'"),
        ("x:month", "holds no date-times"),
        ("nothing", "is not a column of both tables"),
    ],
)
def test_names_that_stand_for_nothing(name, words):
    with pytest.raises(BadInput, match=words):
        make(*two(50), given=name)


def test_no_stratum_in_both_tables():
    a, b = two()
    b = b[b["when"].dt.month > 7]
    with pytest.raises(BadInput, match="no stratum of when:month has rows of both tables"):
        make(a, b, given="when:month")


def test_a_part_needs_one_date_time():
    a, b = two(50)
    with pytest.raises(BadInput, match="2 date-time columns"):
        make(a.assign(other=a["when"]), b.assign(other=b["when"]), given="month")
