"""Numbers that repeat, read as levels too: codes that vanish between the others, other rounding, and the level."""

import numpy as np
import pandas as pd
import pytest
from chance import most

import ecotone
from ecotone.compare.two_sample._many_levels import many_levels
from ecotone.compare.two_sample._repeated_numbers import numbers_as_levels
from ecotone.compare.two_sample._scored_column import encode


def _codes(values, rng):
    return pd.DataFrame({"product": values, "x": rng.normal(size=len(values))})


@pytest.mark.parametrize("codes", [8, 30, 400])
def test_half_of_the_codes_of_a_number_vanish(codes):
    rng = np.random.default_rng(codes)
    number = 1000 + 7 * rng.permutation(codes)
    both = rng.integers(0, codes, 1200), 2 * rng.integers(0, codes // 2, 1200)
    order = np.sort(number)
    found = ecotone.check(*(_codes(order[k], rng) for k in both)).to_dict()
    column = next(c for c in found["columns"] if c["name"] == "product")
    assert column["marginal"]["changed"] and column["marginal"]["material"] and column["role"] == "moved"
    assert column["marginal"]["pvalue"] < 1e-30
    gone = next(b for b in found["quality"]["breaks"] if b["column"] == "product" and b["what"] == "vanished")
    assert gone["notable"]
    if codes == 8:
        assert gone["sentence"].startswith("gone: 10")
    else:  # those between the others: beyond them, the range tells
        for text in (gone["sentence"], column["sentence"].split("; ")[-1]):
            assert codes // 2 - 5 <= int(text.split(" value")[0]) <= codes // 2


def test_another_rounding_is_seen():
    rng = np.random.default_rng(1)
    x = rng.normal(50, 10, 3000)
    tables = (_codes(x[:1500].round(1), rng), _codes(np.round(2 * x[1500:]) / 2, rng))
    found = ecotone.check(*tables).to_dict()
    assert found["verdict"]["changed"] and "values gone" in found["quality"]["breaks"][0]["sentence"]


def test_the_level_holds_for_counts():
    pvalues = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        values = rng.poisson(30, 900).astype(float)
        coded = encode("k", "count", values, 500)
        found = numbers_as_levels(coded, values, 500)
        pvalues.append(np.exp(many_levels(found.counts).logp))
    assert np.sum(np.array(pvalues) <= 0.05) <= most(60, 0.05)  # measured in benchmarks/levels


def test_what_is_read_as_levels_and_what_is_not():
    rng = np.random.default_rng(2)

    def levels(values):
        return numbers_as_levels(encode("x", "numeric", values, len(values) // 2), values, len(values) // 2)

    assert levels(rng.normal(size=400)) is None
    assert levels(rng.integers(0, 4, 400).astype(float)) is None
    assert levels(rng.normal(size=60_000)) is None
    small = rng.integers(0, 40, 400).astype(float)
    small[::7] = np.nan
    large = np.tile(rng.integers(0, 40, 1000).astype(float), 60)
    large[5] = -0.0
    for values in (small, large):
        found = levels(values)
        half = len(values) // 2
        for side, part in zip(found.counts, (values[:half], values[half:])):
            assert sorted(side[side > 0]) == sorted(np.unique(part[~np.isnan(part)] + 0.0, return_counts=True)[1])
        assert ((found.codes < 0) == np.isnan(values)).all()
