"""What a classifier's probabilities call for: rows to defer, calibration, new shares of the classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ._need import MOST_ROWS, Need
from ._needs_of_performance import part_of_loss

_LEAST_SHARE = 0.02  # that a class's share must have moved, at least
_LEAST_LIFT = 0.005  # of accuracy, for a deferral to be worth its rows


def unsure(content: dict[str, Any], quality: dict[str, Any]) -> Iterator[Need]:
    """Rows of low confidence; those that lie outside the reference go first, for their confidence means nothing."""
    found = quality["details"].get("defer")
    if found is None or (quality["unknown"] and found["from"] != "labels"):
        return
    lift = found["accuracy_of_the_rest"] - found["accuracy"]
    if lift < _LEAST_LIFT or not found["rows"]:
        return
    first = content["rows"]["index"]
    known = {(place["file"], place["row"]) for place in first}
    rows = [*first, *(place for place in found["index"] if (place["file"], place["row"]) not in known)]
    yield Need(
        "unsure",
        f"The model is right on {found['accuracy']:.1%} of the current rows, and on fewer of those where it is unsure.",
        f"Deferring the least sure {found['share']:.0%} ({found['rows']:,} rows) raises the accuracy of the rest from "
        f"{found['accuracy']:.1%} to {found['accuracy_of_the_rest']:.1%}, by {found['from']}.",
        1.8 + 0.1 * part_of_loss(lift, quality),
        {**{k: v for k, v in found.items() if k != "index"}, "index": rows[:MOST_ROWS]},
    )


def miscalibrated(quality: dict[str, Any]) -> Iterator[Need]:
    found = quality["details"].get("calibration")
    if found and found["pvalue"] <= 0.005 and found["error"] >= 0.02:
        expected = "Too few rows of a class to tell what it brings."
        if found["after"] is not None:
            gaps = f"from {found['error']:.3g} to about {found['after']:.3g}"
            expected = f"Brings the mean gap between probability and frequency {gaps}."
        yield Need(
            "miscalibration",
            f"The model's probabilities are off by {found['error']:.3g} on {found['rows']:,} reference rows.",
            expected,
            1.5,
            dict(found),
        )


def class_shares(content: dict[str, Any], quality: dict[str, Any]) -> Iterator[Need]:
    """Shares of the classes that moved, if p(x|y) held. No class is named: a label is a value of a row."""
    found = quality["details"].get("label_shift")
    if not found or not content["verdict"]["changed"]:
        return
    sure = [max(low, -high) for low, high in found["interval"]]  # how far from no change, at least
    most = max(range(len(sure)), key=sure.__getitem__)
    if sure[most] <= _LEAST_SHARE:
        return
    before, now = found["reference"][most], found["current"][most]
    low, high = found["interval"][most]
    expected, weight = "What correcting the probabilities brings could not be estimated.", 1.1
    if found["correction"]:
        (loss, loss_then), (right, right_then) = found["correction"]["log_loss"], found["correction"]["accuracy"]
        if loss_then >= loss:
            return
        expected = (
            f"If p(x|y) held, corrected probabilities bring the log loss from {loss:.3g} to {loss_then:.3g} and the "
            f"accuracy from {right:.1%} to {right_then:.1%}, on reference rows weighted to the new shares."
        )
        weight = 1.3
    yield Need(
        "label",
        f"If only the shares of the classes moved and p(x|y) held, one of them went from {before:.1%} to {now:.1%} "
        f"(change {low:+.3f} to {high:+.3f} at {found['level']:.0%}, all classes jointly).",
        expected,
        weight,
        {name: value for name, value in found.items() if name != "classes"},
    )
