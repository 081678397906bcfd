"""Probabilities that do not keep their word, and class shares that moved: found where they are, and only there."""

import numpy as np
import pyarrow as pa
import pytest
from from_json import made
from scipy import special

import ecotone
from ecotone.checkup.advice import _advice
from ecotone.checkup.as_json import to_dict
from ecotone.checkup.document import Findings
from ecotone.checkup.performance._class_probabilities import _independent
from ecotone.contracts import accuracy_in_words, share_in_words


def _check(share, sharpness, seed=0, units=False, n=2500):
    """A column whose log-odds are known; ``sharpness`` times them is what the model says."""
    rng = np.random.default_rng(seed)

    def table(n, share):
        y = (rng.random(n) < share).astype(int)
        x = rng.normal(1.5 * y, 1)
        p = special.expit(sharpness * (1.5 * x - 1.125 + special.logit(0.3)))
        data = {"x": x, "p": p, "said": np.where(p > 0.5, "1", "0"), "y": y.astype(str)}
        if units:  # every row twice
            data = {name: np.repeat(values, 2) for name, values in data.items()} | {"unit": np.arange(n).repeat(2)}
        return pa.table(data)

    current = table(n, share).drop_columns(["y"])
    how = {"entity": "unit"} if units else {}
    return ecotone.check(table(n, 0.3), current, target="y", prediction="said", probability="p", seed=seed, **how)


def test_calibrated_probabilities_and_equal_shares_ask_for_nothing():
    found = _check(0.3, 1.0)
    details = found.performance["details"]
    assert details["calibration"]["pvalue"] > 0.005 and details["calibration"]["rows"] == 2500
    (low, high), _ = details["label_shift"]["interval"]
    assert low < 0 < high
    assert not {"miscalibration", "label"} & {item["for"] for item in found.advice}


def test_overconfidence_leads_to_recalibration():
    found = _check(0.3, 3.0)
    calibration = found.performance["details"]["calibration"]
    assert calibration["pvalue"] == 0.001 and calibration["after"] < 0.03 < calibration["error"]
    item = next(item for item in found.advice if item["for"] == "miscalibration")
    assert item["method"] == "IsotonicCalibration" and f"{calibration['error']:.3g}" in item["why"]


def test_moved_shares_lead_to_corrected_probabilities_with_the_assumption_told():
    found = _check(0.6, 1.0)
    shift = found.performance["details"]["label_shift"]
    low, high = shift["interval"][1]
    assert low <= 0.6 - shift["reference"][1] <= high and shift["current"][1] == pytest.approx(0.6, abs=0.06)
    item = next(item for item in found.advice if item["for"] == "label")
    assert item["method"] in ("BBSE", "MLLS") and "p(x|y) held" in item["why"]
    loss, then = item["numbers"]["correction"]["log_loss"]
    # With log-odds 1.5 x - 1.125 + logit(share) known, what is promised is what comes.
    x = np.random.default_rng(1).normal(1.5 * (y := np.random.default_rng(2).random(200_000) < 0.6), 1)
    true = [special.log_expit(np.where(y, 1, -1) * (1.5 * x - 1.125 + special.logit(s))).mean() for s in (0.3, 0.6)]
    assert loss == pytest.approx(-true[0], abs=0.05) and then == pytest.approx(-true[1], abs=0.05)


def test_copied_rows_of_a_unit_count_once():
    units = np.arange(60).repeat(2)
    rows = _independent(120, units, np.random.default_rng(0))
    assert len(rows) == 60 and len(np.unique(units[rows])) == 60
    found = _check(0.3, 1.0, units=True, n=400).performance["details"]
    assert found["calibration"]["rows"] == 400 and found["calibration"]["pvalue"] > 0.005


def advise(found):
    """The advice on findings made by hand, as the document has it."""
    return [to_dict(item) for item in _advice.advise(made(Findings, found))]


def _content(interval, correction, changed=True):
    shift = {
        "from": "probabilities",
        "classes": ["a", "b"],
        "reference": [0.7, 0.3],
        "current": [0.6, 0.4],
        "interval": interval,
        "level": 0.9,
    }
    quality = {
        "metric": "accuracy", "greater_is_better": True, "reference": {"value": 0.9}, "estimate": 0.9, "actual": None,
        "attribution": None, "raised": False, "unknown": None, "labels": {},
        "details": {"label_shift": {**shift, "correction": correction}},
    }  # fmt: skip
    return {
        "verdict": {"changed": changed, "material": False, "guarantee": "exact", "reason": ""},
        "columns": [], "rows": {"raised": False, "index": []}, "performance": quality,
        "data": {"current": {"rows_kept": 9}, "reference": {"rows_kept": 9}, "dependence": {"remedy": ""}},
    }  # fmt: skip


BETTER = {"log_loss": [0.5, 0.4], "accuracy": [0.7, 0.8]}


def test_shares_are_told_only_where_they_surely_moved_and_correcting_helps():
    moved, barely = [[-0.15, -0.05], [0.05, 0.15]], [[-0.15, -0.01], [0.01, 0.15]]
    (item,) = advise(_content(moved, BETTER))
    assert item["for"] == "label" and "70.0% to 60.0%" in item["why"] and "0.5 to 0.4" in item["expected"]
    assert "classes" not in item["numbers"], "names of classes are values of rows"
    assert not advise(_content(barely, BETTER))
    assert not advise(_content(moved, BETTER, changed=False))
    assert not advise(_content(moved, {"log_loss": [0.4, 0.5], "accuracy": [0.8, 0.7]}))
    assert "could not be estimated" in advise(_content(moved, None))[0]["expected"]


def _moved_inputs(shift, labels, n=1500):
    """p(y|x) held and x moved: no mixture of the classes, and calibrated probabilities are right as they are."""
    rng = np.random.default_rng(3)

    def table(m):
        x = rng.normal(m, 1, n)
        p = special.expit(0.5 * x)
        return pa.table({"x": x, "p": p, "y": np.where(rng.random(n) < p, "late", "ok")})

    before, now = table(0.0), table(shift)
    given = {"target": "y", "probability": "p", "positive": "late"}
    return now, ecotone.check(before, now if labels else now.drop_columns(["y"]), **given)


def test_shares_are_refused_where_the_rows_refute_that_only_they_moved():
    for shift in (-0.9, 2.5):
        _, found = _moved_inputs(shift, labels=False)
        shares = found.performance["details"]["label_shift"]
        assert shares["current"] is None and shares["interval"] is None and shares["correction"] is None
        assert "no mixture" in shares["refused"] or "without any row" in shares["refused"]
        assert not any(item["for"] == "label" for item in found.advice)


def test_labels_tell_the_shares_and_correcting_is_not_advised_where_it_does_not_help():
    now, found = _moved_inputs(-0.9, labels=True)
    shares = found.performance["details"]["label_shift"]
    truth = np.mean(now["y"].to_numpy(zero_copy_only=False) == "late")
    at = shares["classes"].index("late")
    assert shares["from"] == "labels" and shares["current"][at] == pytest.approx(truth)
    low, high = shares["interval"][at]
    assert low < -0.1 < high and high - low < 0.15 and shares["correction"] is None
    assert not any(item["for"] in ("label", "unknown") for item in found.advice)


def test_counted_shares_that_moved_lead_to_a_correction_measured_on_the_labels():
    rng = np.random.default_rng(4)

    def table(share, n=1500):
        y = rng.random(n) < share
        x = rng.normal(1.5 * y, 1)
        p = special.expit(1.5 * x - 1.125 + special.logit(0.3))
        return pa.table({"x": x, "p": p, "y": np.where(y, "secret", "ok")})

    found = ecotone.check(table(0.3), table(0.75), target="y", probability="p", positive="secret")
    item = next(item for item in found.advice if item["for"] == "label")
    assert item["why"].startswith("By the labels, class ") and "on the 1,500 labelled rows" in item["expected"]
    loss, then = item["numbers"]["correction"]["log_loss"]
    assert then < loss - 0.05
    named = item["numbers"]["class"]
    assert f"class '{named}'" in item["why"] and f"class &#39;{named}" in found.to_html()
    hidden = found.to_html(redact=True)
    assert "secret" not in hidden and "one class went" in hidden


def test_a_class_that_is_gone_has_a_share_and_an_interval():
    rng = np.random.default_rng(5)
    tables = [
        pa.table({"x": rng.standard_normal(300) + k, "said": y, "y": y})
        for k, y in enumerate((rng.choice(["a", "b"], 300), np.repeat("a", 300)))
    ]
    shares = ecotone.check(*tables, target="y", prediction="said").performance["details"]["label_shift"]
    assert shares["current"] == [1.0, 0.0] and shares["interval"][1][0] < shares["interval"][1][1] < 0


def test_shares_never_round_to_none_or_all():
    assert [share_in_words(v) for v in (0.0, 1e-5, 0.5, 0.9999, 1.0)] == [
        "none",
        "under 0.1%",
        "50.0%",
        "over 99.9%",
        "all",
    ]
    assert (accuracy_in_words(1.0), accuracy_in_words(0.0)) == ("over 99.9%", "under 0.1%")
