"""The sentence that leads: it names what is material, the alpha that was asked for, and what cannot be told."""

import numpy as np
import pytest

import ecotone


def _moved(shift, width, n=4000):
    rng = np.random.default_rng(0)
    names = [f"c{k}" for k in range(width)]
    tables = rng.normal(size=(2, width, n)) + np.array([0, 1])[:, None, None] * np.resize(shift, width)[:, None]
    return [dict(zip(names, table)) for table in tables]


def test_small_moves_of_many_columns_are_material_jointly_and_no_column_is_named():
    found = ecotone.check(*_moved([0.08], 12))
    assert "material" in found.alarms
    assert not any(c["marginal"]["material"] for c in found.columns)
    sentence = found.headline["sentence"]
    assert "jointly; no single column" in sentence and not any(c["name"] in sentence for c in found.columns)


def test_only_material_columns_are_named_as_such():
    found = ecotone.check(*_moved([1.0, 0.06, 0.0], 3, 6000))
    material = {c["name"] for c in found.columns if c["marginal"]["material"]}
    assert material == {"c0"} and {c["name"] for c in found.columns if c["marginal"]["changed"]} == {"c0", "c1"}
    assert "minimum effect: c0." in found.headline["sentence"] and "c1" not in found.headline["sentence"]


def test_the_alpha_asked_for_is_the_one_told():
    found = ecotone.check(*_moved([0.0], 2, 300), alpha=0.1)
    assert found.headline["answer"] == "no change found"
    assert found.headline["sentence"] == "No change found at alpha = 0.1."


def test_too_few_blocks_in_time_cannot_tell():
    x = np.random.default_rng(0).normal(size=300).cumsum()
    found = ecotone.check({"x": x, "t": np.arange(300)}, {"x": x[::-1] + 1e-3, "t": np.arange(300)}, time="t")
    assert found.alarms == () and found.headline["answer"] == "cannot tell"
    sentence = found.headline["sentence"]
    assert sentence.startswith("Cannot tell") and "No change found" not in sentence
    assert sentence.count("20 of them are needed") == 1  # the reason once


@pytest.mark.parametrize("entities", [5, 60])
def test_too_few_entities_cannot_tell(entities):
    rng = np.random.default_rng(2)
    tables = [{"x": rng.normal(size=300), "who": side * 1000 + np.arange(300) % entities} for side in (0, 1)]
    answer = ecotone.check(*tables, entity="who").headline["answer"]
    assert answer == ("cannot tell" if entities < 20 else "no change found")


def test_a_handful_of_rows_cannot_tell():
    rng = np.random.default_rng(3)
    assert ecotone.check(*rng.normal(size=(2, 4, 2))).headline["answer"] == "cannot tell"
    assert ecotone.check(*rng.normal(size=(2, 40, 2))).headline["answer"] == "no change found"
