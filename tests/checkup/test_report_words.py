"""Words that a reader of a report took for something else."""

import numpy as np
import pytest
from from_json import made

import ecotone
from ecotone.checkup.document import ComparedColumn, Duplicates
from ecotone.checkup.report._answers import answers
from ecotone.checkup.report._column_words import said_of
from ecotone.checkup.report._fact_words import equal_rows
from ecotone.checkup.report._page import html_report
from ecotone.checkup.report._terminal import text_report
from ecotone.compare.explain._movement_levels import level_words


def test_codes_are_not_read_as_part_of_a_share():
    assert level_words({"6": (0.025, 0.27), "B2": (0, 0.1), "Ulm": (0.5, 0.4)}) == [
        "6: 2.5 % → 27 %", "B2: 0 % → 10 % (new)", "Ulm 50 % → 40 %",
    ]  # fmt: skip
    assert level_words({str(k): (0.1, 0.2) for k in "abcde"})[-1] == "and 1 more level"


@pytest.mark.parametrize("facts, said", [
    ({"mean": (8.43, 8.46), "median": (8.3, 9.4)}, "mean 8.43 → 8.46; less spread"),
    ({"displacement": 3.0, "share": 0.1, "opposite": (-2.0, 0.1)}, "mean 8.43 → 8.46; less spread"),
    ({"displacement": 3.0, "share": 0.1}, "mean 8.43 → 8.46"),
    ({"spread": 0.9}, "mean 8.43 → 8.46"),
])  # fmt: skip
def test_a_column_named_for_its_spread_says_so(facts, said):
    marginal = {"effect_name": "spread", "effect": -0.06, "interval": [-0.08, -0.03]}
    column = {"name": "t", "kind": "numeric", "role": "moved", "marginal": marginal, "movement": facts}
    column["sentence"] = "mean 8.43 → 8.46"
    assert said_of(made(ComparedColumn, column), []) == said
    column["marginal"] = {**marginal, "effect_name": "auc"}
    assert said_of(made(ComparedColumn, column), []) == "mean 8.43 → 8.46"


def test_equal_rows_are_told_where_there_are_some():
    assert equal_rows(made(Duplicates, {})) == "Equal rows: none."
    said = equal_rows(made(Duplicates, {"reference": 3, "overlap": 2}))
    assert (
        said
        == "Equal rows: 3 of the reference and 0 of current left out as copies; of current 2 in the reference, too."
    )


def test_where_performance_is_unknown_no_pvalue_says_that_it_held():
    rng = np.random.default_rng(0)
    names = ["x", "y", "probability", "prediction"]

    def table(n, shift):
        x = rng.normal(shift, 1, n)
        probability = 1 / (1 + np.exp(-x))
        y = (rng.random(n) < probability).astype(int)
        return dict(zip(names, (x, y, probability, (probability > 0.5).astype(int))))

    before, after = table(600, 0), table(600, 9)
    del after["y"]
    roles = {"target": "y", "prediction": "prediction", "probability": "probability", "features": ["x"]}
    content = ecotone.check(_frame(before), _frame(after), **roles).found
    assert content.performance.unknown and content.performance.pvalue == 1
    told = {what: (word, found[0]) for what, _, word, found in answers(content)}
    assert told["performance"] == ("unknown", None)
    page = html_report(content, {})
    assert "cannot be told without labels" in page and "no worse than before" not in page
    assert "takes labels" in page and "What no label can rule out" not in page
    guess = f"{content.performance.estimate:.3f}"
    low, high = (f"{end:.3f}" for end in content.performance.interval)
    text = text_report(content, 96)
    assert f"now, estimated    [{low}, {high}]  not to be acted on" in text and "takes labels" in text
    assert f"{guess} [" not in text and f"{guess} [" not in page


def _frame(columns):
    import pandas as pd

    return pd.DataFrame(columns)
