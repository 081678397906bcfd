"""What needs no test: columns lost, new, renamed and of another type; every column's facts; what broke."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import ecotone
from ecotone.checkup.as_json import to_dict
from ecotone.checkup.quality._breaks import breaks
from ecotone.checkup.quality._quality import quality
from ecotone.checkup.quality._schema import schema
from ecotone.checkup.quality._summary import iso, summary, summary_of_profile
from ecotone.contracts import BadInput
from ecotone.data import profile


def facts(table):
    table = pa.table(table) if isinstance(table, dict) else pa.Table.from_pandas(table, preserve_index=False)
    return {name: summary(name, table[name]) for name in table.column_names}


def notable(before, after):
    pairs = [(summary("x", pa.chunked_array([pa.array(v)])) for v in (before, after))]
    return {b.what: b.sentence for a, b in pairs for b in breaks(a, b) if b.notable}


@pytest.fixture(scope="module")
def silent():
    """One column renamed, one of another type, one lost, one new; one that can be compared."""
    rng, n = np.random.default_rng(0), 600
    a = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "amount": rng.gamma(2, 30, n),
            "flag": rng.integers(0, 2, n),
            "old": rng.normal(size=n),
        }
    )
    b = pd.DataFrame(
        {"x": rng.normal(size=n), "Amount": rng.gamma(2, 30, n), "flag": rng.choice(["yes", "no"], n),
         "city": ["Ulm", "Bonn"] * 300}
    )  # fmt: skip
    return a, b, ecotone.check(a, b)


def test_columns_that_could_not_be_compared_lead(silent):
    _, _, result = silent
    found = result.to_dict()["schema"]
    assert found["changed"] and found["lost"] == ["amount", "old"] and found["new"] == ["Amount", "city"]
    assert [(r["reference"], r["current"]) for r in found["renamed"]] == [("amount", "Amount")]
    change = found["type_changed"][0]
    assert (change["name"], change["reference"], change["current"], change["compared"]) == (
        "flag",
        "0/1",
        "no/yes",
        False,
    )
    assert (found["compared"], found["columns"]) == (1, 6)
    assert "1 of 6 columns" in result.headline["sentence"]
    first = "\n".join(str(result).splitlines()[:16])
    assert all(word in first for word in ("amount → Amount", "flag: 0/1 → no/yes", "lost: old", "new: city"))


def test_the_schema_can_fail_a_run_and_is_no_alarm(silent):
    a, _, result = silent
    assert result.alarms == () and not result.fails("material")
    assert result.fails("schema") and result.fails("any") and not result.fails("never")
    same = ecotone.check(a, a[a.columns[::-1]])
    assert not same.fails("schema") and same.schema["reordered"] and "another order" in str(same)
    with pytest.raises(BadInput, match="fail_on"):
        result.fails("columns")


def test_the_page_shows_the_columns_and_redacts_their_values(silent):
    _, _, result = silent
    page, hidden = result.to_html(), result.to_html(redact=True)
    assert "amount → Amount" in page and "0/1 → no/yes" in page
    assert "old</bdi> (lost)" in page and "city</bdi> (new)" in page and "600 → –" in page
    assert "amount → Amount" in hidden and "no/yes" not in hidden


def test_columns_with_a_role_or_left_out_are_neither_lost_nor_new():
    rng = np.random.default_rng(1)
    a = {"x": rng.normal(size=100), "y": rng.integers(0, 2, 100), "note": ["a"] * 100}
    b = {"x": rng.normal(size=100), "extra": rng.normal(size=100)}
    found = ecotone.check(a, b, target="y", ignore=["note", "extra"]).schema
    assert not found["changed"] and found["columns"] == found["compared"] == 1


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [("cust_id", "customer_id", True), ("amount", "AMOUNT", True), ("birth date", "birth_date", True),
     ("dob", "birthday", True), ("amount", "weather", False)],
)  # fmt: skip
def test_renamed_columns_are_recognised_by_name_and_values(before, after, wanted):
    rng = np.random.default_rng(2)
    other = (lambda: rng.normal(5000, 100, 500)) if wanted else (lambda: rng.normal(0, 1, 500))
    found = schema(facts({before: rng.normal(5000, 100, 500)}), facts({after: other()}))
    assert [(r.reference, r.current) for r in found.renamed] == ([(before, after)] if wanted else [])


def test_each_column_is_the_new_name_of_one():
    rng = np.random.default_rng(3)
    old = {f"v{k}": rng.normal(k, 1, 300) for k in range(4)}
    new = {f"V{k}": rng.normal(k, 1, 300) for k in (2, 0, 3, 1)}
    found = schema(facts(old), facts(new)).renamed
    assert {(r.reference, r.current) for r in found} == {(f"v{k}", f"V{k}") for k in range(4)}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [(pa.array([1, 2, 3]), pa.array(["1", "x", "3"]), ("numbers", "1/3/x")),
     (pa.array([1.5, 2.5]), pa.array([True, False]), ("numbers", "true/false")),
     (pa.array([0, 1]).cast(pa.timestamp("s")), pa.array([0.5, 1.0]), ("date-times", "numbers"))],
)  # fmt: skip
def test_types_that_changed_are_told_in_words(before, after, words):
    change = schema({"x": summary("x", pa.chunked_array([before]))}, {"x": summary("x", pa.chunked_array([after]))})
    assert [(c.reference, c.current) for c in change.type_changed] == [words]


@pytest.mark.parametrize("kind", [pa.int8(), pa.int64(), pa.float32(), pa.decimal128(30, 2), pa.large_string()])
def test_another_width_of_a_number_is_no_change_of_type(kind):
    a, b = (pa.chunked_array([pa.array([1, 2, 3]).cast(k)]) for k in (pa.float64(), kind))
    assert not schema({"x": summary("x", a)}, {"x": summary("x", b)}).changed


def test_facts_of_every_kind():
    day = np.datetime64("2024-03-01", "s")
    table = {
        "number": [3.0, None, 5.0, 5.0], "infinite": [1.0, np.inf, -np.inf, 2.0], "word": ["a", None, "b", "a"],
        "time": pa.array([day, day + 86400, None, day + 172800]), "truth": [True, False, None, True],
        "nothing": pa.nulls(4), "nested": [[1], [2], None, [3]], "large": [2**60, 2**60 + 1, 2**60 + 2, 2**60],
    }  # fmt: skip
    found = {name: to_dict(s) for name, s in facts(table).items()}
    json.dumps(found, allow_nan=False)
    assert [found["number"][k] for k in ("count", "missing", "distinct", "min", "max", "median")] == [4, 1, 2, 3, 5, 5]
    assert found["number"]["mean"] == pytest.approx(13 / 3) and found["number"]["reason"] is None
    assert (found["infinite"]["infinite"], found["infinite"]["max"]) == (2, 2.0)
    assert (found["word"]["distinct"], found["word"]["missing"]) == (2, 1) and "no order" in found["word"]["reason"]
    assert (found["time"]["min"], found["time"]["median"]) == ("2024-03-01", "2024-03-02")
    assert found["nothing"]["reason"] == "no row has a value" and "nested" in found["nested"]["reason"]
    assert (found["large"]["distinct"], found["large"]["max"]) == (3, 2**60 + 2)


def test_a_profile_has_the_same_facts():
    rng = np.random.default_rng(4)
    table = pa.table(
        {"x": rng.normal(size=300), "k": rng.integers(0, 9, 300), "c": rng.choice(list("abc"), 300),
         "t": pa.array(np.datetime64("2024-01-01", "s") + rng.integers(0, 10**7, 300))}
    )  # fmt: skip
    held = profile(table)
    for name, whole in facts(table.to_pandas()).items():
        one, other = to_dict(whole), to_dict(summary_of_profile(held[name]))
        for figure in ("count", "missing", "distinct", "min", "max"):
            assert one[figure] == other[figure], (name, figure)
        assert one["mean"] == other["mean"] or one["mean"] == pytest.approx(other["mean"])


def test_a_profile_tells_of_all_its_rows_and_not_of_the_kept_ones():
    x = np.arange(20_000) % 1000 * 1.0
    x[-1] = 1e6  # one row, seldom kept
    found = ecotone.check(profile({"x": x[:-1], "c": x[:-1] % 7}), profile({"x": x, "c": x % 7})).quality
    column = next(c for c in found["columns"] if c["name"] == "x")
    assert column["current"]["max"] == 1e6 and column["current"]["count"] == 20_000


def test_ranges_that_broke():
    rng = np.random.default_rng(5)
    x, y = rng.normal(50, 10, (2, 3000))
    assert notable(x, y) == {}
    y[:10] = 9999
    assert "→ 9,999 (" in notable(x, y)["range"]
    y[:10] = -9999
    assert "first negative" in notable(x, y)["sign"]
    assert notable(rng.poisson(2, 900), np.append(rng.poisson(2, 900), -1))["sign"].startswith(
        "first negative values: 1 row"
    )
    assert notable(x, np.append(y[10:], np.inf)) == {"infinite": "first infinite values: 1 row"}
    assert notable(np.arange(100) % 9, np.append(np.arange(100) % 9, 2.5)).keys() == {"fraction"}


@pytest.mark.parametrize(
    "law",
    ["standard_normal", "standard_exponential", "standard_cauchy", "t2", "poisson", "uniform", "lognormal", "zeros"],
)
def test_ordinary_extremes_stay_silent(law):
    rng, loud = np.random.default_rng(6), 0
    draws = {
        "t2": lambda n: rng.standard_t(2, n) + 30, "poisson": lambda n: rng.poisson(1.0, n), "uniform": rng.random,
        "lognormal": lambda n: np.exp(rng.normal(size=n)),
        "zeros": lambda n: rng.exponential(size=n) * (rng.random(n) < 0.3),
    }  # fmt: skip
    draw = draws.get(law) or getattr(rng, law)
    for n, m in [(100, 100), (1000, 1000), (300, 3000), (3000, 300)] * 40:
        loud += bool(notable(draw(n), draw(m)))
    assert loud <= (8 if law in ("t2", "standard_cauchy") else 2), f"{loud} of 160"


def test_dates_out_of_this_world():
    days = np.datetime64("2024-01-01", "s") + np.arange(100) * 86400
    far = days.copy()
    far[:3] = np.datetime64("2150-01-01", "s")
    assert notable(days, days + 86400 * 300) == {}
    assert notable(days, far)["dates"] == "3 dates after 2100 (latest 2150-01-01)"
    assert (
        notable(days, np.append(days, np.datetime64("1899-12-30", "s")))["dates"]
        == "1 date before 1900 (earliest 1899-12-30)"
    )
    assert notable(far, far) == {}
    assert iso(1e18) == "1e+18 s since 1970"


def test_missing_constant_and_repeated():
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(2, 400))
    holes = np.where(np.arange(400) < 30, np.nan, y)
    some = np.where(np.arange(400) < 2, np.nan, y)
    assert notable(x, pa.array(holes, from_pandas=True)) == {"missing": "first missing values: 30 rows"}
    assert notable(x, pa.array(some, from_pandas=True)) == {}  # two of 400: told in the table
    assert notable(x, np.full(400, 3.0))["constant"] == "constant now: 3"
    assert "constant before" in notable(np.full(400, 3.0), x)["constant"]
    assert notable(["a", "b"] * 200, ["a"] * 400).keys() == {"constant", "vanished"}
    assert notable(x, pa.nulls(400)) == {"empty": "has no value any more"}
    assert "50 rows repeat" in notable(np.arange(400), np.arange(400) % 350)["repeats"]


def test_levels_unseen_and_gone():
    rng = np.random.default_rng(8)
    a, b = rng.choice(list("abc"), (2, 900))
    assert notable(a, b) == {}
    b[b == "c"] = "z"
    found = notable(a, b)
    assert found["unseen"].startswith("never seen before: z (") and found["vanished"].startswith("gone: c (")
    codes = np.char.add("c", rng.integers(0, 3000, (2, 3000)).astype(str))
    assert notable(*codes) == {}  # rare codes come and go by chance
    half = np.char.add("new", codes[1])
    found = notable(codes[0], np.where(rng.random(3000) < 0.5, half, codes[1]))
    assert "values never seen before" in found["unseen"] and "expected by chance" in found["unseen"]
    assert notable([f"u{k}" for k in range(900)], [f"v{k}" for k in range(900)]) == {}  # identifiers


def test_what_broke_is_told_whether_or_not_the_law_is_shown_to_have_changed():
    rng = np.random.default_rng(9)
    a, b = rng.normal(50, 10, (2, 3000))
    b[:4] = 9999
    result = ecotone.check({"x": a, "y": a[::-1]}, {"x": b, "y": b[::-1] * 0 + a})
    assert any(e["column"] == "x" and e["notable"] for e in result.quality["breaks"])
    assert "9,999" in str(result) and "9,999" in result.to_html() and "9,999" not in result.to_html(redact=True)
    names = [c["name"] for c in result.to_dict()["quality"]["columns"]]
    assert names == ["x", "y"]


def test_breaks_carry_no_part_of_alpha():
    rng = np.random.default_rng(10)
    table = {"x": rng.normal(size=200)}
    names = {part["name"].split("/")[0] for part in ecotone.check(table, table).budget["parts"]}
    assert names == {"verdict", "rows", "performance"}
    assert to_dict(quality({}, {})) == {"breaks": [], "columns": []}


def test_ends_of_ranges_keep_their_zeros_and_show_that_they_differ():
    warm = notable([12.0 + k / 7 for k in range(600)], [*(12.0 + k / 7 for k in range(590)), *[170.4] * 10])
    assert warm["range"] == "max 97.6 → 170 (10 rows above)"
    near = [("x", summary("x", pa.chunked_array([pa.array(v)]))) for v in ([100.01, 100.02], [100.01, 100.04])]
    assert [b.sentence for b in breaks(near[0][1], near[1][1])] == ["max 100.02 → 100.04 (1 row above)"]


def test_rows_that_wait_for_their_labels_are_no_fault():
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"x": rng.normal(size=60), "y": rng.integers(0, 2, 60).astype(float)}) for _ in range(2)]
    tables[1].loc[10:, "y"] = np.nan
    sides = [{c: summary(c, pa.array(t[c], from_pandas=True)) for c in t} for t in tables]
    assert [b.what for c in quality(*sides, labels="y").columns for b in c.breaks if c.name == "y"] == []
    assert [b.what for c in quality(*sides).columns for b in c.breaks if c.name == "y"] == ["missing"]
