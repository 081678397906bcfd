"""Categories of very many levels: exact on small cases, valid under the null, and told in words."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from chance import most

import ecotone
from ecotone.compare.two_sample import _level_units, _many_levels
from ecotone.compare.two_sample._level_effect import total_variation
from ecotone.compare.two_sample._level_units import levels_logp
from ecotone.compare.two_sample._many_levels import _log_pearson, _log_poisson, _one_sided, many_levels
from ecotone.compare.two_sample._scores import Design
from ecotone.data import Roles, align_tables, profile, read_table


def drawn(rng, w, n):
    return np.searchsorted(np.cumsum(w), rng.random(n) * w.sum())


def counted(codes, n, size):
    return np.stack([np.bincount(part, minlength=size) for part in (codes[:n], codes[n:])])


def design(a, b, **roles):
    made = align_tables(read_table({"code": a}), read_table({"code": b}, name="current"), Roles.of(**roles))
    return Design(made), made


def words(codes):
    return np.char.add("K", np.asarray(codes).astype(str))


def every_relabelling(total, m):
    rows = np.repeat(np.arange(len(total)), total)
    for chosen in itertools.combinations(range(len(rows)), m):
        yield np.bincount(rows[list(chosen)], minlength=len(total))


def test_expectations_and_p_values_over_every_relabelling():
    total, m = np.array([4, 3, 2, 1, 1, 1, 1]), 6
    both = int(total.sum())
    hits = np.array(list(every_relabelling(total, m)))
    one_sided = _one_sided(total, m, both)
    np.testing.assert_allclose((hits == total).mean(0), one_sided, rtol=1e-10)
    np.testing.assert_allclose((hits == 0).mean(0), _one_sided(total, both - m, both), rtol=1e-10)
    found = [many_levels(np.stack([total - b, b])) for b in hits]
    p = np.exp([f.logp for f in found])
    for level in (0.01, 0.05, 0.1, 0.2):
        assert (p <= level).mean() <= 1.2 * level
    assert np.mean([f.unseen[0] for f in found]) == pytest.approx(found[0].unseen[1])
    assert np.mean([f.gone[0] for f in found]) == pytest.approx(found[0].gone[1])


def test_sums_have_the_cumulants_that_relabelling_gives(monkeypatch):
    rng = np.random.default_rng(0)
    total = np.bincount(drawn(rng, 1 / np.arange(1, 201) ** 0.7, 500), minlength=200)
    total = total[total > 0]
    seen = {name: [] for name in ("chi2", "root", "new", "gone")}
    rows = np.repeat(np.arange(len(total)), total)
    for _ in range(600):
        names = iter(seen)
        monkeypatch.setattr(_many_levels, "_log_pearson", lambda *found: seen[next(names)].append(found) or 0.0)  # noqa: B023
        b = np.bincount(rng.permutation(rows)[:220], minlength=len(total))
        _many_levels._others(total, b)
    for found in seen.values():
        gap, variance, third = np.array(found).T
        assert abs(gap.mean()) < 4 * math.sqrt(variance[0] / 600)
        assert gap.var() / variance[0] == pytest.approx(1, abs=0.25)
        assert ((gap - gap.mean()) ** 3).mean() / gap.std() ** 3 == pytest.approx(
            third[0] / variance[0] ** 1.5, abs=0.4
        )


@pytest.mark.parametrize(("zipf", "sizes"), [(0.0, (300, 300)), (1.2, (900, 300))])
def test_the_level_holds(zipf, sizes):
    rng = np.random.default_rng(int(10 * zipf))
    w = 1 / np.arange(1, 501) ** zipf
    p = np.exp([many_levels(counted(drawn(rng, w, sum(sizes)), sizes[0], 500)).logp for _ in range(400)])
    for alpha in (0.05, 0.01):  # measured in benchmarks/levels, and in two_tables/many_levels.py
        assert (p <= alpha).sum() <= most(400, alpha)


def test_tails_go_on_where_doubles_end():
    assert _log_pearson(3.0, 1.0, 1e-9) == pytest.approx(math.log(0.001349898), rel=1e-6)
    near, far = _log_pearson(200.0, 1.0, 0.5), _log_pearson(20_000.0, 1.0, 0.5)
    assert -2000 < near < -600 and far < 50 * near and math.isfinite(far)
    assert _log_poisson(0, 2.0) == 0.0
    assert _log_poisson(400, 1e-3) == pytest.approx(400 * math.log(1e-3) - math.lgamma(401), rel=1e-3)


def test_total_variation_is_bounded_and_nothing_where_nothing_changed():
    rng = np.random.default_rng(2)
    w, moved = 1 / np.arange(1, 1001), 1 / np.arange(1, 1001)
    moved[500:] = 0
    moved[:10] *= 1.5
    truth = 0.5 * np.abs(w / w.sum() - moved / moved.sum()).sum()
    covered = null = 0
    for _ in range(20):
        made, _ = design(words(drawn(rng, w, 3000)), words(drawn(rng, moved, 3000)))
        found = total_variation(made, made.columns[0].every)
        covered += found.value - 1.645 * found.se <= truth <= found.most
        made, _ = design(words(drawn(rng, w, 3000)), words(drawn(rng, w, 3000)))
        found = total_variation(made, made.columns[0].every)
        null += found.value - 1.645 * found.se > 0
    assert covered >= 17 and null <= most(20, 0.05)


def test_rows_of_one_entity_are_relabelled_together(monkeypatch):
    monkeypatch.setattr(_level_units, "DRAWS", 99)
    rng = np.random.default_rng(3)
    w = np.ones(300)
    of_rows, of_units = [], []
    for _ in range(12):
        _, made = design(*(words(np.repeat(drawn(rng, w, 80), 5)[:-1]) for _ in range(2)))
        units = np.arange(399) // 5  # the last unit is a row short: no file appended to itself
        free, grouped = Design(made), Design(replace(made, units=(units, units)))
        of_rows.append(levels_logp(free, free.columns[0].every))
        of_units.append(levels_logp(grouped, grouped.columns[0].every))
    assert np.mean(np.exp(of_rows) <= 0.05) > 0.8
    assert np.sum(np.exp(of_units) <= 0.05) <= most(12, 0.05)


def test_all_levels_are_kept_beside_the_two_hundred_that_others_read():
    rng = np.random.default_rng(4)
    a, b = (words(rng.integers(0, 900, 3000)) for _ in range(2))
    _, made = design(a, b)
    column = made.current["code"]
    assert len(column.levels) == 201 and column.levels[-1] == "(other)" and column.values.max() == 200
    assert np.array(column.every.names)[column.every.codes].tolist() == b.tolist()
    part = column.take(np.array([5, 2]))
    assert part.every.codes.tolist() == column.every.codes[[5, 2]].tolist()


@pytest.mark.parametrize(
    ("change", "tells"),
    [
        (lambda c, rng: 2 * (c // 2), ["codes are gone (", "expected)"]),
        (lambda c, rng: np.where(rng.random(len(c)) < 0.3, c + 3000, c), ["of the rows have codes never seen before"]),
        (lambda c, rng: np.where(c < 80, (c + 40) % 80, c), ["K0: 15 % → "]),
    ],
)
def test_a_check_says_what_happened_to_the_codes(change, tells):
    rng = np.random.default_rng(5)
    w = 1 / np.arange(1, 1001)
    tables = [
        {"code": words(f(drawn(rng, w, 4000))), "x": rng.normal(size=4000)}
        for f in (lambda c: c, lambda c: change(c, rng))
    ]
    result = ecotone.check(*tables)
    column = next(c for c in result.columns if c["name"] == "code")
    marginal = column["marginal"]
    assert result.verdict["changed"] and marginal["changed"] and marginal["material"] and column["role"] == "moved"
    assert marginal["effect_name"] == "total variation" and 0 < marginal["interval"][0] < marginal["effect"]
    for words_told in tells:
        assert words_told in column["sentence"]
    assert "(other)" not in column["sentence"]


def test_an_unchanged_category_of_many_levels_is_tested_and_raises_nothing():
    rng = np.random.default_rng(6)
    tables = [{"code": words(rng.integers(0, 2000, 4000)), "x": rng.normal(size=4000)} for _ in range(2)]
    result = ecotone.check(*tables)
    column = next(c for c in result.columns if c["name"] == "code")
    assert not result.verdict["changed"]
    assert column["marginal"]["pvalue"] > 0.01 and column["role"] == "no evidence"


def test_levels_are_tested_without_rows_while_they_are_counted_one_by_one():
    rng = np.random.default_rng(7)
    old, new = ({"code": words(rng.integers(0, k, 6000)), "x": rng.normal(size=6000)} for k in (240, 200))
    first = profile(old, rows=False)
    for table, changed in ((new, True), (old, False)):
        second = profile(table, like=first, rows=False)
        result = ecotone.check(first, second)
        column = next(c for c in result.columns if c["name"] == "code")
        assert column["marginal"]["changed"] == changed and column["marginal"]["effect_name"] == "total variation"
