"""Probabilities that do not keep their word, and class shares that moved: found where they are, and only there."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import special

import ecotone
from ecotone.checkup.advice._advice import advise
from ecotone.checkup.performance._class_probabilities import _independent


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


def _content(interval, correction, changed=True):
    shift = {"classes": ["a", "b"], "reference": [0.7, 0.3], "current": [0.6, 0.4], "interval": interval, "level": 0.9}
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
