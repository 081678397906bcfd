"""A contract: what a profile writes, a person edits and a check holds a table against, without a test."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ecotone
from ecotone.checkup import Contract, contract_of
from ecotone.checkup.quality._contract_check import keeps
from ecotone.checkup.quality._summary import summary, summary_of_profile
from ecotone.cli._main import run
from ecotone.contracts import BadInput
from ecotone.data import profile
from ecotone.data._profile_unique import unique_columns

N = 2000


def table(seed, **other):
    rng = np.random.default_rng(seed)
    holes = rng.normal(size=N)
    holes[rng.random(N) < 0.1] = np.nan
    columns = {
        "x": rng.normal(50, 10, N), "month": rng.integers(1, 13, N), "price": rng.exponential(20, N),
        "city": rng.choice(["Ulm", "Bonn", "Kiel"], N), "order": np.arange(N) + N * seed, "flag": rng.random(N) < 0.3,
        "holes": pa.array(holes, from_pandas=True),
        "when": pa.array(np.datetime64("2024-01-01", "s") + rng.integers(0, 10**7, N)),
    }  # fmt: skip
    return pa.table(columns | other)


def facts(t):
    return {name: summary(name, t[name]) for name in t.column_names}


@pytest.fixture(scope="module")
def contract():
    source = table(0)
    held = profile(source)
    return contract_of(held, unique_columns(source, held))


def broken(contract, t):
    return {(v.column, v.rule) for v in keeps(contract, facts(t)).violations}


def test_the_table_itself_and_another_of_its_kind_keep_it(contract):
    assert broken(contract, table(0)) == set()
    assert sum(bool(broken(contract, table(seed))) for seed in range(1, 21)) <= 1


def test_what_is_written(contract):
    rules = {name: r.to_dict() for name, r in contract.columns.items()}
    assert (rules["month"]["min"], rules["month"]["max"], rules["month"]["whole"]) == (1, 12, True)
    assert rules["price"]["min"] == 0 and rules["x"]["max"] > table(0)["x"].to_numpy().max()
    assert rules["city"]["levels"] == ["Bonn", "Kiel", "Ulm"] and rules["order"] == {
        "type": "number", "whole": True, "unique": True, "missing": 0.0,
    }  # fmt: skip
    assert (rules["when"]["min"], rules["when"]["max"]) == ("1900-01-01", "2100-01-01")
    assert 0.1 < rules["holes"]["missing"] < 0.15 and rules["flag"]["type"] == "boolean"
    assert Contract.of(json.loads(contract.to_json())) == contract


@pytest.mark.parametrize(
    ("name", "values", "rule"),
    [("x", np.append(np.full(N - 1, 50.0), 9999), "max"), ("price", np.append(np.full(N - 1, 5.0), -0.1), "min"),
     ("price", np.append(np.full(N - 1, 5.0), np.inf), "max"),
     ("month", np.append(np.full(N - 1, 5), 13), "max"), ("month", np.append(np.full(N - 1, 5.0), 2.5), "whole"),
     ("city", ["Ulm"] * (N - 1) + ["Bern"], "levels"), ("city", np.arange(N) * 1.5, "type"),
     ("order", [*range(N - 1), 0], "unique"), ("x", pa.array([50.5] * (N - 1) + [None]), "missing"),
     ("when", np.full(N, np.datetime64("2150-01-01", "s")), "max")],
)  # fmt: skip
def test_every_rule_can_be_broken(contract, name, values, rule):
    at = table(0).column_names.index(name)
    assert broken(contract, table(0).set_column(at, name, pa.array(values))) == {(name, rule)}


def test_columns_that_are_lost_and_others_that_may_not_be_there(contract):
    lost, more = table(0).drop_columns(["city"]), table(0, more=pa.nulls(N))
    assert broken(contract, lost) == {("city", "column")} and broken(contract, more) == set()
    assert broken(Contract(contract.columns, others=False), more) == {("more", "others")}


def test_an_edited_rule_is_followed():
    given = {"format": "ecotone.contract/1", "columns": {"x": {"min": 3}, "y": {}, "when": {"max": "2024-06-01T12:00"}}}
    t = pa.table({"x": [2.0, 4.0], "y": [None, 1], "when": pa.array(["2024-06-01", "2024-06-02"]).cast(pa.date32())})
    assert {(v.column, v.sentence) for v in keeps(Contract.of(given), facts(t)).violations} == {
        ("x", "min 2, 3 allowed (1 row)"),
        ("when", "max 2024-06-02, 2024-06-01T12:00:00 allowed (1 row)"),
    }


def test_a_profile_is_held_against_it_and_says_what_it_cannot_tell(contract):
    held = {name: summary_of_profile(c) for name, c in profile(table(3)).columns.items()}
    kept = keeps(contract, held)
    assert not kept.violated and [(u.column, u.rule) for u in kept.unchecked] == [("order", "unique")]
    same = profile(table(3, order=np.arange(N) % 100))
    assert [
        v.rule for v in keeps(contract, {n: summary_of_profile(c) for n, c in same.columns.items()}).violations
    ] == ["unique"]


def test_unique_columns_are_counted_exactly_beyond_the_sketch():
    rng = np.random.default_rng(1)
    keys = rng.permutation(5000)
    t = pa.table({"key": keys, "near": np.append(keys[:-1], keys[0]), "word": [f"w{k}" for k in keys], "x": keys / 7})
    assert unique_columns(t, profile(t)) == {"key", "word"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is not JSON"), ("[]", 'no "format"'), ('{"format": "ecotone.contract/9"}', "ecotone.contract/1"),
     ('{"format": "ecotone.contract/1"}', '"columns"'),
     ('{"format": "ecotone.contract/1", "columns": {}, "colums": 1}', "did you mean 'columns'"),
     ('{"format": "ecotone.contract/1", "columns": {"x": {"maximum": 3}}}', "column 'x' has 'maximum'"),
     ('{"format": "ecotone.contract/1", "columns": {"x": {"max": "high"}}}', "'max' must be a number, or a date"),
     ('{"format": "ecotone.contract/1", "columns": {"x": {"max": 1, "min": 2}}}', "lies above"),
     ('{"format": "ecotone.contract/1", "columns": {"x": {"type": "int"}}}', "'type' must be one of"),
     ('{"format": "ecotone.contract/1", "columns": {"x": {"type": "number", "max": "2024-01-01"}}}', "must be numbers"),
     ('{"format": "ecotone.contract/1", "columns": {"x": {"missing": 3}}}', "a share from 0 to 1"),
     ('{"format": "ecotone.contract/1", "columns": {"x": {"levels": [1, 2]}}}', "a list of texts"),
     ('{"format": "ecotone.contract/1", "columns": {"x": 3}}', "must have an object"),
     ('{"format": "ecotone.contract/1", "columns": {"x": {}, "x": {}}}', "'x' stands in it twice"),
     ('{"format": "ecotone.contract/1", "columns": {"x": {"max": NaN}}}', "'max' must be"),
     ("[" * 100_000, "is not JSON"), ("\ud800", "not UTF-8")],
)  # fmt: skip
def test_a_bad_contract_is_refused_in_one_sentence(tmp_path, text, said):
    path = tmp_path / "c.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(BadInput) as error:
        Contract.load(path)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_from_the_profile_to_the_exit_code(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bad = table(2).set_column(0, "x", pa.array(np.append(np.full(N - 1, 50.0), 9999)))
    for name, t in (("a", table(0)), ("b", table(1)), ("bad", bad)):
        pq.write_table(t, f"{name}.parquet")
    assert run(["profile", "a.parquet", "-o", "a.profile", "--contract", "c.json"]) == 0
    assert json.loads((tmp_path / "c.json").read_text())["format"] == "ecotone.contract/1"
    for current, code in (("b.parquet", 0), ("bad.parquet", 1), ("a.profile", 0)):
        assert run(["check", "a.parquet", current, "--contract", "c.json", "--fail-on", "contract"]) == code
        out = capfd.readouterr().out
        assert ("x: max 9,999" in out) == ("violated" in out) == bool(code)
    for wrong in (["--fail-on", "contract"], ["--contract", "none.json"], ["--contract", "a.parquet"]):
        assert run(["check", "a.parquet", "b.parquet", *wrong]) == 2
        assert capfd.readouterr().err.count("\n") == 1
    assert run(["profile", "a.parquet", "-o", "a.profile", "--contract", "a.parquet"]) == 2


def test_in_python_and_on_the_page(contract):
    bad = table(1, city=["Bern"] * N)
    result = ecotone.check(table(0), bad, contract=contract, ignore="city")
    assert result.contract["violated"] and result.fails("contract") and result.fails("any")
    assert "Bern" in result.to_html() and "Bern" not in result.to_html(redact=True)
    assert "contract is violated in 1 column" in result.headline["sentence"]
    none = ecotone.check(table(0), table(1))
    assert none.contract is None
    with pytest.raises(BadInput, match="needs a contract"):
        none.fails("contract")
    with pytest.raises(BadInput, match="contract must be"):
        ecotone.check(table(0), table(1), contract=3)


def test_a_value_just_beyond_the_limit_is_told_apart_from_it():
    table = {"x": summary("x", pa.chunked_array([pa.array([100.01, 100.04])]))}
    kept = keeps(Contract.of({"format": "ecotone.contract/1", "columns": {"x": {"max": 100.02}}}), table)
    assert [v.sentence for v in kept.violations] == ["max 100.04, 100.02 allowed (1 row)"]
