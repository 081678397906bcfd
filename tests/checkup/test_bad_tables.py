"""Tables that try a check's patience: refused in one sentence, or answered with what was left out and why."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import ecotone
from ecotone.contracts import BadInput
from ecotone.data import profile


def numbers(n, seed=0):
    return np.random.default_rng(seed).standard_normal(n)


def answered(reference, current, **options):
    """The JSON of a check that raises nothing."""
    result = ecotone.check(reference, current, **options)
    found = json.loads(result.to_json(), parse_constant=lambda word: pytest.fail(word))
    assert "<!doctype html>" in result.to_html().lower()
    assert found["headline"]["sentence"] in " ".join(str(result).split())
    return found


def untested(found):
    return {entry["name"]: entry["reason"] for entry in found["data"]["untested"]}


REFUSED = {
    "disjoint": ({"a": [1.0, 2]}, {"b": [1.0, 2]}, {}, "no column in common"),
    "no rows": ({"a": [1.0, 2]}, {"a": []}, {}, "current has no rows"),
    "one row": ({"a": [1.0]}, {"a": [1.0, 2]}, {}, "reference has 1 row"),
    "target absent": ({"a": [1.0, 2]}, {"a": [1.0, 2]}, {"target": "y", "prediction": "a"}, "target.*'y'.*reference"),
    "all roles": ({"t": [1, 2]}, {"t": [1, 2]}, {"time": "t"}, "no column is left"),
    "no column kept": ({"a": [1.0, 2]}, {"a": [1.0, 2]}, {"ignore": ["a"]}, "no column is left"),
    "time of words": ({"a": [1.0, 2], "t": ["x", "y"]},) * 2 + ({"time": "t"}, "'t' holds text such as 'x'"),
    "two names alike": (pd.DataFrame([[1, 2]], columns=["a", "a"]), {"a": [1.0, 2]}, {}, "two columns named 'a'"),
    "one role twice": ({"a": [1.0, 2], "y": [0, 1]},) * 2 + ({"target": "y", "prediction": "y"}, "'y'.*both"),
    "a probability twice": (
        *({"a": [1.0, 2], "y": [0, 1], "p": [0.5, 0.1]},) * 2,
        {"target": "y", "probability": ["p", "p"]},
        "'p'.*twice",
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_in_one_sentence(name):
    reference, current, options, said = REFUSED[name]
    with pytest.raises(BadInput, match=said) as error:
        ecotone.check(reference, current, **options)
    assert "\n" not in str(error.value) and len(str(error.value)) < 500


def test_columns_of_another_type_are_left_out_and_said():
    a = {"x": numbers(40), "k": np.arange(40) % 3}
    b = {"x": numbers(40, 1), "k": ["p", "q"] * 20}
    assert "numbers in reference, text in current" in untested(answered(a, b))["k"]
    with pytest.raises(BadInput, match="'k'"):
        ecotone.check(a, b, columns=["k"])


@pytest.mark.parametrize("how", ["dates", "constant", "nan", "null", "nested", "ids", "everything"])
def test_nothing_to_test_is_said_and_alarms_nothing(how):
    columns = {
        "dates": pa.array(np.arange(30) * 86_400, pa.timestamp("s")),
        "constant": pa.array([5] * 30),
        "nan": pa.array([float("nan")] * 30),
        "null": pa.nulls(30),
        "nested": pa.array([[1], [2]] * 15),
        "ids": pa.array([f"user-{i:04}" for i in range(30)]),
    }
    columns = columns if how == "everything" else {how: columns[how]}
    table = pa.table({**columns, "row": pa.array(range(30))})  # rows that differ, else all are copies of one
    found = answered(table, table)
    assert found["headline"]["alarms"] == [] and set(untested(found)) == set(columns) | {"row"}
    assert "no column" in found["headline"]["sentence"].lower()
    assert found["verdict"]["pvalue"] == 1 and "No change found" not in found["headline"]["sentence"]


def test_infinite_values_are_said():
    x = numbers(60)
    x[3] = np.inf
    found = answered({"x": x}, {"x": numbers(60, 1)})
    assert any("1 infinite values in the reference" in note for note in found["data"]["notes"])


def test_all_missing_on_one_side_is_found():
    found = answered({"x": numbers(300), "z": numbers(300, 2)}, {"x": [None] * 300, "z": numbers(300, 3)})
    assert "material" in found["headline"]["alarms"]
    assert [c["name"] for c in found["columns"] if c["marginal"] and c["marginal"]["changed"]] == ["x [missing]"]


def test_unseen_and_many_levels():
    rng = np.random.default_rng(0)
    a = {"c": rng.choice(["a", "b"], 400), "x": numbers(400)}
    b = {"c": rng.choice(["b", "new"], 400), "x": numbers(400, 1)}
    assert "material" in answered(a, b)["headline"]["alarms"]
    many = {"c": [f"level {i}" for i in np.repeat(np.arange(100_000), 1)], "x": numbers(100_000)}
    found = answered(many, {"c": [f"level {i}" for i in range(300)], "x": numbers(300, 1)})
    assert "identifier" in untested(found)["c"] and "material" not in found["headline"]["alarms"]


def test_objects_of_several_types_and_large_integers():
    mixed = pd.DataFrame({"m": [1, "a", None, 2.5, b"x"] * 12, "h": [2**63 - 1, -(2**63), 2**53 + 1] * 20})
    found = answered(mixed.assign(x=numbers(60)), mixed.assign(x=numbers(60, 1)))
    assert any("several types" in note for note in found["data"]["notes"])
    assert found["headline"]["alarms"] == []


@pytest.mark.parametrize("sizes", [(2, 2), (5, 3000), (3000, 5), (2, 3000)])
def test_few_rows_alarm_at_their_level_only(sizes):
    a, b = ({"x": numbers(n, k), "k": np.random.default_rng(k).poisson(3, n)} for k, n in enumerate(sizes))
    found = answered(a, b)
    assert found["headline"]["alarms"] == [] and found["data"]["reference"]["rows_kept"] == sizes[0]


def test_one_unit_and_the_same_table_twice():
    table = {"x": numbers(60), "e": ["one"] * 60}
    assert answered(table, {**table, "x": numbers(60, 1)}, entity="e")["headline"]["alarms"] == []
    same = answered({"x": numbers(200)}, {"x": numbers(200)})
    assert same["headline"]["alarms"] == [] and same["data"]["duplicates"]["overlap"] == 200


def test_groups_are_tested_too():
    rng = np.random.default_rng(1)
    a, b = (
        {"x": numbers(300, k), "g": rng.integers(0, m, 300), "y": rng.integers(0, 2, 300), "p": rng.uniform(size=300)}
        for k, m in ((0, 1000), (1, 3))
    )
    found = answered(a, b, target="y", probability="p", groups="g")
    assert "g" in {c["name"] for c in found["columns"] if c["marginal"]["changed"]}
    assert {"y", "p"}.isdisjoint(found["data"]["types"])
    assert len(found["performance"]["groups"]) == 3


def test_a_column_that_no_conditional_test_reads_says_so():
    rare = np.zeros(400)
    rare[0] = 1
    found = answered({"x": numbers(400), "r": rare}, {"x": numbers(400, 1), "r": rare})
    said = {c["name"]: c["conditional"] for c in found["columns"]}
    assert said["r"]["pvalue"] is None and "a rare level" in said["r"]["reason"]
    assert said["x"]["pvalue"] > 0 and said["x"]["reason"] is None


def test_profiles_on_either_side(tmp_path):
    rng = np.random.default_rng(5)
    tables = [pa.table({"x": rng.standard_normal(9000) + s, "c": rng.choice(["a", "b"], 9000)}) for s in (0, 0.3)]
    old, new = (profile(t) for t in tables)
    for reference, current in ((old, tables[1]), (tables[0], new), (old, new)):
        found = answered(reference, current)
        assert "material" in found["headline"]["alarms"]
        assert any("profile of 9000 rows: tests run on the 5000 rows it keeps" in n for n in found["data"]["notes"])
    assert answered(old, profile(tables[0].take(rng.permutation(9000)), seed=3))["headline"]["alarms"] == []
    calibration = ecotone.check(old, tables[1]).rows["n_calibration"]
    assert calibration == int(old.split().sum())
    found = answered(profile(tables[0], rows=False), tables[1])
    assert "material" in found["headline"]["alarms"] and found["headline"]["guarantee"] == "assumed"
    with pytest.raises(BadInput, match=r"model needs rows, and reference.*without --no-rows"):
        ecotone.check(profile(tables[0], rows=False), tables[1], target="c", model=object())


def test_rising_numbers_stay_identifiers_in_a_profile():
    t = pa.table({"order": np.arange(20_000) * 3, "x": numbers(20_000)})
    later = pa.table({"order": np.arange(20_000, 30_000) * 3, "x": numbers(10_000, 1)})
    found = answered(profile(t), later)
    assert "order" in untested(found) and found["headline"]["alarms"] == []
