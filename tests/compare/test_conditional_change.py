"""The residual product test: the one-inverse algebra, level under dependence and rare levels, movers and followers."""

import numpy as np
import pytest
from chance import most
from scipy import integrate, special, stats

from ecotone.compare.explain import conditional_change
from ecotone.compare.explain._residual_products import log10_f_tail, regress, squared
from ecotone.contracts import BadInput
from ecotone.data import Column, Pair, Table


def _table(columns, kinds=None, levels=None):
    n = len(next(iter(columns.values())))
    made = {
        name: Column(name, (kinds or {}).get(name, "numeric"), np.asarray(v, float), (levels or {}).get(name, ()))
        for name, v in columns.items()
    }
    return Table(made, n, rows=np.arange(n))


def _chain(rng, n, moved):
    """a -> b -> c, and d apart; ``b`` moves by 0.5."""
    a = rng.standard_normal(n)
    b = a + rng.standard_normal(n) + 0.5 * moved
    return {"a": a, "b": b, "c": b + rng.standard_normal(n), "d": rng.standard_normal(n)}


@pytest.mark.oracle("conditional_change")
def test_one_inverse_equals_a_regression_for_every_column():
    rng = np.random.default_rng(0)
    phi = rng.standard_normal((200, 9)) @ rng.standard_normal((9, 9))
    owner, label = np.array([0, 0, 0, 1, 2, 2, 3, 3, 3]), rng.standard_normal(200)
    fit = regress(phi, owner, label)
    wanted = np.array([0, 4])
    square = squared(fit, phi, wanted)
    for g in range(4):
        rest = np.vstack([phi[:, owner != g], np.eye(int((owner != g).sum()))])  # ridge 1 as rows of their own

        def residual(v, rest=rest):
            full = np.concatenate([v, np.zeros(rest.shape[1])])
            return (full - rest @ np.linalg.lstsq(rest, full, rcond=None)[0])[:200]

        np.testing.assert_allclose(fit.label[:, g], residual(label), atol=1e-8)
        for j in np.flatnonzero(owner == g):
            np.testing.assert_allclose(fit.scores[:, j], residual(phi[:, j]), atol=1e-8)
        hat = rest[:200] @ np.linalg.pinv(rest)[:, :200]
        np.testing.assert_allclose(fit.left[:, g], 1 - np.diag(hat), atol=1e-8)
        for i in np.flatnonzero(owner[wanted] == g):
            raw = fit.scores[:, wanted[i]] ** 2 / fit.left[:, g]
            np.testing.assert_allclose(square[:, i], residual(raw - raw.mean()), atol=1e-7)


@pytest.mark.oracle("conditional_change")
def test_tail_of_f_near_and_far():
    for f, k, m in ((3.0, 1, 50), (2.5, 4, 400), (40.0, 3, 3000)):
        assert log10_f_tail(f, k, m) == pytest.approx(stats.f.logsf(f, k, m) / np.log(10), rel=1e-6)
    for z, m in ((60.0, 20_000), (500.0, 1000)):  # far beyond the smallest double, by quadrature
        law = stats.t(m)
        area, _ = integrate.quad(
            lambda t, law=law, z=z: np.exp(law.logpdf(t) - law.logpdf(z)),
            z,
            2 * z,
            limit=200,
            points=[1.02 * z],
        )
        want = (law.logpdf(z) + np.log(2 * area)) / np.log(10)
        assert want < -310 and log10_f_tail(z**2, 1, m) == pytest.approx(want, rel=1e-6)
    t = 1e4  # a t tail with 99 degrees of freedom falls as t ** -99: ten times the statistic, 99 decades
    assert log10_f_tail((10 * t) ** 2, 1, 99) - log10_f_tail(t**2, 1, 99) == pytest.approx(-99, abs=1e-3)


def test_names_the_mover_and_its_parent_and_not_those_that_follow():
    named = np.zeros(4)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found = conditional_change(Pair(_table(_chain(rng, 600, 0)), _table(_chain(rng, 600, 1))))
        named += [c.pvalue < 0.05 for c in found]
    assert named[1] == 20 and named[0] >= 18, "b moved; the law of its parent a given b changed with it"
    assert named[2] <= 5 and named[3] <= 5, "c follows b, d has nothing to do with it"


def test_a_change_of_spread_is_seen():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 800, 4))
    y[:, 2] *= 1.5
    tables = [_table({f"v{j}": z[:, j] for j in range(4)}) for z in (x, y)]
    p = [c.pvalue for c in conditional_change(Pair(*tables))]
    assert p[2] < 1e-6 < 1e-2 < min(p[:2] + p[3:])


def _mixed(rng, n):
    base = rng.standard_normal(n)
    columns = {
        "heavy": base + rng.standard_t(2, n),
        "count": rng.poisson(np.exp(0.5 * base)),
        "level": np.searchsorted([0.5, 0.8, 0.95, 0.985], rng.random(n)),
        "flag": base + rng.standard_normal(n) > 1.5,
        "holes": np.where(rng.random(n) < special.expit(base - 1.5), np.nan, rng.standard_normal(n)),
    }
    kinds = {"count": "count", "level": "category", "flag": "boolean"}
    return _table(columns, kinds, {"level": tuple("abcde"), "flag": ("no", "yes")})


@pytest.mark.parametrize("sizes", [(300, 300), (1200, 150)])
def test_level_on_mixed_columns(sizes):
    rng = np.random.default_rng(2)
    p = [c.pvalue for _ in range(80) for c in conditional_change(Pair(*(_mixed(rng, n) for n in sizes)))]
    assert len(p) == 400
    for alpha in (0.01, 0.05, 0.2):  # one column of each of 2,000 pairs: benchmarks/levels
        assert np.sum(np.array(p) <= alpha) <= most(400, alpha)
    assert np.mean(np.array(p) <= 0.5) > 0.3, "the test should spend its level"


def test_level_where_scores_are_a_third_of_the_rows():
    rng, p = np.random.default_rng(3), []
    for _ in range(12):
        x = rng.standard_normal((200, 35)) @ (np.eye(35) + 0.3 * rng.standard_normal((35, 35)))
        tables = [_table({f"v{j}": z[:, j] for j in range(35)}) for z in (x[:100], x[100:])]
        p += [c.pvalue for c in conditional_change(Pair(*tables))]
    assert len(p) == 420
    for alpha in (0.05, 0.2):
        assert np.mean(np.array(p) <= alpha) == pytest.approx(alpha, abs=3.5 * np.sqrt(alpha * (1 - alpha) / 420))


def test_units_keep_the_level_that_rows_lose():
    rng, with_units, without = np.random.default_rng(4), [], []
    for _ in range(40):
        who = np.repeat(np.arange(60), 10)
        x = np.repeat(rng.standard_normal((2, 60, 4)), 10, axis=1) + 0.5 * rng.standard_normal((2, 600, 4))
        tables = [_table({f"v{j}": z[:, j] for j in range(4)}) for z in x]
        with_units += [c.pvalue <= 0.05 for c in conditional_change(Pair(*tables, units=(who, who)))]
        without += [c.pvalue <= 0.05 for c in conditional_change(Pair(*tables))]
    assert np.sum(with_units) <= most(160, 0.05)  # measured in benchmarks/levels, cells with units
    assert np.mean(without) > 0.3, "the scenario must be one in which ignoring units fails"


def test_near_copies_are_tested_as_one():
    rng = np.random.default_rng(5)

    def table(shift):
        a = rng.standard_normal(500) + shift
        return _table({"a": a, "b": rng.standard_normal(500), "twin": np.exp(a) + 1e-3 * rng.standard_normal(500)})

    a, b, twin = conditional_change(Pair(table(0), table(0.5)))
    assert a.group == twin.group == ("a", "twin") and b.group == ("b",)
    assert a.pvalue == twin.pvalue < 1e-6 and b.pvalue > 1e-3


def test_leaves_out_what_it_cannot_test():
    rng = np.random.default_rng(6)

    def table(n):
        columns = {
            "x": rng.standard_normal(n),
            "same": np.full(n, 2.0),
            "gone": np.full(n, np.nan),
            "key": np.arange(n),
        }
        return _table(columns | {"rare": np.arange(n) < 2}, {"key": "id", "rare": "boolean"}, {"rare": ("no", "yes")})

    assert [c.name for c in conditional_change(Pair(table(100), table(100)))] == ["x"]
    wide = [_table({f"v{j}": v for j, v in enumerate(rng.standard_normal((80, 30)))}) for _ in range(2)]
    assert conditional_change(Pair(*wide)) == (), "60 rows cannot tell 80 columns apart"
    assert conditional_change(Pair(_table({"x": [1.0]}), _table({"x": [2.0]}))) == ()
    with pytest.raises(BadInput, match="max_rows"):
        conditional_change(Pair(table(100), table(100)), max_rows=3)


def test_reads_at_most_max_rows_and_repeats_itself():
    rng = np.random.default_rng(7)
    pair = Pair(_table(_chain(rng, 3000, 0)), _table(_chain(rng, 1000, 1)))
    one, two = (conditional_change(pair, seed=3, max_rows=800) for _ in range(2))
    assert one == two != conditional_change(pair, seed=4, max_rows=800)
    assert one[1].pvalue > conditional_change(pair)[1].pvalue
    apart = Pair(
        _table({"x": np.arange(5000.0), "y": rng.standard_normal(5000)}),
        _table({"x": np.arange(5000.0) + 9000, "y": rng.standard_normal(5000)}),
    )
    assert conditional_change(apart)[0].log10_pvalue < -300 and conditional_change(apart)[0].pvalue == 1e-300
