"""The verdict from counts alone against the same verdict from rows, and its errors under the null."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from chance import most
from scipy.stats import hypergeom

from ecotone.compare.two_sample._columns import judge_columns
from ecotone.compare.two_sample._hypergeometric import log_hypergeometric
from ecotone.compare.two_sample._marginal_test import margins
from ecotone.compare.two_sample._pairwise_test import _all_z
from ecotone.compare.two_sample._scores import Design
from ecotone.compare.two_sample._two_profiles import SKEWED, CountedDesign, _coded, _near_normal, _pairs, two_profiles
from ecotone.data import Column, Pair, Table, profile
from ecotone.data._column_counts import CountedPair
from ecotone.data._counted import counted_pair


def table(n: int, seed: int, shift: float = 0.0, bond: float = 0.5) -> pa.Table:
    """Dependent columns: two numbers (one skewed, one with gaps), a count, a category, a flag, 0 and 1."""
    rng = np.random.default_rng([seed, n])
    z = np.sqrt(bond) * rng.standard_normal((n, 1)) + np.sqrt(1 - bond) * rng.standard_normal((n, 6))
    gone = rng.random(n) < 0.05 + 0.1 * (z[:, 0] > 0)
    return pa.table(
        {
            "x": z[:, 0] + shift,
            "y": pa.array(np.exp(2 * z[:, 1]), mask=gone),
            "k": np.floor(np.exp(z[:, 2])),
            "c": np.array(["low", "mid", "high", "top"])[np.searchsorted([-1, 0, 1.5], z[:, 3])],
            "f": z[:, 4] > 1,
            "b": (z[:, 5] > 1.8).astype(int),
        }
    )


def both(old: pa.Table, new: pa.Table) -> CountedPair:
    reference = profile(old, rows=False)
    return counted_pair(reference, profile(new, like=reference, rows=False))


def binned(old: pa.Table, new: pa.Table, pair: CountedPair) -> Pair:
    """The same tables as rows, each value replaced by the number of its cell."""
    cuts = {cut.name: cut for cut in pair.sums[0].cuts.columns}
    sides = []
    for t in (old, new):
        columns = {}
        for c in pair.columns:
            array = t.column(c.name).combine_chunks()
            if c.levels:
                names = ["true" if v is True else "false" if v is False else str(v) for v in array.to_pylist()]
                codes = np.array([c.levels.index(v) for v in names], float)
            else:
                cells = cuts[c.name].cells(array)
                codes = np.where(cells == len(cuts[c.name].table) - 1, np.nan, cells)
            columns[c.name] = Column(c.name, c.kind, codes, c.levels)
        sides.append(Table(columns, t.num_rows, rows=np.arange(t.num_rows)))
    return Pair(*sides)


def test_columns_become_what_they_are() -> None:
    found = both(table(800, 0), table(500, 1))
    kinds = {"x": "numeric", "y": "numeric", "k": "count", "c": "category", "f": "boolean", "b": "boolean"}
    assert {c.name: c.kind for c in found.columns} == kinds
    assert all((c.counts.sum(1) == (800, 500)).all() for c in found.columns) and not found.untested


def test_margins_are_those_of_the_rows_of_the_binned_tables() -> None:
    old, new = table(2500, 2), table(900, 3, shift=0.1)
    counts = both(old, new)
    design = Design(binned(old, new, counts))
    design.permute = False
    # Cells are cut at one table's values, so they are no levels; counts alone have no values to read as such.
    design.columns = tuple(replace(c, every=None) if c.ordered else c for c in design.columns)
    rows = margins(design)
    found = two_profiles(counts, alpha=0.04)
    family = next(f for f in found.families if f.name == "margins")
    assert family.log10_pvalue == pytest.approx(rows.log10_pvalue, abs=1e-9)
    judged = judge_columns(
        design, rows.details["columns"], gate=found.changed, alpha=0.04, margin=0.02, fdr=0.1
    ).columns
    for one, other in zip(found.columns, judged, strict=True):
        assert (one.name, one.kind, one.changed, one.material) == (
            other.name,
            other.kind,
            other.changed,
            other.material,
        )
        assert one.pvalue == pytest.approx(other.pvalue, rel=1e-9)
        np.testing.assert_allclose(one.interval, other.interval, atol=1e-12)
        assert one.effect == pytest.approx(other.effect, abs=1e-12) and one.effect_name == other.effect_name


def test_pairs_are_those_of_the_rows_scores() -> None:
    old, new = table(3000, 4), table(1200, 5, bond=0.3)
    counts = both(old, new)
    design = CountedDesign(
        Pair(Table({}, 3000), Table({}, 1200)), encoded=tuple(_coded(c, counts.n) for c in counts.columns)
    )
    s, a, b, moments = _pairs(design, counts).inner
    cuts = {cut.name: cut for cut in counts.sums[0].cuts.columns}
    pooled = []
    for column, what in zip(s.column, s.what):
        cut = cuts[design.columns[column].name]
        score = cut.table[:, cut.labels.index(what.replace("level:", "="))] / 1024
        pooled.append(np.concatenate([score[cut.cells(t.column(cut.name).combine_chunks())] for t in (old, new)]))
    x = np.stack(pooled)
    x = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    parts = x[:, :3000], x[:, 3000:]
    direct = tuple((p @ p.T / p.shape[1], (p**2) @ (p**2).T / p.shape[1]) for p in parts)
    for (mean, square), (mean_of_rows, square_of_rows) in zip(moments, direct):
        np.testing.assert_allclose(mean[a, b], mean_of_rows[a, b], atol=1e-9)
        np.testing.assert_allclose(square[a, b], square_of_rows[a, b], rtol=0.01, atol=1e-3)
    z, z_of_rows = _all_z(s, a, b, moments), _all_z(s, a, b, direct)
    np.testing.assert_allclose(z, z_of_rows, rtol=0.01, atol=1e-6)
    assert {"L1", "L2", "missing"} < set(s.what) and np.abs(z).max() > 5


@pytest.mark.parametrize(("n", "m"), [(1500, 400), (400, 1500)])
def test_level_under_no_change(n: int, m: int) -> None:
    runs = 60
    found = [two_profiles(both(table(n, 2 * s + 100), table(m, 2 * s + 101)), alpha=0.05) for s in range(runs)]
    for name in ("margins", "pairs"):
        hits = sum(next(f for f in v.families if f.name == name).pvalue <= 0.1 for v in found)
        assert hits <= most(runs, 0.1)
    assert sum(v.changed for v in found) <= most(runs, 0.05)  # measured in benchmarks/two_tables, counts_null_*
    assert not any(v.material for v in found)


def test_a_value_that_most_rows_have_is_tested_exactly() -> None:
    """Both counts of an indicator give one p-value; the rarer one decides whether its tails are near normal."""
    law = hypergeom(20_300, 1000, 300)
    for hits in (3, 8, 30):
        exact = np.log(2 * min(law.cdf(hits), law.sf(hits - 1)))
        assert log_hypergeometric(hits, 1000, 300, 20_300) == pytest.approx(exact, rel=1e-6)
        assert log_hypergeometric(300 - hits, 19_300, 300, 20_300) == pytest.approx(exact, rel=1e-6)


def test_a_hundred_equal_levels_raise_nothing() -> None:
    """The levels that are commonest in one table are not so common in the other: they must not be chosen by it."""
    rng = np.random.default_rng(8)
    for _ in range(12):
        old, new = (pa.table({"c": rng.integers(0, 100, n).astype(str), "x": rng.normal(size=n)}) for n in (5000, 5000))
        found = two_profiles(both(old, new), alpha=0.01)
        assert not found.changed


@pytest.mark.parametrize(
    ("change", "where"), [({"shift": 0.25}, "margins"), ({"bond": 0.1}, "pairs")], ids=["shift", "relation"]
)
def test_power(change: dict[str, float], where: str) -> None:
    found = two_profiles(both(table(2000, 10), table(2000, 11, **change)), alpha=0.04)
    families = {f.name: f for f in found.families}
    assert found.changed and families[where].pvalue <= 0.04 * families[where].share
    assert {f.name: f.share for f in found.families} == {
        "margins": 0.45, "pairs": 0.2, "support": 0.1, "trees": 0.1, "triples": 0.05, "energy": 0.1,
    }  # fmt: skip
    assert all("needs rows" in str(families[k].reason) for k in ("support", "trees", "triples", "energy"))
    if where == "margins":
        assert [c.name for c in found.columns if c.material] == ["x"]


def test_what_the_cells_cannot_show_is_set_aside() -> None:
    n = 6000
    rng = np.random.default_rng(0)

    def side(start: int, others: int) -> pa.Table:
        return pa.table(
            {
                "order_id": rng.permutation(n) * 7 + 10**6,
                "row": np.arange(start, start + n),
                "when": pa.array(np.arange(n) * 10**6, pa.timestamp("us")),
                "same": np.full(n, 3),
                "was": np.where(np.arange(n) < others, 8.5, 7.0),
                "code": [f"u{i}" for i in range(n)],
                "gone": pa.array([None] * n if start else list(range(n)), pa.int64()),
                "x": rng.normal(size=n),
            }
        )

    found = both(side(0, 0), side(10**5, 60))
    assert {u.name: u.kind for u in found.untested} == {
        "order_id": "id",
        "row": "id",
        "when": "datetime",
        "same": "constant",
        "code": "text",
    }
    counts = {c.name: c.counts.tolist() for c in found.columns}
    assert counts["gone [missing]"] == [[n, 0, 0], [0, n, 0]]
    assert counts["was"] == [[n, 0, 0], [n - 60, 60, 0]]  # two values: their sum says how often
    assert set(counts) == {"gone [missing]", "was", "x"}


def test_scores_are_near_normal_where_the_hypergeometric_law_is() -> None:
    seen = set()
    for n in ((20_000, 300), (300, 20_000), (2_000, 20_000), (20_000, 20_000)):
        for marked in (200, 400, 1_000, 2_000, 4_000, 8_000):
            total = sum(n)
            share = marked / total
            pooled = np.array([total - marked, marked])
            score = np.array([-share, 1 - share]) / np.sqrt(share * (1 - share))
            skew = abs(float(hypergeom(total, marked, n[1]).stats("s")))
            if abs(skew - SKEWED) < 0.02 or score[1] > 0.4 * np.sqrt(n[0] * n[1] / total):
                continue
            assert _near_normal(score, pooled, n) == (skew < SKEWED), (n, marked, skew)
            seen.add(skew < SKEWED)
    assert seen == {True, False}
