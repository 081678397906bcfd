"""The shares: exact, fixed, never handed on; their union keeps alpha."""

import json
from fractions import Fraction

import numpy as np
import pytest
from chance import most

from ecotone.contracts import BadInput
from ecotone.decide import Budget
from ecotone.decide._budget import FAMILIES, PARTS, paths


def test_shares_sum_to_one_exactly():
    assert sum(PARTS.values()) == 1 and sum(FAMILIES.values()) == 1
    budget = Budget()
    leaves = [path for path in paths() if path != "verdict"]
    assert sum(budget.share(path) for path in leaves) == Fraction(1)
    assert sum(budget.spend(path) for path in leaves) == pytest.approx(0.05, abs=1e-15)
    assert budget.share("verdict/margins") == Fraction(36, 100)


def test_union_keeps_alpha_under_independence_and_under_one_source():
    rng, budget = np.random.default_rng(0), Budget(0.05)
    leaves = [path for path in paths() if path != "verdict"]
    for shared in (False, True):
        hits = 0
        for _ in range(4000):
            u = np.repeat(rng.uniform(), len(leaves)) if shared else rng.uniform(size=len(leaves))
            p = budget.pvalue(dict(zip(leaves, u)))
            assert (p <= 0.05) == any(v <= budget.spend(k) + 1e-15 for k, v in zip(leaves, u))
            hits += p <= 0.05
        assert hits <= most(4000, 0.05)
        assert shared or hits / 4000 > 0.035, "independent tests should spend nearly all of alpha"


def test_a_test_that_does_not_run_does_not_hand_on_its_share():
    budget = Budget()
    assert budget.pvalue({"verdict/margins": 0.01}) == budget.pvalue({"verdict/margins": 0.01, "rows": 1.0})
    assert budget.pvalue({}) == 1


def test_refuses_unknown_paths_and_levels():
    for path in ("columns", "rows/margins", "verdict/ridge", ""):
        with pytest.raises(BadInput, match="no share"):
            Budget().spend(path)
    for alpha in (0, 1, -0.1, float("nan")):
        with pytest.raises(BadInput, match="alpha"):
            Budget(alpha)
    with pytest.raises(BadInput, match="rows"):
        Budget().pvalue({"rows": float("nan")})
    with pytest.raises(BadInput, match="one or the other"):
        Budget().pvalue({"verdict": 0.1, "verdict/pairs": 0.1})


def test_record_is_strict_json():
    record = json.loads(json.dumps(Budget(0.1).to_dict(), allow_nan=False))
    assert record["alpha"] == 0.1 and {part["name"] for part in record["parts"]} == set(paths())
