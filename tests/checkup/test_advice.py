"""What a check advises: from findings made by hand, and from two tables to a gain that is known."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from from_json import made
from sklearn.ensemble import HistGradientBoostingClassifier

import ecotone
from ecotone.cards import discover
from ecotone.checkup.advice import _advice
from ecotone.checkup.advice._need import Need
from ecotone.checkup.as_json import to_dict
from ecotone.checkup.document import Findings
from ecotone.contracts import (
    AnswersChanged,
    ClassesMoved,
    Expectation,
    InputsMoved,
    LabelsMissing,
    Miscalibrated,
    ModelUnsure,
    Retrained,
    RowsOutside,
)

PLACES = [{"file": "now.csv", "row": row} for row in range(300)]


def advise(found):
    """The advice on findings made by hand, as the document has it."""
    return [to_dict(item) for item in _advice.advise(made(Findings, found))]


def _content(*, changed=True, material=True, outside=0, quality=None, guarantee="exact", declared=()):
    return {
        "verdict": {"changed": changed, "material": material, "guarantee": guarantee, "reason": "rows are tied"},
        "columns": [{"marginal": {"changed": changed}}],
        "rows": {"raised": outside > 0, "index": PLACES[:outside], "fdr": 0.1},
        "performance": quality,
        "data": {
            "current": {"rows_read": 1000, "rows_kept": 1000},
            "reference": {"rows_read": 2000, "rows_kept": 2000},
            "dependence": {"declared": list(declared), "remedy": "" if declared else "Declare the order with --time"},
        },
    }


def _quality(*, value=0.8, labels=0, parts=None, raised=True, unknown=None, **details):
    return {
        "metric": "accuracy",
        "greater_is_better": True,
        "reference": {"value": 0.9},
        "estimate": value,
        "actual": {"value": value} if labels else None,
        "attribution": {"parts": parts} if parts else None,
        "raised": raised,
        "unknown": unknown,
        "labels": {"rows": 600, "half_width": 0.02, "of": "accuracy", "level": 0.9},
        "details": {"effective": 0.4, **details},
    }


def _retrain(gain, low, high):
    return {
        "gain": gain, "interval": (low, high), "unknown": None, "present": 0.8, "retrained": 0.8 + gain, "labels": 500,
        "curve": [{"labels": 200, "gain": gain, "interval": (low, high)},
                  {"labels": 400, "gain": gain, "interval": (low, high)}],
    }  # fmt: skip


DEFER = {
    "share": 0.1, "rows": 100, "accuracy": 0.8, "accuracy_of_the_rest": 0.85, "reference": 0.9, "curve": [],
    "from": "calibrated confidence", "index": PLACES[100:200],
}  # fmt: skip
LABEL_ROWS = {"rows": 300, "half_width": 0.03, "level": 0.9, "of": "accuracy", "index": PLACES}


def test_nothing_to_be_done():
    assert advise(_content(changed=False, material=False)) == []
    assert advise(_content(changed=False, material=False, quality=_quality(value=0.9, raised=False))) == []


def test_every_item_is_whole_and_every_method_has_a_card():
    quality = _quality(labels=500, parts={"a": -0.05, "p(y|x)": -0.05}, retrain=_retrain(0.06, 0.03, 0.09), defer=DEFER)
    items = advise(_content(outside=5, quality=quality, guarantee="withdrawn"))
    assert [item["for"] for item in items] == ["dependence", "concept", "covariate", "outliers", "unsure"]
    keys = {"for", "action", "method", "others", "why", "expected", "numbers", "rows"}
    for item in items:
        assert set(item) == keys and item["why"].endswith(".") and item["expected"].endswith(".")
        if item["method"] is not None:
            card = discover()[item["method"]]
            assert item["for"] in card.remedy_for and card.advice.startswith(item["action"])


CASES = {
    "covariate": InputsMoved("accuracy", 0.1, 0.05, 0.4, 2000),
    "concept": AnswersChanged("accuracy", 0.1, 0.05, Retrained(0.05, (0.01, 0.09), 500, 400, None)),
    "unknown": LabelsMissing("accuracy", 300, 0.03, 0.9),
    "unsure": ModelUnsure(0.1, 100, 0.8, 0.85, "labels", 0.1),
    "miscalibration": Miscalibrated(0.1, 0.02),
    "label": ClassesMoved((0.5, 0.4), (0.8, 0.85), 500),
    "outliers": RowsOutside(20, 1000, 0.1),
}


@pytest.mark.parametrize("kind", CASES)
def test_the_best_proved_remedy_says_in_its_own_file_what_to_expect(kind, monkeypatch):
    need = Need(kind, "Because.", 1.0, CASES[kind], {"found": 1})
    _, item = _advice._weighed(need)
    card = discover()[item.method]
    assert card.name == _advice._remedies(kind)[0].name and item.expected.endswith(".")

    def hook(case):
        assert case is CASES[kind]
        return Expectation("Hardly anything.", 0.5, {"brings": 2})

    monkeypatch.setattr(f"{card.module}.expected_for_{kind}", hook)
    assert _advice._weighed(need) == (
        0.5,
        replace(item, expected="Hardly anything.", numbers={"brings": 2, "found": 1}),
    )
    monkeypatch.delattr(f"{card.module}.expected_for_{kind}")
    assert _advice._weighed(need) is None, "a remedy that expects nothing of itself is not told first"


def test_dependence_that_nobody_declared_leads_and_declared_one_is_not_asked_for():
    first = advise(_content(guarantee="withdrawn", outside=3))[0]
    assert first["method"] is None and first["action"] == "Declare the order with --time"
    assert advise(_content(guarantee="withdrawn", declared=["entity"])) == []


def test_inputs_that_moved_ask_for_weights_with_their_worth():
    items = advise(_content(quality=_quality(parts={"a": -0.07, "b": -0.02, "p(y|x)": -0.01}, labels=500)))
    assert items[0]["method"] == "ClassifierRatio"
    assert items[0]["numbers"]["at_most"] == pytest.approx(0.09)
    assert items[0]["numbers"]["effective_rows"] == 800 and "800" in items[0]["expected"]
    unlabelled = advise(_content(quality=_quality(label_rows=LABEL_ROWS)))
    assert [i["method"] for i in unlabelled] == ["ClassifierRatio", "rows_to_label"]
    assert unlabelled[0]["numbers"]["at_most"] == pytest.approx(0.1)
    assert len(unlabelled[1]["rows"]) == 300 and unlabelled[1]["numbers"]["half_width"] == 0.03


def test_weights_that_leave_few_rows_are_not_told_first():
    quality = _quality(parts={"a": -0.1, "p(y|x)": 0.0}, labels=500)
    quality["details"]["effective"] = 0.02
    items = advise(_content(outside=4, quality=quality))
    assert [i["for"] for i in items] == ["outliers", "covariate"] and "few" in items[1]["expected"]


def test_the_larger_gain_leads():
    def order(parts, retrain):
        return [i["for"] for i in advise(_content(quality=_quality(parts=parts, labels=500, retrain=retrain)))]

    assert order({"a": -0.03, "p(y|x)": -0.07}, _retrain(0.07, 0.05, 0.09)) == ["concept", "covariate"]
    assert order({"a": -0.08, "p(y|x)": -0.02}, _retrain(0.02, 0.01, 0.03)) == ["covariate", "concept"]


def test_retraining_without_a_sure_gain_asks_for_labels_first():
    quality = _quality(parts={"p(y|x)": -0.1}, labels=80, retrain=_retrain(0.02, -0.05, 0.09), label_rows=LABEL_ROWS)
    items = advise(_content(quality=quality))
    assert [i["method"] for i in items] == ["rows_to_label", "retraining_gain"]
    assert "No gain is shown yet" in items[1]["expected"]
    sure = advise(_content(quality=_quality(parts={"p(y|x)": -0.1}, labels=500, retrain=_retrain(0.08, 0.06, 0.1))))
    assert sure[0]["action"] == "Retrain on the labelled current rows"
    assert "with 400 labels: at least 0.06" in sure[0]["expected"]


def test_rows_outside_are_deferred_before_those_that_are_unsure():
    items = {i["for"]: i for i in advise(_content(outside=120, quality=_quality(defer=DEFER)))}
    assert items["outliers"]["action"].startswith("Defer") and len(items["outliers"]["rows"]) == 120
    rows = items["unsure"]["rows"]
    assert rows[:120] == PLACES[:120] and rows[120:] == PLACES[120:200], "each row once, at most 200"
    assert "80.0% to 85.0%" in items["unsure"]["expected"]


def test_confidence_is_not_trusted_where_the_metric_is_unknown():
    quality = _quality(unknown="too many rows outside", defer=DEFER)
    kinds = [i["for"] for i in advise(_content(quality=quality))]
    assert "unsure" not in kinds and kinds[0] == "unknown"
    quality["details"]["defer"] = {**DEFER, "from": "labels"}
    assert "unsure" in [i["for"] for i in advise(_content(quality=quality))]


def test_labels_that_are_there_are_not_asked_for():
    known = _quality(labels=1000, unknown="too far away")
    known["actual"]["rows"], known["labels"] = 1000, None
    assert "unknown" not in [i["for"] for i in advise(_content(quality=known))]
    few = _quality(labels=20, unknown="too far away", label_rows=LABEL_ROWS)
    few["actual"]["rows"] = 20
    assert advise(_content(quality=few))[0]["for"] == "unknown"
    few["details"]["retrain"], few["details"]["label_rows"], few["labels"] = _retrain(0.01, -0.1, 0.1), None, None
    assert "unknown" not in [i["for"] for i in advise(_content(quality=few))]


def test_most_rows_outside_are_not_deferred():
    content = _content(outside=300)
    content["data"]["current"]["rows_read"] = 400
    (item,) = advise(content)
    assert item["for"] == "outliers" and item["rows"] == [] and "Defer" not in item["action"]
    assert "300 of 400 rows" in item["why"] and "new population" in item["action"]


def test_a_leak_is_said_whether_it_is_read_or_not():
    leak = {"name": "closed", "how": "AUC 1.000 by itself"}
    for read, said in ((True, "every metric here is too good"), (False, "do not use it")):
        quality = _quality(raised=False, columns={"leaks": [{**leak, "read": read}]})
        (item,) = [i for i in advise(_content(quality=quality)) if i["for"] == "leak"]
        assert "'closed' (AUC 1.000 by itself) nearly determines" in item["why"] and said in item["expected"]


# --------------------------------------------------------------------------------------------------- two whole checks
class Model:
    """Right about the old law of the labels."""

    def predict_proba(self, x):
        p = 1 / (1 + np.exp(-3 * np.asarray(x, dtype=float)[:, 0]))
        return np.column_stack([1 - p, p])

    def predict(self, x):
        return self.predict_proba(x).argmax(axis=1)


def _table(n, rng, sign=1.0):
    x = rng.standard_normal((n, 2))
    y = (rng.random(n) < 1 / (1 + np.exp(-3 * sign * x[:, 0] + 2 * (1 - sign) * x[:, 1]))).astype(int)
    return x, y


def _arrow(x, y=None):
    columns = {"a": x[:, 0], "b": x[:, 1]}
    return pa.table(columns if y is None else {**columns, "y": y})


def test_changed_answers_with_labels_lead_to_retraining_with_the_true_gain_in_the_interval():
    rng = np.random.default_rng(0)
    x, y = _table(1500, rng, sign=-1.0)
    result = ecotone.check(_arrow(*_table(1500, rng)), _arrow(x, y), target="y", model=Model())
    first = result.advice[0]
    assert first["method"] == "retraining_gain" and "performance" in result.alarms
    fresh, y_fresh = _table(50_000, rng, sign=-1.0)
    trees = HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=15, max_bins=63, l2_regularization=1.0, early_stopping=False, random_state=0
    ).fit(x, y)
    truth = (trees.predict(fresh) == y_fresh).mean() - (Model().predict(fresh) == y_fresh).mean()
    low, high = first["numbers"]["interval"]
    assert truth > 0.3 and low < truth < high and high - low < 0.2
    assert all(item["for"] != "covariate" for item in result.advice), "the inputs did not move"


def test_rows_outside_lead_to_deferral_and_labels():
    rng = np.random.default_rng(1)
    x, y = _table(3000, rng)
    now, _ = _table(600, rng)
    now[:40] += [0.0, 12.0]
    result = ecotone.check(_arrow(x, y), _arrow(now), target="y", model=Model())
    by_kind = {item["for"]: item for item in result.advice}
    assert by_kind["outliers"]["action"].startswith("Defer")
    named = {place["row"] for place in by_kind["outliers"]["rows"]}
    assert len(named & set(range(40))) >= 36 and len(named) <= 50
    now[:150] += [0.0, 12.0]  # a quarter of the rows where the reference has none: nothing can be said of them
    result = ecotone.check(_arrow(x, y), _arrow(now), target="y", model=Model())
    plan = {item["for"]: item for item in result.advice}["unknown"]
    assert plan["method"] == "rows_to_label" and 0 < len(plan["rows"]) <= 600
    assert sum(place["weight"] for place in plan["rows"]) == pytest.approx(600, abs=0.1)


def test_a_sample_of_labels_asks_for_no_more_than_are_missing():
    rng = np.random.default_rng(2)
    x, y = _table(300, rng)
    labels = [int(v) if i < 280 else None for i, v in enumerate(y)]
    result = ecotone.check(_arrow(*_table(800, rng)), _arrow(x, labels), target="y", model=Model())
    plan = result.performance["details"]["label_rows"]
    assert result.performance["labels"]["rows"] == 20 and plan["rows"] <= 20
    assert {place["row"] for place in plan["index"]} <= set(range(280, 300))
    result = ecotone.check(_arrow(*_table(800, rng)), _arrow(x, y), target="y", model=Model())
    assert result.performance["labels"] is None and "label_rows" not in result.performance["details"]
