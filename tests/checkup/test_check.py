"""The whole check, from tables to answers."""

import json
import math

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import ecotone
from ecotone.contracts import BadInput


def _frame(n, seed, *, shift=0.0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3))
    return pa.table(
        {
            "a": x[:, 0] + shift,
            "b": np.exp(x[:, 1]),
            "c": rng.choice(["red", "green", "blue"], n),
            "k": rng.poisson(3, n),
            "y": (x[:, 0] + x[:, 1] + rng.logistic(size=n) > 0).astype(int),
        }
    )


def _walk(value, path="$"):
    yield path, value
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _walk(entry, f"{path}.{key}")
    elif isinstance(value, list):
        for i, entry in enumerate(value):
            yield from _walk(entry, f"{path}[{i}]")


@pytest.fixture(scope="module")
def moved():
    return ecotone.check(_frame(1500, 1), _frame(1500, 2, shift=0.5), ignore=["y"])


def test_the_json_is_strict_and_has_every_section(moved):
    content = json.loads(moved.to_json(), parse_constant=lambda word: pytest.fail(f"{word} is not strict JSON"))
    assert content["format"] == "ecotone.check/1"
    sections = "headline verdict columns rows performance advice budget data timing"
    assert set(sections.split()) <= set(content)
    assert content == moved.to_dict()
    for path, value in _walk(content):
        assert not isinstance(value, float) or math.isfinite(value), path


def test_what_moved_is_named_and_nothing_else(moved):
    assert set(moved.alarms) >= {"material", "changed"}
    by_name = {column["name"]: column for column in moved.columns}
    assert by_name["a"]["role"] == "moved"
    assert by_name["a"]["marginal"]["material"]
    low, high = by_name["a"]["marginal"]["interval"]
    assert low < by_name["a"]["marginal"]["effect"] < high
    assert [n for n, c in by_name.items() if c["marginal"] and c["marginal"]["changed"]] == ["a"]
    assert "0.5" in by_name["a"]["sentence"] or "0.4" in by_name["a"]["sentence"]


def test_no_change_no_alarm_and_exit_conditions():
    result = ecotone.check(_frame(800, 3), _frame(800, 4), ignore=["y"])
    assert result.alarms == ()
    assert not result.fails("any")
    assert all(column["role"] in ("no evidence", "untested") for column in result.columns)


def test_frames_of_any_library_give_the_same_answers():
    reference, current = _frame(400, 5), _frame(400, 6, shift=0.4)
    wanted = ecotone.check(reference, current).to_dict()
    for convert in (pl.from_arrow, lambda t: t.to_pandas()):
        got = ecotone.check(convert(reference), convert(current)).to_dict()
        assert got["verdict"] == wanted["verdict"]
        assert got["columns"] == wanted["columns"]


def test_the_same_seed_gives_the_same_answers():
    pair = _frame(300, 7), _frame(300, 8, shift=0.3)
    first, second = (ecotone.check(*pair, seed=5).to_dict() for _ in range(2))
    for result in (first, second):
        result.pop("timing")
        result["rows"].pop("seconds")
    assert first == second


def test_the_budget_adds_up(moved):
    share = moved.budget
    text = json.dumps(share)
    assert "verdict" in text and "rows" in text and "performance" in text
    assert moved.verdict["alpha"] == pytest.approx(0.04)


def test_performance_without_labels_states_its_assumption():
    class Model:
        def predict(self, x):
            return (x[:, 0].astype(float) + np.log(x[:, 1].astype(float)) > 0).astype(int)

        def predict_proba(self, x):
            p = 1 / (1 + np.exp(-(x[:, 0].astype(float) + np.log(x[:, 1].astype(float)))))
            return np.column_stack([1 - p, p])

    reference, current = _frame(2000, 9), _frame(2000, 10).drop_columns(["y"])
    result = ecotone.check(reference, current, target="y", model=Model())
    assert result.performance["assumption"]
    low, high = result.performance["interval"]
    assert low < result.performance["reference"]["value"] < high
    assert "performance" not in result.alarms
    assert "y" not in {column["name"] for column in result.columns if column["marginal"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"alpha": 0}, "alpha must lie between"),
        ({"fdr": 2.0}, "fdr must lie between"),
        ({"min_effect": -1}, "min_effect must lie between"),
        ({"seed": -3}, "seed must be a whole number"),
        ({"columns": ["nope"]}, "nope"),
        ({"ignore": ["aa"]}, "aa"),
        ({"prediction": "a"}, "without target"),
        ({"metric": "accuracy"}, "needs a model"),
        ({"target": "z", "prediction": "a"}, "z"),
        ({"entity": "z"}, "z"),
        ({"independent": True, "entity": "a"}, "entity 'a' that they are not; give one or the other"),
        ({"independent": True, "time": "a"}, "time 'a' that they are not; give one or the other"),
        ({"independent": "yes"}, "independent must be True or False, got 'yes'"),
    ],
)
def test_bad_arguments_are_named(arguments, said):
    with pytest.raises(BadInput, match=said):
        ecotone.check(_frame(100, 1), _frame(100, 2), **arguments)


def test_stated_independence_is_told_in_every_form(tmp_path):
    rng = np.random.default_rng(5)

    def drawn(first):
        who = np.repeat(np.arange(first, first + 60), 8)
        x = rng.normal(size=(60, 2)).repeat(8, axis=0) + rng.normal(size=(480, 2))
        names = np.char.add("shop", who.astype(str))
        return {"shop": names.tolist(), "a": x[:, 0].tolist(), "b": x[:, 1].tolist()}

    before, after = drawn(0), drawn(60)
    found = ecotone.check(before, after)
    assert found.headline["guarantee"] == "withdrawn" and found.headline["answer"] == "cannot tell"
    assert "the guarantee is withdrawn: 120 of 120" in found.headline["sentence"]
    advised = found.advice[0]
    assert advised["for"] == "dependence" and "rows that share shop were sampled together" in advised["action"]
    stated = ecotone.check(before, after, independent=True)
    assert stated.headline["guarantee"] == stated.verdict["guarantee"] == "assumed"
    told = stated.to_dict()["data"]["dependence"]
    assert list(told["declared"]) == ["independent"] and any(f["detected"] for f in told["found"])
    assert all(item["for"] != "dependence" for item in stated.advice)
    flat = " ".join(str(stated).split())
    assert "guarantee assumed: you state that, if nothing had changed" in flat and "withdrawn" not in flat
    stated.save(report=tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "Declared: independent." in page and "variance ×" in page


def test_the_report_is_small_self_contained_and_escaped(moved, tmp_path):
    page = moved.to_html()
    assert len(page) < 1_000_000
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "") and "<script" not in page
    hostile = "<script>alert(1)</script>"
    rng = np.random.default_rng(0)
    bad = ecotone.check(
        {hostile: rng.standard_normal(300), "c": ["<b>x</b>"] * 150 + ["y"] * 150},
        {hostile: rng.standard_normal(300) + 2, "c": ["<b>x</b>"] * 10 + ["y"] * 290},
    )
    page = bad.to_html()
    assert hostile not in page and "<b>x" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;x" not in bad.to_html(redact=True)
    bad.save(report=tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
