"""Every current row is scored, copies too, and rows outside that occur many times are said."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import ecotone
from ecotone.checkup.rows._rows import rows_outside
from ecotone.data import align_tables, read_table

COLUMNS = list("abcd")


def table(n, seed):
    return pd.DataFrame(np.random.default_rng(seed).standard_normal((n, 4)), columns=COLUMNS)


def far(times):
    return pd.DataFrame([[9.0, -9.0, 9.0, 9.0]] * times, columns=COLUMNS)


def joined(*tables, shuffled=False):
    whole = pd.concat(tables, ignore_index=True)
    return whole.sample(frac=1, random_state=0).reset_index(drop=True) if shuffled else whole


def outside(reference, current):
    both = align_tables(read_table(reference), read_table(current, name="current"))
    return both, rows_outside(both, alpha=0.005, seed=0)


def saved(result, folder):
    result.save(rows=folder / "rows.parquet")
    return pq.read_table(folder / "rows.parquet").to_pandas()


def test_a_stuck_sensor_is_named_and_said(tmp_path):
    current = joined(table(900, 1), far(100), shuffled=True)
    stuck = np.flatnonzero(current["a"] == 9)
    result = ecotone.check(table(1000, 0), current)
    assert {"changed", "outliers"} <= set(result.alarms)
    assert {row["row"] for row in result.rows["index"]} >= set(stuck)
    said = f"99 copies of one row, itself outside (p = 0.004 for it alone): row {stuck[0]} of current."
    assert result.rows["copies_said"] == said and said in result.to_html()
    assert " ".join(str(result).split()).count("99 copies of one row, itself outside") == 1
    reason = next(r for r in result.rows["reasons"] if r["row"] == stuck[0])
    assert reason["copies"] == 99 and not {r["row"] for r in result.rows["reasons"]} & set(stuck[1:])
    assert f"{stuck[0]} and 99 copies" in result.to_html()
    rows = saved(result, tmp_path)
    assert len(rows) == 1000 and rows["named"][stuck].all() and rows["kept"].all()


def test_a_sensor_stuck_at_the_end_of_a_file_is_said_though_rows_depend():
    result = ecotone.check(table(1000, 0), joined(table(900, 1), far(100)))
    assert result.headline["guarantee"] == "withdrawn"
    assert "99 copies of one row, itself outside" in result.rows["copies_said"]
    assert "99 copies of one row, itself outside" in str(result)
    assert "99 copies of one row, itself outside" in result.to_html()


def test_copies_left_out_are_scored_and_named_like_the_rows_that_they_equal(tmp_path):
    new = joined(table(900, 1), far(60) + np.arange(60)[:, None] / 100)
    current = joined(new, new[-100:], new[-100:], shuffled=True)
    result = ecotone.check(table(1000, 0), current, seed=3)
    assert result.data["duplicates"]["current"] == 200
    rows = saved(result, tmp_path)
    assert len(rows) == 1160 and (~rows["kept"]).sum() == 200
    of = current.groupby(COLUMNS).ngroup()
    assert (rows["pvalue"].groupby(of).nunique() == 1).all() and (rows["named"].groupby(of).nunique() == 1).all()
    assert rows["named"].sum() == len(result.rows["index"]) and rows["named"][(current["a"] > 8).to_numpy()].all()
    assert result.rows["copies_said"].startswith("2 copies of one row")
    assert {r["copies"] for r in result.rows["reasons"] if r["columns"]} >= {2}


def test_copies_of_reference_rows_have_pvalues():
    a, b = table(600, 0), table(600, 1)
    b = joined(b, b[:200], a[:150])
    both, found = outside(a, b)
    assert (both.stand_in < both.n[0]).sum() > 40
    assert len(found.pvalues) == len(b) == 950
    assert found.pvalues.min() > 0 and found.pvalues.max() <= 1
    held = np.flatnonzero(both.stand_in < both.n[0])
    assert 0.3 < np.mean(found.pvalues[held]) < 0.9  # rows of the reference: nothing odd about them
    assert not np.isin(held, found.named).any()


@pytest.mark.parametrize("seed", range(3))
def test_repeats_by_nature_are_not_said_to_be_outside(seed):
    rng = np.random.default_rng(seed)
    a, b = (
        pd.DataFrame({c: rng.choice(list("vwxyz"), n, p=[0.6, 0.2, 0.1, 0.07, 0.03]) for c in "pqr"})
        for n in (900, 700)
    )
    both, found = outside(a, b)
    assert found.copies_said == "" and len(found.pvalues) == 700 and both.stand_in is None


def test_a_row_that_the_reference_has_is_not_said_to_be_outside():
    a, b = joined(table(1000, 0), far(1)), joined(table(995, 1), far(5))
    _, found = outside(a, b)
    assert found.copies_said == "" or found.named.size
    _, found = outside(a[:-1], b)
    assert "4 copies of one row" in found.copies_said


def test_a_file_appended_to_itself_names_both_halves():
    new = joined(table(900, 1), far(60) + np.arange(60)[:, None] / 100)
    _, found = outside(table(1000, 0), joined(new, new))
    assert set(range(900, 960)) | set(range(1860, 1920)) <= set(found.named.tolist())
    assert np.array_equal(found.pvalues[:960], found.pvalues[960:])
