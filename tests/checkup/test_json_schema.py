"""The JSON schema of a check: made from the dataclasses, shipped, and true of the documents of real checks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pytest

import ecotone
from ecotone.checkup import check_schema
from ecotone.checkup._check_schema import NAME, made
from ecotone.checkup.as_json import OPTIONAL, json_schema, to_dict
from ecotone.cli._main import run
from ecotone.data import profile


@pytest.fixture(scope="module")
def validator():
    """Of draft 2020-12, by an implementation that is not ours."""
    return pytest.importorskip("jsonschema").Draft202012Validator


@dataclass(frozen=True)
class Part:
    """A part of it."""

    at: int


@dataclass(frozen=True)
class Whole:
    """What was found.

    Parameters
    ----------
    name : str
        What it is called; ``called`` in JSON.
    ends : (float, float) or None
        None where there are none.
    """

    name: str
    ends: tuple[float | None, float] | None
    parts: tuple[Part, ...]
    shares: Mapping[str, float]
    answer: Literal["yes", "no"]
    note: str | None = field(default=None, metadata=OPTIONAL)

    JSON = (("called", "name"), "ends", "parts", "shares", "answer", "many", "note")

    @property
    def many(self) -> bool:
        """Whether there are parts."""
        return bool(self.parts)


def test_a_dataclass_and_its_schema_say_the_same(validator):
    found = to_dict(Whole("x", (float("nan"), 1.0), (Part(np.int64(3)),), {"a": 0.5}, "yes"))
    assert found == {"called": "x", "ends": [None, 1.0], "parts": [{"at": 3}], "shares": {"a": 0.5}, "answer": "yes",
                     "many": True}  # fmt: skip
    schema = json_schema(Whole, "Whole")
    validator.check_schema(schema)
    assert schema["required"] == ["called", "ends", "parts", "shares", "answer", "many"]
    assert schema["properties"]["called"] == {"type": "string", "description": "What it is called."}
    assert schema["properties"]["ends"]["description"] == "null where there are none."
    assert validator(schema).is_valid(found) and validator(schema).is_valid({**found, "note": "n"})
    for broken in (
        {"answer": "perhaps"},
        {"parts": [{"at": "3"}]},
        {"ends": [1.0]},
        {"more": 1},
        {"shares": {"a": "b"}},
    ):
        assert not validator(schema).is_valid({**found, **broken}), broken
    del found["many"]
    assert not validator(schema).is_valid(found)


def test_what_has_no_form_in_json_is_refused():
    @dataclass(frozen=True)
    class Odd:
        members: set[str]

    with pytest.raises(TypeError, match=r"set\[str\] has no form in JSON"):
        json_schema(Odd, "Odd")


def test_the_schema_that_is_shipped_is_that_of_the_dataclasses():
    assert json.loads(made()) == check_schema(), f"{NAME} is old; python -m ecotone.checkup._check_schema writes it"


def test_the_command_prints_it(capsys):
    assert run(["check", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == check_schema()


def _table(seed, shift=0.0, n=400):
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1, n)
    p = 1 / (1 + np.exp(-2 * x))
    return {
        "x": x, "town": rng.choice(["Ulm", "Bonn"], n, p=[0.5 + shift / 4, 0.5 - shift / 4]), "p": p,
        "y": (rng.random(n) < (1 - p if shift else p)).astype(int), "group": np.arange(n) % 2,
    }  # fmt: skip


def _schema_changes():
    before, after = _table(1), _table(2, 0.5)
    before["lost"], after["fresh"], after["x"][0] = np.arange(400.0), np.arange(400), 1e6
    before["kind"], after["kind"] = np.arange(400), ["a", "b"] * 200
    contract = {"format": "ecotone.contract/1", "columns": {"x": {"max": 3}, "town": {"min": 1}, "gone": {}}}
    return ecotone.check(before, after, contract=contract)


def _counts():
    before = profile({name: values for name, values in _table(1).items() if name in ("x", "town")}, rows=False)
    after = {name: values for name, values in _table(2, 0.5).items() if name in ("x", "town")}
    return ecotone.check(before, profile(after, like=before, rows=False))


CHECKS = {
    "nothing": lambda: ecotone.check(_table(1), _table(2), ignore=["p", "y", "group"]),
    "labels": lambda: ecotone.check(_table(1), _table(2, 0.8), target="y", probability="p", groups="group"),
    "no labels": lambda: ecotone.check(
        _table(1), {k: v for k, v in _table(2, 0.3).items() if k != "y"}, target="y", probability="p", features=["x"]
    ),
    "numbers": lambda: ecotone.check(_table(1), _table(2, 0.5), target="x", prediction="p", metric="rmse"),
    "given": lambda: ecotone.check(_table(1), _table(2, 0.5), given="town"),
    "entities": lambda: ecotone.check(_table(1), _table(2), entity="group"),
    "embedding": lambda: ecotone.check(
        *({f"e{k}": np.random.default_rng([s, k]).normal(s, 1, 60) for k in range(9)} for s in (0, 1)), embedding="e"
    ),
    "few": lambda: ecotone.check(*np.random.default_rng(0).normal(size=(2, 4, 2))),
    "columns": _schema_changes,
    "counts": _counts,
}  # fmt: skip


@pytest.mark.parametrize("name", CHECKS)
def test_the_documents_of_real_checks_keep_it(name, validator):
    document = CHECKS[name]().to_dict()
    wrong = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in validator(check_schema()).iter_errors(document)]
    assert not wrong
    assert not validator(check_schema()).is_valid({**document, "rows": None})
