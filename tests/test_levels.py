"""Measured levels: every test has one, none lies above beyond chance, and the page says which code it is of."""

import sys
from pathlib import Path

import pytest
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks" / "levels"))

import level_page
from level_cell import ALPHAS, Cell, rejected
from level_cells import CELLS, _digests, code_of
from level_page import ABOVE, STALE, level, page, parts, row

from ecotone.cards import discover

# What is called a test, a rate or a p-value; e-values are measured as the p-values that they become
CONTRACTS = ("TwoSampleTest", "OrderTest", "TestResult", "ColumnTest", "Adjustment", "MarginTest", "Conformal")


def _part(errors, n=2000, squares=None, code="then"):
    return {
        "first": 0, "replicates": n, "errors": errors, "squares": squares or errors, "seconds": 1.0,
        "date": "2026-01-31", "code": code,
    }  # fmt: skip


def test_every_test_has_a_measured_level():
    asked = {card.name for card in discover().values() if card.contract in CONTRACTS}
    measured = {cell.test.__name__ for cell in CELLS if sum(r["replicates"] for r in parts(cell)) >= 2000}
    assert asked <= measured, f"no level is measured of {sorted(asked - measured)}: benchmarks/levels"
    assert {cell.name for cell in CELLS} == set(level_page.RESULTS.names())


def test_no_level_is_above_beyond_chance():
    """One-sided, with Bonferroni's bound over all cells and both levels, at .01."""
    for cell in CELLS:
        for i, alpha in enumerate(ALPHAS):
            found = parts(cell)
            n, errors = (sum(f(r) for r in found) for f in (lambda r: r["replicates"], lambda r, i=i: r["errors"][i]))
            chance = stats.binom.sf(round(errors) - 1, n, alpha)
            assert chance > 0.01 / (len(CELLS) * len(ALPHAS)), f"{cell.name}: {errors} of {n} at {alpha}"


def test_the_page_is_that_of_the_records():
    """But for what is stale, which every change of the code may alter."""
    kept = (Path(level_page.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert kept.replace(f" {STALE} |", " |") == page().replace(f" {STALE} |", " |")


def test_intervals_are_exact_for_rejections_and_of_the_mean_for_shares():
    share, low, high = level([_part([60.0, 0.0], 1000), _part([55.0, 0.0], 1000)], 0)
    assert share == pytest.approx(0.0575)
    assert stats.binom.sf(114, 2000, low) == pytest.approx(0.025) == stats.binom.cdf(115, 2000, high)
    share, low, high = level([_part([50.0, 0.0], 1000, [20.0, 0.0])], 0)  # 50 errors of .4: squares 20
    half = 1.96 * ((20 / 1000 - 0.05**2) / 999) ** 0.5
    assert (share, low, high) == pytest.approx((0.05, 0.05 - half, 0.05 + half), rel=1e-4)


def test_what_is_above_and_what_is_stale_is_said():
    cell = Cell(rejected, "a null")
    assert ABOVE not in row(cell, [_part([110.0, 20.0])], "then") and STALE not in row(
        cell, [_part([110.0, 20.0])], "then"
    )
    assert row(cell, [_part([125.0, 40.0])], "then").count(ABOVE) == 2
    assert STALE in row(cell, [_part([100.0, 20.0])], "now")
    assert STALE in row(cell, [_part([1.0, 0.0], code="now"), _part([1.0, 0.0])], "now"), "a part of other code"


def test_the_digest_is_of_what_the_cell_runs():
    (cell, *_) = (cell for cell in CELLS if cell.test.__name__ == "ks_test")
    path = Path(cell.test.__code__.co_filename)
    found = {(file.name, name) for file, name in _digests().reached(path, of="ks_test")}
    assert {("_ks_test.py", "ks_test"), ("nulls.py", "samples"), ("_relabel.py", "pool")} <= found
    assert not {name for _, name in found} & {"mmd_test", "c2st", "energy_test"}
    assert code_of(cell) != _digests().digest(path), "one definition, not the whole file"
